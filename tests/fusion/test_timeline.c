/* test_timeline.c: the compositor against closed forms and slow versions of its own sums: easings,
 * blends, transitions, sampling by fractions of a pixel, codes; the same bytes for any number of
 * threads; and compose.timeline in a whole run. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/gang.h"
#include "fusion/frames.h"
#include "fusion/timeline.h"
#include "step_case.h"
#include "vision/image_io.h"
#include "vision/srgb.h"

static char dir[64] = "/tmp/diorama-timeline-XXXXXX";
static dio_fonts *fonts;

/* ---- a picture of the test's own ---- */

static float wave(double x, double y, int c)
{
    return (float)(0.5 + 0.3 * sin(0.11 * x + c) * cos(0.07 * y - c));
}

static int setup(void **state)
{
    const dio_form form = {DIO_DEPTH_U16, DIO_CURVE_LINEAR, 3, false};
    char path[128];
    dio_error err = {0};
    (void)state;
    dio_image *image = mkdtemp(dir) ? dio_image_create(300, 200, &form, &err) : NULL;
    for (int y = 0; image && y < 200; y++)
        for (int x = 0; x < 900; x++)
            ((uint16_t *)dio_image_row(image, y))[x] =
                (uint16_t)lrintf(65535 * wave(x / 3 + 0.5, y + 0.5, x % 3));
    snprintf(path, sizeof path, "%s/wave.png", dir);
    bool ok = image && dio_image_write(image, path, NULL, &err);
    dio_image_unref(image);
    fonts = dio_fonts_open("assets", &err);
    return ok && fonts ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    dio_fonts_close(fonts);
    return step_clear(dir);
}

/* A timeline from the text of its two lists, 160x90 at 10 frames a second. */
struct film {
    dio_arena *arena;
    dio_timeline_plan *plan;
    dio_timeline *timeline;
    float *light;
};

static bool film_open(struct film *f, const char *text, dio_error *err)
{
    *f = (struct film){.arena = dio_arena_create()};
    f->plan = dio_arena_alloc(f->arena, sizeof *f->plan);
    dio_report report = {.arena = f->arena};
    dio_intake r = {&report, f->arena, false};
    const dio_value *v = dio_yaml_parse(f->arena, "t.yaml", text, strlen(text), err);
    f->plan->screen = (dio_screen){.width = 160,
                                   .height = 90,
                                   .fps = 10,
                                   .unit = 0.9,
                                   .safe = {8, 4, 144, 82},
                                   .fonts = fonts};
    if (!v)
        return false;
    if (!dio_timeline_read(&r, v, dio_map_get(v, "timeline"), dio_map_get(v, "layers"), f->plan)) {
        *err = report.list[0];
        return false;
    }
    for (int i = 0; i < f->plan->shots; i++)
        if (*f->plan->shot[i].source)
            f->plan->shot[i].source = dio_path_join(f->arena, dir, f->plan->shot[i].source);
    f->timeline = dio_timeline_create(f->plan, err);
    f->light = calloc(4 * 160 * 90, sizeof(float));
    return f->timeline && f->light;
}

static void film_close(struct film *f)
{
    dio_timeline_destroy(f->timeline);
    dio_arena_destroy(f->arena);
    free(f->light);
}

static const float *frame(struct film *f, int i)
{
    dio_error err = {0};
    if (!dio_timeline_light(f->timeline, i, f->light, &err))
        fail_msg("%s", err.message);
    return f->light;
}

static struct film opened(const char *text)
{
    struct film f;
    dio_error err = {0};
    if (!film_open(&f, text, &err))
        fail_msg("%s", err.message);
    return f;
}

static const float *pixel(const float *light, int x, int y)
{
    return light + 4 * (160 * y + x);
}

static void near_at(int line, double got, double wanted, double within)
{
    if (!(fabs(got - wanted) <= within))
        fail_msg("line %d: %.9g is not %.9g within %g", line, got, wanted, within);
}
#define near(got, wanted, within) near_at(__LINE__, got, wanted, within)

/* ---- closed forms ---- */

