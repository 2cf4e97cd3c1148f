/* test_bundle.c: single files against what diffusers' own converters read from them
 * (tools/golden/bundle.py): names, shapes and numbers; and the configs that are inferred. */
#include "tests/vision/bundle_case.h"

#include "base/file.h"

enum { LIMIT = 1 << 20 };

static const char *const weighty[] = {"unet", "vae", "text_encoder", "text_encoder_2"};

static void check_tensor(const dio_tensor *t, const char *name, const dio_value *want)
{
    char hash[DIO_HASH_TEXT];
    dio_error err = {0};
    if (!t)
        fail_msg("%s is missing", name);
    assert_int_equal(t->type.nd, want->list.count - 1);
    for (int i = 0; i < t->type.nd; i++)
        assert_int_equal(t->type.dim[i], want->list.items[i]->integer);
    must(dio_hash_bytes(dio_tensor_data(t), dio_type_bytes(&t->type), hash, &err), &err);
    hash[16] = '\0';
    if (strcmp(hash, want->list.items[t->type.nd]->string.text) != 0)
        fail_msg("%s has other numbers", name);
}

static void check_single(void **state)
{
    char path[256];
    int parts = 0;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    snprintf(path, sizeof path, "tests/golden/bundle/%s.want.json", (const char *)*state);
    dio_value *want = dio_value_read(a, path, LIMIT, &err);
    must(want != NULL, &err);
    snprintf(path, sizeof path, "tests/golden/bundle/%s.safetensors", (const char *)*state);
    dio_bundle *b = dio_bundle_open(path, NULL, &err);
    must(b != NULL, &err);
    for (int i = 0; i < 4; i++) {
        const dio_value *part = dio_map_get(want, weighty[i]);
        assert_int_equal(part != NULL, dio_bundle_config(b, weighty[i]) != NULL);
        if (!part)
            continue;
        const dio_weights *w = dio_bundle_weights(b, weighty[i], &err);
        must(w != NULL, &err);
        for (int j = 0; j < part->map.count; j++)
            check_tensor(dio_weights_find(w, part->map.keys[j]->string.text),
                         part->map.keys[j]->string.text, part->map.items[j]);
        print_message("%-5s %-15s %d tensors as diffusers reads them\n", (const char *)*state,
                      weighty[i], part->map.count);
        assert_int_equal(dio_weights_count(w), part->map.count);
        parts++;
    }
    assert_true(parts >= 3);
    dio_bundle_close(b);
    dio_arena_destroy(a);
}

static void check_config(const dio_bundle *b, const char *part, const char *want)
{
    dio_arena *a = dio_arena_create();
    assert_string_equal(dio_json_write(a, dio_bundle_config(b, part), 0), want);
    dio_arena_destroy(a);
}

