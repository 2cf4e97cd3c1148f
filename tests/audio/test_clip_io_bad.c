/* test_clip_io_bad.c: sounds that are shortened, damaged or meant to do harm. */
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

#include "audio/clip_io.h"
#include "base/file.h"

/* A WAV by hand; what is 0 in `w` is as it should be. */
struct wav {
    uint32_t tag, channels, rate, align, bits, fmt_size, data_size, data_bytes;
};

static size_t put(unsigned char *out, size_t at, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[at++] = (unsigned char)(v >> 8 * i);
    return at;
}

static size_t make_wav(unsigned char *out, struct wav w)
{
    uint32_t bits = w.bits ? w.bits : 16, channels = w.channels ? w.channels : 1;
    uint32_t fmt = w.fmt_size ? w.fmt_size : 16;
    size_t at = 12;
    memcpy(out, "RIFF\xff\xff\xff\xffWAVE", 12);
    memcpy(out + at, "fmt ", 4);
    at = put(out, at + 4, fmt, 4);
    at = put(out, at, w.tag ? w.tag : 1, 2);
    at = put(out, at, channels, 2);
    at = put(out, at, w.rate ? w.rate : 8000, 4);
    at = put(out, at, 16000, 4);
    at = put(out, at, w.align ? w.align : channels * bits / 8, 2);
    at = put(out, at, bits, 2);
    while (at < 20 + (size_t)fmt)
        out[at++] = 0;
    memcpy(out + at, "data", 4);
    at = put(out, at + 4, w.data_size ? w.data_size : w.data_bytes, 4);
    memset(out + at, 0, w.data_bytes);
    return at + w.data_bytes;
}

static void refused(const unsigned char *bytes, size_t n, const char *why)
{
    dio_error err = {0};
    unsigned char *exact = malloc(n ? n : 1); /* so that a sanitizer sees its end */
    memcpy(exact, bytes, n);
    dio_clip *clip = dio_clip_decode(exact, n, "bad", &err);
    free(exact);
    if (clip)
        fail_msg("%zu bytes were read, not: %s", n, why);
    if (!strstr(err.message, why))
        fail_msg("\"%s\" is not \"%s\"", err.message, why);
    assert_string_equal(err.file, "bad");
}

static void heads_of_wav_are_checked(void **state)
{
    (void)state;
    static const struct {
        struct wav wav;
        const char *why;
    } cases[] = {
        {{.rate = 400000}, "a clip of 400000 samples a second: there are 1000 to 384000"},
        {{.rate = 0xfffffff0}, "a clip of 2147483647 samples a second"},
        {{.rate = 1}, "a clip of 1 samples a second"},
        {{.channels = 9}, "a clip of 9 channels: there are 1 to 8"},
        {{.channels = 65535, .bits = 8}, "a clip of 65535 channels"},
        {{.tag = 2, .bits = 4}, "a WAV of coding 2 with 4 bits a sample: PCM of 8, 16, 24 and 32"},
        {{.tag = 0x55}, "a WAV of coding 85 with 16 bits a sample"},
        {{.tag = 3}, "a WAV of coding 3 with 16 bits a sample"},
        {{.bits = 12}, "a WAV of coding 1 with 12 bits a sample"},
        {{.align = 7}, "the WAV says 7 bytes for 1 channels of 16 bits"},
        {{.tag = 0xfffe, .fmt_size = 22}, "the WAV's extended format has 22 bytes"},
        {{.data_size = 0xfffffff0, .data_bytes = 100},
         "the WAV is cut short: its sound has 4294967280 bytes, and 100 are left"},
        {{.fmt_size = 5000}, "the WAV is cut short: its chunk \"fmt \" has 5000 bytes"},
    };
    unsigned char bytes[8192];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = make_wav(bytes, cases[i].wav);
        refused(bytes, cases[i].wav.fmt_size == 5000 ? 100 : n, cases[i].why);
    }
    size_t n = make_wav(bytes, (struct wav){.align = 0, .data_bytes = 8});
    put(bytes, 22, 0, 2);
    put(bytes, 32, 0, 2);
    refused(bytes, n, "a clip of 0 channels: there are 1 to 8");
    put(bytes, make_wav(bytes, (struct wav){.data_bytes = 8}) - 8, 0, 4);
    memcpy(bytes + 12, "fnt ", 4);
    refused(bytes, 52, "the WAV's sound comes before its format");
    memcpy(bytes + 12, "fmt \x0e", 5);
    refused(bytes, 52, "the WAV's format has 14 bytes, and the least is 16");
}

static void a_pipe_leaves_its_size_open(void **state)
{
    (void)state;
    dio_error err = {0};
    unsigned char bytes[256];
    size_t n = make_wav(bytes, (struct wav){.data_size = UINT32_MAX, .data_bytes = 101});
    dio_clip *clip = dio_clip_decode(bytes, n, "pipe", &err);
    if (!clip)
        fail_msg("%s", err.message);
    assert_int_equal(clip->length, 50);
    dio_clip_unref(clip);
}

static void numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    unsigned char bytes[256];
    size_t n = make_wav(bytes, (struct wav){.tag = 3, .bits = 32, .channels = 2, .data_bytes = 80});
    put(bytes, n - 20, 0x7fc00000, 4);
    refused(bytes, n, "sample 7 of channel 2 is no number");
    put(bytes, n - 20, 0xff800000, 4);
    refused(bytes, n, "sample 7 of channel 2 is no number");
    n = make_wav(bytes, (struct wav){.tag = 3, .bits = 64, .data_bytes = 80});
    put(bytes, n - 12, 0x7ff80000, 4); /* the upper half of the last but one */
    refused(bytes, n, "sample 8 of channel 1 is no number");
}

