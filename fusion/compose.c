/* compose.c: preset, palette and fonts for a step that sets words. */
#include "fusion/compose.h"

#include "vision/image_io.h"

static const dio_value *place_of(const dio_value *with, const char *key)
{
    const dio_value *v = dio_map_get(with, key);
    return v ? v : with;
}

/* A preset that has what composing needs. */
static const dio_preset *that_composes(const dio_preset *p, dio_error *err)
{
    if (!p || p->composes)
        return p;
    dio_fail(err, "%s is no format to compose for: its file says nothing of safe, text and scenery",
             p->name);
    return NULL;
}

const dio_preset *dio_compose_check(dio_studio *studio, const struct dio_compose *c,
                                    const dio_value *with, dio_report *report)
{
    dio_error e = {0};
    const char *name = c->preset;
    if (name && dio_preset_is_path(name))
        name = dio_check_file(report, name, &e);
    const dio_preset *preset = name ? dio_studio_preset(studio, name, &e) : NULL;
    preset = that_composes(preset, &e);
    if (c->preset && !preset)
        dio_report_error(report, place_of(with, "preset"), "preset", &e);
    dio_error_clear(&e);
    const dio_palettes *palettes = dio_studio_palettes(studio, &e);
    if (!palettes)
        dio_report_add(report, &e);
    else if (c->palette && !dio_palette_choose(palettes, c->palette, "", 0, &e))
        dio_report_error(report, place_of(with, "palette"), "palette", &e);
    return preset;
}

bool dio_compose_open(dio_task *t, const struct dio_compose *c, struct dio_composing *out,
                      dio_error *err)
{
    *out = (struct dio_composing){0};
    const dio_palettes *palettes = dio_studio_palettes(t->studio, err);
    const char *preset =
        dio_preset_is_path(c->preset) ? dio_task_file(t, c->preset, err) : c->preset;
    if (!palettes || !preset || !(out->fonts = dio_studio_fonts(t->studio, err)) ||
        !(out->preset = that_composes(dio_studio_preset(t->studio, preset, err), err)) ||
        !(out->palette = dio_palette_choose(palettes, c->palette, c->mood, t->seed, err)))
        return false;
    out->words = (dio_words){.product = c->product,
                             .headline = c->headline,
                             .subline = c->subline,
                             .body = c->body,
                             .cta = c->cta,
                             .hashtags = c->hashtags};
    const char *hero = *c->hero ? dio_task_file(t, c->hero, err) : NULL;
    if (*c->hero && (!hero || !(out->words.hero = dio_image_read(hero, err))))
        return dio_error_prefix(err, "hero");
    dio_task_note(t, "palette", dio_value_string(t->arena, out->palette->name));
    return true;
}

void dio_compose_close(struct dio_composing *c)
{
    dio_image_unref(c->words.hero);
    c->words.hero = NULL;
}

dio_value *dio_compose_box(dio_arena *a, const char *name, const dio_box *box, double first,
                           double last)
{
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "text", dio_value_string(a, name));
    dio_map_set(a, v, "x", dio_value_int(a, box->x));
    dio_map_set(a, v, "y", dio_value_int(a, box->y));
    dio_map_set(a, v, "w", dio_value_int(a, box->w));
    dio_map_set(a, v, "h", dio_value_int(a, box->h));
    if (last > first) {
        dio_map_set(a, v, "from", dio_value_real(a, first));
        dio_map_set(a, v, "to", dio_value_real(a, last));
    }
    return v;
}

dio_image *dio_compose_picture(const dio_canvas *c, dio_error *err)
{
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    dio_image *image = dio_image_create(c->w, c->h, &form, err);
    for (int y = 0; image && y < c->h; y++) {
        uint8_t *row = dio_image_row(image, y);
        for (int p = 0; p < 3; p++)
            for (int x = 0; x < c->w; x++)
                row[3 * x + p] = c->plane[p].data[(ptrdiff_t)y * c->plane[p].stride + x];
    }
    return image;
}
