/* test_scores.c: scores against closed forms, and the registry's own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/rng.h"
#include "fusion/fusion.h"
#include "fusion/score.h"

static const dio_form RGB = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};

struct rig {
    dio_arena *arena;
    dio_studio *studio;
};

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    dio_error err = {0};
    r->arena = dio_arena_create();
    r->studio = dio_studio_create("assets", &err);
    *state = r;
    return r->arena && r->studio ? 0 : -1;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    dio_studio_destroy(r->studio);
    dio_arena_destroy(r->arena);
    free(r);
    return 0;
}

/* The score's value with parameters as a pipeline writes them. */
static double measure(struct rig *r, const char *name, const dio_sight *sight, const char *yaml,
                      const dio_look *look)
{
    dio_error err = {0};
    const dio_score *s = dio_score_find(name, &err);
    assert_non_null(s);
    dio_value *v = yaml ? dio_yaml_parse(r->arena, "t", yaml, strlen(yaml), &err) : NULL;
    void *params = dio_arena_alloc(r->arena, s->params_size);
    double out = NAN;
    dio_look mine = look ? *look : (dio_look){0};
    mine.studio = r->studio;
    mine.arena = r->arena;
    mine.sight = sight;
    if (!dio_fields_read(s->params, params, v, name, DIO_FIELDS_STRICT, r->arena, NULL, NULL,
                         &err) ||
        !s->measure(&mine, params, &out, &err))
        fail_msg("%s: %s", name, err.message);
    assert_true(out >= s->lo && out <= s->hi);
    return out;
}

typedef void paint(void *user, int x, int y, uint8_t rgb[3]);

static dio_sight picture(int w, int h, paint *fn, void *user)
{
    dio_error err = {0};
    dio_sight s = {0};
    dio_image *image = dio_image_create(w, h, &RGB, &err);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            fn(user, x, y, (uint8_t *)dio_image_row(image, y) + 3 * x);
    assert_true(dio_sight_picture(&s, image, &err));
    dio_image_unref(image);
    return s;
}

static void grey(uint8_t rgb[3], int code)
{
    rgb[0] = rgb[1] = rgb[2] = (uint8_t)code;
}

static void paint_flat(void *user, int x, int y, uint8_t rgb[3])
{
    (void)x, (void)y;
    memcpy(rgb, user, 3);
}

static void paint_checks(void *user, int x, int y, uint8_t rgb[3])
{
    int size = *(int *)user;
    grey(rgb, (x / size + y / size) % 2 ? 255 : 0);
}

static void paint_ramp(void *user, int x, int y, uint8_t rgb[3])
{
    (void)y, (void)user;
    grey(rgb, x);
}

static void paint_back(void *user, int x, int y, uint8_t rgb[3])
{
    (void)y, (void)user;
    grey(rgb, 255 - x);
}

static void paint_noise(void *user, int x, int y, uint8_t rgb[3])
{
    uint32_t words[4];
    dio_philox(*(uint64_t *)user, 0, (uint64_t)(y * 4096 + x), words);
    grey(rgb, words[0] >> 24);
}

/* ---- pictures ---- */

static void a_flat_picture_has_nothing(void **state)
{
    dio_sight s = picture(64, 48, paint_flat, (uint8_t[3]){120, 40, 200});
    assert_float_equal(measure(*state, "sharpness", &s, NULL, NULL), 0, 0);
    assert_float_equal(measure(*state, "contrast", &s, NULL, NULL), 0, 0);
    assert_float_equal(measure(*state, "clipped", &s, NULL, NULL), 0, 0);
    assert_float_equal(measure(*state, "flat", &s, NULL, NULL), 1, 0);
    assert_float_equal(measure(*state, "clutter", &s, "preset: square-1x1", NULL), 0, 0);
    dio_sight_close(&s);
}

/* Every pixel of a board of single pixels differs from its four neighbours by 255: the Laplacian
 * is +-1020 in equal numbers, and so is the spread of codes +-127.5. */
static void a_checkerboard_has_the_most(void **state)
{
    int one = 1;
    dio_sight s = picture(66, 66, paint_checks, &one);
    assert_float_equal(measure(*state, "sharpness", &s, NULL, NULL), 1020.0 * 1020.0, 0);
    assert_float_equal(measure(*state, "contrast", &s, NULL, NULL), 0.5, 1e-12);
    assert_float_equal(measure(*state, "clipped", &s, NULL, NULL), 1, 0);
    assert_float_equal(measure(*state, "flat", &s, NULL, NULL), 0, 0);
    dio_sight_close(&s);
}

