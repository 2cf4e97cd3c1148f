/* test_diffuser_bad.c: requests and models that cannot be: each is refused with its sentence,
 * before anything is computed; and what may not change a byte: batches, threads, what was asked
 * before. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "tests/vision/diffuser_case.h"
#include "vision/image_io.h"

enum { W = 40, H = 24, BYTES = W * H * 3 };

static int setup(void **state)
{
    struct diffuser_golden *g = malloc(sizeof *g);
    golden_open(g, "sd");
    *state = g;
    return 0;
}

static int teardown(void **state)
{
    golden_close(*state);
    free(*state);
    return 0;
}

static dio_diffuser_request small(void)
{
    dio_diffuser_request r = dio_diffuser_request_default();
    r.prompt = "a red boat";
    r.width = W;
    r.height = H;
    r.steps = 3;
    r.seed = 5;
    r.scheduler = "euler_ancestral";
    return r;
}

static void bytes_of(struct diffuser_golden *g, const dio_diffuser_request *r, uint8_t *out)
{
    dio_error err = {0};
    dio_image *pictures[8] = {NULL};
    must(dio_diffuser_paint(g->diffuser, r, pictures, &err), &err);
    for (int i = 0; i < r->count; i++) {
        for (int y = 0; y < H; y++)
            memcpy(out + i * BYTES + y * W * 3, dio_image_row(pictures[i], y), W * 3);
        dio_image_unref(pictures[i]);
    }
}

/* --- the same bytes --- */

static void test_batches(void **state)
{
    static uint8_t alone[5 * BYTES], together[5 * BYTES];
    dio_diffuser_request r = small();
    for (r.seed = 5; r.seed < 10; r.seed++)
        bytes_of(*state, &r, alone + (r.seed - 5) * BYTES);
    r.seed = 5;
    r.count = 5;
    for (r.together = 1; r.together <= 5; r.together += 2) {
        bytes_of(*state, &r, together);
        assert_memory_equal(alone, together, sizeof alone);
    }
    assert_memory_not_equal(alone, alone + BYTES, BYTES);
}

static void test_threads(void **state)
{
    static uint8_t one[2 * BYTES], three[2 * BYTES];
    dio_diffuser_request r = small();
    int size = dio_gang_size();
    r.count = r.together = 2;
    dio_gang_resize(1);
    bytes_of(*state, &r, one);
    dio_gang_resize(3);
    bytes_of(*state, &r, three);
    dio_gang_resize(size);
    assert_memory_equal(one, three, sizeof one);
}

/* Other prompts, sizes and settings in between leave nothing behind. */
static void test_no_memory_of_before(void **state)
{
    static uint8_t first[BYTES], again[BYTES];
    dio_diffuser_request r = small(), other = small();
    bytes_of(*state, &r, first);
    other.prompt = "a blue house, (stormy:1.4)";
    other.negative = "calm";
    other.tile_x = true;
    other.clip_skip = 1;
    bytes_of(*state, &other, again);
    assert_memory_not_equal(first, again, sizeof first);
    bytes_of(*state, &r, again);
    assert_memory_equal(first, again, sizeof first);
}

static void test_pixels_outside_of_the_mask(void **state)
{
    static uint8_t out[BYTES];
    struct diffuser_golden *g = *state;
    dio_diffuser_request r = small();
    r.init = g->init;
    r.mask = g->mask;
    r.strength = 0.9;
    bytes_of(g, &r, out);
    int changed = 0;
    for (int y = 0; y < H; y++) {
        const uint8_t *init = dio_image_row(g->init, y), *mask = dio_image_row(g->mask, y);
        for (int x = 0; x < W; x++) {
            bool same = memcmp(init + 3 * x, out + (y * W + x) * 3, 3) == 0;
            assert_true(mask[x] || same);
            changed += !same;
        }
    }
    assert_true(changed > 100);
}

/* --- what is told --- */

struct seen {
    int calls, previews, stop;
    volatile sig_atomic_t cancel;
};

static bool progress(void *user, int done, int total, dio_error *err)
{
    struct seen *s = user;
    assert_int_equal(done, ++s->calls);
    assert_int_equal(total, 6);
    s->cancel = s->stop == done;
    (void)err;
    return true;
}

static bool preview(void *user, int index, int step, int steps, dio_image *image, dio_error *err)
{
    struct seen *s = user;
    assert_int_equal(index, s->previews / 3);
    assert_int_equal(step, s->previews++ % 3 + 1);
    assert_int_equal(steps, 3);
    assert_true(image->width > 0 && image->form.channels == 3);
    (void)err;
    return true;
}

static void test_progress_and_previews(void **state)
{
    static uint8_t plain[2 * BYTES], watched[2 * BYTES];
    struct seen seen = {0};
    dio_diffuser_request r = small();
    r.count = 2;
    bytes_of(*state, &r, plain);
    r.progress = progress;
    r.preview = preview;
    r.user = &seen;
    bytes_of(*state, &r, watched);
    assert_int_equal(seen.calls, 6);
    assert_int_equal(seen.previews, 6);
    assert_memory_equal(plain, watched, sizeof plain);
}

static void test_cancel(void **state)
{
    struct diffuser_golden *g = *state;
    struct seen seen = {.stop = 4};
    dio_error err = {0};
    dio_image *pictures[2];
    dio_diffuser_request r = small();
    r.count = 2;
    r.progress = progress;
    r.user = &seen;
    r.cancel = &seen.cancel;
    assert_false(dio_diffuser_paint(g->diffuser, &r, pictures, &err));
    assert_string_equal(err.message, "stopped on request");
    assert_int_equal(err.kind, DIO_ERROR_RETRY);
    assert_int_equal(seen.calls, 4);
    assert_true(!pictures[0] && !pictures[1]);
}