/* Lists within lists, and thousands of chunks: read or refused, at once. */
static void bombs_of_chunks(void **state)
{
    (void)state;
    enum { DEPTH = 1000, MANY = 20000, ROOM = 12 * MANY + 256 };
    unsigned char *bytes = calloc(1, ROOM), head[256];
    size_t whole = make_wav(head, (struct wav){.data_bytes = 8}), at = 36;
    memcpy(bytes, head, at);
    for (uint32_t i = 0; i < DEPTH; i++) {
        memcpy(bytes + at, "LIST", 4);
        put(bytes, at + 4, 12 * (DEPTH - 1 - i) + 4, 4);
        memcpy(bytes + at + 8, "INFO", 4);
        at += 12;
    }
    for (int round = 0; round < 2; round++) {
        dio_error err = {0};
        memcpy(bytes + at, head + 36, whole - 36);
        dio_clip *clip = dio_clip_decode(bytes, at + whole - 36, "bomb", &err);
        /* libsndfile reads 20,000 side by side, and gives up 1,000 deep */
        if (clip)
            assert_int_equal(clip->length, 4);
        else
            assert_non_null(strstr(err.message, "the WAV is cut short or damaged in its head"));
        dio_clip_unref(clip);
        for (at = 36; at < 36 + 12 * MANY; at += 12) { /* side by side, of odd sizes */
            memcpy(bytes + at, "junk\x03\0\0\0abc", 12);
        }
    }
    refused(bytes, at, "the WAV is cut short: it ends before its sound");
    memcpy(head, "RF64", 4);
    refused(head, whole, "it is not WAV or FLAC, and begins \"RF64\"");
    free(bytes);
}

/* libsndfile would go round for ever over the first two. */
static void parts_of_lists_lie_within(void **state)
{
    (void)state;
    static const char why[] = "the WAV's list is damaged: its part \"";
    unsigned char head[256], bytes[512];
    const size_t whole = make_wav(head, (struct wav){.data_bytes = 8});
    for (int after = 0; after < 2; after++) {
        const size_t first = after ? whole : 36;
        memcpy(bytes, head, first);
        memcpy(bytes + first, "LIST\x18\0\0\0INFO\xb7\xbc\xb2\xab\xf4\xff\xff\xff", 20);
        memset(bytes + first + 20, 0, 12);
        memcpy(bytes + first + 32, head + first, whole - first);
        refused(bytes, whole + 32, why);
        put(bytes, first + 16, 13, 4); /* one more than there are */
        refused(bytes, whole + 32, why);
        dio_error err = {0};
        put(bytes, first + 16, 12, 4);
        dio_clip *clip = dio_clip_decode(bytes, whole + 32, "list", &err);
        if (!clip)
            fail_msg("%s", err.message);
        assert_int_equal(clip->length, 4);
        dio_clip_unref(clip);
    }
}

static unsigned char *whole_file(const char *path, size_t *n)
{
    dio_error err = {0};
    dio_map_file *file = dio_map_open(path, &err);
    assert_non_null(file);
    *n = dio_map_size(file);
    unsigned char *bytes = malloc(*n);
    memcpy(bytes, dio_map_data(file), *n);
    dio_map_unref(file);
    return bytes;
}

static void beginnings_are_refused(void **state)
{
    (void)state;
    size_t n;
    unsigned char *bytes = whole_file("tests/golden/sound/pcm16.wav", &n);
    refused(bytes, 0, "the file is empty: it is no sound");
    refused(bytes, 3, "this is no sound that can be read here: it is not WAV or FLAC");
    refused((const unsigned char *)"OggS....", 8, "and begins \"OggS\"");
    for (size_t cut = 12; cut < n; cut++)
        refused(bytes, cut, "the WAV is cut short");
    free(bytes);
    bytes = whole_file("tests/golden/sound/flac16.flac", &n);
    for (size_t cut = 4; cut < n; cut += cut < 64 ? 1 : 397)
        refused(bytes, cut, "");
    refused(bytes, n - 1, "the FLAC ");
    refused(bytes, n / 2, "the FLAC is cut short or damaged in its head");
    refused(bytes, n - 3000, "the FLAC is cut short or damaged near sample");
    free(bytes);
}

/* Frames carry checksums (before them is FFmpeg's padding); STREAMINFO is held to the file. */
static void damaged_flac_is_refused(void **state)
{
    (void)state;
    size_t n;
    unsigned char *bytes = whole_file("tests/golden/sound/flac24.flac", &n);
    for (size_t at = n - 1; at > 8300; at -= 41) {
        bytes[at] ^= 4;
        refused(bytes, n, "damaged");
        bytes[at] ^= 4;
    }
    unsigned char kept[8];
    memcpy(kept, bytes + 18, 8);
    memset(bytes + 22, 0xff, 4); /* samples in all: 2^32 and more */
    refused(bytes, n, "is above the limit of 536870912");
    bytes[22] = 0x0f;
    bytes[21] &= 0xf0;
    refused(bytes, n, "the FLAC is cut short: its 268435455 samples do not fit into 10247 bytes");
    memset(bytes + 22, 0, 4);
    refused(bytes, n, "the FLAC does not say how long it is");
    memset(bytes + 18, 0xff, 3);
    refused(bytes, n, "");
    memcpy(bytes + 18, kept, 8);
    bytes[4] = 4;
    refused(bytes, n, "the FLAC does not begin with its stream's facts");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_of_wav_are_checked),
        cmocka_unit_test(a_pipe_leaves_its_size_open),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(bombs_of_chunks),
        cmocka_unit_test(parts_of_lists_lie_within),
        cmocka_unit_test(beginnings_are_refused),
        cmocka_unit_test(damaged_flac_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