/* A ramp of one code a pixel: no second derivative; the variance of 0..255 is (256^2 - 1) / 12;
 * codes 0, 1 and 254, 255 are at the ends. */
static void a_ramp_is_smooth(void **state)
{
    dio_sight s = picture(256, 16, paint_ramp, NULL);
    assert_float_equal(measure(*state, "sharpness", &s, NULL, NULL), 0, 0);
    assert_float_equal(measure(*state, "contrast", &s, NULL, NULL), sqrt(65535.0 / 12) / 255,
                       1e-12);
    assert_float_equal(measure(*state, "clipped", &s, NULL, NULL), 4.0 / 256, 1e-12);
    dio_sight_close(&s);
}

struct blurred {
    uint64_t seed;
    int radius;
};

static void paint_blurred(void *user, int x, int y, uint8_t rgb[3])
{
    struct blurred *b = user;
    int sum = 0, n = 2 * b->radius + 1;
    for (int dy = -b->radius; dy <= b->radius; dy++)
        for (int dx = -b->radius; dx <= b->radius; dx++) {
            uint8_t one[3];
            paint_noise(&b->seed, x + dx + 8, y + dy + 8, one);
            sum += one[0];
        }
    grey(rgb, (sum + n * n / 2) / (n * n));
}

/* The Laplacian of a box of n x n, whose weights are 1/n^2: the sum of its squares. */
static double power_of(int radius)
{
    enum { SIDE = 32 };
    double box[SIDE][SIDE] = {{0}}, sum = 0, n = 2 * radius + 1;
    for (int y = -radius; y <= radius; y++)
        for (int x = -radius; x <= radius; x++)
            box[SIDE / 2 + y][SIDE / 2 + x] = 1 / (n * n);
    for (int y = 1; y < SIDE - 1; y++)
        for (int x = 1; x < SIDE - 1; x++) {
            double v =
                box[y - 1][x] + box[y + 1][x] + box[y][x - 1] + box[y][x + 1] - 4 * box[y][x];
            sum += v * v;
        }
    return sum;
}

/* Independent codes 0..255 have the variance 65535 / 12; rounding adds 1 / 12 to what is blurred,
 * which the Laplacian makes 20 / 12. Measured within 1.4 %. */
static void blur_is_seen(void **state)
{
    for (int radius = 0; radius <= 3; radius++) {
        struct blurred b = {7, radius};
        dio_sight s = picture(256, 256, paint_blurred, &b);
        double v = measure(*state, "sharpness", &s, NULL, NULL);
        double expected = power_of(radius) * 65535 / 12 + (radius ? 20.0 / 12 : 0);
        print_message("box %d: %.1f, by the closed form %.1f\n", 2 * radius + 1, v, expected);
        assert_float_equal(v / expected, 1, 0.04);
        dio_sight_close(&s);
    }
}

static void colours_are_measured_from_the_nearest(void **state)
{
    dio_sight white = picture(8, 8, paint_flat, (uint8_t[3]){255, 255, 255});
    dio_sight red = picture(8, 8, paint_flat, (uint8_t[3]){255, 0, 0});
    int four = 4;
    dio_sight checks = picture(8, 8, paint_checks, &four);
    assert_float_equal(measure(*state, "palette", &white, "colours: \"#000000\"", NULL), 100, 1e-3);
    assert_float_equal(measure(*state, "palette", &red, "colours: \"#ffffff,#ff0000\"", NULL), 0,
                       1e-6);
    /* Half black, half white. */
    assert_float_equal(measure(*state, "palette", &checks, "colours: \"#ffffff\"", NULL), 50, 1e-3);
    assert_true(measure(*state, "palette", &red, "colours: dusk", NULL) > 5);
    dio_sight_close(&white);
    dio_sight_close(&red);
    dio_sight_close(&checks);
}

static void paint_half(void *user, int x, int y, uint8_t rgb[3])
{
    int below = *(int *)user;
    grey(rgb, (y >= 512) == below ? (x / 4 % 2 ? 200 : 20) : 128);
}

