/* test_safetensors_bad.c: every way we know to lie in a safetensors file or an index, each with
 * the exact sentence it is refused with. The bytes are built here. Case names S1..S17 are those of
 * the published weaknesses they come from: length fields, duplicate names, overlaps, holes,
 * overflows, empty tensors, foreign types, deep nesting, paths. */
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

static char dir[] = "/tmp/dio_safetensors_XXXXXX";

struct bad {
    const char *name;
    const char *header;
    long long length; /* of the header, as claimed; 0: as it is */
    int data;         /* bytes of data after the header */
    const char *says; /* after "FILE" and, where there is one, the place */
};

#define A "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define T(name, dtype, shape, range)                                                               \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" range "}"

static const struct bad table[] = {
    {"S2 length above the file", "{}", 900, 12,
     ": the header's length of 900 bytes is more than the 14 that follow: the file was cut short, "
     "or is no safetensors file"},
    {"S2 length 2^64-1", "{}", -1, 0,
     ": the header's length of 18446744073709551615 bytes is above the limit of 100000000"},
    {"S2 length above 100 MB", "{}", 100000001, 0,
     ": the header's length of 100000001 bytes is above the limit of 100000000"},
    {"S3 not UTF-8", "{\"\xc0\xaf\":1}", 0, 0, ": the header is not UTF-8 at byte 2 of it"},
    {"S3 surrogate", "{\"\xed\xa0\x80\":1}", 0, 0, ": the header is not UTF-8 at byte 2 of it"},
    {"S4 does not begin with {", " {}", 0, 0, ": the header does not begin with '{'"},
    {"S4 is a list", "[]", 0, 0, ": the header does not begin with '{'"},
    {"S4 empty header", "", 0, 0, ": the header does not begin with '{'"},
    {"S4 text after the JSON", A "}{}", 0, 8, ":1:55: not valid JSON: end of file expected, at {"},
    {"S4 cut short", "{\"a\":{\"dtype\":\"F32\"", 0, 8,
     ":1:15: not valid JSON: the text ends too early"},
    {"S5 a name twice", A "," T("a", "U8", "[4]", "[8,12]") "}", 0, 12,
     ":1:55: key \"a\" appears twice in this map: first on line 1"},
    {"S5 an inner key twice",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 0, 8,
     ":1:33: key \"dtype\" appears twice in this map: first on line 1"},
    {"S6 overlap", A "," T("b", "F32", "[2]", "[4,12]") "}", 0, 12,
     ":1:55: tensor \"b\" begins at byte 4, inside tensor \"a\", which ends at 8"},
    {"S6 the same bytes twice", A "," T("b", "F32", "[2]", "[0,8]") "}", 0, 8,
     ":1:55: tensor \"b\" begins at byte 0, inside tensor \"a\", which ends at 8"},
    {"S7 hole", A "," T("b", "F32", "[1]", "[12,16]") "}", 0, 16,
     ":1:55: tensor \"b\" begins at byte 12, but what is before it ends at 8: bytes between belong "
     "to no tensor"},
    {"S7 hole at the start", "{" T("b", "F32", "[1]", "[4,8]") "}", 0, 8,
     ":1:2: tensor \"b\" begins at byte 4, but what is before it ends at 0: bytes between belong "
     "to "
     "no tensor"},
    {"S8 end before begin", "{" T("a", "F32", "[2]", "[8,0]") "}", 0, 8,
     ":1:48: tensor \"a\" ends at byte 0, before its begin at 8"},
    {"S9 bytes after the last", A "}", 0, 12,
     ": the last tensor ends at byte 8 of the data, but the file has 12"},
    {"S9 file too short", A "}", 0, 7,
     ":1:2: tensor \"a\" ends at byte 8 of the data, but the file has 7: it was cut short"},
    {"S9 no tensor but data", "{}", 0, 4,
     ": the last tensor ends at byte 0 of the data, but the file has 4"},
    {"S10 shape wraps to 4", "{" T("a", "U8", "[4194305,4194305,211106198978564]", "[0,4]") "}", 0,
     4,
     ":1:28: tensor \"a\": u8[4194305,4194305,211106198978564]: the number of elements overflows"},
    {"S10 bytes wrap", "{" T("a", "F32", "[4611686018427387904]", "[0,0]") "}", 0, 0,
     ":1:29: tensor \"a\": f32[4611686018427387904]: more bytes than any machine holds"},
    {"S11 shape is not the range", "{" T("a", "F32", "[2,2]", "[0,12]") "}", 0, 12,
     ":1:50: tensor \"a\" is f32[2,2], 16 bytes, but its data_offsets span 12"},
    {"S12 empty inside another", A "," T("e", "F32", "[0]", "[4,4]") "}", 0, 8,
     ":1:55: tensor \"e\" is empty but lies at byte 4, inside tensor \"a\""},
    {"S12 empty with bytes", "{" T("e", "F32", "[0,4]", "[0,16]") "}", 0, 16,
     ":1:50: tensor \"e\" is f32[0,4], 0 bytes, but its data_offsets span 16"},
    {"S12 range empty, shape not", "{" T("e", "F32", "[4]", "[0,0]") "}", 0, 0,
     ":1:48: tensor \"e\" is f32[4], 16 bytes, but its data_offsets span 0"},
    {"S12 empty beyond the end", A "," T("e", "F32", "[0]", "[9,9]") "}", 0, 8,
     ":1:55: tensor \"e\" begins at byte 9, but what is before it ends at 8: bytes between belong "
     "to no tensor"},
    {"S13 unknown dtype", "{" T("a", "F8_E4M3", "[4]", "[0,4]") "}", 0, 4,
     ":1:15: tensor \"a\": dtype F8_E4M3 is not supported (F32, F16, BF16, F64, I64, I32, I8, U8 "
     "and "
     "BOOL are)"},
    {"S13 dtype is a number", "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", 0, 4,
     ":1:15: tensor \"a\": dtype an integer is not supported (F32, F16, BF16, F64, I64, I32, I8, "
     "U8 and "
     "BOOL are)"},
    {"S13 a dim of 1.5", "{" T("a", "F32", "[1.5]", "[0,4]") "}", 0, 4,
     ":1:30: tensor \"a\": shape holds something that is not a whole number of 0 or more"},
    {"S13 a dim of -1", "{" T("a", "F32", "[-1]", "[0,4]") "}", 0, 4,
     ":1:30: tensor \"a\": shape holds something that is not a whole number of 0 or more"},
    {"S13 a dim of 1e400", "{" T("a", "F32", "[1e400]", "[0,4]") "}", 0, 4,
     ":1:30: number 1e400 is too large: integers have 64 bits, others end at 1.8e308"},
    {"S13 a dim of 2^64", "{" T("a", "F32", "[18446744073709551616]", "[0,4]") "}", 0, 4,
     ":1:30: number 18446744073709551616 is too large: integers have 64 bits, others end at "
     "1.8e308"},
    {"S13 a range of text", "{" T("a", "F32", "[1]", "[\"0\",4]") "}", 0, 4,
     ":1:49: tensor \"a\": data_offsets holds something that is not a whole number of 0 or more"},
    {"S13 seven dims", "{" T("a", "F32", "[1,1,1,1,1,1,1]", "[0,4]") "}", 0, 4,
     ":1:29: tensor \"a\" has 7 dimensions; at most 6 are supported"},
    {"S13 no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 0, 4,
     ":1:6: tensor \"a\" needs a dtype, a shape [..] and data_offsets [begin, end]"},
    {"S13 three offsets", "{" T("a", "F32", "[1]", "[0,4,8]") "}", 0, 4,
     ":1:6: tensor \"a\" needs a dtype, a shape [..] and data_offsets [begin, end]"},
    {"S13 a tensor that is text", "{\"a\":\"F32\"}", 0, 0,
     ":1:6: tensor \"a\" needs a dtype, a shape [..] and data_offsets [begin, end]"},
    {"S16 metadata is a list", "{\"__metadata__\":[1]}", 0, 0,
     ":1:17: __metadata__ is a list, not a map of strings"},
    {"S16 metadata holds a number", "{\"__metadata__\":{\"format\":1}}", 0, 0,
     ":1:27: __metadata__: \"format\" is an integer, not a string"},
};

