/* test_weights.c: what is written is read back, byte for byte; and what good but unusual files
 * hold (empty tensors at a seam, padded headers, odd header lengths, scalars) is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "tensor/walk.h"
#include "tensor/weights.h"

static char path[] = "/tmp/dio_weights_XXXXXX.safetensors";

static dio_tensor *make(const char *name, dio_type type, unsigned seed)
{
    dio_error err = {0};
    dio_tensor *t = dio_tensor_create(name, &type, &err);
    assert_non_null(t);
    unsigned char *bytes = dio_tensor_data(t);
    for (size_t i = 0; i < dio_type_bytes(&type); i++) {
        uint32_t word[4];
        dio_philox(seed, 0, i, word);
        bytes[i] = (unsigned char)word[0];
    }
    return t;
}

static void test_round_trip(void **state)
{
    (void)state;
    static const dio_dtype dtypes[] = {DIO_U8, DIO_F64, DIO_BF16, DIO_F32,
                                       DIO_I8, DIO_I64, DIO_F16,  DIO_I32};
    enum { N = sizeof dtypes / sizeof dtypes[0] };
    dio_tensor *tensors[N + 2];
    char name[32];
    dio_error err = {0};
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "layer.%d.\xc3\xa9\"\n", i);
        tensors[i] = make(name, dio_type_3d(dtypes[i], 3, i + 1, 5), (unsigned)i);
    }
    tensors[N] = make("scalar", dio_type_make(DIO_F32, 0, NULL), 90);
    tensors[N + 1] = make("empty", dio_type_2d(DIO_F32, 0, 4), 91);
    dio_weights_meta meta[] = {{"format", "pt"}, {"note", "a \"quoted\" \xe2\x82\xac"}};
    assert_true(dio_weights_write(path, tensors, NULL, N + 2, meta, 2, &err));
    dio_weights *w = dio_weights_open(path, &err);
    assert_non_null(w);
    assert_int_equal(dio_weights_count(w), N + 2);
    assert_string_equal(dio_weights_format(w), "safetensors");
    assert_string_equal(dio_weights_meta_find(w, "note"), meta[1].value);
    assert_null(dio_weights_meta_find(w, "none"));
    assert_null(dio_weights_find(w, "none"));
    for (int i = 0; i < N + 2; i++) {
        const dio_tensor *t = dio_weights_find(w, tensors[i]->name);
        assert_non_null(t);
        assert_true(dio_type_equal(&t->type, &tensors[i]->type));
        if (dio_type_bytes(&t->type))
            assert_memory_equal(dio_tensor_data(t), dio_tensor_data(tensors[i]),
                                dio_type_bytes(&t->type));
        /* The writer aligns, so every mapped tensor is where its type wants it. */
        assert_int_equal((uintptr_t)dio_tensor_data(t) % dio_dtype_size(t->type.dtype), 0);
        dio_tensor_unref(tensors[i]);
    }
    dio_weights_close(w);
}

static void put(const char *header, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    uint64_t length = strlen(header);
    fwrite(&length, 8, 1, f);
    fwrite(header, 1, length, f);
    if (n)
        fwrite(data, 1, n, f);
    fclose(f);
}

/* S15: a header of odd length leaves f32 data unaligned; published files have that. */
static void test_unaligned(void **state)
{
    (void)state;
    dio_error err = {0};
    const float data[3] = {1.5f, -2, 3e30f};
    for (int pad = 0; pad < 8; pad++) {
        char header[128];
        snprintf(header, sizeof header,
                 "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}%*s", pad, "");
        put(header, data, sizeof data);
        dio_weights *w = dio_weights_open(path, &err);
        assert_non_null(w);
        const dio_tensor *t = dio_weights_find(w, "a");
        assert_int_equal((uintptr_t)dio_tensor_data(t) % 4, 0);
        assert_memory_equal(dio_tensor_data(t), data, sizeof data);
        dio_weights_close(w);
    }
}

/* Empty tensors where others meet, at the start and at the end. */
static void test_empty(void **state)
{
    (void)state;
    dio_error err = {0};
    const float data[2] = {1, 2};
    put("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        "\"e\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[4,4]},"
        "\"s\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
        "\"z\":{\"dtype\":\"BOOL\",\"shape\":[3,0],\"data_offsets\":[8,8]}}",
        data, sizeof data);
    dio_weights *w = dio_weights_open(path, &err);
    assert_non_null(w);
    assert_int_equal(dio_weights_count(w), 5);
    assert_int_equal(dio_weights_find(w, "e")->type.dim[1], 7);
    dio_weights_close(w);
    put("{}", NULL, 0);
    w = dio_weights_open(path, &err);
    assert_non_null(w);
    assert_int_equal(dio_weights_count(w), 0);
    dio_weights_close(w);
}