/* The square preset puts its words above the middle: stripes there are clutter, and below they are
 * not. An edge of 180 codes is seen on both sides of each stripe: half of the pixels. */
static void clutter_counts_under_the_words(void **state)
{
    struct rig *r = *state;
    dio_error err = {0};
    const dio_preset *p = dio_studio_preset(r->studio, "square-1x1", &err);
    int above = 0, below = 1;
    dio_sight busy = picture(1024, 1024, paint_half, &above);
    dio_sight calm = picture(1024, 1024, paint_half, &below);
    double a = measure(r, "clutter", &busy, "preset: square-1x1", NULL);
    double b = measure(r, "clutter", &calm, "preset: square-1x1", NULL);
    double share = fmin(1, (0.5 * p->height - p->zone.y) / p->zone.h);
    print_message("busy %.4f, calm %.4f, zone's share above %.4f\n", a, b, share);
    assert_float_equal(a, 0.5 * share, 0.02);
    assert_float_equal(b, 0.5 * (1 - share), 0.02);
    dio_sight_close(&busy);
    dio_sight_close(&calm);
}

static void duplicates_come_after_the_first(void **state)
{
    dio_sight ramp = picture(256, 64, paint_ramp, NULL), back = picture(256, 64, paint_back, NULL);
    assert_true(ramp.print == UINT64_MAX);
    assert_true(back.print == 0);
    uint64_t before[] = {ramp.print ^ 5};
    assert_float_equal(
        measure(*state, "duplicate", &ramp, NULL, &(dio_look){.prints = before, .before = 1}), 1,
        0);
    assert_float_equal(measure(*state, "duplicate", &ramp, "within: 1",
                               &(dio_look){.prints = before, .before = 1}),
                       0, 0);
    assert_float_equal(
        measure(*state, "duplicate", &back, NULL, &(dio_look){.prints = before, .before = 1}), 0,
        0);
    assert_float_equal(measure(*state, "duplicate", &ramp, NULL, NULL), 0, 0);
    dio_sight_close(&ramp);
    dio_sight_close(&back);
}

/* ---- words ---- */

static double of_text(struct rig *r, const char *score, const char *text, const char *yaml)
{
    dio_sight s = {.media = DIO_MEDIA_TEXT, .text = text};
    return measure(r, score, &s, yaml, NULL);
}

static void texts_fit_or_do_not(void **state)
{
    assert_float_equal(of_text(*state, "length", "12345", "most: 5"), 0, 0);
    assert_float_equal(of_text(*state, "length", "\u00e4\u00f6\u00fc\u00df!", "most: 5"), 0, 0);
    assert_float_equal(of_text(*state, "length", "1234567", "most: 5"), 0.4, 1e-12);
    assert_float_equal(of_text(*state, "length", "123", "{least: 4, most: 5}"), 0.25, 1e-12);
    assert_float_equal(of_text(*state, "length", "", "most: 5"), 1, 0);
}

static void repetition_is_a_share(void **state)
{
    struct rig *r = *state;
    assert_float_equal(of_text(r, "repetition", "one two three four", NULL), 0, 0);
    /* again and, and again, again and: two of three differ */
    assert_float_equal(of_text(r, "repetition", "Again and again, AND!", NULL), 1.0 / 3, 1e-12);
    assert_float_equal(of_text(r, "repetition", "la la la la", "words: 1"), 0.75, 1e-12);
    assert_float_equal(of_text(r, "repetition", "", NULL), 0, 0);
    assert_float_equal(of_text(r, "repetition", "alone", NULL), 0, 0);
    assert_float_equal(of_text(r, "repetition", "a b a b", "words: 8"), 0, 0);
    assert_float_equal(of_text(r, "repetition", "don't don't", "words: 1"), 0.5, 1e-12);
}