static void easings_are_their_curves(void **state)
{
    dio_easing e;
    dio_error err = {0};
    (void)state;
    for (const dio_easing_kind *k = dio_easings; k->name; k++) {
        assert_true(dio_easing_parse(k->name, &e, &err));
        near(dio_easing_at(&e, 0), 0, 0);
        near(dio_easing_at(&e, 1), 1, 0);
        near(dio_easing_at(&e, -3), 0, 0);
    }
    /* With handles at thirds of time the curve's parameter is the time itself. */
    assert_true(
        dio_easing_parse("cubic-bezier(0.333333333333, 0.2, 0.666666666667,1.4)", &e, &err));
    for (double t = 0; t <= 1; t += 0.05)
        near(dio_easing_at(&e, t),
             3 * (1 - t) * (1 - t) * t * 0.2 + 3 * (1 - t) * t * t * 1.4 + t * t * t, 1e-8);
    assert_true(dio_easing_parse("ease-in-out", &e, &err));
    near(dio_easing_at(&e, 0.5), 0.5, 1e-8);
    near(dio_easing_at(&e, 0.2) + dio_easing_at(&e, 0.8), 1, 1e-8); /* the same both ways */
    assert_false(dio_easing_parse("ease-inout", &e, &err));
    assert_string_equal(err.message, "easing: there is no \"ease-inout\"; did you mean "
                                     "\"ease-in-out\"?");
}

/* b under s, both straight, s at alpha a, over an opaque ground. */
static void blend(const char *name, float b, float s, float a, double wanted)
{
    dio_error err = {0};
    float under[4] = {b, b, b, 1}, over[4] = {s * a, s * a, s * a, a};
    const dio_blend_mode *m = dio_blend_mode_find(name, &err);
    assert_non_null(m);
    m->rows(under, over, 1, 1);
    near(under[0], wanted, 1e-6);
    near(under[3], 1, 1e-6);
}

static void blends_are_their_formulas(void **state)
{
    (void)state;
    blend("normal", 0.2f, 0.8f, 0.5f, 0.5);
    blend("multiply", 0.5f, 0.4f, 1, 0.2);
    blend("multiply", 0.5f, 0.4f, 0.5f, 0.35); /* half of the way */
    blend("screen", 0.5f, 0.4f, 1, 0.7);
    blend("overlay", 0.25f, 0.4f, 1, 0.2);
    blend("overlay", 0.75f, 0.4f, 1, 0.7);
    blend("hard-light", 0.4f, 0.75f, 1, 0.7);
    blend("soft-light", 0.25f, 1, 1, 0.5);
    blend("soft-light", 0.36f, 0, 1, 0.1296);
    blend("add", 0.5f, 0.4f, 0.5f, 0.7);
    blend("darken", 0.5f, 0.4f, 1, 0.4);
    blend("lighten", 0.5f, 0.4f, 1, 0.5);
    blend("difference", 0.3f, 0.7f, 1, 0.4);
    blend("exclusion", 0.5f, 0.4f, 1, 0.5);
    blend("color-dodge", 0.3f, 0.5f, 1, 0.6);
    blend("color-burn", 0.7f, 0.5f, 1, 0.4);
}

static const char two[] = "timeline: [{colour: '#ff0000', duration: 2}, {colour: '#0000ff', "
                          "duration: 2, transition: {kind: %s, seconds: 1, easing: linear, "
                          "direction: %s, colour: white, soft: 0.001}}]";

static struct film pair(const char *kind, const char *direction)
{
    char text[400];
    snprintf(text, sizeof text, two, kind, direction);
    struct film f = opened(text);
    assert_int_equal(f.plan->frames, 30);
    return f;
}

/* Frame 10 + k is the transition's moment (k + 0.5) / 10. */
static void transitions_are_their_formulas(void **state)
{
    (void)state;
    struct film f = pair("dissolve", "left");
    for (int k = 0; k < 10; k++) {
        const float *p = pixel(frame(&f, 10 + k), 80, 45);
        near(p[0], 1 - (k + 0.5) / 10, 1e-5); /* of light, not of codes */
        near(p[2], (k + 0.5) / 10, 1e-5);
    }
    near(pixel(frame(&f, 9), 3, 3)[0], 1, 1e-5);
    near(pixel(frame(&f, 20), 3, 3)[2], 1, 1e-5);
    film_close(&f);

    f = pair("dip", "left");
    const float *p = pixel(frame(&f, 12), 1, 1); /* 0.25: half red, half white */
    near(p[0], 1, 1e-5);
    near(p[1], 0.5, 1e-5);
    p = pixel(frame(&f, 17), 1, 1); /* 0.75 */
    near(p[0], 0.5, 1e-5);
    near(p[2], 1, 1e-5);
    film_close(&f);

    f = pair("push", "right"); /* 0.25: 40 columns of the new one */
    near(pixel(frame(&f, 12), 39, 45)[2], 1, 1e-5);
    near(pixel(frame(&f, 12), 40, 45)[0], 1, 1e-5);
    film_close(&f);

    f = pair("slide", "up"); /* 0.25 of 90 rows: 22 or 23 at the foot */
    near(pixel(frame(&f, 12), 80, 69)[2], 1, 1e-5);
    near(pixel(frame(&f, 12), 80, 66)[0], 1, 1e-5);
    film_close(&f);

    f = pair("wipe", "right"); /* 0.25 of 161 columns */
    near(pixel(frame(&f, 12), 38, 45)[2], 1, 1e-5);
    near(pixel(frame(&f, 12), 41, 45)[0], 1, 1e-5);
    film_close(&f);
}

