/* test_torch_flood.c: small pickles that stand for more than a machine holds, and good checkpoints
 * cut or changed at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tensor/weights.h"
#include "tests/tensor/torch_file.h"

/* --- small pickles that stand for much -------------------------------------------------------- */

/* Puts `text` n times, in a pickle between `before` and `after`. */
static void write_many(const char *before, size_t n_before, const char *text, size_t n_text,
                       size_t n, const char *after, size_t n_after)
{
    size_t total = n_before + n * n_text + n_after;
    dio_error err = {0};
    char *bytes = malloc(total);
    assert_non_null(bytes);
    memcpy(bytes, before, n_before);
    for (size_t i = 0; i < n; i++)
        memcpy(bytes + n_before + i * n_text, text, n_text);
    memcpy(bytes + n_before + n * n_text, after, n_after);
    assert_true(dio_file_write(file_path(), bytes, total, &err));
    free(bytes);
}

static void test_floods(void **state)
{
    /* A tuple of what is below it, twice: n levels stand for 2^n of it. */
    static const char level[] = "q\000h\000\206";
    int wrong = 0;
    (void)state;
    write_many(P(HEAD "\200\002"), P("}"), 6000000, P("."));
    file_check(
        NULL, "six million dicts",
        ": byte 5592444: the pickle has taken more than 256 MB of memory, which no model's weights "
        "need",
        &wrong);
    write_many(P(HEAD "\200\002"), P("("), 17000000, P("."));
    file_check(NULL, "seventeen million marks",
               ": byte 16777260: the pickle has taken more than 256 MB of memory, which no model's "
               "weights "
               "need",
               &wrong);
    write_many(P(HEAD "\200\002)"), P("\205"), 1000000,
               P("."
                 "\200\002]."));
    file_check(NULL, "a million tuples, one in the other",
               ": dicts and lists are nested more than 32 deep under "
               "\"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0\"",
               &wrong);
    write_many(P(HEAD "\200\002}"), P(level), 25,
               P("."
                 "\200\002]."));
    file_check(NULL, "2^25 empty dicts",
               ": there are more than 4194304 values in the dicts under "
               "\"0.0.0.0.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1\"",
               &wrong);
    write_many(P(HEAD "\200\002" TENSOR), P(level), 20, P("." KEYS COUNT FLOATS24));
    file_check(NULL, "2^20 tensors", ": there are more than 131072 tensors", &wrong);
    write_many(P(HEAD "\200\002" TENSOR), P(level), 40, P("." KEYS COUNT FLOATS24));
    file_check(NULL, "2^40 tensors",
               ": dicts and lists are nested more than 32 deep under "
               "\"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0\"",
               &wrong);
    assert_int_equal(wrong, 0);
}

/* --- good files, spoiled everywhere ----------------------------------------------------------- */

static const char *const goldens[] = {"tests/golden/torch/embedding.pt",
                                      "tests/golden/torch/zip.pth", "tests/golden/torch/legacy.pth",
                                      "tests/golden/torch/legacy4.pth"};

static char *golden(size_t i, dio_arena *a, size_t *n)
{
    dio_error err = {0};
    char *bytes = dio_file_read(a, goldens[i], 1 << 20, n, &err);
    assert_non_null(bytes);
    return bytes;
}

/* Cut at every byte: refused, each time. */
static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++) {
        size_t n;
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        char *bytes = golden(i, a, &n);
        assert_true(dio_file_write(file_path(), bytes, n, &err));
        while (n-- > 0) {
            assert_int_equal(truncate(file_path(), (off_t)n), 0);
            if (strcmp(file_refusal(), "accepted") == 0)
                fail_msg("%s: accepted when cut to %zu bytes", goldens[i], n);
        }
        dio_arena_destroy(a);
    }
}

/* Every byte changed: read or refused, and every tensor that is given can be read whole. */
static void test_every_byte(void **state)
{
    volatile unsigned char sum = 0;
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++) {
        size_t n;
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        char *bytes = golden(i, a, &n);
        assert_true(dio_file_write(file_path(), bytes, n, &err));
        FILE *f = fopen(file_path(), "r+b");
        setvbuf(f, NULL, _IONBF, 0);
        for (size_t at = 0; at < n; at++) {
            fseek(f, (long)at, SEEK_SET);
            fputc(bytes[at] ^ (at % 2 ? 0xff : 1), f);
            err = (dio_error){0};
            dio_weights *w = dio_weights_open(file_path(), &err);
            assert_int_equal(err.kind, w ? DIO_ERROR_NONE : DIO_ERROR_INVALID);
            for (int k = 0; w && k < dio_weights_count(w); k++) {
                const dio_tensor *t = dio_weights_at(w, k);
                const unsigned char *data = dio_tensor_data(t);
                for (size_t j = 0; j < dio_type_bytes(&t->type); j++)
                    sum = (unsigned char)(sum + data[j]);
            }
            dio_weights_close(w);
            fseek(f, (long)at, SEEK_SET);
            fputc(bytes[at], f);
        }
        fclose(f);
        dio_arena_destroy(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_every_byte),
    };
    return cmocka_run_group_tests(tests, file_setup, file_teardown);
}
