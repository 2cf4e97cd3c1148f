/* test_underpaint.c: portraits and the plain pictures that are laid from them: in the right place
 * and colours, held to what draw.c draws; the same in windows and from several threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/gang.h"
#include "vision/scenes/underpaint.h"

enum { SIDE = 192, PLANE = SIDE * SIDE, SCENES = 60, P = DIO_PORTRAIT_SIDE };

struct studio {
    dio_atlas *atlas;
    dio_image *portraits;
};

static void every_item_has_a_portrait(void **state)
{
    (void)state;
    for (int i = 0; i < dio_portraits(); i++) {
        dio_scene s;
        dio_portrait_scene(i, &s);
        assert_int_equal(s.items, 1);
        assert_int_equal(dio_portrait_of(&s, &s.item[0]), i);
    }
}

static void plan(dio_scene *s, uint64_t seed, int frame, bool alpha)
{
    dio_scene_wish wish = dio_scene_any();
    wish.frame = frame;
    wish.alpha = alpha;
    dio_scene_plan(s, &wish, 1, seed);
}

static void underpaint(const struct studio *t, const dio_scene *s, uint8_t *rgba)
{
    dio_underpaint(t->portraits, s, &(dio_guide_window){SIDE, SIDE, 0, 0, SIDE, SIDE, false, false},
                   rgba);
}

/* On a canvas of its own size a portrait is itself, neither shifted nor softened. */
static void a_portrait_lies_on_itself(void **state)
{
    const struct studio *t = *state;
    uint8_t rgba[P * P * 4];
    int most = 0;
    for (int i = 0; i < dio_portraits(); i++) {
        dio_scene s;
        dio_portrait_scene(i, &s);
        dio_underpaint(t->portraits, &s, &(dio_guide_window){P, P, 0, 0, P, P, false, false}, rgba);
        for (int n = 0; n < P * P; n++) {
            const uint8_t *p =
                (const uint8_t *)dio_image_row(t->portraits, i / DIO_PORTRAIT_COLUMNS * P + n / P) +
                (size_t)(i % DIO_PORTRAIT_COLUMNS * P + n % P) * 4;
            for (int c = 0; c < 4; c++) {
                int want = c < 3 ? (p[c] * p[3] + 127) / 255 : p[3];
                int off = abs(rgba[4 * n + c] - want);
                most = off > most ? off : most;
            }
        }
    }
    print_message("a portrait on itself: off by %d of 255 at most\n", most);
    assert_true(most <= 1); /* measured: 0 */
}

static void a_window_is_a_part_of_the_whole(void **state)
{
    const struct studio *t = *state;
    static uint8_t whole[PLANE * 4], part[40 * 30 * 4];
    for (uint64_t seed = 0; seed < 20; seed++) {
        dio_scene s;
        plan(&s, seed, seed % 5 ? DIO_SCENE_ANY : DIO_FRAME_PATTERN, seed % 3 == 0);
        bool wrap = seed % 2;
        dio_underpaint(t->portraits, &s, &(dio_guide_window){SIDE, SIDE, 0, 0, SIDE, SIDE, wrap, 0},
                       whole);
        dio_underpaint(t->portraits, &s, &(dio_guide_window){SIDE, SIDE, 91, 107, 40, 30, wrap, 0},
                       part);
        for (int y = 0; y < 30; y++)
            assert_memory_equal(part + (size_t)y * 40 * 4,
                                whole + ((size_t)(y + 107) * SIDE + 91) * 4, 40 * 4);
    }
}

struct job {
    const struct studio *studio;
    uint8_t *rgba;
};

static void paint_one(void *user, int64_t item, int thread)
{
    struct job *j = user;
    dio_scene s;
    (void)thread;
    plan(&s, (uint64_t)item + 50, DIO_SCENE_ANY, item % 4 == 0);
    underpaint(j->studio, &s, j->rgba + item * PLANE * 4);
}

static void threads_change_nothing(void **state)
{
    enum { N = 8 };
    uint8_t *one = malloc((size_t)N * PLANE * 4), *two = malloc((size_t)N * PLANE * 4);
    assert_true(one && two);
    int threads = dio_gang_size();
    dio_gang_resize(1);
    dio_gang_steal(N, paint_one, &(struct job){*state, one});
    dio_gang_resize(3);
    dio_gang_steal(N, paint_one, &(struct job){*state, two});
    dio_gang_resize(threads);
    assert_memory_equal(one, two, (size_t)N * PLANE * 4);
    free(one);
    free(two);
}

/* --- against the truth --- */

static double overlap(const uint8_t *a, const uint8_t *b)
{
    int both = 0, either = 0;
    for (int i = 0; i < PLANE; i++) {
        both += a[4 * i + 3] > 127 && b[4 * i + 3] > 127;
        either += a[4 * i + 3] > 127 || b[4 * i + 3] > 127;
    }
    return either ? (double)both / either : 1;
}

/* Mean difference of the colours where both are solid, of 255. */
static double difference(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < PLANE; i++)
        if (a[4 * i + 3] == 255 && b[4 * i + 3] == 255)
            for (int c = 0; c < 3; c++, n++)
                sum += abs(a[4 * i + c] - b[4 * i + c]);
    return n ? sum / n : 0;
}