/* --- the walk over such files --- */

struct toy {
    int layers;
    dio_tensor *embed, *layer[40], *norm;
};

static void walk(dio_walk *w, void *model)
{
    struct toy *m = model;
    dio_walk_base(w, "model.");
    dio_walk_ignore(w, ".buffer");
    dio_walk_enter(w, "model");
    DIO_WEIGHT(w, &m->embed, "embed", dio_init_normal(0.5f), 100, 8);
    for (int i = 0; i < m->layers; i++) {
        dio_walk_enter(w, "h.%d", i);
        DIO_WEIGHT(w, &m->layer[i], "w", dio_init_uniform(0.25f), 8, 8);
        dio_walk_leave(w);
    }
    DIO_WEIGHT(w, &m->norm, "norm", dio_init_fill(1), 8);
    dio_walk_leave(w);
}

static void test_walk(void **state)
{
    (void)state;
    dio_error err = {0};
    struct toy a = {.layers = 3}, b = {.layers = 3};
    dio_walk wa, wb;
    assert_true(dio_walk_init(&wa, walk, &a, NULL, &err));
    assert_true(dio_walk_init(&wb, walk, &b, NULL, &err));
    assert_int_equal(dio_walk_parameters(&wa), 800 + 3 * 64 + 8);
    assert_true(dio_walk_draw(&wa, 7, DIO_F32, 0, &err));
    double sum = 0, squares = 0;
    const float *e = dio_tensor_data(a.embed);
    for (int i = 0; i < 800; i++)
        sum += e[i], squares += e[i] * e[i];
    assert_true(sum / 800 > -0.06 && sum / 800 < 0.06);        /* 0 +- 3.4 sigma */
    assert_true(squares / 800 > 0.21 && squares / 800 < 0.29); /* 0.25 +- 3.2 sigma */
    assert_true(dio_walk_save(&wa, path, DIO_BF16, 0, "", NULL, 0, &err));
    dio_weights *w = dio_weights_open(path, &err);
    assert_true(dio_walk_load(&wb, w, DIO_DTYPES, 0, "", NULL, &err));
    assert_int_equal(b.embed->type.dtype, DIO_BF16);
    assert_int_equal(b.norm->type.dtype, DIO_F32); /* vectors are never kept in halves */
    assert_true(dio_walk_load(&wb, w, DIO_F32, 0, "", NULL, &err));
    assert_int_equal(b.layer[2]->type.dtype, DIO_F32);
    dio_weights_close(w);
    dio_walk_clear(&wa), dio_walk_clear(&wb);
    dio_walk_deinit(&wa), dio_walk_deinit(&wb);
}

/* Everything that is wrong is named at once, and layers are folded. */
static void test_misfit(void **state)
{
    (void)state;
    dio_error err = {0};
    struct toy big = {.layers = 40}, small = {.layers = 4};
    dio_walk wb, ws;
    dio_str report = {0};
    char want[512];
    assert_true(dio_walk_init(&wb, walk, &big, NULL, &err));
    assert_true(dio_walk_init(&ws, walk, &small, NULL, &err));
    assert_true(dio_walk_draw(&ws, 7, DIO_F32, 0, &err));
    ws.items[0].name = "model.embed.weight"; /* under another name in the file */
    dio_type other = dio_type_1d(DIO_F32, 9);
    dio_tensor_unref(small.norm);
    small.norm = dio_tensor_create("norm", &other, &err);
    assert_true(dio_walk_save(&ws, path, DIO_F32, 0, "", NULL, 0, &err));
    dio_weights *w = dio_weights_open(path, &err);
    assert_false(dio_walk_load(&wb, w, DIO_F32, 0, "", &report, &err));
    snprintf(want, sizeof want,
             "the weights do not fit the model: 37 missing: model.embed, "
             "model.h.4-39.w; 1 misshapen: model.norm is f32[9], not [8]; 1 "
             "unused: model.embed.weight");
    assert_string_equal(err.message, want);
    int lines = 0;
    for (size_t i = 0; i < report.length; i++)
        lines += report.text[i] == '\n';
    assert_int_equal(lines, 39);
    dio_str_deinit(&report);
    dio_weights_close(w);
    dio_walk_clear(&wb), dio_walk_clear(&ws);
    dio_walk_deinit(&wb), dio_walk_deinit(&ws);
}

static int setup(void **state)
{
    (void)state;
    int fd = mkstemps(path, 12);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_unaligned),
        cmocka_unit_test(test_empty),      cmocka_unit_test(test_walk),
        cmocka_unit_test(test_misfit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
