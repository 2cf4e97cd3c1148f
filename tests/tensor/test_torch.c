/* test_torch.c: checkpoints as torch wrote them (tools/golden/torch_files.py), in both formats,
 * against the same tensors in safetensors: names, types, shapes and every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/weights.h"

#define FOLDER "tests/golden/torch/"

static dio_weights *open_good(const char *path)
{
    dio_error err = {0};
    char text[2048];
    dio_weights *w = dio_weights_open(path, &err);
    if (!w)
        fail_msg("%s", dio_error_text(&err, text, sizeof text));
    return w;
}

static void compare(const char *path, const char *truth, const char *format)
{
    dio_weights *w = open_good(path), *t = open_good(truth);
    assert_int_equal(dio_weights_count(w), dio_weights_count(t));
    assert_string_equal(dio_weights_format(w), format);
    for (int i = 0; i < dio_weights_count(t); i++) {
        const dio_tensor *want = dio_weights_at(t, i), *got = dio_weights_find(w, want->name);
        if (!got)
            fail_msg("%s: \"%s\" is missing", path, want->name);
        if (!dio_type_equal(&got->type, &want->type))
            fail_msg("%s: \"%s\" has another type or shape", path, want->name);
        size_t n = dio_type_bytes(&want->type);
        if (n && memcmp(dio_tensor_data(got), dio_tensor_data(want), n) != 0)
            fail_msg("%s: \"%s\" holds other numbers", path, want->name);
        assert_int_equal((uintptr_t)dio_tensor_data(got) % dio_dtype_size(got->type.dtype), 0);
    }
    dio_weights_close(w);
    dio_weights_close(t);
}

static void test_goldens(void **state)
{
    static const struct {
        const char *file, *truth, *format;
    } cases[] = {
        {"zip.pth", "zip", "torch"},
        {"zip4.pth", "zip4", "torch"},
        {"legacy.pth", "legacy", "torch (before 1.6)"},
        {"legacy4.pth", "legacy4", "torch (before 1.6)"},
        {"lightning.ckpt", "lightning", "torch"},
        {"ema.pth", "ema", "torch"},
        {"params.pth", "params", "torch"},
        {"nested.pt", "nested", "torch"},
        {"one.pt", "one", "torch"},
        {"embedding.pt", "embedding", "torch"},
        {"sharded/pytorch_model.bin.index.json", "sharded/truth", "torch (before 1.6)"},
        {"sharded", "sharded/truth", "torch (before 1.6)"},
    };
    char path[128], truth[128];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(path, sizeof path, FOLDER "%s", cases[i].file);
        snprintf(truth, sizeof truth, FOLDER "%s.safetensors", cases[i].truth);
        compare(path, truth, cases[i].format);
    }
}

static unsigned char *data_of(const dio_weights *w, const char *name)
{
    const dio_tensor *t = dio_weights_find(w, name);
    assert_non_null(t);
    return dio_tensor_data(t);
}

/* What shared numbers in the model shares them here, also where the file could not be mapped. */
static void check_shared(const dio_weights *w)
{
    assert_ptr_equal(data_of(w, "tied.a"), data_of(w, "tied.b"));
    assert_ptr_equal(data_of(w, "first"), data_of(w, "whole"));
    assert_ptr_equal(data_of(w, "second"), data_of(w, "whole") + 4 * sizeof(float));
    assert_ptr_not_equal(data_of(w, "column"), data_of(w, "whole") + sizeof(float)); /* not dense */
}

static void test_shared(void **state)
{
    (void)state;
    dio_weights *zip = open_good(FOLDER "zip.pth"), *legacy = open_good(FOLDER "legacy.pth");
    check_shared(zip);
    check_shared(legacy);
    assert_true(dio_buffer_mapped(dio_weights_find(zip, "f32")->buffer));
    assert_false(dio_buffer_mapped(dio_weights_find(zip, "slice")->buffer));
    /* Order is the dict's. */
    assert_string_equal(dio_weights_at(zip, 0)->name, "f32");
    assert_string_equal(dio_weights_at(zip, dio_weights_count(zip) - 1)->name, "r\xc3\xa9seau");
    /* A tensor outlives what it was read from. */
    dio_tensor *t = dio_tensor_ref(dio_weights_find(legacy, "second"));
    float before = ((const float *)dio_tensor_data(t))[3];
    dio_weights_close(legacy);
    assert_true(((const float *)dio_tensor_data(t))[3] == before);
    dio_tensor_unref(t);
    dio_weights_close(zip);
}

static void expect_meta(const char *path, const char *key, const char *value)
{
    dio_weights *w = open_good(path);
    const char *got = dio_weights_meta_find(w, key);
    if (!got)
        fail_msg("%s: no \"%s\"", path, key);
    assert_string_equal(got, value);
    dio_weights_close(w);
}

static void test_meta(void **state)
{
    (void)state;
    expect_meta(FOLDER "lightning.ckpt", "epoch", "13");
    expect_meta(FOLDER "lightning.ckpt", "pytorch-lightning_version", "1.4.2");
    expect_meta(FOLDER "lightning.ckpt", "taken from", "state_dict");
    expect_meta(FOLDER "ema.pth", "taken from", "params_ema");
    expect_meta(FOLDER "params.pth", "taken from", "params");
    expect_meta(FOLDER "params.pth", "iter", "400");
    expect_meta(FOLDER "embedding.pt", "name", "style");
}

/* Whatever a file is called, its bytes say what it is. */
static void test_names_lie(void **state)
{
    static const char *const names[] = {"/a.safetensors", "/a.bin", "/a", "/a.index.json",
                                        "/a.pth"};
    static const char *const files[] = {FOLDER "zip.pth", FOLDER "legacy.pth",
                                        FOLDER "zip.safetensors"};
    char dir[] = "/tmp/dio_torch_XXXXXX", from[256], to[64];
    (void)state;
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; k < sizeof files / sizeof files[0]; k++) {
            snprintf(to, sizeof to, "%s%s", dir, names[i]);
            assert_non_null(realpath(files[k], from));
            assert_int_equal(symlink(from, to), 0);
            dio_weights *w = open_good(to);
            assert_int_equal(dio_weights_count(w), 27);
            dio_weights_close(w);
            unlink(to);
        }
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_meta),
        cmocka_unit_test(test_names_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