static void check_inferred(void **state)
{
    (void)state;
    dio_bundle *b = open_bundle("tests/golden/bundle/sdxl.safetensors");
    assert_int_equal(dio_bundle_kind_get(b), DIO_BUNDLE_SDXL);
    assert_null(dio_bundle_remark(b));
    check_config(b, "unet",
                 "{\"_class_name\":\"UNet2DConditionModel\",\"sample_size\":128,\"in_channels\":4,"
                 "\"out_channels\":4,\"block_out_channels\":[2,4,4],"
                 "\"attention_head_dim\":[1,1,1],\"layers_per_block\":[2,2,2],"
                 "\"down_block_types\":[\"DownBlock2D\",\"CrossAttnDownBlock2D\","
                 "\"CrossAttnDownBlock2D\"],\"up_block_types\":[\"CrossAttnUpBlock2D\","
                 "\"CrossAttnUpBlock2D\",\"UpBlock2D\"],\"transformer_layers_per_block\":[[0,0],"
                 "[1,1],[2,2]],\"reverse_transformer_layers_per_block\":[[2,2,2],[1,1,1],[0,0,0]],"
                 "\"mid_block_type\":\"UNetMidBlock2DCrossAttn\",\"use_linear_projection\":true,"
                 "\"cross_attention_dim\":5,\"addition_embed_type\":\"text_time\","
                 "\"addition_time_embed_dim\":256,\"projection_class_embeddings_input_dim\":14}");
    check_config(b, "text_encoder_2",
                 "{\"model_type\":\"clip_text_model\",\"architectures\":["
                 "\"CLIPTextModelWithProjection\"],\"vocab_size\":7,\"hidden_size\":6,"
                 "\"intermediate_size\":8,\"num_hidden_layers\":2,\"num_attention_heads\":1,"
                 "\"max_position_embeddings\":5,\"hidden_act\":\"gelu\",\"projection_dim\":6,"
                 "\"layer_norm_eps\":1e-05,\"bos_token_id\":0,\"eos_token_id\":2,"
                 "\"pad_token_id\":1}");
    check_config(b, "model_index",
                 "{\"_class_name\":\"StableDiffusionXLPipeline\","
                 "\"force_zeros_for_empty_prompt\":true}");
    dio_bundle_close(b);
    b = open_bundle("tests/golden/bundle/sd2.safetensors");
    assert_int_equal(dio_bundle_kind_get(b), DIO_BUNDLE_SD2);
    check_config(b, "model_index", "{\"_class_name\":\"StableDiffusionInpaintPipeline\"}");
    check_config(b, "scheduler",
                 "{\"_class_name\":\"DDIMScheduler\",\"num_train_timesteps\":1000,"
                 "\"beta_start\":0.00085,\"beta_end\":0.012,\"beta_schedule\":\"scaled_linear\","
                 "\"steps_offset\":1,\"timestep_spacing\":\"leading\",\"prediction_type\":"
                 "\"epsilon\",\"clip_sample\":false,\"set_alpha_to_one\":false}");
    dio_bundle_close(b);
    b = open_bundle("tests/golden/bundle/sd1.safetensors");
    check_config(b, "vae",
                 "{\"_class_name\":\"AutoencoderKL\",\"in_channels\":3,\"out_channels\":3,"
                 "\"block_out_channels\":[2,2,4,4],\"down_block_types\":[\"DownEncoderBlock2D\","
                 "\"DownEncoderBlock2D\",\"DownEncoderBlock2D\",\"DownEncoderBlock2D\"],"
                 "\"up_block_types\":[\"UpDecoderBlock2D\",\"UpDecoderBlock2D\","
                 "\"UpDecoderBlock2D\",\"UpDecoderBlock2D\"],\"layers_per_block\":2,"
                 "\"latent_channels\":4,\"scaling_factor\":0.18215,\"sample_size\":512,"
                 "\"force_upcast\":false}");
    dio_bundle_close(b);
}

/* A checkpoint of torch, whose step says that it is the base model. */
static void check_ckpt(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_bundle *b = open_bundle("tests/golden/bundle/sd2-base.ckpt");
    assert_int_equal(dio_bundle_kind_get(b), DIO_BUNDLE_SD2);
    assert_string_equal(prediction(b), "epsilon");
    assert_null(dio_bundle_remark(b));
    assert_null(dio_bundle_config(b, "vae"));
    const dio_weights *w = dio_bundle_weights(b, "unet", &err);
    must(w != NULL, &err);
    assert_non_null(dio_weights_find(w, "mid_block.attentions.0.proj_in.weight"));
    assert_null(dio_bundle_weights(b, "vae", &err));
    assert_non_null(strstr(err.message, "this checkpoint has no vae"));
    dio_bundle_close(b);
}

#define SINGLE(name) cmocka_unit_test_prestate(check_single, (void *)(name))

int main(void)
{
    const struct CMUnitTest tests[] = {
        SINGLE("sd1"),
        SINGLE("sd2"),
        SINGLE("sdxl"),
        cmocka_unit_test(check_inferred),
        cmocka_unit_test(check_ckpt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
