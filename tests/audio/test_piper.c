/* test_piper.c: Piper's voices against onnxruntime on the authors' own export
 * (tools/golden/piper.py); their numbers; phonemes by a program of the test's that stands for
 * espeak-ng; damaged files. */
#include "tests/vision/model_case.h"

#include <sys/stat.h>
#include <unistd.h>

#include "audio/espeak.h"
#include "audio/voice.h"
#include "base/file.h"

static void says(const dio_error *err, const char *want)
{
    if (!strstr(err->message, want))
        fail_msg("\"%s\" does not say \"%s\"", err->message, want);
}

static dio_voice *open_voice(const char *name)
{
    char path[256];
    dio_error err = {0};
    snprintf(path, sizeof path, "tests/golden/piper/%s.onnx", name);
    dio_voice *v = dio_voice_open(path, &err);
    must(v != NULL, &err);
    return v;
}

/* --- against onnxruntime --- */

static void check_speed(const dio_voice *v, const dio_weights *w, const char *name, const char *key,
                        float length)
{
    dio_error err = {0};
    dio_clip *clip;
    dio_device *device = open_device();
    const dio_tensor *ids = dio_weights_find(w, "ids"), *y = dio_weights_find(w, key);
    dio_voice_request r = {.ids = dio_tensor_data(ids),
                           .count = (int)ids->type.dim[1],
                           .speaker = atoi(dio_weights_meta_find(w, "speaker"))};
    dio_score *s = dio_voice_predict(v, device, &r, &err);
    must(s != NULL, &err);
    must(dio_voice_render(v, device, s, 1 / (double)length, NULL, &clip, &err), &err);
    assert_int_equal(clip->length, y->type.dim[0]);
    double d = relative(dio_clip_channel(clip, 0), dio_tensor_data(y), clip->length);
    print_message("%s %s: %lld samples within %.2e\n", name, key, (long long)clip->length, d);
    assert_true(d <= 4e-6); /* measured 1.1e-6 */
    dio_clip_unref(clip);
    dio_score_destroy(s);
    dio_device_close(device);
}

static void check_golden(const char *name)
{
    char path[256];
    dio_voice *v = open_voice(name);
    snprintf(path, sizeof path, "tests/golden/piper/%s.safetensors", name);
    dio_weights *w = open_weights(path);
    assert_int_equal(v->shape.rate, 22050);
    assert_int_equal(v->shape.hop, 8);
    check_speed(v, w, name, "y", 1);
    check_speed(v, w, name, "slow", 1.7f);
    dio_weights_close(w);
    dio_voice_close(v);
}

static void test_goldens(void **state)
{
    (void)state;
    check_golden("medium");
    check_golden("speakers");
}

/* --- numbers --- */

static void test_ids(void **state)
{
    (void)state;
    static const int want[] = {1, 0, 12, 0, 24, 0, 27, 0, 15, 0, 18, 0, 6, 0, 2};
    dio_error err = {0};
    dio_symbol_list list;
    dio_arena *a = dio_arena_create();
    dio_voice *v = open_voice("medium");
    assert_string_equal(dio_symbols_espeak(v->symbols), "en-us");
    must(dio_symbols_ids(v->symbols, "h\xc9\x99\xcc\x83lo.", a, &list, &err), &err);
    assert_int_equal(list.count, sizeof want / sizeof want[0]);
    for (int i = 0; i < list.count; i++)
        assert_int_equal(list.ids[i], want[i]);
    assert_int_equal(list.from[6], 3);
    assert_int_equal(list.from[14], -1);
    assert_false(dio_symbols_ids(v->symbols, "h\xc3\xb8", a, &list, &err));
    says(&err, "\"\xc3\xb8\" (U+00F8) is none of this voice's symbols");
    dio_voice_close(v);
    dio_arena_destroy(a);
}

/* --- phonemes --- */

/* A program that answers as espeak-ng would, or in ways that it should not. */
static void write_program(const char *path, const char *body)
{
    dio_error err = {0};
    char text[1024];
    snprintf(text, sizeof text, "#!/bin/sh\n%s\n", body);
    must(dio_file_write(path, text, strlen(text), &err), &err);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(setenv("DIORAMA_ESPEAK", path, 1), 0);
}

static void test_phonemes(void **state)
{
    (void)state;
    char path[] = "/tmp/dio_espeak_XXXXXX";
    dio_error err = {0};
    dio_str out = {0};
    close(mkstemp(path));
    dio_voice *v = open_voice("medium");
    /* it says its arguments' voice once, and the text in reverse case */
    write_program(path, "[ \"$*\" = '-q --ipa -b 1 --stdin -v en-us' ] || exit 3\n"
                        "printf ' (en) '; tr A-Z a-z; echo");
    must(dio_symbols_prepare(v->symbols, "Hello, Dear WORLD!  Be 3.5 kind", &out, &err), &err);
    assert_string_equal(out.text, "hello, dear world! be 3.5 kind");
    dio_str_clear(&out);
    write_program(path, "exit 7");
    assert_false(dio_symbols_prepare(v->symbols, "Hello", &out, &err));
    says(&err, "failed with status 7: does it know the voice?");
    dio_error_clear(&err);
    write_program(path, "kill -9 $$");
    assert_false(dio_symbols_prepare(v->symbols, "Hello", &out, &err));
    says(&err, "was ended by signal 9");
    dio_error_clear(&err);
    write_program(path, "cat > /dev/null; printf '\\377'");
    assert_false(dio_symbols_prepare(v->symbols, "Hello", &out, &err));
    says(&err, "answered with what is no UTF-8");
    dio_error_clear(&err);
    write_program(path, "exec cat /dev/zero");
    assert_false(dio_symbols_prepare(v->symbols, "Hello", &out, &err));
    says(&err, "answered with more than 1048576 bytes");
    dio_error_clear(&err);
    remove(path);
    assert_false(dio_symbols_prepare(v->symbols, "Hello", &out, &err));
    says(&err, "was not found: install espeak-ng, name it in DIORAMA_ESPEAK, or give phonemes");
    dio_error_clear(&err);
    assert_false(dio_espeak_run("en; rm", "x", &out, &err));
    says(&err, "is no name of a voice");
    unsetenv("DIORAMA_ESPEAK");
    dio_str_deinit(&out);
    dio_voice_close(v);
}

