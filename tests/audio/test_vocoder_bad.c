/* test_vocoder_bad.c: vocoders that are damaged, that are something else, and input that none of
 * them takes: each is refused with a sentence, and nothing comes out. */
#include "tests/vision/model_case.h"

#include "audio/vocoder.h"
#include "base/file.h"

static void says(const dio_error *err, const char *want)
{
    if (!strstr(err->message, want))
        fail_msg("\"%s\" does not say \"%s\"", err->message, want);
}

/* --- files --- */

static void check_files(dio_arena *a, dio_tensor **t, int n, const char *want)
{
    dio_error err = {0};
    char dir[] = "/tmp/dio_vocoder_XXXXXX";
    size_t length;
    assert_non_null(mkdtemp(dir));
    const char *weights = dio_path_join(a, dir, "model.safetensors");
    const char *config = dio_path_join(a, dir, "config.json");
    char *text =
        dio_file_read(a, "tests/golden/vocoder/speecht5/config.json", 1 << 20, &length, &err);
    must(text && dio_file_write(config, text, length, &err), &err);
    must(dio_weights_write(weights, t, NULL, n, NULL, 0, &err), &err);
    assert_null(dio_vocoder_open(dir, &err));
    says(&err, want);
    remove(weights);
    remove(config);
    remove(dir);
}

static dio_tensor *copy_of(const dio_tensor *t, const char *name, dio_type type)
{
    dio_error err = {0};
    dio_tensor *copy = dio_tensor_create(name, &type, &err);
    must(copy != NULL, &err);
    if (dio_type_equal(&type, &t->type))
        memcpy(dio_tensor_data(copy), dio_tensor_data(t), dio_type_bytes(&type));
    return copy;
}

static void test_bad_weights(void **state)
{
    (void)state;
    enum { MOST = 128 };
    dio_weights *w = open_weights("tests/golden/vocoder/speecht5-norm/model.safetensors");
    dio_arena *a = dio_arena_create();
    dio_tensor *t[MOST + 1];
    int n = dio_weights_count(w), at = 0;
    assert_true(n < MOST);
    for (int i = 0; i < n; i++) {
        t[i] = dio_weights_at(w, i);
        if (strcmp(t[i]->name, "upsampler.1.bias") == 0)
            at = i;
    }
    dio_tensor *kept = t[at];
    t[at] = copy_of(kept, "upsampler.1.bias", dio_type_1d(DIO_F32, 5));
    check_files(a, t, n, "1 misshapen: upsampler.1.bias is f32[5], not [4]");
    dio_tensor_unref(t[at]);
    t[at] = copy_of(kept, "upsampler.1.bias", kept->type);
    ((float *)dio_tensor_data(t[at]))[2] = NAN;
    check_files(a, t, n, "upsampler.1.bias: number 2 of 4 is not finite");
    dio_tensor_unref(t[at]);
    t[at] = t[n - 1];
    check_files(a, t, n - 1, "1 missing: upsampler.1.bias");
    t[at] = kept;
    t[n] = copy_of(kept, "upsampler.9.bias", kept->type);
    check_files(a, t, n + 1, "1 unused: upsampler.9.bias");
    dio_tensor_unref(t[n]);
    dio_arena_destroy(a);
    dio_weights_close(w);
}

/* A direction of length zero folds to no number: 0/0. */
static void test_no_direction(void **state)
{
    (void)state;
    dio_weights *w = open_weights("tests/golden/vocoder/speecht5-norm/model.safetensors");
    dio_arena *a = dio_arena_create();
    dio_tensor *t[128], *zero = NULL;
    int n = dio_weights_count(w);
    for (int i = 0; i < n; i++) {
        t[i] = dio_weights_at(w, i);
        if (strcmp(t[i]->name, "conv_post.parametrizations.weight.original1") == 0)
            t[i] = zero = copy_of(t[i], t[i]->name, t[i]->type);
    }
    assert_non_null(zero);
    memset(dio_tensor_data(zero), 0, dio_type_bytes(&zero->type));
    check_files(a, t, n, "conv_post.weight: number 0 of 28 is not finite");
    dio_tensor_unref(zero);
    dio_arena_destroy(a);
    dio_weights_close(w);
}

static void test_nothing_there(void **state)
{
    (void)state;
    dio_error err = {0};
    char dir[] = "/tmp/dio_vocoder_XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_null(dio_vocoder_open(dir, &err));
    says(&err, "there are no weights in this folder: model.safetensors, pytorch_model.bin, or a "
               "training script's");
    remove(dir);
    dio_error_clear(&err);
    assert_null(dio_vocoder_open("tests/golden/rnn/gru.safetensors", &err));
    assert_true(err.kind == DIO_ERROR_INVALID);
    dio_error_clear(&err);
    assert_null(dio_vocoder_open("tests/golden/vocoder/none", &err));
    assert_true(err.kind == DIO_ERROR_INVALID);
}

/* --- configs --- */

#define HIFI                   "\"_class_name\":\"HiFiGAN\",\"num_mels\":8,\"upsample_initial_channel\":16,"
#define PART(name, path, args) "\"" name "\":{\"class_path\":\"" path "\",\"init_args\":{" args "}}"
#define MELS                   PART("feature_extractor", "MelSpectrogramFeatures", "")
#define BONE                                                                                       \
    PART("backbone", "VocosBackbone",                                                              \
         "\"input_channels\":8,\"dim\":8,\"intermediate_dim\":8,\"num_layers\":1")
#define HEAD(args) PART("head", "x.ISTFTHead", args)