/* ---- sampling ---- */

/* A sum over all pixels, straight from the definition. */
static double slow(const float *in, int n, double at, double stretch)
{
    double sum = 0, all = 0;
    for (int k = -40; k < n + 40; k++) {
        double x = fabs(k + 0.5 - at) / stretch;
        double w = x < 1   ? 1.5 * x * x * x - 2.5 * x * x + 1
                   : x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2
                           : 0;
        sum += w * (double)in[k < 0 ? 0 : k >= n ? n - 1 : k];
        all += w;
    }
    return sum / all;
}

static void sampling_is_its_definition(void **state)
{
    enum { N = 50 };
    static const double places[][2] = {{0.37, 50.37}, {-7.3, 90.2}, {3.25, 31.5},
                                       {10, 60},      {-400, 300},  {5.5, 17.1}};
    (void)state;
    dio_error err = {0};
    float in[N], out[4 * 64], *scratch = calloc(4 * N, sizeof *scratch);
    dio_image *light = dio_image_create(N, 1, &dio_light_form, &err);
    for (int i = 0; i < N; i++) {
        uint16_t *p = (uint16_t *)dio_image_row(light, 0) + 4 * i;
        p[0] = p[1] = p[2] = (uint16_t)(30000 + 20000 * sin(i * 0.9) + 300 * (i % 7));
        p[3] = 65535;
        in[i] = (float)p[0] / 65535;
    }
    dio_axis x = {0}, y = {0};
    assert_true(dio_axis_set(&y, 1, 0, 1, 0, 1, &err));
    double worst = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        double a = places[i][0], b = places[i][1], step = N / (b - a);
        assert_true(dio_axis_set(&x, N, a, b, 0, 64, &err));
        dio_sample_row(light, &x, &y, 0, scratch, out);
        for (int k = x.from; k < x.to; k++) {
            double cover = fmin(k + 1, b) - fmax(k, a), at = (k + 0.5 - a) * step;
            at = fmin(fmax(at, 0.5), N - 0.5);
            double wanted = slow(in, N, at, fmax(step, 1)) * (cover < 1 ? cover : 1);
            worst = fmax(worst, fabs((double)out[4 * (k - x.from)] - wanted));
        }
    }
    print_message("sampling: off by %.2g\n", worst);
    near(worst, 0, 1e-6); /* measured 8.8e-8 */
    dio_axis_deinit(&x);
    dio_axis_deinit(&y);
    dio_image_unref(light);
    free(scratch);
}

/* A slow zoom over waves: every frame is the waves themselves, at places of fractions of a pixel.
 */
static void ken_burns_moves_by_fractions_of_a_pixel(void **state)
{
    (void)state;
    struct film f = opened("timeline: [{image: wave.png, duration: 10, motion: {kenburns: {from: "
                           "1, to: {zoom: 1.3, x: 60, y: 40}}}}]");
    double worst = 0, last = 0;
    for (int i = 0; i < 100; i += 7) {
        const float *light = frame(&f, i);
        double u = i / 100.0, zoom = pow(1.3, u), scale = 160.0 / 300 * zoom;
        double cx = 150 + 0.1 * u * 300, cy = fmax(100 - 0.1 * u * 200, 45 / scale);
        cx = fmin(cx, 300 - 80 / scale);
        for (int y = 10; y < 80; y++)
            for (int x = 10; x < 150; x++)
                for (int c = 0; c < 3; c++) {
                    double px = (x + 0.5 - 80) / scale + cx, py = (y + 0.5 - 45) / scale + cy;
                    double d = (double)pixel(light, x, y)[c] - (double)wave(px, py, c);
                    worst = fmax(worst, fabs(d));
                }
        assert_true(zoom > last);
        last = zoom;
    }
    print_message("Ken Burns: off by %.2g\n", worst);
    near(worst, 0, 0.006); /* most of it Lanczos's, at the first size; measured 0.0035 */
    film_close(&f);
}

