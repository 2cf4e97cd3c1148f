/* preset.c: reads assets/presets. Percentages become pixels here and nowhere else. */
#include "fusion/preset.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/field.h"
#include "base/file.h"
#include "base/value.h"

enum { MOST_PRESETS = 256 };

struct row {
    const char *title, *source, *checked;
    int width, height, fps;
    double least_seconds, most_seconds;
    const dio_value *safe, *text, *scenery;
};

static const dio_field row_fields[] = {
    DIO_FIELD(struct row, title, NULL, 1, 100, "what it is for"),
    DIO_FIELD(struct row, source, NULL, 1, 300, "where the numbers come from"),
    DIO_FIELD(struct row, checked, NULL, 10, 10, "when they were last checked, YYYY-MM-DD"),
    DIO_FIELD(struct row, width, NULL, 64, 4096, "pixels"),
    DIO_FIELD(struct row, height, NULL, 64, 4096, "pixels"),
    DIO_FIELD(struct row, fps, "30", 1, 60, "frames a second"),
    DIO_FIELD(struct row, least_seconds, "1", 0.1, 3600, "shortest film"),
    DIO_FIELD(struct row, most_seconds, "60", 0.1, 3600, "longest film"),
    DIO_FIELD(struct row, safe, NULL, 0, 0, "percent of each edge that buttons cover"),
    DIO_FIELD(struct row, text, NULL, 0, 0, "where texts go"),
    DIO_FIELD(struct row, scenery, NULL, 0, 0, "where horizon and sun are"),
    {0},
};

struct edges {
    double top, right, bottom, left;
};

static const dio_field edge_fields[] = {
    DIO_FIELD(struct edges, top, NULL, 0, 90, "percent"),
    DIO_FIELD(struct edges, right, NULL, 0, 90, "percent"),
    DIO_FIELD(struct edges, bottom, NULL, 0, 90, "percent"),
    DIO_FIELD(struct edges, left, NULL, 0, 90, "percent"),
    {0},
};

struct text_row {
    double top, right, bottom, left, rise, headline;
    int align;
};

static const char *const aligns[] = {"start", "centre", NULL};
static const dio_field text_fields[] = {
    DIO_FIELD(struct text_row, top, NULL, 0, 90, "percent kept free"),
    DIO_FIELD(struct text_row, right, NULL, 0, 90, "percent kept free"),
    DIO_FIELD(struct text_row, bottom, NULL, 0, 90, "percent kept free"),
    DIO_FIELD(struct text_row, left, NULL, 0, 90, "percent kept free"),
    DIO_FIELD(struct text_row, rise, "0", 0, 1, "0: top of the zone, 1: bottom"),
    DIO_FIELD(struct text_row, headline, NULL, 16, 600, "size of headlines, pixels"),
    DIO_FIELD_WORDS(struct text_row, align, "start", aligns, "alignment of lines"),
    {0},
};

struct scenery_row {
    double horizon, sun_x, sun_y, sun_r;
};

static const dio_field scenery_fields[] = {
    DIO_FIELD(struct scenery_row, horizon, NULL, 10, 95, "percent of the height"),
    DIO_FIELD(struct scenery_row, sun_x, NULL, 0, 100, "percent of the width"),
    DIO_FIELD(struct scenery_row, sun_y, NULL, 0, 100, "percent of the height"),
    DIO_FIELD(struct scenery_row, sun_r, NULL, 1, 60, "percent of the shorter side"),
    {0},
};

/* Inwards to whole pixels, so that a box inside is inside. */
static dio_box inset(int w, int h, double top, double right, double bottom, double left)
{
    int x = (int)ceil(w * left / 100), y = (int)ceil(h * top / 100);
    return (dio_box){x, y, (int)floor(w * (1 - right / 100)) - x,
                     (int)floor(h * (1 - bottom / 100)) - y};
}

static bool fill(dio_preset *p, const struct row *r, const dio_value *v, dio_arena *a,
                 dio_error *err)
{
    struct edges safe;
    struct text_row text;
    struct scenery_row scenery;
    if (!dio_fields_read(edge_fields, &safe, r->safe, "safe", DIO_FIELDS_STRICT, a, NULL, NULL,
                         err) ||
        !dio_fields_read(text_fields, &text, r->text, "text", DIO_FIELDS_STRICT, a, NULL, NULL,
                         err) ||
        !dio_fields_read(scenery_fields, &scenery, r->scenery, "scenery", DIO_FIELDS_STRICT, a,
                         NULL, NULL, err))
        return false;
    if (r->width % 2 || r->height % 2)
        return dio_value_fail(v, err, "%dx%d: both sides must be even for 4:2:0 film", r->width,
                              r->height);
    p->safe = inset(r->width, r->height, safe.top, safe.right, safe.bottom, safe.left);
    p->zone = inset(r->width, r->height, text.top, text.right, text.bottom, text.left);
    if (p->zone.w < 32 || p->zone.h < 32 || !dio_box_holds(p->safe, p->zone))
        return dio_value_fail(r->text, err, "the text zone must lie inside the safe zone");
    p->centred = text.align == 1;
    p->rise = (float)text.rise;
    p->headline = (float)text.headline;
    p->scenery = (dio_scenery){(float)scenery.horizon / 100, (float)scenery.sun_x / 100,
                               (float)scenery.sun_y / 100, (float)scenery.sun_r / 100, p->zone};
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *dio_preset_names(dio_arena *a, const char *assets, int *count, dio_error *err)
{
    const char *path = dio_path_join(a, assets, "presets");
    DIR *dir = opendir(path);
    if (!dir) {
        dio_fail(err, "%s: the folder of presets cannot be read", path);
        return NULL;
    }
    const char **names = dio_arena_alloc(a, (MOST_PRESETS + 1) * sizeof *names);
    *count = 0;
    for (struct dirent *e; *count < MOST_PRESETS && (e = readdir(dir));) {
        size_t n = strlen(e->d_name);
        if (n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0)
            names[(*count)++] = dio_arena_strndup(a, e->d_name, n - 5);
    }
    closedir(dir);
    qsort(names, (size_t)*count, sizeof *names, by_name);
    return names;
}

const dio_preset *dio_preset_read(dio_arena *a, const char *assets, const char *name,
                                  dio_error *err)
{
    int count;
    const char *const *names = dio_preset_names(a, assets, &count, err);
    if (!names)
        return NULL;
    bool known = false;
    for (int i = 0; i < count; i++)
        known = known || strcmp(names[i], name) == 0;
    if (!known) {
        const char *near = dio_nearest(name, names, count);
        dio_fail(err, "there is no preset \"%.60s\"%s%s%s", name,
                 near ? ": did you mean \"" : "; `diorama presets` lists them", near ? near : "",
                 near ? "\"?" : "");
        return NULL;
    }
    const char *path = dio_path_join(a, assets, dio_arena_printf(a, "presets/%s.yaml", name));
    dio_value *v = dio_value_read(a, path, 1 << 16, err);
    struct row r;
    dio_preset *p = dio_arena_alloc(a, sizeof *p);
    if (!v || !dio_fields_read(row_fields, &r, v, "preset", DIO_FIELDS_STRICT, a, NULL, NULL, err))
        return NULL;
    *p = (dio_preset){.name = dio_arena_strdup(a, name),
                      .title = r.title,
                      .source = r.source,
                      .checked = r.checked,
                      .width = r.width,
                      .height = r.height,
                      .fps = r.fps,
                      .least_seconds = r.least_seconds,
                      .most_seconds = r.most_seconds};
    return fill(p, &r, v, a, err) ? p : NULL;
}
