/* test_bundle_folder.c: folders as diffusers saves them, with their variants and their gaps. */
#include "tests/vision/bundle_case.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

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
    assert_string_equal(dio_error_text(&err, text, sizeof text) + strlen(at("")) - 1, want);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_folders),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
