/* test_colour.c: the colour formulas against published values, and every palette against the
 * contrast that it promises. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fusion/palette.h"
#include "fusion/preset.h"

static void near_to(float got, float want, float tolerance)
{
    if (!(fabsf(got - want) <= tolerance))
        fail_msg("got %g, want %g within %g", (double)got, (double)want, (double)tolerance);
}

static dio_rgb hex(const char *text)
{
    dio_error err = {0};
    dio_rgb c;
    assert_true(dio_colour_parse(text, &c, &err));
    return c;
}

static void hex_colours_parse(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_rgb c = hex("#80ff00");
    near_to(c.r * 255, 128, 0);
    near_to(c.g * 255, 255, 0);
    near_to(c.b * 255, 0, 0);
    assert_false(dio_colour_parse("80ff00", &c, &err));
    assert_string_equal(err.message, "\"80ff00\" is no colour; write it as \"#rrggbb\"");
    dio_error_clear(&err);
    assert_false(dio_colour_parse("#80fg00", &c, &err));
}

/* Values of Ottosson's post for white, and of the CSS Color 4 sample code for pure red. */
static void oklab_agrees_with_its_author(void **state)
{
    (void)state;
    dio_lab white = dio_colour_lab(hex("#ffffff")), red = dio_colour_lab(hex("#ff0000"));
    near_to(white.l, 1.0f, 2e-7f); /* measured 6e-8 */
    near_to(white.a, 0.0f, 2e-7f);
    near_to(red.l, 0.62796f, 2.5e-5f); /* measured 4.7e-6: five digits are published */
    near_to(red.a, 0.22486f, 2.5e-5f);
    near_to(red.b, 0.12585f, 2.5e-5f);
    for (int i = 0; i < 64; i++) {
        dio_rgb c = {(float)(i & 3) / 3, (float)(i >> 2 & 3) / 3, (float)(i >> 4) / 3};
        dio_rgb back = dio_colour_from_lab(dio_colour_lab(c));
        near_to(back.r, c.r, 6e-5f); /* measured 1.4e-5, in the dark end of the curve */
        near_to(back.g, c.g, 6e-5f);
        near_to(back.b, c.b, 6e-5f);
    }
}

/* BT.709, table 3: white is (235, 128, 128), and a primary's own chroma is at its limit. */
static void planes_are_bt709(void **state)
{
    (void)state;
    float v[3];
    dio_colour_planes(hex("#ffffff"), DIO_SPACE_BT709, v);
    near_to(v[0], 235, 6e-5f); /* measured 0: four units in the last place */
    near_to(v[1], 128, 6e-5f);
    dio_colour_planes(hex("#0000ff"), DIO_SPACE_BT709, v);
    near_to(v[0], 16 + 219 * 0.0722f, 6e-5f);
    near_to(v[1], 240, 6e-5f);
    dio_colour_planes(hex("#ff0000"), DIO_SPACE_BT709, v);
    near_to(v[2], 240, 6e-5f);
}

/* WCAG 2: black on white is 21, #777777 on white 4.48. */
static void contrast_is_wcag(void **state)
{
    (void)state;
    near_to(dio_colour_contrast(hex("#000000"), hex("#ffffff")), 21, 8e-6f); /* measured 1.9e-6 */
    near_to(dio_colour_contrast(hex("#ffffff"), hex("#777777")), 4.48f,
            5e-3f); /* two digits are published */
}

static void at_least(const char *palette, const char *what, dio_rgb a, dio_rgb b, float ratio)
{
    float got = dio_colour_contrast(a, b);
    if (!(got >= ratio))
        fail_msg("palette %s: %s has a contrast of %.2f, below %.1f", palette, what, (double)got,
                 (double)ratio);
}

static void palettes_keep_their_promise(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_palettes all;
    if (!dio_palettes_read(a, "assets", &all, &err))
        fail_msg("%s", err.message);
    assert_true(all.count >= 8);
    for (int i = 0; i < all.count; i++) {
        const dio_palette *p = &all.list[i];
        at_least(p->name, "ink on deep", p->ink, p->deep, 4.5f);
        at_least(p->name, "ink on mid", p->ink, p->mid, 4.5f);
        at_least(p->name, "ink on the far hills", p->ink, p->hill[0], 4.5f);
        at_least(p->name, "on_accent on accent", p->on_accent, p->accent, 4.5f);
        at_least(p->name, "accent on mid", p->accent, p->mid, 3.0f);
        assert_ptr_equal(dio_palette_choose(&all, p->name, "", 1, &err), p);
    }
    dio_arena_destroy(a);
}