static void banned_words_are_whole_words(void **state)
{
    struct rig *r = *state;
    const char *yaml = "{house: false, words: [cheap, \"\u00dcber uns\"]}";
    assert_float_equal(of_text(r, "banned", "Cheap, and CHEAP again; cheaper is not.", yaml), 2, 0);
    assert_float_equal(of_text(r, "banned", "Dies \u00fcber uns.", yaml), 1, 0);
    assert_float_equal(of_text(r, "banned", "\u00e9cheap", yaml), 0, 0);
    assert_float_equal(of_text(r, "banned", "Nothing.", yaml), 0, 0);
    dio_error err = {0};
    dio_value *list = dio_value_read(r->arena, "assets/corpus/banned.yaml", 1 << 20, &err);
    const char *phrase = list->map.items[0]->list.items[0]->string.text;
    const char *said = dio_arena_printf(r->arena, "This is %s today.", phrase);
    dio_sight s = {.media = DIO_MEDIA_TEXT, .text = said};
    assert_float_equal(measure(r, "banned", &s, NULL, NULL), 1, 0);
    dio_value *with = dio_value_map(r->arena); /* the client says it himself */
    dio_map_set(r->arena, with, "offer", dio_value_string(r->arena, said));
    assert_float_equal(measure(r, "banned", &s, NULL, &(dio_look){.with = with}), 0, 0);
}

/* ---- sounds ---- */

enum { RATE = 24000 };

static dio_sight sound(double seconds, double (*wave)(double t, int64_t i))
{
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(RATE, 1, (int64_t)(seconds * RATE), &err);
    assert_non_null(clip);
    for (int64_t i = 0; i < clip->length; i++)
        dio_clip_channel(clip, 0)[i] = (float)wave((double)i / RATE, i);
    return (dio_sight){.media = DIO_MEDIA_AUDIO, .clip = clip};
}

static double wave_nothing(double t, int64_t i)
{
    (void)t, (void)i;
    return 0;
}

/* A quarter of the time at full scale, above 0.707 of a sine of 1.414. */
static double wave_cut(double t, int64_t i)
{
    (void)i;
    return fmax(-1, fmin(1, sqrt(2) * sin(2 * M_PI * 100 * t)));
}

/* Half a second of tone in the middle of two. */
static double wave_middle(double t, int64_t i)
{
    (void)i;
    return t >= 0.75 && t < 1.25 ? 0.3 * cos(2 * M_PI * 400 * t) : 0;
}

