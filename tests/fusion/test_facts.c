/* test_facts.c: what a finished file is, by its head; what is damaged or disguised is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fusion/animation.h"
#include "fusion/facts.h"
#include "step_case.h"

struct fixture {
    dio_arena *arena;
    char dir[64];
};

static const char *in(struct fixture *f, const char *name)
{
    return dio_path_join(f->arena, f->dir, name);
}

static int setup(void **state)
{
    static struct fixture f = {NULL, "/tmp/diorama-facts-XXXXXX"};
    f.arena = dio_arena_create();
    *state = &f;
    return mkdtemp(f.dir) ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dio_arena_destroy(f->arena);
    return step_clear(f->dir);
}

static void refuse(struct fixture *f, const char *name, const void *bytes, size_t n,
                   const char *says)
{
    dio_error err = {0};
    dio_facts facts;
    if (!dio_file_write(in(f, name), bytes, n, &err))
        fail_msg("%s", err.message);
    assert_false(dio_facts_read(in(f, name), &facts, &err));
    if (!strstr(err.message, says))
        fail_msg("%s: %s", name, err.message);
}

#define REFUSE(name, bytes, says) refuse(f, name, bytes, sizeof(bytes) - 1, says)

static void what_is_damaged_is_refused(void **state)
{
    struct fixture *f = *state;
    REFUSE("x", "", "");
    REFUSE("x", "hello", "not a film, a picture or a sound that can be read");
    REFUSE("x.gif", "GIF89a", "cut off after 6 bytes");
    REFUSE("x.gif", "GIF89a\x40\0\x20\0\x87\0\0", "cut off");
    REFUSE("x.gif", "GIF89a\x40\0\x20\0\0\0\0\x99", "byte 13 begins no block of a GIF");
    REFUSE("x.gif", "GIF89a\x40\0\x20\0\0\0\0\x3b", "a GIF without a picture");
    REFUSE("x.gif", "GIF89a\0\0\x20\0\0\0\0\x3b", "a GIF of no size");
    REFUSE("x.png", "\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR    ", "cut off");
    REFUSE("x.webp", "RIFF\xff\0\0\0WEBPANIM\xff\xff\xff\xff", "cut off");
    REFUSE("x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n",
           "Apple HTTP Live Streaming, where a film, a picture or a sound is needed");
    /* All beginnings and all single changed bytes of a GIF end in a verdict or a sentence. */
    size_t n;
    dio_error err = {0};
    const char *gif =
        dio_file_read(f->arena, "tests/fuzz/corpus/animation/two.gif", 4096, &n, &err);
    for (size_t i = 0; i < n; i++) {
        dio_animation moves;
        char changed[4096];
        dio_error_clear(&err);
        assert_false(dio_animation_read(gif, i, "x", &moves, &err) && i > 13);
        memcpy(changed, gif, n);
        changed[i] = (char)(changed[i] ^ 0xff);
        dio_error_clear(&err);
        dio_animation_read(changed, n, "x", &moves, &err);
    }
}

/* Two frames, half a second or so each, in the three formats that move. */
static void what_moves_is_measured(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        int plays;
        double seconds;
    } files[] = {{"two.gif", 3, 1}, {"two.png", 3, 0.11}, {"two.webp", 3, 1}};
    for (int i = 0; i < 3; i++) {
        dio_error err = {0};
        dio_animation moves;
        size_t n;
        const char *path = dio_path_join(f->arena, "tests/fuzz/corpus/animation", files[i].name);
        const char *bytes = dio_file_read(f->arena, path, 4096, &n, &err);
        if (!bytes || !dio_animation_read(bytes, n, files[i].name, &moves, &err))
            fail_msg("%s", err.message);
        assert_int_equal(moves.frames, 2);
        assert_int_equal(moves.plays, files[i].plays);
        assert_true(moves.seconds > files[i].seconds - 1e-9 &&
                    moves.seconds < files[i].seconds + 1e-9);
    }
}

static void sizes_are_parsed(void **state)
{
    (void)state;
    int64_t n;
    char text[32];
    assert_true(dio_bytes_parse("150 kB", &n) && n == 150000);
    assert_true(dio_bytes_parse("4GB", &n) && n == 4000000000);
    assert_true(dio_bytes_parse("1.5 MiB", &n) && n == 1572864);
    assert_true(dio_bytes_parse("17", &n) && n == 17);
    assert_false(dio_bytes_parse("kB", &n) || dio_bytes_parse("1 xB", &n) ||
                 dio_bytes_parse("1e9 GB", &n) || dio_bytes_parse("1.2.3", &n) ||
                 dio_bytes_parse("99999999999999 GB", &n));
    assert_string_equal(dio_bytes_text(999, text), "999 B");
    assert_string_equal(dio_bytes_text(44150, text), "44.15 kB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_damaged_is_refused),
        cmocka_unit_test(what_moves_is_measured),
        cmocka_unit_test(sizes_are_parsed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
