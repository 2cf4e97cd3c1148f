#pragma once
/* safetensors_bad.h: files that lie about what is in them, each with the sentence that it is
 * refused with. Names S1 to S17 are classes of published weaknesses: length fields, duplicate
 * names, overlaps, holes, overflows, empty tensors, foreign types, deep nesting, paths; what is not
 * a row here is built by test_safetensors_bad.c. test_cli_bad.c gives the rows to the command. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct safetensors_bad {
    const char *name;
    const char *header;
    long long length; /* of the header, as claimed; 0: as it is */
    int data;         /* bytes of data after the header */
    const char *says; /* after the file's path */
};

#define A "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define T(name, dtype, shape, range)                                                               \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" range "}"

static const struct safetensors_bad safetensors_bad[] = {
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

enum { SAFETENSORS_BAD = sizeof safetensors_bad / sizeof safetensors_bad[0] };

/* A header of n bytes after the length that it is said to have, before `data` bytes. False when the
 * file cannot be written. */
static inline bool safetensors_put(const char *path, const void *header, size_t n, uint64_t claimed,
                                   size_t data)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    for (int i = 0; i < 8; i++)
        fputc((int)(claimed >> 8 * i & 255), f);
    fwrite(header, 1, n, f);
    for (size_t i = 0; i < data; i++)
        fputc((int)i, f);
    return fclose(f) == 0;
}

static inline bool safetensors_bad_put(int i, const char *path)
{
    const struct safetensors_bad *b = &safetensors_bad[i];
    size_t n = strlen(b->header);
    return safetensors_put(path, b->header, n, b->length ? (uint64_t)b->length : n,
                           (size_t)b->data);
}
