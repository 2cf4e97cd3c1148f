/* test_layout.c: whatever the words, texts keep inside the zone and off each other, by their ink as
 * drawn and not only by their boxes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "base/str.h"
#include "fusion/film.h"

static const char *const words[] = {
    "a",
    "light",
    "evening",
    "the",
    "and",
    "Grüße",
    "naïve",
    "coffee",
    "Donaudampfschifffahrt",
    "incomprehensibilities",
    "over",
    "of",
    "QWERTZ",
    "jjgqy",
    "ÅÉÎ",
    "don't",
    "20%",
    "€9.99",
    "خفيف",
    "الضوء",
    "الذي",
    "يدوم",
    "אור",
    "רך",
    "לערב",
    "光",
    "柔らかな光",
    "夜更かし",
    "暖かい",
    "빛",
    "부드러운",
    "प्रकाश",
    "शाम",
    "แสงนุ่ม",
    "свет",
    "вечер",
    "φως",
    "☕",
    "🔥",
    "👩‍👩‍👧‍👦",
    "🇫🇷",
    "a\xcc\x81\xcc\xa3",
    "supercalifragilisticexpialidocious",
    "WWWWWWWWWWWWWW",
    "—",
    "«été»",
};
enum { WORDS = sizeof words / sizeof *words };

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

/* Between `least` and `most` words at random, at most `limit` characters. */
static const char *random_text(dio_arena *a, dio_rng *rng, int least, int most, size_t limit)
{
    int n = least + (int)dio_rng_below(rng, (uint32_t)(most - least + 1));
    char *text = dio_arena_strdup(a, "");
    for (int i = 0; i < n; i++) {
        const char *more =
            dio_arena_printf(a, "%s%s%s", text, i ? " " : "", words[dio_rng_below(rng, WORDS)]);
        if (dio_utf8_count(more, strlen(more)) > limit)
            break;
        text = dio_arena_strdup(a, more);
    }
    return text;
}

/* Limits are those of the copywriter's fields. */
static dio_words random_words(dio_arena *a, dio_rng *rng)
{
    bool bare = dio_rng_below(rng, 5) == 0;
    dio_words w = {
        .product = random_text(a, rng, 1, 3, 80),
        .headline = random_text(a, rng, 1, 10, 72),
        .subline = random_text(a, rng, bare ? 0 : 2, 14, 110),
        .body = random_text(a, rng, bare ? 0 : 5, 50, 360),
        .cta = random_text(a, rng, bare ? 0 : 1, 4, 40),
        .hashtags = random_text(a, rng, bare ? 0 : 3, 5, 110),
    };
    if (!*w.headline)
        w.headline = "light";
    if (!*w.product)
        w.product = "Lamp";
    return w;
}

static void boxes_are_apart(const dio_preset *p, const dio_box *box, int n)
{
    for (int i = 0; i < n; i++) {
        if (!dio_box_holds(p->safe, box[i]))
            fail_msg("%s: box %d at %d,%d %dx%d leaves the safe zone", p->name, i, box[i].x,
                     box[i].y, box[i].w, box[i].h);
        for (int k = 0; k < i; k++) {
            if (dio_box_meet(box[i], box[k]))
                fail_msg("%s: boxes %d and %d overlap", p->name, k, i);
        }
    }
}

/* Texts shown in the same scene (the kicker, scene -1, is in all but the last). */
static void film_is_apart(dio_film *film, const dio_preset *p)
{
    const dio_film_box *list;
    int n = dio_film_boxes(film, &list);
    for (int i = 0; i < n; i++) {
        boxes_are_apart(p, &list[i].box, 1);
        for (int k = 0; k < i; k++) {
            bool together =
                list[i].scene == list[k].scene || (list[k].scene == -1 && list[i].scene < 2);
            if (together && dio_box_meet(list[i].box, list[k].box))
                fail_msg("%s: %s and %s overlap", p->name, list[k].name, list[i].name);
        }
    }
}

