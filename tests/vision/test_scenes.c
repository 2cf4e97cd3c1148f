/* test_scenes.c: composed pictures: the same for the same seed, whole or in windows, at any size
 * and from several threads; and what prompts mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/gang.h"
#include "vision/scenes/guide.h"
#include "vision/scenes/lexicon.h"
#include "vision/scenes/scene.h"

enum { SCENES = 24, SIDE = 96 };

static void a_plan_follows_from_its_seed(void **state)
{
    (void)state;
    dio_scene_wish wish = dio_scene_any();
    int differ = 0;
    for (uint64_t seed = 1; seed <= SCENES; seed++) {
        dio_scene a, b, c;
        dio_scene_plan(&a, &wish, 1, seed);
        dio_scene_plan(&b, &wish, 1, seed);
        dio_scene_plan(&c, &wish, 1, seed + 1000);
        assert_memory_equal(&a, &b, sizeof a);
        differ += memcmp(&a, &c, sizeof a) != 0;
        assert_in_range(a.items, 1, DIO_SCENE_ITEMS);
        for (int i = 0; i < 3 * DIO_ROLES; i++)
            assert_true(a.palette[i / 3][i % 3] >= 0 && a.palette[i / 3][i % 3] <= 1);
    }
    assert_int_equal(differ, SCENES);
}

static void what_is_asked_for_is_kept(void **state)
{
    (void)state;
    dio_scene_wish wish = dio_scene_any();
    wish.subject = dio_scene_subject("kettle");
    wish.material = DIO_MATERIAL_GLASS;
    wish.light = DIO_LIGHT_RIM;
    wish.frame = DIO_FRAME_LEFT;
    wish.backdrop = DIO_BACKDROP_PODIUM;
    wish.style = DIO_STYLE_SOFT;
    wish.colours = 2;
    const float colours[2][3] = {{0.1f, 0.2f, 0.3f}, {0.9f, 0.5f, 0.1f}};
    memcpy(wish.palette, colours, sizeof colours);
    for (uint64_t seed = 0; seed < 8; seed++) {
        dio_scene s;
        dio_scene_plan(&s, &wish, 1.5f, seed);
        assert_int_equal(s.subject, wish.subject);
        assert_int_equal(s.material, DIO_MATERIAL_GLASS);
        assert_int_equal(s.light, DIO_LIGHT_RIM);
        assert_int_equal(s.backdrop, DIO_BACKDROP_PODIUM);
        assert_memory_equal(s.palette, colours, sizeof colours);
        assert_true(s.item[0].x < 0.45f); /* space for words on the right */
    }
}

/* --- drawing --- */

struct drawing {
    const dio_atlas *atlas;
    uint8_t *rgba;
};

static void draw_one(void *user, int64_t item, int thread)
{
    struct drawing *d = user;
    dio_scene_wish wish = dio_scene_any();
    dio_scene s;
    (void)thread;
    wish.alpha = item % 4 == 0;
    dio_scene_plan(&s, &wish, 1, (uint64_t)item + 50);
    dio_atlas_draw(d->atlas, &s, &(dio_window){SIDE, SIDE, 0, 0, SIDE, SIDE},
                   d->rgba + item * SIDE * SIDE * 4);
}

static void threads_change_nothing(void **state)
{
    dio_atlas *atlas = *state;
    size_t bytes = (size_t)SCENES * SIDE * SIDE * 4;
    uint8_t *one = malloc(bytes), *two = malloc(bytes);
    assert_true(one && two);
    int threads = dio_gang_size();
    dio_gang_resize(1);
    dio_gang_steal(SCENES, draw_one, &(struct drawing){atlas, one});
    dio_gang_resize(3);
    dio_gang_steal(SCENES, draw_one, &(struct drawing){atlas, two});
    dio_gang_resize(threads);
    assert_memory_equal(one, two, bytes);
    free(one);
    free(two);
}

static void a_window_is_a_part_of_the_whole(void **state)
{
    dio_atlas *atlas = *state;
    static uint8_t whole[SIDE * SIDE * 4], part[40 * 30 * 4];
    for (uint64_t seed = 0; seed < 12; seed++) {
        dio_scene_wish wish = dio_scene_any();
        dio_scene s;
        dio_scene_plan(&s, &wish, 1, seed);
        dio_atlas_draw(atlas, &s, &(dio_window){SIDE, SIDE, 0, 0, SIDE, SIDE}, whole);
        dio_atlas_draw(atlas, &s, &(dio_window){SIDE, SIDE, 31, 47, 40, 30}, part);
        for (int y = 0; y < 30; y++)
            assert_memory_equal(part + (size_t)y * 40 * 4,
                                whole + ((size_t)(y + 47) * SIDE + 31) * 4, 40 * 4);
    }
}

