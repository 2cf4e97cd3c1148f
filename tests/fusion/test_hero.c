/* test_hero.c: whatever picture lies behind them, words can be read: at least 4.5:1 against the ink
 * at every pixel where they may stand, in every format, in every palette, at rest and far into the
 * drift. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fusion/hero.h"

struct fixture {
    dio_arena *arena;
    dio_palettes palettes;
    const char *const *presets;
    int n_presets;
};

/* The presets whose pictures stand behind the words. */
static const char *const *behind(dio_arena *a, int *n)
{
    dio_error err = {0};
    int count;
    const char *const *names = dio_preset_names(a, "assets", &count, &err);
    const char **list = dio_arena_alloc(a, (size_t)count * sizeof *list);
    *n = 0;
    for (int i = 0; i < count; i++) {
        const dio_preset *p = dio_preset_read(a, "assets", names[i], &err);
        if (!p)
            fail_msg("%s: %s", names[i], err.message);
        if (p->composes && !p->panel.w)
            list[(*n)++] = names[i];
    }
    return list;
}

static int setup(void **state)
{
    static struct fixture f;
    dio_error err = {0};
    f.arena = dio_arena_create();
    f.presets = behind(f.arena, &f.n_presets);
    if (!dio_palettes_read(f.arena, "assets", &f.palettes, &err))
        fail_msg("%s", err.message);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    dio_arena_destroy(((struct fixture *)*state)->arena);
    return 0;
}

/* Pictures that are hard on words: a chessboard, ramps, noise, all white, all black. */
static dio_image *picture(int kind)
{
    dio_error err = {0};
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    dio_image *image = dio_image_create(96, 64, &form, &err);
    assert_non_null(image);
    for (int y = 0; y < 64; y++) {
        uint8_t *row = dio_image_row(image, y);
        for (int i = 0; i < 96 * 3; i++) {
            int x = i / 3;
            const int v[] = {(x / 8 + y / 8) % 2 * 255, x * 255 / 95,
                             (int)(dio_uniform(5, (uint64_t)y, (uint64_t)i) * 255), 255, 0};
            row[i] = (uint8_t)v[kind];
        }
    }
    return image;
}

static float contrast_at(const dio_canvas *c, int x, int y, dio_rgb ink)
{
    dio_rgb p = {(float)c->plane[0].data[y * c->plane[0].stride + x] / 255,
                 (float)c->plane[1].data[y * c->plane[1].stride + x] / 255,
                 (float)c->plane[2].data[y * c->plane[2].stride + x] / 255};
    return dio_colour_contrast(p, ink);
}

static void check_zone(const struct fixture *f, const char *name, const dio_palette *palette,
                       int kind)
{
    dio_error err = {0};
    const dio_preset *preset = dio_preset_read(f->arena, "assets", name, &err);
    dio_image *image = picture(kind);
    dio_canvas c;
    assert_true(preset && dio_canvas_init(&c, DIO_SPACE_RGB, preset->width, preset->height, &err));
    dio_hero *h = dio_hero_create(image, preset, palette, DIO_SPACE_RGB, &err);
    if (!h)
        fail_msg("%s", err.message);
    assert_true(dio_hero_covers(h));
    for (double at = 0; at < 13; at += 12.1) {
        float worst = 21;
        dio_hero_draw(h, at, &c, 0, c.h);
        const dio_box *z = &preset->zone;
        for (int y = z->y; y < z->y + z->h; y += 3)
            for (int x = z->x; x < z->x + z->w; x += 3) {
                float contrast = contrast_at(&c, x, y, palette->ink);
                worst = contrast < worst ? contrast : worst;
            }
        if (worst < 4.5f)
            fail_msg("%s, %s, picture %d, second %g: contrast %g", name, palette->name, kind, at,
                     (double)worst);
    }
    dio_hero_destroy(h);
    dio_canvas_deinit(&c);
    dio_image_unref(image);
}

static void words_can_be_read(void **state)
{
    const struct fixture *f = *state;
    for (int i = 0; i < 2 * f->palettes.count; i++)
        check_zone(f, f->presets[i % f->n_presets], &f->palettes.list[i % f->palettes.count],
                   i % 5);
}

