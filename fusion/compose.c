/* compose.c: preset, palette and fonts for a step that sets words. */
#include "fusion/compose.h"

#include "vision/image_io.h"

static const dio_value *place_of(const dio_value *with, const char *key)
{
    const dio_value *v = dio_map_get(with, key);
    return v ? v : with;
}

void dio_compose_check(dio_studio *studio, const struct dio_compose *c, const dio_value *with,
                       dio_report *report)
{
    dio_error e = {0};
    if (c->preset && !dio_studio_preset(studio, c->preset, &e))
        dio_report_at(report, place_of(with, "preset"), "preset: %s", e.message);
    dio_error_clear(&e);
    const dio_palettes *palettes = dio_studio_palettes(studio, &e);
    if (!palettes)
        dio_report_add(report, &e);
    else if (c->palette && !dio_palette_choose(palettes, c->palette, "", 0, &e))
        dio_report_at(report, place_of(with, "palette"), "palette: %s", e.message);
}

bool dio_compose_open(dio_task *t, const struct dio_compose *c, struct dio_composing *out,
                      dio_error *err)
{
    *out = (struct dio_composing){0};
    const dio_palettes *palettes = dio_studio_palettes(t->studio, err);
    if (!palettes || !(out->fonts = dio_studio_fonts(t->studio, err)) ||
        !(out->preset = dio_studio_preset(t->studio, c->preset, err)) ||
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