/* Twice the size, averaged, is the same picture but for edges and what is finer than a pixel.
 * Measured: 1.66 of 255 in the mean, at most. */
static void sizes_agree(void **state)
{
    dio_atlas *atlas = *state;
    static uint8_t small[SIDE * SIDE * 4], large[4 * SIDE * SIDE * 4];
    double most = 0;
    for (uint64_t seed = 0; seed < 12; seed++) {
        dio_scene_wish wish = dio_scene_any();
        dio_scene s;
        double sum = 0;
        dio_scene_plan(&s, &wish, 1, seed + 300);
        dio_atlas_draw(atlas, &s, &(dio_window){SIDE, SIDE, 0, 0, SIDE, SIDE}, small);
        dio_atlas_draw(atlas, &s, &(dio_window){2 * SIDE, 2 * SIDE, 0, 0, 2 * SIDE, 2 * SIDE},
                       large);
        for (int y = 0; y < SIDE; y++)
            for (int i = 0; i < SIDE * 4; i++) {
                const uint8_t *p =
                    large + ((size_t)(2 * y) * 2 * SIDE + (size_t)(i / 4) * 2) * 4 + i % 4;
                int mean = (p[0] + p[4] + p[2 * SIDE * 4] + p[2 * SIDE * 4 + 4]) / 4;
                sum += abs(mean - small[(size_t)y * SIDE * 4 + (size_t)i]);
            }
        most = sum > most ? sum : most;
    }
    print_message("largest mean difference %.2f of 255\n", most / (SIDE * SIDE * 4));
    assert_true(most / (SIDE * SIDE * 4) < 6);
}

/* A picture without a backdrop: clear at its corners, solid somewhere, colours within alpha. */
static void alpha_is_real(void **state)
{
    dio_atlas *atlas = *state;
    static uint8_t rgba[SIDE * SIDE * 4];
    for (int subject = 0; subject < dio_subject_count(); subject += 5) {
        dio_scene_wish wish = dio_scene_any();
        dio_scene s;
        int solid = 0;
        wish.alpha = true;
        wish.subject = subject;
        wish.frame = DIO_FRAME_CENTRE;
        dio_scene_plan(&s, &wish, 1, 9);
        dio_atlas_draw(atlas, &s, &(dio_window){SIDE, SIDE, 0, 0, SIDE, SIDE}, rgba);
        assert_int_equal(rgba[3], 0);
        for (int i = 0; i < SIDE * SIDE; i++) {
            solid += rgba[4 * i + 3] == 255;
            for (int c = 0; c < 3; c++)
                assert_true(rgba[4 * i + c] <= rgba[4 * i + 3]);
        }
        assert_true(solid > SIDE * SIDE / 60);
    }
}

static int open_atlas(void **state)
{
    dio_error err = {0};
    *state = dio_atlas_open(&err);
    return *state ? 0 : -1;
}

static int close_atlas(void **state)
{
    dio_atlas_close(*state);
    return 0;
}

/* --- the guide --- */

static void a_guide_of_a_window_is_a_part_of_the_whole(void **state)
{
    (void)state;
    enum { FULL = 20, PART = 8, X = 7, Y = 9 };
    static float whole[DIO_GUIDE_MAP * FULL * FULL], part[DIO_GUIDE_MAP * PART * PART];
    for (uint64_t seed = 0; seed < 10; seed++) {
        dio_scene_wish wish = dio_scene_any();
        dio_scene s;
        dio_scene_plan(&s, &wish, 1, seed);
        dio_guide_map(&s, &(dio_guide_window){FULL, FULL, 0, 0, FULL, FULL, false, false}, whole);
        dio_guide_map(&s, &(dio_guide_window){FULL, FULL, X, Y, PART, PART, false, false}, part);
        for (int k = 0; k < DIO_GUIDE_MAP; k++)
            for (int y = 0; y < PART; y++)
                assert_memory_equal(part + (k * PART + y) * PART,
                                    whole + (k * FULL + y + Y) * FULL + X, PART * sizeof(float));
    }
}

/* --- words --- */

