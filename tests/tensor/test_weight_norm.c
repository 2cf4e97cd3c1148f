/* test_weight_norm.c: layers under weight normalisation come out whole, in every spelling; pairs
 * that are none are refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/weights.h"

static char path[] = "/tmp/dio_weight_norm_XXXXXX.safetensors";

enum { MOST = 8 };
struct file {
    dio_tensor *t[MOST];
    int n;
};

static float *add(struct file *f, const char *name, dio_type type)
{
    dio_error err = {0};
    dio_tensor *t = f->t[f->n++] = dio_tensor_create(name, &type, &err);
    assert_non_null(t);
    float *x = dio_tensor_data(t);
    for (int64_t i = 0; type.dtype == DIO_F32 && i < dio_type_count(&type); i++)
        x[i] = (float)(i % 7) - 2.5f;
    return x;
}

/* The set that the file folds to, or NULL. */
static dio_weights *folded(struct file *f, dio_error *err)
{
    assert_true(dio_weights_write(path, f->t, NULL, f->n, NULL, 0, err));
    dio_weights *from = dio_weights_open(path, err);
    assert_non_null(from);
    dio_weights *to = dio_weights_folded(from, err);
    dio_weights_close(from); /* what was folded does not need it */
    while (f->n)
        dio_tensor_unref(f->t[--f->n]);
    return to;
}

static dio_type three(int64_t a, int64_t b, int64_t c)
{
    return dio_type_3d(DIO_F32, a, b, c);
}

static void check_layer(const dio_weights *w, const char *name)
{
    const dio_tensor *t = dio_weights_find(w, name);
    assert_non_null(t);
    assert_int_equal(t->type.nd, 3);
    const float *x = dio_tensor_data(t);
    for (int o = 0; o < 4; o++) {
        double squares = 0;
        for (int i = 0; i < 6; i++)
            squares += ((double)((o * 6 + i) % 7) - 2.5) * ((double)((o * 6 + i) % 7) - 2.5);
        for (int i = 0; i < 6; i++) {
            double v = (double)((o * 6 + i) % 7) - 2.5, want = (o - 2.5) * v / sqrt(squares);
            assert_true(fabs((double)x[o * 6 + i] - want) < 1e-6);
        }
    }
}

static void test_spellings(void **state)
{
    (void)state;
    dio_error err = {0};
    struct file f = {.n = 0};
    add(&f, "a.weight_g", three(4, 1, 1));
    add(&f, "a.weight_v", three(4, 3, 2));
    add(&f, "b.parametrizations.weight.original0", three(4, 1, 1));
    add(&f, "b.parametrizations.weight.original1", three(4, 3, 2));
    add(&f, "b.bias", dio_type_1d(DIO_F32, 4));
    add(&f, "c.weight", three(4, 3, 2));
    dio_weights *w = folded(&f, &err);
    assert_non_null(w);
    assert_int_equal(dio_weights_count(w), 4);
    check_layer(w, "a.weight");
    check_layer(w, "b.weight");
    assert_true(((const float *)dio_tensor_data(dio_weights_find(w, "c.weight")))[6] == 3.5f);
    assert_true(((const float *)dio_tensor_data(dio_weights_find(w, "b.bias")))[1] == -1.5f);
    dio_weights_close(w);
}

/* A norm over other axes than the usual ones: g says which. */
static void test_axis(void **state)
{
    (void)state;
    dio_error err = {0};
    struct file f = {.n = 0};
    float *g = add(&f, "a.weight_g", three(1, 2, 1)), *v = add(&f, "a.weight_v", three(2, 2, 1));
    g[0] = 10, g[1] = 1;
    v[0] = 3, v[1] = 0, v[2] = 4, v[3] = -2; /* columns (3,4) and (0,-2) */
    dio_weights *w = folded(&f, &err);
    assert_non_null(w);
    const float *x = dio_tensor_data(dio_weights_find(w, "a.weight"));
    assert_true(x[0] == 6 && x[1] == 0 && x[2] == 8 && x[3] == -1);
    dio_weights_close(w);
}

static void refused(struct file *f, const char *want)
{
    dio_error err = {0};
    assert_null(folded(f, &err));
    if (!strstr(err.message, want))
        fail_msg("\"%s\" does not say \"%s\"", err.message, want);
    assert_string_equal(err.file, path);
}

static void test_refused(void **state)
{
    (void)state;
    struct file f = {.n = 0};
    add(&f, "a.weight_g", three(4, 1, 1));
    refused(&f, "tensor \"a.weight_g\" has no direction beside it, \"a.weight_v\"");
    add(&f, "a.weight_v", three(4, 1, 1));
    refused(&f, "tensor \"a.weight_v\" has no length beside it, \"a.weight_g\"");
    add(&f, "a.weight_g", three(5, 1, 1));
    add(&f, "a.weight_v", three(4, 3, 2));
    refused(&f, "tensor \"a.weight_g\" of f32[5,1,1] is no length of \"a.weight_v\", f32[4,3,2]");
    add(&f, "a.weight_g", three(4, 1, 1));
    add(&f, "a.weight_v", dio_type_3d(DIO_I32, 4, 3, 2));
    refused(&f, "is no length of \"a.weight_v\", i32[4,3,2]");
    add(&f, "a.weight_g", three(4, 1, 1));
    add(&f, "a.weight_v", three(4, 3, 2));
    add(&f, "a.weight", three(4, 3, 2));
    refused(&f, "tensor \"a.weight\" is there twice");
}

static int clean(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_axis),
        cmocka_unit_test(test_refused),
    };
    int f = mkstemps(path, 12);
    if (f < 0)
        return 1;
    close(f);
    return cmocka_run_group_tests(tests, NULL, clean);
}
