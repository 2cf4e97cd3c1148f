/* test_subtitles.c: captions in films stand where the platform leaves room, apart from all else,
 * and can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/film.h"
#include "fusion/subtitles.h"

static const dio_words words = {
    .product = "Lumo Lamp",
    .headline = "Light that lets you stay up with the book",
    .subline = "No glare, no hum, just the page.",
    .body = "A soft, even light over your desk, so evenings last a little longer.",
    .cta = "Try it for 30 nights",
    .hashtags = "",
};

struct fixture {
    dio_arena *arena;
    dio_fonts *fonts;
    dio_palettes palettes;
};

static int setup(void **state)
{
    static struct fixture f;
    dio_error err = {0};
    f.arena = dio_arena_create();
    f.fonts = dio_fonts_open("assets", &err);
    if (!f.fonts || !dio_palettes_read(f.arena, "assets", &f.palettes, &err))
        fail_msg("%s", err.message);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dio_fonts_close(f->fonts);
    dio_arena_destroy(f->arena);
    return 0;
}

static dio_times *spoken(dio_arena *a)
{
    static const char *const text[] = {"Read", "on",     "until",  "midnight,", "and",     "let",
                                       "the",  "others", "sleep.", "Twenty",    "percent", "off!"};
    dio_times *t = dio_arena_alloc(a, sizeof *t);
    *t = (dio_times){.rate = 1000, .length = 6000, .n_words = 12};
    t->words = dio_arena_alloc(a, 12 * sizeof *t->words);
    for (int i = 0; i < 12; i++)
        t->words[i] = (dio_timed_word){text[i], 500 + 300 * i + (i > 8 ? 500 : 0),
                                       800 + 300 * i + (i > 8 ? 500 : 0), i > 8};
    return t;
}

static const dio_captions *cut(struct fixture *f, const dio_preset *p)
{
    dio_error err = {0};
    dio_caption_rules rules = dio_subtitles_rules(p);
    const dio_captions *c = dio_captions_cut(f->arena, spoken(f->arena), &rules, &err);
    if (!c)
        fail_msg("%s", err.message);
    return c;
}

static void captions_have_a_place_of_their_own(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    int n;
    const char *const *names = dio_preset_names(f->arena, "assets", &n, &err);
    for (int i = 0; i < n; i++) {
        const dio_preset *p = dio_preset_read(f->arena, "assets", names[i], &err);
        assert_non_null(p);
        if (!p->limits[DIO_DELIVERY_FILM])
            continue;
        dio_subtitles *s = dio_subtitles_create(f->fonts, p, &f->palettes.list[0], cut(f, p),
                                                DIO_SPACE_BT709, &err);
        if (!s)
            fail_msg("%s: %s", names[i], err.message);
        dio_box box;
        double start, end, last = 0;
        int k = 0;
        for (; dio_subtitles_box(s, k, &box, &start, &end); k++) {
            assert_true(dio_box_holds(dio_subtitles_strip(p), box));
            assert_true(dio_box_holds(p->zone, box));
            assert_false(dio_box_meet(dio_subtitles_rest(p), box));
            assert_true(start >= last && end > start);
            last = end;
        }
        assert_true(k >= 2);
        dio_subtitles_destroy(s);
    }
}

/* Whether frames i and k of a film differ within the strip. */
static bool differ(dio_film *film, const dio_preset *p, int i, int k)
{
    dio_canvas x, y;
    dio_error err = {0};
    dio_box strip = dio_subtitles_strip(p);
    bool any = false;
    assert_true(dio_canvas_init(&x, DIO_SPACE_BT709, p->width, p->height, &err));
    assert_true(dio_canvas_init(&y, DIO_SPACE_BT709, p->width, p->height, &err));
    dio_film_frame(film, i, &x);
    dio_film_frame(film, k, &y);
    for (int row = strip.y; row < strip.y + strip.h; row++) {
        const uint8_t *a = x.plane[0].data + (ptrdiff_t)row * x.plane[0].stride;
        const uint8_t *b = y.plane[0].data + (ptrdiff_t)row * y.plane[0].stride;
        for (int c = strip.x; c < strip.x + strip.w; c++)
            any = any || abs(a[c] - b[c]) > 60; /* ink on its ground; the landscape drifts */
    }
    dio_canvas_deinit(&x);
    dio_canvas_deinit(&y);
    return any;
}

static void they_are_seen_while_they_are_spoken(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    const dio_preset *p = dio_preset_read(f->arena, "assets", "square-1x1", &err);
    dio_words with = words;
    with.captions = cut(f, p);
    dio_film *film =
        dio_film_create(f->fonts, p, &f->palettes.list[0], &with, 6, 7, DIO_SPACE_BT709, &err);
    if (!film)
        fail_msg("%s", err.message);
    assert_true(differ(film, p, 10, 30)); /* 0.33 s: nobody speaks yet */
    assert_false(differ(film, p, 30, 40));
    assert_true(differ(film, p, 120, 179)); /* 5.97 s: no more */
    const dio_film_box *boxes;
    int n = dio_film_boxes(film, &boxes);
    assert_true(n > 4);
    for (int i = 0; i < n; i++)
        assert_false(dio_box_meet(boxes[i].box, dio_subtitles_strip(p)));
    dio_film_destroy(film);
}

static void they_can_be_read(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < f->palettes.count; i++) {
        const dio_palette *p = &f->palettes.list[i];
        assert_true(dio_colour_contrast(p->ink, p->deep) >= 4.5f);
    }
}

static void a_text_that_cannot_fit_is_named(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    const dio_preset *p = dio_preset_read(f->arena, "assets", "reels-9x16", &err);
    char word[400];
    memset(word, 'W', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    dio_timed_word one = {word, 0, 900, 0};
    dio_times t = {.rate = 1000, .length = 1000, .words = &one, .n_words = 1};
    dio_caption_rules rules = dio_subtitles_rules(p);
    const dio_captions *c = dio_captions_cut(f->arena, &t, &rules, &err);
    assert_non_null(c);
    assert_null(dio_subtitles_create(f->fonts, p, &f->palettes.list[0], c, DIO_SPACE_BT709, &err));
    assert_non_null(strstr(err.message, "captions"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captions_have_a_place_of_their_own),
        cmocka_unit_test(they_are_seen_while_they_are_spoken),
        cmocka_unit_test(they_can_be_read),
        cmocka_unit_test(a_text_that_cannot_fit_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