static void test_bad_configs(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{\"model_type\":\"dcgan\"}", "model_type \"dcgan\" is not supported"},
        {"{}", "needs a \"model_type\""},
        {"[]", "needs a \"model_type\""},
        {"{" HIFI "\"upsample_rates\":[4,2],\"upsample_kernel_sizes\":[8]}",
         "upsample_kernel_sizes: 1 kernels for 2 rates"},
        {"{" HIFI "\"upsample_rates\":[4,2],\"upsample_kernel_sizes\":[8,5]}",
         "a kernel of 5 over a rate of 2: it must be larger by an even number"},
        {"{" HIFI "\"upsample_rates\":[4,1000000]}", "upsample_rates: each is a number of 1 to 64"},
        {"{" HIFI "\"upsample_rates\":[64,64,64],\"upsample_kernel_sizes\":[64,64,64]}",
         "a frame of more than 8192 samples"},
        {"{" HIFI "\"upsample_rates\":[2,2,2,2,2],\"upsample_kernel_sizes\":[4,4,4,4,4]}",
         "16 channels cannot be halved 5 times"},
        {"{" HIFI "\"resblock\":\"3\"}", "resblock: \"1\" or \"2\", not \"3\""},
        {"{" HIFI "\"resblock_kernel_sizes\":[4,3,3]}", "4 is even"},
        {"{" HIFI "\"resblock_dilation_sizes\":[[1]]}", "a list for each of the 3 kernels"},
        {"{\"_class_name\":\"MelGAN\",\"ratios\":\"8\"}", "ratios: a list of 1 to 8 numbers"},
        {"{" MELS "," PART("backbone", "vocos.models.VocosResNetBackbone", "") "," HEAD("") "}",
         "backbone: VocosResNetBackbone is not supported, VocosBackbone is"},
        {"{" MELS "," BONE "," HEAD("\"n_fft\":32,\"hop_length\":64") "}",
         "a window of 32 over hops of 64 cannot be undone"},
        {"{" MELS "," PART("backbone", "VocosBackbone", "\"dim\":8") "," HEAD("") "}",
         "input_channels"},
        {"{" MELS ",\"backbone\":3," HEAD("") "}", "backbone: a class_path is needed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        dio_value *config = dio_json_parse(a, "config.json", bad[i][0], strlen(bad[i][0]), &err);
        must(config != NULL, &err);
        assert_null(dio_vocoder_create(config, 1, &err));
        says(&err, bad[i][1]);
        dio_arena_destroy(a);
    }
}

/* --- input --- */

static void refuses(const dio_vocoder *v, dio_vocoder_input in, dio_chunks_options o,
                    const char *want)
{
    dio_error err = {0};
    dio_clip *clip = NULL;
    dio_device *device = open_device();
    assert_false(dio_vocoder_run(v, device, &in, &o, &clip, &err));
    assert_null(clip);
    says(&err, want);
    dio_device_close(device);
}

static bool stop_at_once(void *user, const float *x, int64_t count)
{
    (void)x;
    *(int64_t *)user += count;
    return false;
}

static void test_bad_input(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_vocoder *v = dio_vocoder_open("tests/golden/vocoder/melgan", &err);
    must(v != NULL, &err);
    static float mel[400 * 8];
    int64_t made = 0;
    dio_chunks_options none = {0};
    dio_chunks_options stop = {.chunk = 8, .samples = stop_at_once, .user = &made};
    refuses(v, (dio_vocoder_input){.mel = mel}, none, "0 frames: this vocoder takes 4 to 4194304");
    refuses(v, (dio_vocoder_input){.mel = mel, .frames = 3}, none, "3 frames");
    refuses(v, (dio_vocoder_input){.mel = mel, .frames = INT64_MAX}, none, "frames: this vocoder");
    refuses(v, (dio_vocoder_input){.frames = 9}, none,
            "this vocoder takes frames of a mel spectrogram, and there are none");
    refuses(v, (dio_vocoder_input){.mel = mel, .frames = 400}, stop, "stopped after 2048 samples");
    assert_int_equal(made, 2048);
    refuses(v, (dio_vocoder_input){.mel = mel, .frames = 400},
            (dio_chunks_options){.memory_limit = 1000}, "limit");
    dio_mel_dialect other = v->shape.mel;
    assert_true(v->shape.known);
    other.log = DIO_MEL_LN;
    refuses(v, (dio_vocoder_input){.mel = mel, .frames = 9, .dialect = &other}, none, "log");
    mel[21] = INFINITY;
    refuses(v, (dio_vocoder_input){.mel = mel, .frames = 9}, none,
            "frame 2, number 5 is not finite");
    dio_vocoder_close(v);
}

static void test_bad_codes(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_vocoder *v = dio_vocoder_open("tests/golden/vocoder/vocos-encodec", &err);
    must(v != NULL, &err);
    int32_t codes[20] = {0};
    dio_chunks_options none = {0};
    refuses(v, (dio_vocoder_input){.codes = codes, .frames = 10}, none, "0 codebooks");
    refuses(v, (dio_vocoder_input){.codes = codes, .frames = 4, .codebooks = 5}, none,
            "5 codebooks: this vocoder takes 1 to 2");
    codes[13] = 1024;
    refuses(v, (dio_vocoder_input){.codes = codes, .frames = 10, .codebooks = 2}, none,
            "codebook 1, frame 3: code 1024 is outside 0..1023");
    codes[13] = -1;
    refuses(v, (dio_vocoder_input){.codes = codes, .frames = 10, .codebooks = 2}, none,
            "code -1 is outside");
    dio_vocoder_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_weights),   cmocka_unit_test(test_no_direction),
        cmocka_unit_test(test_nothing_there), cmocka_unit_test(test_bad_configs),
        cmocka_unit_test(test_bad_input),     cmocka_unit_test(test_bad_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