static void two_hundred_texts_keep_apart(void **state)
{
    struct fixture *f = *state;
    static const char *const presets[] = {"reels-9x16", "square-1x1", "youtube-16x9", "feed-4x5"};
    dio_rng rng = {11, 1, 0};
    int fitted = 0;
    for (int i = 0; i < 200; i++) {
        dio_error err = {0};
        const dio_preset *p = dio_preset_read(f->arena, "assets", presets[i % 4], &err);
        dio_words w = random_words(f->arena, &rng);
        const dio_palette *palette = &f->palettes.list[i % f->palettes.count];
        dio_film *film = dio_film_create(f->fonts, p, palette, &w, 8, 1, DIO_SPACE_BT709, &err);
        if (!film && !strstr(err.message, "shorten"))
            fail_msg("%s: %s", p->name, err.message);
        fitted += film != NULL;
        if (!film)
            print_message("%s: %s\n", p->name, err.message);
        if (film)
            film_is_apart(film, p);
        dio_film_destroy(film);
    }
    print_message("%d of 200 fitted\n", fitted);
    assert_true(fitted >= 196); /* measured 200: what is refused is refused by name */
}

/* Draws a poster twice: on its ground, and the ground alone; where they differ there is ink. */
static void ink_stays_inside_the_boxes(void **state)
{
    struct fixture *f = *state;
    dio_rng rng = {12, 1, 0};
    int drawn = 0;
    for (int i = 0; i < 12; i++) {
        dio_error err = {0};
        const dio_preset *p = dio_preset_read(f->arena, "assets", "feed-4x5", &err);
        dio_words w = random_words(f->arena, &rng);
        const dio_palette *palette = &f->palettes.list[i % f->palettes.count];
        dio_canvas with, without;
        dio_poster_facts facts;
        assert_true(dio_canvas_init(&with, DIO_SPACE_RGB, p->width, p->height, &err));
        assert_true(dio_canvas_init(&without, DIO_SPACE_RGB, p->width, p->height, &err));
        dio_ground *ground =
            dio_ground_create(palette, &p->scenery, DIO_SPACE_RGB, p->width, p->height, 3, &err);
        dio_ground_draw(ground, &without, 0, p->height);
        if (dio_poster_draw(f->fonts, p, palette, &w, 3, &with, &facts, &err)) {
            const dio_box *box = facts.box;
            int n = facts.count;
            boxes_are_apart(p, box, n);
            drawn++;
            for (int y = 0; y < p->height; y++) {
                for (int x = 0; x < p->width; x++) {
                    size_t at = (size_t)y * (size_t)with.plane[1].stride + (size_t)x;
                    bool inside = false;
                    for (int k = 0; k < n; k++)
                        inside = inside || (x >= box[k].x && x < box[k].x + box[k].w &&
                                            y >= box[k].y && y < box[k].y + box[k].h);
                    for (int c = 0; !inside && c < 3; c++)
                        assert_int_equal(with.plane[c].data[at], without.plane[c].data[at]);
                }
            }
        } else if (!strstr(err.message, "shorten")) {
            fail_msg("%s", err.message);
        }
        dio_ground_destroy(ground);
        dio_canvas_deinit(&with);
        dio_canvas_deinit(&without);
    }
    print_message("%d of 12 drawn\n", drawn);
    assert_true(drawn >= 10); /* measured 12 */
}

static bool place_one(struct fixture *f, const char *text, dio_style style, dio_box zone,
                      dio_item *item, dio_error *err)
{
    *item = (dio_item){.name = "headline", .text = text, .style = &style, .alpha = 1};
    dio_stack stack = {.items = item, .count = 1, .zone = zone};
    if (dio_stack_place(&stack, f->fonts, err))
        return true;
    dio_stack_release(&stack);
    return false;
}

static const dio_style plain = {
    .display = true, .weight = 700, .size = 100, .least = 40, .leading = 0.9f, .lines = 4};

