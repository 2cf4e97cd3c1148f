/* palette.c: reads assets/palettes.yaml and picks. */
#include "fusion/palette.h"

#include <string.h>

#include "base/field.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/value.h"

enum { MOST = 64, WORDS = 200 };
static const uint64_t stream_palette = 0x70616c6574746501; /* keeps this choice apart from others */

struct row {
    const char *name, *moods, *deep, *mid, *glow, *sun_top, *sun_bottom, *far, *middle, *near;
    const char *ink, *accent, *on_accent;
};

#define COLOUR(member, doc) DIO_FIELD(struct row, member, NULL, 7, 7, doc)
static const dio_field fields[] = {
    DIO_FIELD(struct row, name, NULL, 1, 40, "its name"),
    DIO_FIELD(struct row, moods, NULL, 1, 200, "words that call for it"),
    COLOUR(deep, "top of the sky"),
    COLOUR(mid, "middle of the sky"),
    COLOUR(glow, "horizon and around the sun"),
    COLOUR(sun_top, "top of the sun"),
    COLOUR(sun_bottom, "bottom of the sun"),
    COLOUR(far, "far hills"),
    COLOUR(middle, "middle hills"),
    COLOUR(near, "near hills"),
    COLOUR(ink, "text"),
    COLOUR(accent, "button"),
    COLOUR(on_accent, "text on the button"),
    {0},
};
#undef COLOUR

static bool read_row(dio_arena *a, const dio_value *v, dio_palette *out, dio_error *err)
{
    struct row r;
    if (!dio_fields_read(fields, &r, v, "palette", DIO_FIELDS_STRICT, a, NULL, NULL, err))
        return false;
    *out = (dio_palette){.name = r.name, .moods = r.moods};
    const struct {
        const char *text;
        dio_rgb *to;
    } colours[] = {
        {r.deep, &out->deep},
        {r.mid, &out->mid},
        {r.glow, &out->glow},
        {r.sun_top, &out->sun_top},
        {r.sun_bottom, &out->sun_bottom},
        {r.far, &out->hill[0]},
        {r.middle, &out->hill[1]},
        {r.near, &out->hill[2]},
        {r.ink, &out->ink},
        {r.accent, &out->accent},
        {r.on_accent, &out->on_accent},
    };
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
        if (!dio_colour_parse(colours[i].text, colours[i].to, err))
            return dio_error_at(err, v->file, v->line, v->column);
    }
    return true;
}

bool dio_palettes_read(dio_arena *a, const char *assets, dio_palettes *out, dio_error *err)
{
    dio_value *v = dio_value_read(a, dio_path_join(a, assets, "palettes.yaml"), 1 << 18, err);
    if (!v)
        return false;
    if (v->kind != DIO_LIST || v->list.count < 1 || v->list.count > MOST)
        return dio_value_fail(v, err, "expected a list of 1 to %d palettes", MOST);
    dio_palette *list = dio_arena_alloc(a, (size_t)v->list.count * sizeof *list);
    for (int i = 0; i < v->list.count; i++) {
        if (!read_row(a, v->list.items[i], &list[i], err))
            return false;
    }
    *out = (dio_palettes){list, v->list.count};
    return true;
}

/* Is one of the words of `text` among those of `list`? Both in lower case, split at spaces. */
static bool share_word(const char *list, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, " ,;-");
        for (const char *p = list; n > 0 && *p; p += strcspn(p, " "), p += strspn(p, " ")) {
            if (strcspn(p, " ") == n && strncmp(p, text, n) == 0)
                return true;
        }
        text += n;
        text += strspn(text, " ,;-");
    }
    return false;
}

const dio_palette *dio_palette_choose(const dio_palettes *p, const char *name, const char *mood,
                                      uint64_t seed, dio_error *err)
{
    const char *names[MOST + 1];
    int fit[MOST], fits = 0;
    for (int i = 0; i < p->count; i++) {
        names[i] = p->list[i].name;
        if (strcmp(name, names[i]) == 0)
            return &p->list[i];
        if (share_word(p->list[i].moods, mood))
            fit[fits++] = i;
    }
    names[p->count] = "auto";
    if (strcmp(name, "auto") != 0) {
        const char *near = dio_nearest(name, names, p->count + 1);
        dio_fail(err, "there is no palette \"%.60s\"%s%s%s", name,
                 near ? ": did you mean \"" : "; see assets/palettes.yaml", near ? near : "",
                 near ? "\"?" : "");
        return NULL;
    }
    uint32_t n = (uint32_t)(fits ? fits : p->count);
    uint32_t pick = dio_below(seed, stream_palette, 0, n);
    return &p->list[fits ? fit[pick] : (int)pick];
}