static void moods_choose_palettes(void **state)
{
    (void)state;
    static const char *const tones[] = {"warm",  "playful", "bold",        "calm",   "elegant",
                                        "witty", "direct",  "adventurous", "poetic", "cheerful"};
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_palettes all;
    assert_true(dio_palettes_read(a, "assets", &all, &err));
    for (int i = 0; i < 10; i++) {
        const dio_palette *first = NULL;
        bool varies = false;
        for (uint64_t seed = 0; seed < 32; seed++) {
            const dio_palette *p = dio_palette_choose(&all, "auto", tones[i], seed, &err);
            assert_non_null(strstr(p->moods, tones[i]));
            varies = varies || (first && p != first);
            first = p;
        }
        assert_true(varies);
    }
    dio_arena_destroy(a);
}

/* The sun is bright: no text may stand on it. */
static void presets_keep_texts_off_the_sun(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    int count;
    const char *const *names = dio_preset_names(a, "assets", &count, &err);
    assert_true(count >= 4);
    for (int i = 0; i < count; i++) {
        const dio_preset *p = dio_preset_read(a, "assets", names[i], &err);
        if (!p)
            fail_msg("%s: %s", names[i], err.message);
        if (!p->composes)
            continue;
        float side = (float)(p->width < p->height ? p->width : p->height);
        float r = p->scenery.sun_r * side, x = p->scenery.sun_x * (float)p->width;
        float y = p->scenery.sun_y * (float)p->height - 0.015f * side; /* after 7 s of rising */
        dio_box sun = {(int)(x - r), (int)(y - r), (int)(2 * r), (int)(2 * r)};
        if (dio_box_meet(p->zone, sun))
            fail_msg("%s: the text zone meets the sun", p->name);
        assert_true(dio_box_holds(p->safe, p->zone));
    }
    dio_arena_destroy(a);
}

/* The lowest contrast of ink with any pixel of the zone. */
static float lowest(const dio_canvas *c, const dio_preset *p, dio_rgb ink)
{
    float worst = 21;
    int step = p->least > 0 ? 2 : 7; /* banners are small */
    for (int y = p->zone.y; y < p->zone.y + p->zone.h; y += step) {
        for (int x = p->zone.x; x < p->zone.x + p->zone.w; x += step) {
            float v[3];
            for (int i = 0; i < 3; i++)
                v[i] = (float)c->plane[i].data[y * c->plane[i].stride + x] / 255;
            float ratio = dio_colour_contrast((dio_rgb){v[0], v[1], v[2]}, ink);
            worst = ratio < worst ? ratio : worst;
        }
    }
    return worst;
}

/* WCAG AA for text of any size, on the pixels as drawn: every palette in every format. */
static void texts_can_be_read_everywhere(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_palettes all;
    int count;
    const char *const *names = dio_preset_names(a, "assets", &count, &err);
    assert_true(dio_palettes_read(a, "assets", &all, &err));
    float worst = 21;
    for (int i = 0; i < count * all.count; i++) {
        const dio_preset *p = dio_preset_read(a, "assets", names[i % count], &err);
        const dio_palette *palette = &all.list[i / count];
        if (!p->composes)
            continue;
        dio_canvas c;
        assert_true(dio_canvas_init(&c, DIO_SPACE_RGB, p->width, p->height, &err));
        dio_ground *g = dio_ground_create(palette, &p->scenery, DIO_SPACE_RGB, p->width, p->height,
                                          (uint64_t)i, &err);
        assert_non_null(g);
        for (int t = 0; t <= 8; t += 8) {
            dio_ground_at(g, t);
            dio_ground_draw(g, &c, 0, p->height);
            float ratio = lowest(&c, p, palette->ink);
            if (ratio < 4.5f)
                print_message("%s on %s after %d s: a contrast of %.2f\n", palette->name, p->name,
                              t, (double)ratio);
            worst = ratio < worst ? ratio : worst;
        }
        dio_ground_destroy(g);
        dio_canvas_deinit(&c);
    }
    print_message("lowest contrast %.2f\n", (double)worst); /* measured 4.74 */
    assert_true(worst >= 4.5f);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_colours_parse),
        cmocka_unit_test(oklab_agrees_with_its_author),
        cmocka_unit_test(planes_are_bt709),
        cmocka_unit_test(contrast_is_wcag),
        cmocka_unit_test(palettes_keep_their_promise),
        cmocka_unit_test(moods_choose_palettes),
        cmocka_unit_test(presets_keep_texts_off_the_sun),
        cmocka_unit_test(texts_can_be_read_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