/* ---- codes and threads ---- */

static void light_becomes_the_nearest_code(void **state)
{
    enum { N = 4096 };
    (void)state;
    dio_error err = {0};
    float *row = calloc(4 * N, sizeof *row);
    double worst = 0;
    dio_canvas canvas;
    assert_true(dio_canvas_init(&canvas, DIO_SPACE_RGB, N, 1, &err));
    for (int i = 0; i < N; i++)
        row[4 * i] = row[4 * i + 1] = row[4 * i + 2] = (float)i / (N - 1);
    dio_light_planes(row, 0, 1, &canvas);
    for (int i = 0; i < N; i++) {
        double exact = 255 * (double)dio_srgb_from_linear(row[4 * i]);
        worst = fmax(worst, fabs(canvas.plane[0].data[i] - exact));
    }
    print_message("codes: off by %.3f\n", worst);
    near(worst, 0.5, 0.05); /* half a code by rounding; measured 0.538 */
    dio_canvas_deinit(&canvas);
    free(row);
}

static const char busy[] =
    "timeline: [{image: wave.png, duration: 1, motion: {kenburns: {to: 1.2}}}, {gradient: {from: "
    "'#102030', to: '#f0a050'}, duration: 1, transition: wipe}]\n"
    "layers: [{text: 'Good day, شكرا, 面包 👩‍👩‍👧‍👦', by: word, enter: "
    "rise, "
    "outline: "
    "1, "
    "shadow: 1, "
    "size: 9}, {badge: '$4', rotation: -9}, {shape: ellipse, width: 30, height: 30, blend: screen, "
    "keyframes: [{at: 0, x: -20}, {at: 1.5, x: 20, easing: overshoot}]}]";

static void threads_do_not_change_a_byte(void **state)
{
    (void)state;
    dio_error err = {0};
    struct film f = opened(busy);
    float *kept = malloc(4 * 160 * 90 * sizeof *kept);
    int was = dio_gang_size();
    for (int i = 0; i < f.plan->frames; i += 4) {
        dio_gang_resize(1);
        memcpy(kept, frame(&f, i), 4 * 160 * 90 * sizeof *kept);
        frame(&f, (i + 9) % f.plan->frames); /* a frame depends on its number alone */
        dio_gang_resize(2);
        assert_memory_equal(kept, frame(&f, i), 4 * 160 * 90 * sizeof *kept);
    }
    dio_gang_resize(was);
    assert_true(dio_timeline_light(f.timeline, 0, f.light, &err));
    free(kept);
    film_close(&f);
}

static void layers_stand_at_their_anchors(void **state)
{
    static const struct {
        const char *anchor;
        int x, y;
    } cases[] = {{"top-left", 0, 0},         {"bottom-right", 142, 72},   {"center", 71, 36},
                 {"safe-top-right", 134, 4}, {"safe-bottom-left", 8, 68}, {"safe-left", 8, 36}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "timeline: [{colour: black}]\nlayers: [{shape: rect, width: 20, height: 20, "
                 "anchor: %s, enter: none, colour: '#00ff00'}]",
                 cases[i].anchor);
        struct film f = opened(text);
        const float *p = frame(&f, 20);
        int x = cases[i].x, y = cases[i].y;
        near(pixel(p, x, y)[1], 1, 1e-4);
        near(pixel(p, x + 17, y + 17)[1], 1, 1e-4);
        if (x > 0)
            near(pixel(p, x - 1, y)[1], 0, 1e-4);
        if (y > 0)
            near(pixel(p, x, y - 1)[1], 0, 1e-4);
        film_close(&f);
    }
}

/* ---- whole runs ---- */

static const char form[] = "version: 1\nname: line\ndefaults: {seed: 5}\nsteps:\n"
                           "  - id: film\n    uses: compose.timeline@1\n    with: {%s}\n"
                           "outputs:\n"
                           "  a: {from: \"${{ steps.film.outputs.video }}\", path: a.mp4}\n";