static double wave_noise(double t, int64_t i)
{
    uint32_t words[4];
    (void)t;
    dio_philox(3, 1, (uint64_t)i, words);
    double u = (words[0] + 0.5) / 4294967296.0, v = words[1] / 4294967296.0;
    return 0.1 * sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* Pulses 150 a second: the lines of a buzz, up to the top. */
static double wave_buzz(double t, int64_t i)
{
    (void)t;
    return i % (RATE / 150) == 0 ? 0.9 : 0;
}

static void clipping_is_a_share(void **state)
{
    dio_sight cut = sound(2, wave_cut), clean = sound(2, wave_middle);
    /* sin above 1/sqrt 2: a quarter of each half wave's ends are below; half of the time above */
    assert_float_equal(measure(*state, "clipping", &cut, NULL, NULL), 0.5, 0.01);
    assert_float_equal(measure(*state, "clipping", &clean, NULL, NULL), 0, 0);
    dio_sight_close(&cut);
    dio_sight_close(&clean);
}

static void silence_is_a_share(void **state)
{
    dio_sight none = sound(1, wave_nothing), middle = sound(2, wave_middle);
    dio_sight nothing = sound(0, wave_nothing);
    assert_float_equal(measure(*state, "silence", &none, NULL, NULL), 1, 0);
    assert_float_equal(measure(*state, "silence", &middle, NULL, NULL), 0.75, 1e-12);
    assert_float_equal(measure(*state, "silence", &nothing, NULL, NULL), 1, 0);
    dio_sight_close(&none);
    dio_sight_close(&middle);
    dio_sight_close(&nothing);
}

static void speech_is_as_fast_as_wanted(void **state)
{
    dio_sight s = sound(2, wave_middle), none = sound(1, wave_nothing);
    const char *ten = "{script: \"Ten, letter\", rate: 18}";
    assert_float_equal(measure(*state, "speech_rate", &s, ten, NULL), 0, 1e-3); /* 9 in 0.5 s */
    ten = "{script: \"Ten, letter\", rate: 36}";
    assert_float_equal(measure(*state, "speech_rate", &s, ten, NULL), 1, 1e-3);
    ten = "{script: \"Ten, letter\", rate: 9}";
    assert_float_equal(measure(*state, "speech_rate", &s, ten, NULL), 1, 1e-3);
    assert_float_equal(measure(*state, "speech_rate", &none, ten, NULL), 10, 0);
    dio_sight_close(&s);
    dio_sight_close(&none);
}

/* The logarithm of a periodogram's bin of white noise is on average log(mean) - Euler's constant:
 * its flatness is exp(-0.5772) = 0.5615. */
static void noise_is_flat_and_lines_are_not(void **state)
{
    dio_sight noise = sound(4, wave_noise), buzz = sound(2, wave_buzz);
    dio_sight none = sound(1, wave_nothing), little = sound(0.01, wave_noise);
    double n = measure(*state, "buzz", &noise, NULL, NULL);
    double b = measure(*state, "buzz", &buzz, NULL, NULL);
    print_message("noise %.4f, pulses %.4f\n", n, b);
    assert_float_equal(n, 1 - exp(-0.57721566), 0.01);
    assert_true(b > 0.9);
    assert_float_equal(measure(*state, "buzz", &none, NULL, NULL), 0, 1e-9);
    assert_float_equal(measure(*state, "buzz", &little, NULL, NULL), 0, 0);
    dio_sight_close(&noise);
    dio_sight_close(&buzz);
    dio_sight_close(&none);
    dio_sight_close(&little);
}

/* ---- all ---- */

static void threads_change_no_bit(void **state)
{
    uint64_t seed = 5;
    dio_sight p = picture(200, 150, paint_noise, &seed), s = sound(1.3, wave_noise);
    double one[16], many[16];
    int before = dio_gang_size();
    for (int threads = 1; threads <= 3; threads += 2) {
        double *out = threads == 1 ? one : many;
        int n = 0;
        dio_gang_resize(threads);
        out[n++] = measure(*state, "sharpness", &p, NULL, NULL);
        out[n++] = measure(*state, "contrast", &p, NULL, NULL);
        out[n++] = measure(*state, "palette", &p, "colours: dusk", NULL);
        out[n++] = measure(*state, "clutter", &p, "preset: reels-9x16", NULL);
        out[n++] = measure(*state, "buzz", &s, NULL, NULL);
        if (threads > 1)
            assert_memory_equal(one, many, (size_t)n * sizeof *one);
    }
    dio_gang_resize(before);
    dio_sight_close(&p);
    dio_sight_close(&s);
}

static void every_score_says_what_it_is(void **state)
{
    struct rig *r = *state;
    dio_error err = {0};
    char *all = dio_scores_text(r->arena, NULL, false, &err);
    char *page = dio_scores_page(r->arena, &err),
         *json = dio_scores_text(r->arena, NULL, true, &err);
    assert_true(all && page && json);
    for (int i = 0; dio_scores[i]; i++) {
        const dio_score *s = dio_scores[i];
        assert_true(s->doc && s->unit && s->reference && s->measure && s->params);
        assert_true(s->params_size >= sizeof(struct dio_criterion_params));
        assert_true(s->lo < s->hi);
        assert_true(!s->fault || s->lower);
        assert_string_equal(s->params[0].name, "weight");
        assert_string_equal(s->params[1].name, "of");
        assert_non_null(strstr(all, s->name));
        assert_non_null(strstr(page, s->reference));
        assert_non_null(dio_scores_text(r->arena, s->name, false, &err));
    }
    assert_null(dio_scores_text(r->arena, "sharpnes", false, &err));
    assert_string_equal(err.message, "there is no score \"sharpnes\": did you mean \"sharpness\"?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flat_picture_has_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkerboard_has_the_most, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ramp_is_smooth, setup, teardown),
        cmocka_unit_test_setup_teardown(blur_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(colours_are_measured_from_the_nearest, setup, teardown),
        cmocka_unit_test_setup_teardown(clutter_counts_under_the_words, setup, teardown),
        cmocka_unit_test_setup_teardown(duplicates_come_after_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_fit_or_do_not, setup, teardown),
        cmocka_unit_test_setup_teardown(repetition_is_a_share, setup, teardown),
        cmocka_unit_test_setup_teardown(banned_words_are_whole_words, setup, teardown),
        cmocka_unit_test_setup_teardown(clipping_is_a_share, setup, teardown),
        cmocka_unit_test_setup_teardown(silence_is_a_share, setup, teardown),
        cmocka_unit_test_setup_teardown(speech_is_as_fast_as_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(noise_is_flat_and_lines_are_not, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_change_no_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(every_score_says_what_it_is, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
