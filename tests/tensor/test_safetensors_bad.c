/* test_safetensors_bad.c: every way we know to lie in a safetensors file or an index, each with
 * the exact sentence it is refused with. Most are rows of safetensors_bad.h. */
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
#include "tests/tensor/safetensors_bad.h"

static char dir[] = "/tmp/dio_safetensors_XXXXXX";

/* Opens path, which must fail, and leaves what was said after the path in `said`. */
static void refuse(const char *path, const char *label, char *said, int size)
{
    dio_error err = {0};
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE + 32];
    dio_weights *w = dio_weights_open(path, &err);
    if (w)
        fail_msg("%s: was accepted", label);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    dio_error_text(&err, text, sizeof text);
    size_t n = strlen(dir) + 1;
    snprintf(said, (size_t)size, "%s", strncmp(text, path, n) == 0 ? text + strlen(path) : text);
}

static void test_table(void **state)
{
    (void)state;
    char path[256], said[2048];
    int wrong = 0;
    snprintf(path, sizeof path, "%s/bad.safetensors", dir);
    for (int i = 0; i < SAFETENSORS_BAD; i++) {
        const struct safetensors_bad *b = &safetensors_bad[i];
        assert_true(safetensors_bad_put(i, path));
        refuse(path, b->name, said, sizeof said);
        if (strcmp(said, b->says) != 0) {
            print_error("%s:\n  said %s\n  want %s\n", b->name, said, b->says);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* S1: files shorter than the length field. */
static void test_short(void **state)
{
    (void)state;
    char path[256], said[2048], want[256];
    snprintf(path, sizeof path, "%s/short.safetensors", dir);
    for (int n = 0; n < 8; n++) {
        FILE *f = fopen(path, "wb");
        for (int i = 0; i < n; i++)
            fputc(0, f);
        fclose(f);
        refuse(path, "S1", said, sizeof said);
        snprintf(want, sizeof want,
                 ": a safetensors file begins with 8 bytes that give its "
                 "header's length; this one has %d in all",
                 n);
        assert_string_equal(said, want);
    }
}

/* S14: nesting that would overflow a recursive reader's stack; and a flood of values. */
static void test_floods(void **state)
{
    (void)state;
    char path[256], said[2048];
    snprintf(path, sizeof path, "%s/deep.safetensors", dir);
    size_t n = 100000;
    char *text = malloc((8 << 20) + 16);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', n);
    assert_true(safetensors_put(path, text, n + 5, n + 5, 0));
    refuse(path, "S14", said, sizeof said);
    assert_string_equal(said, ":1:69: lists and maps are nested more than 64 deep");
    n = (8 << 20) + 16;
    for (size_t i = 0; i < n; i += 2)
        memcpy(text + i, "1,", 2);
    memcpy(text, "{\"a\":[", 6);
    assert_true(safetensors_put(path, text, n, n, 0));
    refuse(path, "flood", said, sizeof said);
    assert_string_equal(said, ": the header holds more than 4194304 values: no model has that many "
                              "tensors");
    free(text);
}

/* A good file cut at every byte must be refused, and never crash. */
static void test_every_cut(void **state)
{
    (void)state;
    char path[256], said[2048];
    snprintf(path, sizeof path, "%s/cut.safetensors", dir);
    const char *header = A "," T("b", "BF16", "[2,2]", "[8,16]") "}";
    size_t n = strlen(header), whole = 8 + n + 16;
    for (size_t cut = 0; cut < whole; cut++) {
        assert_true(safetensors_put(path, header, n, n, 16));
        assert_int_equal(truncate(path, (off_t)cut), 0);
        refuse(path, "cut", said, sizeof said);
    }
}

/* S17: what an index may not name. */
static void test_index(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{\"weight_map\":{\"a\":\"../../x.safetensors\"}}",
         "/model.safetensors.index.json:1:20: weight_map: \"../../x.safetensors\" is not the plain "
         "name of a .safetensors or .bin file beside the index"},
        {"{\"weight_map\":{\"a\":\"/etc/x.safetensors\"}}",
         "/model.safetensors.index.json:1:20: weight_map: \"/etc/x.safetensors\" is not the plain "
         "name of a .safetensors or .bin file beside the index"},
        {"{\"weight_map\":{\"a\":\"model.safetensors.index.json\"}}",
         "/model.safetensors.index.json:1:20: weight_map: \"model.safetensors.index.json\" is not "
         "the plain name of a .safetensors or .bin file beside the index"},
        {"{\"weight_map\":{\"a\":7}}",
         "/model.safetensors.index.json:1:20: weight_map: tensor \"a\" names no file"},
        {"{\"weight_map\":[]}", "/model.safetensors.index.json:1:1: an index of shards needs a map "
                                "\"weight_map\""},
        {"{\"weight_map\":{\"zz\":\"s.safetensors\"}}",
         "/model.safetensors.index.json:1:16: tensor \"zz\" is not in s.safetensors"},
    };
    char path[256], shard[256], said[2048];
    snprintf(path, sizeof path, "%s/model.safetensors.index.json", dir);
    snprintf(shard, sizeof shard, "%s/s.safetensors", dir);
    assert_true(safetensors_put(shard, A "}", strlen(A "}"), strlen(A "}"), 8));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dio_error err = {0};
        assert_true(dio_file_write(path, cases[i].text, strlen(cases[i].text), &err));
        dio_weights *w = dio_weights_open(path, &err);
        assert_null(w);
        assert_int_equal(err.kind, DIO_ERROR_INVALID);
        dio_error_text(&err, said, sizeof said);
        assert_string_equal(said + strlen(dir), cases[i].says);
    }
    dio_error err = {0};
    char want[640];
    const char *missing = "{\"weight_map\":{\"a\":\"none.safetensors\"}}";
    assert_true(dio_file_write(path, missing, strlen(missing), &err));
    assert_null(dio_weights_open(path, &err));
    dio_error_text(&err, said, sizeof said);
    snprintf(want, sizeof want,
             "%s:1:20: cannot open %s/none.safetensors: No such file or directory", path, dir);
    assert_string_equal(said, want);
    /* An index under a shard's name, which would lead back to itself. */
    const char *loop = "{\"weight_map\":{\"a\":\"s.safetensors\"}}";
    err = (dio_error){0};
    assert_true(dio_file_write(path, loop, strlen(loop), &err));
    assert_true(dio_file_write(shard, loop, strlen(loop), &err));
    assert_null(dio_weights_open(path, &err));
    dio_error_text(&err, said, sizeof said);
    assert_string_equal(said + strlen(dir),
                        "/s.safetensors: an index of shards stands where a shard should");
    unlink(path);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),  cmocka_unit_test(test_short),
        cmocka_unit_test(test_floods), cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_index),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