static bool run(dio_arena *a, const char *with, const char *out, dio_error *err)
{
    return step_run(a, dir, dio_arena_printf(a, form, with), out, err);
}

/* What the film's decoder says, against what went in: flat colours survive the codec. */
static void a_film_shows_what_was_composed(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    if (!run(a,
             "size: 64x48, fps: 10, quality: 1, timeline: [{colour: '#c04020', duration: 0.5}, "
             "{colour: '#2040c0', duration: 0.5}]",
             "film", &err))
        fail_msg("%s", err.message);
    const char *path = dio_path_join(a, dir, "film/a.mp4");
    dio_frames *f = dio_frames_open(path, &err);
    if (!f)
        fail_msg("%s", err.message);
    assert_int_equal(dio_frames_facts_of(f)->frames, 10);
    dio_image *image = NULL;
    assert_true(dio_frames_at(f, 0.72, &image, &err));
    const uint8_t *p = dio_image_row(image, 24), wanted[3] = {0x20, 0x40, 0xc0};
    for (int c = 0; c < 3; c++)
        near(p[3 * 32 + c], wanted[c], 3); /* 4:2:0 in 8 bits; measured 1 */
    dio_image_unref(image);
    dio_frames_close(f);
    /* And the film is a clip in turn. */
    if (!run(a, "size: 64x48, fps: 10, timeline: [{video: film/a.mp4, trim: 0.2, duration: 1}]",
             "again", &err))
        fail_msg("%s", err.message);
    dio_arena_destroy(a);
}

static void captions_are_set_and_written(void **state)
{
    static const char times[] =
        "{\"rate\":1000,\"seconds\":2,\"phones\":[],\"words\":[{\"text\":\"Good\",\"start\":0.1,"
        "\"end\":0.5,\"sentence\":0},{\"text\":\"morning.\",\"start\":0.5,\"end\":1.2,"
        "\"sentence\":0}],\"sentences\":[{\"start\":0.1,\"end\":1.2,\"first\":0,\"count\":2}]}";
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    assert_true(dio_file_write(dio_path_join(a, dir, "times.json"), times, strlen(times), &err));
    const char *text = dio_arena_printf(
        a, "%s  s: {from: \"${{ steps.film.outputs.srt }}\", path: a.srt}\n",
        dio_arena_printf(a, form,
                         "size: 320x180, fps: 10, timeline: [{colour: '#405060', duration: 2}], "
                         "layers: [{captions: times.json, shift: 0.2, size: 8}]"));
    if (!step_run(a, dir, text, "said", &err))
        fail_msg("%s", err.message);
    size_t n;
    const char *srt = dio_file_read(a, dio_path_join(a, dir, "said/a.srt"), 1000, &n, &err);
    assert_non_null(srt);
    assert_non_null(strstr(srt, "00:00:00,300 -->"));
    assert_non_null(strstr(srt, "Good morning."));
    dio_arena_destroy(a);
}

static void what_does_not_fit_is_said(void **state)
{
    static const struct {
        const char *with, *message;
    } cases[] = {
        {"size: 320x180, timeline: [{colour: black}], layers: [{text: \"oh \\u3D03\"}]",
         "text: no font has the character U+3D03; tried the fonts of"},
        {"size: 320x180, timeline: [{colour: black}], layers: [{text: a long long text that "
         "nobody can set, size: 20, width: 20, lines: 1}]",
         "layer 1 (text): text: too long"},
        {"size: 320x180, timeline: [{image: none.png}]", "none.png: there is no such file"},
        {"size: 320x180, timeline: [{image: ../up.png}]", "up.png"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        assert_false(run(a, cases[i].with, "bad", &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s", err.message);
        assert_false(dio_file_exists(dio_path_join(a, dir, "bad/a.mp4")));
        dio_arena_destroy(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(easings_are_their_curves),
        cmocka_unit_test(blends_are_their_formulas),
        cmocka_unit_test(transitions_are_their_formulas),
        cmocka_unit_test(sampling_is_its_definition),
        cmocka_unit_test(ken_burns_moves_by_fractions_of_a_pixel),
        cmocka_unit_test(light_becomes_the_nearest_code),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(layers_stand_at_their_anchors),
        cmocka_unit_test(a_film_shows_what_was_composed),
        cmocka_unit_test(captions_are_set_and_written),
        cmocka_unit_test(what_does_not_fit_is_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