static void put_file(const char *path, const void *header, size_t n, uint64_t claimed, size_t data)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (int i = 0; i < 8; i++)
        fputc((int)(claimed >> 8 * i & 255), f);
    fwrite(header, 1, n, f);
    for (size_t i = 0; i < data; i++)
        fputc((int)i, f);
    fclose(f);
}

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
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct bad *b = &table[i];
        size_t n = strlen(b->header);
        snprintf(path, sizeof path, "%s/bad.safetensors", dir);
        put_file(path, b->header, n, b->length ? (uint64_t)b->length : n, (size_t)b->data);
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
    put_file(path, text, n + 5, n + 5, 0);
    refuse(path, "S14", said, sizeof said);
    assert_string_equal(said, ":1:69: lists and maps are nested more than 64 deep");
    n = (8 << 20) + 16;
    for (size_t i = 0; i < n; i += 2)
        memcpy(text + i, "1,", 2);
    memcpy(text, "{\"a\":[", 6);
    put_file(path, text, n, n, 0);
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
        put_file(path, header, n, n, 16);
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
         "name of a .safetensors file beside the index"},
        {"{\"weight_map\":{\"a\":\"/etc/x.safetensors\"}}",
         "/model.safetensors.index.json:1:20: weight_map: \"/etc/x.safetensors\" is not the plain "
         "name of a .safetensors file beside the index"},
        {"{\"weight_map\":{\"a\":\"model.safetensors.index.json\"}}",
         "/model.safetensors.index.json:1:20: weight_map: \"model.safetensors.index.json\" is not "
         "the plain name of a .safetensors file beside the index"},
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
    put_file(shard, A "}", strlen(A "}"), strlen(A "}"), 8);
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
    const char *missing = "{\"weight_map\":{\"a\":\"none.safetensors\"}}";
    assert_true(dio_file_write(path, missing, strlen(missing), &err));
    assert_null(dio_weights_open(path, &err));
    dio_error_text(&err, said, sizeof said);
    assert_non_null(strstr(said, "none.safetensors"));
    assert_non_null(strstr(said, "No such file"));
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