static void test_parameters(void **state)
{
    struct diffuser_golden *g = *state;
    dio_error err = {0};
    dio_image *picture;
    dio_diffuser_request r = small();
    const dio_value *karras =
        dio_json_parse(g->arena, "t", "{\"use_karras_sigmas\": true}", 27, &err);
    r.scheduler = "dpmpp_2m";
    r.schedule = karras;
    r.negative = "fog";
    r.guidance = 6.5;
    r.clip_skip = 1;
    must(dio_diffuser_paint(g->diffuser, &r, &picture, &err), &err);
    assert_string_equal(dio_image_note(picture, "parameters"),
                        "a red boat\nNegative prompt: fog\nSteps: 3, Sampler: DPM++ 2M, Schedule "
                        "type: Karras, CFG scale: 6.5, Seed: 5, Size: 40x24, Model: sd, Clip skip: "
                        "2, RNG: CPU, Version: diorama");
    dio_image_unref(picture);
}

/* --- refusals --- */

static void refused(struct diffuser_golden *g, const dio_diffuser_request *r, const char *message)
{
    dio_error err = {0};
    dio_image *pictures[DIO_PICTURE_COUNT];
    assert_false(dio_diffuser_paint(g->diffuser, r, pictures, &err));
    assert_string_equal(err.message, message);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

#define REFUSED(change, message)                                                                   \
    do {                                                                                           \
        dio_diffuser_request r = small();                                                          \
        change;                                                                                    \
        refused(*state, &r, message);                                                              \
    } while (0)

static void test_sizes(void **state)
{
    REFUSED(r.width = 41,
            "width: 41 is not a multiple of 2, as this model needs it; 40 and 42 are");
    REFUSED(r.height = 1, "height: 1 is outside 2 to 4096");
    REFUSED(r.height = -8, "height: -8 is outside 2 to 4096");
    REFUSED(r.width = 100000, "width: 100000 is outside 2 to 4096");
    REFUSED(r.count = 0, "count: 0 is outside 1 to 1024");
    REFUSED(r.count = 5000, "count: 5000 is outside 1 to 1024");
}

static void test_numbers(void **state)
{
    REFUSED(r.steps = -1, "steps: -1 is outside 1 to 1000");
    REFUSED(r.steps = 2000000000, "steps: 2000000000 is outside 1 to 1000");
    REFUSED(r.guidance = NAN, "guidance: nan is outside 0 to 1000");
    REFUSED(r.guidance = 1e9, "guidance: 1e+09 is outside 0 to 1000");
    REFUSED(r.guidance = INFINITY, "guidance: inf is outside 0 to 1000");
    REFUSED(r.rescale = 2, "rescale: 2 is outside 0 to 1");
    REFUSED(r.eta = NAN, "eta: nan is outside 0 to 1");
    REFUSED(r.eta = 0.5, "eta: euler_ancestral has no such setting");
    REFUSED(r.clip_skip = 12, "clip_skip: 12 is outside 0 to 11");
    REFUSED(r.strength = 0, "strength: 0 is not above 0 and at most 1");
    REFUSED(r.strength = NAN, "strength: nan is not above 0 and at most 1");
    REFUSED(r.strength = 1.5, "strength: 1.5 is not above 0 and at most 1");
    REFUSED(r.crop_left = -3, "crop_left: -3 is outside 0 to 65535");
}

static void test_schedulers(void **state)
{
    struct diffuser_golden *g = *state;
    dio_error err = {0};
    const dio_value *wrong = dio_json_parse(g->arena, "t", "{\"beta_start\": 7}", 17, &err);
    REFUSED(
        r.scheduler = "eulr",
        "scheduler \"eulr\" is not supported; did you mean \"euler\"? (there are ddim, dpmpp_2m, "
        "euler, euler_ancestral, flow_euler, heun, lcm, pndm)");
    REFUSED(r.schedule = wrong, "beta_start: 7 is above 0.999");
}

static void test_words(void **state)
{
    char *long_prompt = malloc(10000001);
    memset(long_prompt, 'a', 10000000);
    long_prompt[10000000] = '\0';
    REFUSED(r.prompt = long_prompt, "prompt: 10000000 bytes are more than the 65536 that are read");
    REFUSED(r.negative = long_prompt,
            "negative: 10000000 bytes are more than the 65536 that are read");
    REFUSED(r.prompt = "a \xed\xa0\x80 b", "prompt: byte 3, 0xed, is not valid UTF-8");
    REFUSED(r.prompt = "a \xff", "prompt: byte 3, 0xff, is not valid UTF-8");
    free(long_prompt);
}

/* The tokenizer's own words within a prompt are text: they end nothing. */
static void test_control_tokens(void **state)
{
    static uint8_t out[BYTES], plain[BYTES];
    dio_diffuser_request r = small();
    r.prompt = "a red boat<|endoftext|> on the sea";
    bytes_of(*state, &r, out);
    r.prompt = "a red boat";
    bytes_of(*state, &r, plain);
    assert_memory_not_equal(out, plain, sizeof out);
    r.prompt = "";
    bytes_of(*state, &r, plain);
}

static void test_pictures(void **state)
{
    struct diffuser_golden *g = *state, nine;
    REFUSED(r.mask = g->mask, "mask: there is no picture that it could protect: give init, too");
    golden_open(&nine, "inpaint");
    dio_diffuser_request r = small();
    refused(&nine, &r,
            "this model paints within a mask of a picture (its UNet has 9 input channels): give "
            "init and mask");
    golden_close(&nine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_no_memory_of_before),
        cmocka_unit_test(test_pixels_outside_of_the_mask),
        cmocka_unit_test(test_progress_and_previews),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_schedulers),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_control_tokens),
        cmocka_unit_test(test_pictures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