/* Outlines where they belong, for every frame: turned, mirrored, in groups and patterns. */
static void outlines_are_the_scene_s(void **state)
{
    const struct studio *t = *state;
    static uint8_t truth[PLANE * 4], under[PLANE * 4];
    double least = 1, sum = 0;
    for (uint64_t seed = 0; seed < SCENES; seed++) {
        dio_scene s;
        plan(&s, seed + 700, (int)(seed % DIO_FRAMES), true);
        dio_atlas_draw(t->atlas, &s, &(dio_window){SIDE, SIDE, 0, 0, SIDE, SIDE}, truth);
        underpaint(t, &s, under);
        double o = overlap(under, truth);
        least = o < least ? o : least;
        sum += o;
    }
    print_message("alpha's overlap with the truth: %.3f in the mean, %.3f at least\n", sum / SCENES,
                  least);
    /* Measured: 0.989 and 0.927. */
    assert_true(sum / SCENES > 0.96 && least > 0.8);
}

/* Matte things in soft light, in their own colours and in a palette's. */
static void colours_are_the_scene_s(void **state)
{
    const struct studio *t = *state;
    static uint8_t truth[PLANE * 4], under[PLANE * 4];
    for (int painted = 0; painted < 2; painted++) {
        double sum = 0;
        for (int i = 0; i < SCENES; i++) {
            dio_scene s;
            dio_scene_wish wish = dio_scene_any();
            wish.subject = i * dio_subject_count() / SCENES;
            wish.material = painted ? DIO_MATERIAL_MATTE : DIO_MATERIAL_NATURAL;
            wish.light = DIO_LIGHT_SOFT;
            wish.style = DIO_STYLE_SOFT;
            wish.alpha = true;
            dio_scene_plan(&s, &wish, 1, (uint64_t)i + 7);
            s.painted = painted;
            dio_atlas_draw(t->atlas, &s, &(dio_window){SIDE, SIDE, 0, 0, SIDE, SIDE}, truth);
            underpaint(t, &s, under);
            sum += difference(under, truth);
        }
        print_message("%s colours: off by %.1f of 255\n", painted ? "a palette's" : "own",
                      sum / SCENES);
        assert_true(sum / SCENES < 30); /* measured: 15.4 and 9.1 */
    }
}

static void the_ground_is_the_palette_s(void **state)
{
    const struct studio *t = *state;
    static uint8_t rgba[PLANE * 4];
    dio_scene s;
    dio_scene_wish wish = dio_scene_any();
    wish.subject = dio_scene_subject("bottle");
    wish.frame = DIO_FRAME_RIGHT;
    wish.backdrop = DIO_BACKDROP_SWEEP;
    dio_scene_plan(&s, &wish, 1, 3);
    underpaint(t, &s, rgba);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(rgba[k], lrintf(255 * s.palette[DIO_ROLE_GROUND][k]));
        assert_int_equal(rgba[(PLANE - SIDE) * 4 + k], lrintf(255 * s.palette[DIO_ROLE_FLOOR][k]));
    }
    s.alpha = true;
    underpaint(t, &s, rgba);
    assert_int_equal(rgba[3], 0);
}

/* A thing that hangs over the right edge comes in at the left one, when the canvas goes on there.
 */
static void wrapping_joins(void **state)
{
    const struct studio *t = *state;
    static uint8_t rgba[PLANE * 4];
    dio_scene s;
    plan(&s, 5, DIO_FRAME_CENTRE, true);
    s.item[0].x = 0.98f;
    s.item[0].angle = 0;
    for (int wrap = 0; wrap < 2; wrap++) {
        int left = 0;
        dio_underpaint(t->portraits, &s, &(dio_guide_window){SIDE, SIDE, 0, 0, SIDE, SIDE, wrap, 0},
                       rgba);
        for (int y = 0; y < SIDE; y++)
            left += rgba[(size_t)y * SIDE * 4 + 3] > 127;
        if (wrap)
            assert_true(left > SIDE / 10);
        else
            assert_int_equal(left, 0);
    }
}

static void clean(struct studio *t)
{
    dio_image_unref(t->portraits);
    dio_atlas_close(t->atlas);
}

int main(void)
{
    struct studio t = {0};
    dio_error err = {0};
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_item_has_a_portrait)};
    const struct CMUnitTest drawn[] = {
        cmocka_unit_test_prestate(a_portrait_lies_on_itself, &t),
        cmocka_unit_test_prestate(a_window_is_a_part_of_the_whole, &t),
        cmocka_unit_test_prestate(threads_change_nothing, &t),
        cmocka_unit_test_prestate(outlines_are_the_scene_s, &t),
        cmocka_unit_test_prestate(colours_are_the_scene_s, &t),
        cmocka_unit_test_prestate(the_ground_is_the_palette_s, &t),
        cmocka_unit_test_prestate(wrapping_joins, &t),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    t.atlas = dio_atlas_open(&err);
    if (!t.atlas) {
        print_message("skipped: underpainting: %s\n", err.message);
        return failed;
    }
    t.portraits = dio_portraits_draw(t.atlas, &err);
    failed += t.portraits ? cmocka_run_group_tests(drawn, NULL, NULL) : 1;
    clean(&t);
    return failed;
}
