/* studio.c: opened when asked for. A failure is not remembered: the next step that asks hears the
 * same sentence again, which is the cheapest way to tell it. */
#include "fusion/studio.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    const dio_preset *preset;
    struct entry *next;
};

struct dio_studio {
    dio_arena *arena;
    const char *assets;
    dio_fonts *fonts;
    dio_palettes palettes;
    struct entry *presets;
};

dio_studio *dio_studio_create(const char *assets, dio_error *err)
{
    dio_studio *s = calloc(1, sizeof *s);
    if (s && !(s->arena = dio_arena_create())) {
        free(s);
        s = NULL;
    }
    if (!s) {
        dio_fail_memory(err, "a studio");
        return NULL;
    }
    s->assets = dio_arena_strdup(s->arena, assets);
    return s;
}

void dio_studio_destroy(dio_studio *s)
{
    if (!s)
        return;
    dio_fonts_close(s->fonts);
    dio_arena_destroy(s->arena);
    free(s);
}

const char *dio_studio_assets(const dio_studio *s)
{
    return s->assets;
}

dio_fonts *dio_studio_fonts(dio_studio *s, dio_error *err)
{
    if (!s->fonts)
        s->fonts = dio_fonts_open(s->assets, err);
    return s->fonts;
}

const dio_palettes *dio_studio_palettes(dio_studio *s, dio_error *err)
{
    if (!s->palettes.list && !dio_palettes_read(s->arena, s->assets, &s->palettes, err))
        return NULL;
    return &s->palettes;
}

const dio_preset *dio_studio_preset(dio_studio *s, const char *name, dio_error *err)
{
    for (const struct entry *e = s->presets; e; e = e->next) {
        if (strcmp(e->preset->name, name) == 0)
            return e->preset;
    }
    const dio_preset *preset = dio_preset_read(s->arena, s->assets, name, err);
    if (!preset)
        return NULL;
    struct entry *e = dio_arena_alloc(s->arena, sizeof *e);
    *e = (struct entry){preset, s->presets};
    s->presets = e;
    return preset;
}
