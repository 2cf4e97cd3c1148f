/* test_banner.c: banners of every size from one brief, however long its words: nothing overlaps,
 * nothing leaves the banner or stands on its picture, and texts go in the order that the preset
 * says. That what is left can be read, test_colour.c and test_hero.c show for every palette. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fusion/design.h"
#include "step_case.h"

struct fixture {
    dio_arena *arena;
    dio_fonts *fonts;
    dio_palettes palettes;
    const char *const *names;
    int count;
};

static int setup(void **state)
{
    static struct fixture f;
    dio_error err = {0};
    f.arena = dio_arena_create();
    f.fonts = dio_fonts_open("assets", &err);
    f.names = dio_preset_names(f.arena, "assets", &f.count, &err);
    if (!f.fonts || !f.names || !dio_palettes_read(f.arena, "assets", &f.palettes, &err))
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

/* From what copywriters like to what they send. */
static const dio_words briefs[] = {
    {.product = "Lumo Lamp",
     .headline = "Light without glare",
     .subline = "A calm lamp for late readers",
     .body = "",
     .cta = "Shop now",
     .hashtags = ""},
    {.product = "Lumo Lamp",
     .headline = "Twenty percent off every lamp until Friday night",
     .subline = "Hand-finished brass, warm even light, and a switch that you will like to touch",
     .body = "Soft, even light that follows the page. Dims with a touch, folds flat, and lasts "
             "twenty years. Made in small runs by people who read at night.",
     .cta = "See the whole collection",
     .hashtags = "#lumo #light #reading"},
    {.product = "Donaudampfschifffahrt",
     .headline = "Unwiderstehliche Abendrundfahrten",
     .subline = "Jetzt Plätze für den Sommer sichern",
     .body = "Mit Abendessen und Musik.",
     .cta = "Fahrt buchen",
     .hashtags = "#donau"},
    {.product = "נר",
     .headline = "אור רך לערב",
     .subline = "מנורה שקטה לקוראים",
     .body = "",
     .cta = "לחנות",
     .hashtags = ""},
    {.product = "ランプ",
     .headline = "やわらかな光で、夜更かしを",
     .subline = "読書のためのあかり",
     .body = "",
     .cta = "見る",
     .hashtags = ""},
    {.product = "", .headline = "Sale", .subline = "", .body = "", .cta = "", .hashtags = ""},
};
enum { BRIEFS = sizeof briefs / sizeof *briefs };

static bool is_banner(const dio_preset *p)
{
    return p && p->composes && p->drop;
}

static void check_boxes(const dio_preset *p, const dio_poster_facts *facts, int brief)
{
    for (int i = 0; i < facts->count; i++) {
        if (!dio_box_holds(p->safe, facts->box[i]) || !dio_box_holds(p->zone, facts->box[i]))
            fail_msg("%s, brief %d: %s leaves its zone", p->name, brief, facts->name[i]);
        if (p->panel.w && dio_box_meet(p->panel, facts->box[i]))
            fail_msg("%s, brief %d: %s stands on the picture", p->name, brief, facts->name[i]);
        for (int k = 0; k < i; k++)
            if (dio_box_meet(facts->box[i], facts->box[k]))
                fail_msg("%s, brief %d: %s and %s overlap", p->name, brief, facts->name[k],
                         facts->name[i]);
    }
}

/* In the preset's order, each text once. */
static void check_left_out(const dio_preset *p, const dio_poster_facts *facts)
{
    const char *const *next = p->drop;
    for (int i = 0; i < facts->left_out_count; i++) {
        while (*next && strcmp(*next, facts->left_out[i]) != 0)
            next++;
        assert_non_null(*next);
        next++;
    }
}

static void every_size_takes_every_brief(void **state)
{
    struct fixture *f = *state;
    int drawn = 0, sizes = 0;
    for (int i = 0; i < f->count; i++) {
        dio_error err = {0};
        const dio_preset *p = dio_preset_read(f->arena, "assets", f->names[i], &err);
        if (!is_banner(p))
            continue;
        sizes++;
        dio_canvas canvas;
        assert_true(dio_canvas_init(&canvas, DIO_SPACE_RGB, p->width, p->height, &err));
        for (int b = 0; b < BRIEFS; b++) {
            dio_poster_facts facts;
            const dio_palette *palette = &f->palettes.list[(i + b) % f->palettes.count];
            if (!dio_poster_draw(f->fonts, p, palette, &briefs[b], 3, &canvas, &facts, &err))
                fail_msg("%s, brief %d: %s", p->name, b, err.message);
            check_boxes(p, &facts, b);
            check_left_out(p, &facts);
            bool headline = false, button = false;
            for (int k = 0; k < facts.count; k++) {
                headline = headline || strcmp(facts.name[k], "headline") == 0;
                button = button || strcmp(facts.name[k], "cta") == 0;
            }
            assert_true(headline);
            assert_int_equal(button, briefs[b].cta[0] != '\0');
            if (b == 0 && p->height >= 250) /* room for all that this brief says */
                assert_int_equal(facts.left_out_count, 0);
            drawn++;
        }
        dio_canvas_deinit(&canvas);
    }
    print_message("%d banners of %d sizes\n", drawn, sizes);
    assert_true(sizes >= 15);
}