/* Far from the words the picture is as it was. */
static void the_rest_is_left_alone(void **state)
{
    const struct fixture *f = *state;
    dio_error err = {0};
    const dio_preset *preset = dio_preset_read(f->arena, "assets", "reels-9x16", &err);
    dio_image *image = picture(3);
    dio_canvas c;
    assert_true(dio_canvas_init(&c, DIO_SPACE_RGB, preset->width, preset->height, &err));
    dio_hero *h = dio_hero_create(image, preset, &f->palettes.list[0], DIO_SPACE_RGB, &err);
    dio_hero_draw(h, 0, &c, 0, c.h);
    for (int x = 0; x < c.w; x++)
        assert_int_equal(c.plane[0].data[(c.h - 1) * c.plane[0].stride + x], 255);
    dio_hero_destroy(h);
    dio_canvas_deinit(&c);
    dio_image_unref(image);
}

/* A cut-out never reaches the words, and bands of rows give what the whole gives. */
static void a_cut_out_keeps_off_the_words(void **state)
{
    const struct fixture *f = *state;
    dio_error err = {0};
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};
    for (int i = 0; i < f->n_presets; i++) {
        const dio_preset *preset = dio_preset_read(f->arena, "assets", f->presets[i], &err);
        dio_image *image = dio_image_create(64, 64, &form, &err);
        memset(dio_image_row(image, 8), 0xff, 48 * dio_image_row_bytes(image));
        dio_canvas whole, bands;
        assert_true(dio_canvas_init(&whole, DIO_SPACE_BT709, preset->width, preset->height, &err));
        assert_true(dio_canvas_init(&bands, DIO_SPACE_BT709, preset->width, preset->height, &err));
        dio_hero *h = dio_hero_create(image, preset, &f->palettes.list[0], DIO_SPACE_BT709, &err);
        assert_non_null(h);
        assert_false(dio_hero_covers(h));
        dio_hero_draw(h, 1.3, &whole, 0, whole.h);
        for (int y = 0; y < bands.h; y += 32)
            dio_hero_draw(h, 1.3, &bands, y, y + 32 < bands.h ? y + 32 : bands.h);
        const dio_plane *p = &whole.plane[0];
        int lit = 0;
        for (int y = 0; y < p->h; y++)
            for (int x = 0; x < p->w; x++) {
                const dio_box *z = &preset->zone;
                bool within = x >= z->x && x < z->x + z->w && y >= z->y && y < z->y + z->h;
                uint8_t v = p->data[y * p->stride + x];
                assert_true(!within || v == 0);
                assert_int_equal(v, bands.plane[0].data[y * p->stride + x]);
                lit += v > 0;
            }
        assert_true(lit > p->w * p->h / 100);
        dio_hero_destroy(h);
        dio_canvas_deinit(&whole);
        dio_canvas_deinit(&bands);
        dio_image_unref(image);
    }
}

/* How much clear there is around a cut-out does not matter. */
static void clear_margins_are_cut(void **state)
{
    const struct fixture *f = *state;
    dio_error err = {0};
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};
    const dio_preset *preset = dio_preset_read(f->arena, "assets", "feed-4x5", &err);
    dio_image *wide = dio_image_create(64, 48, &form, &err);
    for (int y = 5; y < 21; y++)
        memset((uint8_t *)dio_image_row(wide, y) + 4 * 40, 0xfe, 4 * 8);
    dio_image *tight = dio_image_crop(wide, 40, 5, 8, 16, &err);
    dio_canvas c[2];
    for (int i = 0; i < 2; i++) {
        assert_true(dio_canvas_init(&c[i], DIO_SPACE_RGB, preset->width, preset->height, &err));
        dio_hero *h =
            dio_hero_create(i ? tight : wide, preset, &f->palettes.list[0], DIO_SPACE_RGB, &err);
        assert_non_null(h);
        dio_hero_draw(h, 0, &c[i], 0, c[i].h);
        dio_hero_destroy(h);
    }
    const dio_plane *p = &c[0].plane[0], *q = &c[1].plane[0];
    for (int y = 0; y < p->h; y++)
        assert_memory_equal(p->data + y * p->stride, q->data + y * q->stride, (size_t)p->w);
    dio_canvas_deinit(&c[0]);
    dio_canvas_deinit(&c[1]);
    dio_image_unref(tight);
    dio_image_unref(wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_can_be_read),
        cmocka_unit_test(the_rest_is_left_alone),
        cmocka_unit_test(a_cut_out_keeps_off_the_words),
        cmocka_unit_test(clear_margins_are_cut),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