static void lines_are_balanced(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_item item;
    assert_true(place_one(f, "Light that lets you stay up with the book", plain,
                          (dio_box){0, 0, 900, 900}, &item, &err));
    int n = dio_typeset_lines(item.set), narrow = 9999, wide = 0;
    assert_true(n >= 2);
    for (int i = 0; i < n; i++) {
        dio_box ink = dio_typeset_ink(item.set, i);
        narrow = ink.w < narrow ? ink.w : narrow;
        wide = ink.w > wide ? ink.w : wide;
    }
    assert_true(narrow * 10 >= wide * 7); /* measured 0.86 */
    dio_typeset_destroy(item.set);
}

static void long_words_shrink_before_they_break(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_item item;
    assert_true(
        place_one(f, "Donaudampfschifffahrt", plain, (dio_box){0, 0, 900, 900}, &item, &err));
    assert_int_equal(dio_typeset_lines(item.set), 1);
    assert_true(dio_typeset_size(item.set) < 100);
    dio_typeset_destroy(item.set);
    assert_true(place_one(f, "Donaudampfschifffahrtsgesellschaftskapitänsmütze", plain,
                          (dio_box){0, 0, 600, 900}, &item, &err));
    assert_true(dio_typeset_lines(item.set) > 1);
    dio_typeset_destroy(item.set);
}

static void scripts_begin_at_their_side(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_item item;
    dio_box zone = {100, 0, 900, 900};
    assert_true(place_one(f, "נר", plain, zone, &item, &err));
    assert_int_equal(item.box.x + item.box.w, zone.x + zone.w);
    dio_typeset_destroy(item.set);
    assert_true(place_one(f, "Lamp", plain, zone, &item, &err));
    assert_int_equal(item.box.x, zone.x);
    dio_typeset_destroy(item.set);
}

static void what_cannot_be_set_is_named(void **state)
{
    struct fixture *f = *state;
    char many[2000];
    memset(many, 0, sizeof many);
    for (int i = 0; i < 150; i++)
        strcat(many, "weather ");
    dio_item item;
    dio_error err = {0};
    assert_false(place_one(f, many, plain, (dio_box){0, 0, 600, 900}, &item, &err));
    assert_non_null(strstr(err.message, "headline: too long; at the smallest size (40 px)"));
    dio_error_clear(&err);
    assert_false(place_one(f, "x \xf3\xb0\x80\x80", plain, (dio_box){0, 0, 600, 900}, &item, &err));
    assert_string_equal(err.message,
                        "headline: no font has the character U+F0000; tried the fonts of "
                        "fonts-inter fonts-noto-core fonts-noto-color-emoji fonts-wqy-microhei");
    dio_error_clear(&err);
    assert_false(place_one(f, "four lines of type are higher than this zone", plain,
                           (dio_box){0, 0, 300, 60}, &item, &err));
    assert_non_null(strstr(err.message, "shorten"));
}

/* A stack of marks reaches far above its line: it is part of the box, or refused. */
static void towers_of_marks_stay_inside(void **state)
{
    struct fixture *f = *state;
    char tower[400] = "a";
    for (int i = 0; i < 60; i++)
        strcat(tower, "\xcc\x81\xcc\xa3");
    dio_item item;
    dio_error err = {0};
    dio_box zone = {0, 0, 600, 500};
    if (place_one(f, tower, plain, zone, &item, &err)) {
        dio_box ink = dio_typeset_ink(item.set, 0);
        assert_true(ink.h <= item.box.h && dio_box_holds(zone, item.box));
        dio_typeset_destroy(item.set);
    } else {
        assert_non_null(strstr(err.message, "shorten"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_texts_keep_apart),
        cmocka_unit_test(ink_stays_inside_the_boxes),
        cmocka_unit_test(lines_are_balanced),
        cmocka_unit_test(long_words_shrink_before_they_break),
        cmocka_unit_test(scripts_begin_at_their_side),
        cmocka_unit_test(what_cannot_be_set_is_named),
        cmocka_unit_test(towers_of_marks_stay_inside),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