/* In a row the button stands beside the headline: at its right, or at its left where the script
 * begins at the right. */
static void buttons_stand_beside(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    const dio_preset *p = dio_preset_read(f->arena, "assets", "iab-728x90", &err);
    dio_canvas canvas;
    assert_true(dio_canvas_init(&canvas, DIO_SPACE_RGB, p->width, p->height, &err));
    for (int b = 0; b < 4; b += 3) {
        dio_poster_facts facts;
        dio_box headline = {0}, button = {0};
        assert_true(dio_poster_draw(f->fonts, p, &f->palettes.list[0], &briefs[b], 3, &canvas,
                                    &facts, &err));
        for (int k = 0; k < facts.count; k++) {
            if (strcmp(facts.name[k], "headline") == 0)
                headline = facts.box[k];
            if (strcmp(facts.name[k], "cta") == 0)
                button = facts.box[k];
        }
        if (b == 0)
            assert_true(button.x >= headline.x + headline.w);
        else
            assert_true(headline.x >= button.x + button.w);
        assert_true(abs(2 * button.y + button.h - (2 * p->zone.y + p->zone.h)) <= 1);
    }
    dio_canvas_deinit(&canvas);
}

/* A preset of the user's own is named by its path, within the pipeline's folder; what it lets go
 * is told. */
static void own_presets_are_files(void **state)
{
    struct fixture *f = *state;
    dio_arena *a = f->arena;
    dio_error err = {0};
    char dir[] = "/tmp/diorama-banner-XXXXXX";
    assert_non_null(mkdtemp(dir));
    static const char own[] = "title: Ours\nsource: us\nchecked: \"2026-11-22\"\nwidth: 200\n"
                              "height: 80\nsafe: {top: 2, right: 2, bottom: 2, left: 2}\n"
                              "text: {top: 8, right: 4, bottom: 8, left: 4, headline: 20, least: "
                              "9, drop: [body]}\n"
                              "scenery: {horizon: 200, sun_x: 50, sun_y: 50, sun_r: 1}\n"
                              "picture: {formats: [png], bytes: 5 kB}\n";
    static const char text[] =
        "version: 1\nname: own\nsteps:\n  - id: a\n    uses: compose.image@1\n    with: {preset: "
        "own.yaml, headline: Hello, cta: Go, body: \"Words that will not find room on a banner as "
        "small as this one is, however one sets them\"}\n"
        "outputs:\n  a: {from: \"${{ steps.a.outputs.image }}\", path: a.png}\n";
    assert_true(dio_file_write(dio_path_join(a, dir, "own.yaml"), own, strlen(own), &err));
    if (!step_run(a, dir, text, "out", &err))
        fail_msg("%s", err.message);
    size_t n;
    const char *record = dio_file_read(a, dio_path_join(a, dir, "out/run.json"), 1 << 20, &n, &err);
    assert_non_null(record);
    assert_non_null(strstr(record, "\"left_out\""));
    /* The placement's cap holds where nobody gives another; as it comes it has some 13 kB. */
    assert_non_null(strstr(record, "\"written\""));
    assert_non_null(dio_file_read(a, dio_path_join(a, dir, "out/a.png"), 5000, &n, &err));
    assert_non_null(strstr(record, "\"text\": \"headline\""));
    static const char wrong[] = "title: Ours\nsource: us\nchecked: \"2026-11-22\"\n"
                                "picture: {formats: [png], byts: 3}\n";
    assert_true(dio_file_write(dio_path_join(a, dir, "own.yaml"), wrong, strlen(wrong), &err));
    assert_false(step_run(a, dir, text, "out", &err));
    assert_non_null(strstr(err.message, "byts"));
    assert_int_equal(step_clear(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_takes_every_brief),
        cmocka_unit_test(buttons_stand_beside),
        cmocka_unit_test(own_presets_are_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
