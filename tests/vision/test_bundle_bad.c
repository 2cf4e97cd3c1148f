/* test_bundle_bad.c: single files that are incomplete, damaged, or no checkpoint of Stable
 * Diffusion, each refused with its sentence. */
#include "tests/vision/bundle_case.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
