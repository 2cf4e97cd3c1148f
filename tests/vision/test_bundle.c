/* test_bundle.c: checkpoints taken apart: single files against what diffusers' own converters read
 * from them (tools/golden/bundle.py), folders with their variants and gaps, and what is refused. */
#include "tests/vision/model_case.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "vision/bundle.h"
#include "vision/keymap.h"
#include "vision/unet.h"

enum { LIMIT = 1 << 20 };

static const char *const weighty[] = {"unet", "vae", "text_encoder", "text_encoder_2"};

/* --- single files against diffusers --- */

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

static dio_bundle *open_bundle(const char *path)
{
    dio_error err = {0};
    dio_bundle *b = dio_bundle_open(path, NULL, &err);
    must(b != NULL, &err);
    return b;
}

/* Every name of LDM's comes back when it goes to diffusers' and back. */
static void check_reversible(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_unet_layout seen = {0}, layout;
    dio_keymap m;
    const char *prefix = "model.diffusion_model.";
    dio_arena *a = dio_arena_create();
    dio_bundle *b = open_bundle("tests/golden/bundle/sdxl.safetensors");
    dio_weights *file = open_weights("tests/golden/bundle/sdxl.safetensors");
    const dio_weights *ours = dio_bundle_weights(b, "unet", &err);
    for (int i = 0; i < dio_weights_count(ours); i++)
        dio_unet_layout_see(&seen, dio_weights_at(ours, i)->name);
    assert_true(dio_unet_layout_theirs(&layout, file, prefix));
    assert_memory_equal(&seen, &layout, sizeof seen);
    must(dio_keymap_unet(&m, &seen, a, &err), &err);
    for (int i = 0; i < dio_weights_count(ours); i++) {
        const char *name = dio_weights_at(ours, i)->name, *theirs = dio_keymap_theirs(&m, name);
        char full[256];
        assert_non_null(theirs);
        snprintf(full, sizeof full, "%s%s", prefix, theirs);
        assert_non_null(dio_weights_find(file, full));
        assert_string_equal(dio_keymap_ours(&m, theirs), name);
    }
    assert_null(dio_keymap_ours(&m, "input_blocksmore.0.0.weight"));
    dio_weights_close(file);
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

static const char *prediction(const dio_bundle *b)
{
    return dio_map_get(dio_bundle_config(b, "scheduler"), "prediction_type")->string.text;
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

/* --- files made here --- */

static char folder[] = "/tmp/dio_bundle_XXXXXX";

static const char *at(const char *name)
{
    static char paths[4][512];
    static int next;
    char *p = paths[next++ % 4];
    snprintf(p, sizeof paths[0], "%s/%s", folder, name);
    return p;
}

static dio_unet *make_unet(bool linear)
{
    char text[1024];
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    snprintf(text, sizeof text,
             "{\"_class_name\":\"UNet2DConditionModel\",\"block_out_channels\":[32,64],"
             "\"down_block_types\":[\"CrossAttnDownBlock2D\",\"DownBlock2D\"],"
             "\"up_block_types\":[\"UpBlock2D\",\"CrossAttnUpBlock2D\"],\"layers_per_block\":1,"
             "\"cross_attention_dim\":24,\"attention_head_dim\":[%d,%d],"
             "\"use_linear_projection\":%s}",
             linear ? 1 : 8, linear ? 1 : 8, linear ? "true" : "false");
    dio_value *config = dio_json_parse(a, "config.json", text, strlen(text), &err);
    must(config != NULL, &err);
    dio_unet *u = dio_unet_create(config, 7, DIO_F32, &err);
    must(u != NULL, &err);
    dio_arena_destroy(a);
    return u;
}

/* Saves a UNet under LDM's names; `change` may drop, rename or replace one tensor. */
typedef void change_fn(const char **names, dio_tensor **tensors, int *n);
static void save_theirs(dio_unet *u, const char *path, change_fn *change)
{
    dio_error err = {0};
    dio_keymap m;
    dio_unet_layout l = {0};
    dio_arena *a = dio_arena_create();
    const char *names[512];
    dio_tensor *tensors[512];
    int n = 0;
    for (int i = 0; i < u->net.walk.count; i++)
        dio_unet_layout_see(&l, u->net.walk.items[i].name);
    must(dio_keymap_unet(&m, &l, a, &err), &err);
    for (int i = 0; i < u->net.walk.count; i++, n++) {
        names[n] = dio_arena_printf(a, "model.diffusion_model.%s",
                                    dio_keymap_theirs(&m, u->net.walk.items[i].name));
        tensors[n] = *u->net.walk.items[i].slot;
    }
    if (change)
        change(names, tensors, &n);
    must(dio_weights_write(path, tensors, names, n, NULL, 0, &err), &err);
    dio_arena_destroy(a);
}

static void run_unet(const dio_unet *u, float out[256])
{
    dio_error err = {0};
    float sample[256], context[5 * 24], t = 500;
    for (int i = 0; i < 256; i++)
        sample[i] = sinf((float)i);
    for (int i = 0; i < 5 * 24; i++)
        context[i] = cosf((float)i);
    dio_graph *g = dio_graph_create();
    dio_device *d = open_device();
    dio_unet_io io = {.sample = dio_input(g, "sample", dio_type_4d(DIO_F32, 1, 4, 8, 8)),
                      .timestep = dio_input(g, "timestep", dio_type_1d(DIO_F32, 1)),
                      .context = dio_input(g, "context", dio_type_3d(DIO_F32, 1, 5, 24))};
    dio_unet_forward(g, u, &io);
    dio_plan *p = dio_plan_create(g, &io.out, 1, false, d, NULL, &err);
    must(p && dio_plan_set(p, "sample", sample, sizeof sample, &err) &&
             dio_plan_set(p, "timestep", &t, sizeof t, &err) &&
             dio_plan_set(p, "context", context, sizeof context, &err) && dio_plan_run(p, &err),
         &err);
    memcpy(out, dio_plan_output(p, 0, NULL), 256 * sizeof(float));
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    dio_device_close(d);
}

/* A UNet saved in LDM's names and read again, its config inferred, draws the same bytes. */
static void check_round(void **state)
{
    (void)state;
    for (int linear = 0; linear < 2; linear++) {
        dio_error err = {0};
        float want[256], have[256];
        dio_unet *u = make_unet(linear);
        save_theirs(u, at("round.safetensors"), NULL);
        run_unet(u, want);
        dio_bundle *b = open_bundle(at("round.safetensors"));
        dio_unet *again = dio_unet_build(dio_bundle_config(b, "unet"),
                                         dio_bundle_weights(b, "unet", &err), DIO_DTYPES, &err);
        must(again != NULL, &err);
        dio_bundle_close(b);
        run_unet(again, have);
        assert_memory_equal(want, have, sizeof want);
        dio_unet_close(again);
        dio_unet_close(u);
    }
}

/* --- what it predicts, and by which schedule --- */

/* A UNet and the two tensors by which the kind of its text encoder is told, with more beside. */
static dio_bundle *open_with(bool sd2, const char *name, dio_tensor *t, const char *key,
                             const char *value)
{
    dio_error err = {0};
    dio_unet *u = make_unet(sd2);
    save_theirs(u, at("plain.safetensors"), NULL);
    dio_weights *w = open_weights(at("plain.safetensors"));
    const char *names[512];
    dio_tensor *tensors[512];
    dio_type type = dio_type_2d(DIO_F32, 3, 4);
    dio_tensor *table = dio_tensor_create("table", &type, &err);
    dio_weights_meta meta = {key, value};
    int n = 0;
    for (; n < dio_weights_count(w); n++) {
        tensors[n] = dio_weights_at(w, n);
        names[n] = tensors[n]->name;
    }
    names[n] = sd2 ? "cond_stage_model.model.token_embedding.weight"
                   : "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight";
    tensors[n++] = table;
    names[n] = name;
    tensors[n] = t;
    n += name != NULL;
    must(dio_weights_write(at("more.safetensors"), tensors, names, n, &meta, key != NULL, &err),
         &err);
    dio_tensor_unref(table);
    dio_weights_close(w);
    dio_unet_close(u);
    return open_bundle(at("more.safetensors"));
}

static void check_prediction(bool sd2, const char *name, const char *key, const char *value,
                             const char *want, bool remark)
{
    dio_error err = {0};
    dio_type type = dio_type_1d(DIO_F32, 1);
    dio_tensor *one = dio_tensor_create("one", &type, &err);
    dio_bundle *b = open_with(sd2, name, one, key, value);
    assert_string_equal(prediction(b), want);
    assert_int_equal(dio_bundle_remark(b) != NULL, remark);
    assert_null(dio_map_get(dio_bundle_config(b, "scheduler"), "trained_betas"));
    dio_bundle_close(b);
    dio_tensor_unref(one);
}

/* alphas_cumprod counts where it is not the usual one. */
static void check_own_alphas(void)
{
    dio_error err = {0};
    dio_type type = dio_type_1d(DIO_F32, 1000);
    dio_tensor *t = dio_tensor_create("alphas", &type, &err);
    float *a = dio_tensor_data(t), product = 1;
    for (int i = 0; i < 1000; i++)
        a[i] = product *= 1 - (1e-4f + (0.02f - 1e-4f) * (float)i / 999);
    dio_bundle *b = open_with(false, "alphas_cumprod", t, NULL, NULL);
    const dio_value *betas = dio_map_get(dio_bundle_config(b, "scheduler"), "trained_betas");
    assert_non_null(betas);
    assert_int_equal(betas->list.count, 1000);
    assert_true(fabs(betas->list.items[0]->real - 1e-4) < 1e-7);
    assert_true(fabs(betas->list.items[999]->real - 0.02) < 1e-5);
    dio_bundle_close(b);
    a[7] = 2;
    dio_unet *u = make_unet(false);
    save_theirs(u, at("alphas.safetensors"), NULL);
    dio_unet_close(u);
    dio_weights *w = open_weights(at("alphas.safetensors"));
    const char *names[512];
    dio_tensor *tensors[512];
    int n = 0;
    for (; n < dio_weights_count(w); n++) {
        tensors[n] = dio_weights_at(w, n);
        names[n] = tensors[n]->name;
    }
    names[n] = "alphas_cumprod";
    tensors[n++] = t;
    must(dio_weights_write(at("bad.safetensors"), tensors, names, n, NULL, 0, &err), &err);
    assert_null(dio_bundle_open(at("bad.safetensors"), NULL, &err));
    assert_non_null(strstr(err.message, "alphas_cumprod: number 7, 2, does not lie between"));
    dio_weights_close(w);
    dio_tensor_unref(t);
}

static void check_predictions(void **state)
{
    (void)state;
    check_prediction(false, NULL, NULL, NULL, "epsilon", false);
    check_prediction(true, NULL, NULL, NULL, "v_prediction", true);
    check_prediction(true, NULL, "modelspec.prediction_type", "epsilon", "epsilon", false);
    check_prediction(false, NULL, "modelspec.prediction_type", "v", "v_prediction", false);
    check_prediction(false, "v_pred", NULL, NULL, "v_prediction", false);
    check_own_alphas();
}

/* --- what is refused --- */

static void refuse(const char *path, const char *want)
{
    dio_error err = {0};
    char text[2048];
    dio_bundle *b = dio_bundle_open(path, NULL, &err);
    if (b) {
        dio_unet *u = dio_unet_build(dio_bundle_config(b, "unet"),
                                     dio_bundle_weights(b, "unet", &err), DIO_DTYPES, &err);
        assert_null(u);
        dio_bundle_close(b);
    }
    assert_string_equal(strrchr(dio_error_text(&err, text, sizeof text), '/') + 1, want);
}

static void drop_one(const char **names, dio_tensor **tensors, int *n)
{
    names[5] = names[*n - 1];
    tensors[5] = tensors[*n - 1];
    --*n;
}

static void add_one(const char **names, dio_tensor **tensors, int *n)
{
    names[*n] = "model.diffusion_model.input_blocks.1.0.in_layers.5.weight";
    tensors[*n] = tensors[0];
    ++*n;
}

static void swap_two(const char **names, dio_tensor **tensors, int *n)
{
    (void)n;
    (void)names;
    dio_tensor *t = tensors[2];
    tensors[2] = tensors[3];
    tensors[3] = t;
}

static void spoil(const char **names, dio_tensor **tensors, int *n)
{
    (void)names;
    ((float *)dio_tensor_data(tensors[*n - 1]))[1] = NAN;
}

static void refuse_changed(change_fn *change, const char *want)
{
    dio_unet *u = make_unet(false);
    save_theirs(u, at("bad.safetensors"), change);
    dio_unet_close(u);
    refuse(at("bad.safetensors"), want);
}

static void check_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    refuse_changed(drop_one, "bad.safetensors: the weights do not fit the model: 1 missing: "
                             "time_embedding.linear_2.bias");
    refuse_changed(add_one, "bad.safetensors: the weights do not fit the model: 1 unused: "
                            "input_blocks.1.0.in_layers.5.weight");
    refuse_changed(swap_two, "bad.safetensors: the weights do not fit the model: 2 misshapen: "
                             "time_embedding.linear_1.weight is f32[128], not [128,32], "
                             "time_embedding.linear_1.bias is f32[128,32], not [128]");
    refuse_changed(spoil,
                   "bad.safetensors: conv_out.bias: number 1 of 4 is not finite: the file is "
                   "damaged, or training went astray");
    dio_type type = dio_type_1d(DIO_F32, 1);
    dio_tensor *one = dio_tensor_create("x", &type, &err);
    static const char *const others[][2] = {
        {"lora_unet_x.lora_up.weight",
         "other.safetensors: this is a LoRA, which changes a model: name it with --lora"},
        {"double_blocks.0.img_attn.qkv.weight",
         "other.safetensors: this is a FLUX model, which is not supported"},
        {"encoder.weight",
         "other.safetensors: this is no checkpoint of Stable Diffusion: no tensor is named as one "
         "of its UNet (model.diffusion_model.input_blocks.0.0.weight) or of its autoencoder "
         "(first_stage_model.decoder.conv_in.weight)"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        must(dio_weights_write(at("other.safetensors"), &one, &others[i][0], 1, NULL, 0, &err),
             &err);
        refuse(at("other.safetensors"), others[i][1]);
    }
    dio_tensor_unref(one);
}

/* --- folders --- */

static void put_text(const char *name, const char *text)
{
    dio_error err = {0};
    must(dio_file_write(at(name), text, strlen(text), &err), &err);
}

static void put_tensor(const char *name, float value)
{
    dio_error err = {0};
    static const char *const names[] = {"x"};
    dio_type type = dio_type_1d(DIO_F32, 1);
    dio_tensor *t = dio_tensor_create("x", &type, &err);
    *(float *)dio_tensor_data(t) = value;
    must(dio_weights_write(at(name), &t, names, 1, NULL, 0, &err), &err);
    dio_tensor_unref(t);
}

static void make_tree(void)
{
    static const char *const dirs[] = {"m",           "m/unet",         "m/vae",
                                       "m/scheduler", "m/text_encoder", "m/tokenizer"};
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        assert_int_equal(mkdir(at(dirs[i]), 0700), 0);
    put_text("m/model_index.json",
             "{\"_class_name\":\"StableDiffusionPipeline\",\"unet\":[\"diffusers\",\"U\"],"
             "\"vae\":[\"diffusers\",\"A\"],\"text_encoder\":[\"transformers\",\"C\"],"
             "\"scheduler\":[\"diffusers\",\"P\"],\"safety_checker\":[\"sd\",\"S\"],"
             "\"text_encoder_2\":[null,null]}");
    put_text("m/unet/config.json", "{\"cross_attention_dim\":1024}");
    put_text("m/vae/config.json", "{}");
    put_text("m/text_encoder/config.json", "{}");
    put_text("m/scheduler/scheduler_config.json", "{\"lambda_min_clipped\":-Infinity}");
    put_tensor("m/unet/diffusion_pytorch_model.safetensors", 1);
    put_tensor("m/unet/diffusion_pytorch_model.fp16.safetensors", 2);
    put_tensor("m/vae/diffusion_pytorch_model.fp16.safetensors", 3);
    put_tensor("m/text_encoder/pytorch_model.bin", 4); /* by its bytes, not by its name */
}

static float first(dio_bundle *b, const char *part)
{
    dio_error err = {0};
    const dio_weights *w = dio_bundle_weights(b, part, &err);
    must(w != NULL, &err);
    return *(const float *)dio_tensor_data(dio_weights_find(w, "x"));
}

static void check_variants(const char *variant, float unet)
{
    dio_error err = {0};
    dio_bundle *b = dio_bundle_open(at("m"), variant, &err);
    must(b != NULL, &err);
    assert_int_equal(dio_bundle_kind_get(b), DIO_BUNDLE_SD2);
    assert_true(first(b, "unet") == unet);
    assert_true(first(b, "vae") == 3);
    assert_true(first(b, "text_encoder") == 4);
    assert_null(dio_bundle_config(b, "text_encoder_2"));
    assert_null(dio_bundle_config(b, "safety_checker"));
    assert_null(dio_bundle_weights(b, "text_encoder_2", &err));
    dio_bundle_close(b);
}

static void refuse_folder(const char *variant, const char *want)
{
    dio_error err = {0};
    char text[2048];
    assert_null(dio_bundle_open(at("m"), variant, &err));
    assert_string_equal(dio_error_text(&err, text, sizeof text) + strlen(folder), want);
}

static void check_tokenizers(void)
{
    dio_error err = {0};
    dio_bundle *b = open_bundle(at("m"));
    assert_null(dio_bundle_tokenizer(b, 1, NULL, &err));
    assert_non_null(strstr(err.message, "tokenizer/ with vocab.json and merges.txt is missing"));
    put_text("m/tokenizer/vocab.json", "{}");
    put_text("m/tokenizer/merges.txt", "");
    assert_string_equal(dio_bundle_tokenizer(b, 1, NULL, &err), at("m/tokenizer"));
    assert_string_equal(dio_bundle_tokenizer(b, 2, NULL, &err), at("m/tokenizer"));
    assert_string_equal(dio_bundle_tokenizer(b, 1, at("m/tokenizer"), &err), at("m/tokenizer"));
    dio_error_clear(&err);
    assert_null(dio_bundle_tokenizer(b, 1, at("m/vae"), &err));
    dio_bundle_close(b);
}

static void check_folders(void **state)
{
    (void)state;
    make_tree();
    check_variants(NULL, 1);
    check_variants("fp16", 2);
    check_tokenizers();
    put_tensor("m/vae/diffusion_pytorch_model.safetensors", 3);
    refuse_folder("int8", "/m: no part has weights of the variant \"int8\"");
    unlink(at("m/vae/diffusion_pytorch_model.fp16.safetensors"));
    unlink(at("m/vae/diffusion_pytorch_model.safetensors"));
    refuse_folder(NULL, "/m/vae: there are no weights: diffusion_pytorch_model.safetensors, "
                        "diffusion_pytorch_model.bin, or an index of shards of either");
    put_text("m/model_index.json", "{\"_class_name\":\"FluxPipeline\",\"transformer\":"
                                   "[\"diffusers\",\"F\"]}");
    refuse_folder(NULL, "/m/model_index.json:1:1: this FluxPipeline has no unet: Stable Diffusion "
                        "1.x, 2.x and XL can be run, and nothing else yet");
    unlink(at("m/model_index.json"));
    dio_error err = {0};
    assert_null(dio_bundle_open(at("m"), NULL, &err));
    assert_non_null(strstr(err.message, "there is no model_index.json"));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

#define SINGLE(name) cmocka_unit_test_prestate(check_single, (void *)(name))

int main(void)
{
    const struct CMUnitTest tests[] = {
        SINGLE("sd1"),
        SINGLE("sd2"),
        SINGLE("sdxl"),
        cmocka_unit_test(check_reversible),
        cmocka_unit_test(check_inferred),
        cmocka_unit_test(check_ckpt),
        cmocka_unit_test(check_predictions),
        cmocka_unit_test(check_round),
        cmocka_unit_test(check_refused),
        cmocka_unit_test(check_folders),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