static void prompts_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *prompt, *subject;
        int material, light, frame, backdrop, style;
    } cases[] = {
        {"A glass bottle on a podium, rim light", "bottle", DIO_MATERIAL_GLASS, DIO_LIGHT_RIM, -1,
         DIO_BACKDROP_PODIUM, -1},
        {"a cup of black coffee with steam on a windowsill at dawn, low warm light and long "
         "shadows",
         "coffee", -1, DIO_LIGHT_GOLDEN, -1, DIO_BACKDROP_WINDOW, -1},
        {"Red tomatoes, close-up, SCREEN PRINT", "tomato", -1, -1, DIO_FRAME_CLOSE, -1,
         DIO_STYLE_PRINT},
        {"chrome headphones floating, neon", "headphones", DIO_MATERIAL_METAL, DIO_LIGHT_NEON,
         DIO_FRAME_FLOAT, -1, -1},
        {"running shoes on wet asphalt. off-centre to the right with room for text on the left",
         "sneaker", -1, -1, DIO_FRAME_RIGHT, -1, -1},
        {"an unheard-of thing", "shapes", -1, -1, -1, -1, -1},
        {"", "shapes", -1, -1, -1, -1, -1},
    };
    dio_error err = {0};
    dio_lexicon *l = dio_lexicon_open("assets/scenes/words.yaml", &err);
    assert_non_null(l);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_scene_wish w = dio_scene_any();
        dio_lexicon_read(l, cases[i].prompt, &w, NULL);
        assert_string_equal(dio_subject_at(w.subject)->name, cases[i].subject);
        const int got[] = {w.material, w.light, w.frame, w.backdrop, w.style};
        const int want[] = {cases[i].material, cases[i].light, cases[i].frame, cases[i].backdrop,
                            cases[i].style};
        for (int k = 0; k < 5; k++) /* -1: the prompt leaves it open */
            assert_int_equal(got[k], want[k]);
    }
    dio_lexicon_close(l);
}

static void named_colours_become_a_palette(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_lexicon *l = dio_lexicon_open("assets/scenes/words.yaml", &err);
    dio_scene_wish w = dio_scene_any();
    assert_non_null(l);
    dio_lexicon_read(l, "a lamp, soft light, in navy and cream", &w, NULL);
    assert_int_equal(w.colours, 2);
    assert_float_equal(w.palette[DIO_ROLE_SUBJECT][2], 0x4f / 255.0f, 1e-6f);
    assert_float_equal(w.palette[DIO_ROLE_GROUND][0], 0xf6 / 255.0f, 1e-6f);
    dio_lexicon_close(l);
}

/* Every caption that a scene gives itself says what it shows. */
static void captions_are_understood(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_lexicon *l = dio_lexicon_open("assets/scenes/words.yaml", &err);
    int subject = 0, backdrop = 0, light = 0, n = 300;
    assert_non_null(l);
    for (int i = 0; i < n; i++) {
        dio_arena *a = dio_arena_create();
        dio_scene_wish any = dio_scene_any(), w = dio_scene_any();
        dio_scene s;
        dio_scene_plan(&s, &any, 1, (uint64_t)i);
        dio_lexicon_read(l, dio_scene_caption(&s, a), &w, NULL);
        subject += w.subject == s.subject;
        backdrop += w.backdrop == s.backdrop;
        light += w.light == s.light;
        dio_arena_destroy(a);
    }
    dio_lexicon_close(l);
    print_message("of %d captions: subject %d, backdrop %d, light %d understood\n", n, subject,
                  backdrop, light);
    /* Measured: all of 300; of 2000 one subject is missed ("a cardboard box" is a parcel). */
    assert_true(subject >= n - 1 && backdrop >= n - 1 && light >= n - 1);
}

static void hostile_prompts_are_read(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_lexicon *l = dio_lexicon_open("assets/scenes/words.yaml", &err);
    enum { LONG = 1 << 16 };
    char *text = malloc(LONG + 1);
    assert_non_null(l);
    for (int kind = 0; kind < 5; kind++) {
        for (int i = 0; i < LONG; i++)
            text[i] = kind == 0   ? 'a'
                      : kind == 1 ? (i % 2 ? ' ' : 's')
                      : kind == 2 ? (char)(1 + i * 7919 % 255)
                      : kind == 3 ? ','
                                  : '\xff';
        text[LONG] = 0;
        dio_scene_wish w = dio_scene_any();
        dio_lexicon_read(l, text, &w, NULL);
        assert_true(w.subject >= 0 && w.subject < dio_subject_count());
    }
    free(text);
    dio_lexicon_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_follows_from_its_seed),
        cmocka_unit_test(what_is_asked_for_is_kept),
        cmocka_unit_test(a_guide_of_a_window_is_a_part_of_the_whole),
        cmocka_unit_test(prompts_are_understood),
        cmocka_unit_test(named_colours_become_a_palette),
        cmocka_unit_test(captions_are_understood),
        cmocka_unit_test(hostile_prompts_are_read),
    };
    const struct CMUnitTest drawn[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_window_is_a_part_of_the_whole),
        cmocka_unit_test(sizes_agree),
        cmocka_unit_test(alpha_is_real),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dio_error err = {0};
    dio_atlas *atlas = dio_atlas_open(&err);
    if (!atlas) {
        print_message("skipped: drawing scenes: %s\n", err.message);
        return failed;
    }
    dio_atlas_close(atlas);
    return failed + cmocka_run_group_tests(drawn, open_atlas, close_atlas);
}