/* --- damaged files --- */

static char dir[] = "/tmp/dio_piper_XXXXXX";

static void open_changed(dio_arena *a, const char *data, size_t n, const char *json,
                         const char *want)
{
    dio_error err = {0};
    const char *path = dio_path_join(a, dir, "v.onnx");
    const char *config = dio_path_join(a, dir, "v.onnx.json");
    must(dio_file_write(path, data, n, &err) && dio_file_write(config, json, strlen(json), &err),
         &err);
    assert_null(dio_voice_open(path, &err));
    assert_true(err.kind == DIO_ERROR_INVALID);
    if (want)
        says(&err, want);
    remove(path);
    remove(config);
}

/* Puts `to` in the place of every `from` of the same length. */
static void replace(char *data, size_t n, const char *from, const char *to)
{
    size_t m = strlen(from), found = 0;
    assert_int_equal(m, strlen(to));
    for (size_t i = 0; i + m <= n; i++)
        if (memcmp(data + i, from, m) == 0) {
            memcpy(data + i, to, m);
            found++;
        }
    assert_true(found > 0);
}

static void test_damaged(void **state)
{
    (void)state;
    dio_error err = {0};
    size_t n, length;
    dio_arena *a = dio_arena_create();
    assert_non_null(mkdtemp(dir));
    char *data = dio_file_read(a, "tests/golden/piper/medium.onnx", 1 << 24, &n, &err);
    char *json = dio_file_read(a, "tests/golden/piper/medium.onnx.json", 1 << 20, &length, &err);
    must(data && json, &err);
    for (size_t cut = 1; cut < n; cut += n / 60)
        open_changed(a, data, n - cut, json, NULL);
    open_changed(a, data, n - 1, json, "this is no whole ONNX file");
    char *copy = dio_arena_try(a, n);
    memcpy(copy, data, n);
    replace(copy, n, "/enc_p/emb/Gather", "/enc_q/emb/Gather");
    open_changed(a, copy, n, json, "its nodes do not have the names of a Piper voice's parts");
    memcpy(copy, data, n);
    replace(copy, n, "/dp/flows.5/pre/Conv", "/dp/glows.5/pre/Conv");
    open_changed(a, copy, n, json,
                 "2 missing: duration_predictor.flows.3.conv_pre.weight, "
                 "duration_predictor.flows.3.conv_pre.bias");
    memcpy(copy, data, n);
    replace(copy, n, "dp.flows.3.convs.norms_1.0.gamma", "dp.flows.3.convs.norms_1.0.gamna");
    open_changed(a, copy, n, json,
                 "1 missing: duration_predictor.flows.2.conv_dds.norms_1.0.weight; "
                 "1 unused: duration_predictor.flows.2.conv_dds.norms_1.0.gamna");
    open_changed(a, data, n, "{\"audio\":{}}", "audio.sample_rate: samples a second are needed");
    open_changed(a, data, n, "{\"audio\":{\"sample_rate\":22050}}",
                 "phoneme_id_map: a map of symbols to their numbers is needed");
    open_changed(a, data, n,
                 "{\"audio\":{\"sample_rate\":22050},\"phoneme_id_map\":{\"_\":[0],\"^\":[1]}}",
                 "there must be ^, $ and _");
    open_changed(a, data, n, "{\"audio\":{\"sample_rate\":22050},\"phoneme_id_map\":{\"_\":[99]}}",
                 "a symbol's number is one of 0 to 27");
    rmdir(dir);
    dio_arena_destroy(a);
}

/* Every byte of the beginning, one at a time, made another: it is refused or read, never worse. */
static void test_flipped(void **state)
{
    (void)state;
    dio_error err = {0};
    size_t n;
    dio_arena *a = dio_arena_create();
    char path[] = "/tmp/dio_onnx_XXXXXX.onnx";
    close(mkstemps(path, 5));
    char *data = dio_file_read(a, "tests/golden/piper/medium.onnx", 1 << 24, &n, &err);
    must(data != NULL, &err);
    for (size_t at = 0; at < 300; at++) {
        dio_error_clear(&err);
        data[at] = (char)(data[at] ^ (1 << at % 8));
        must(dio_file_write(path, data, n, &err), &err);
        dio_weights_close(dio_weights_open(path, &err));
        data[at] = (char)(data[at] ^ (1 << at % 8));
    }
    remove(path);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),  cmocka_unit_test(test_ids),
        cmocka_unit_test(test_phonemes), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_flipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
