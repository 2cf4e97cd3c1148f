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
    int width, height, fps, border;
    const dio_value *safe, *panel, *text, *scenery;
    const dio_value *kind[DIO_DELIVERIES];
};

static const dio_field row_fields[] = {
    DIO_FIELD(struct row, title, NULL, 1, 100, "what it is for"),
    DIO_FIELD(struct row, source, NULL, 1, 300, "where the numbers come from"),
    DIO_FIELD(struct row, checked, NULL, 10, 10, "when they were last checked, YYYY-MM-DD"),
    DIO_FIELD(struct row, width, "0", 0, 4096, "pixels; 0: any"),
    DIO_FIELD(struct row, height, "0", 0, 4096, "pixels; 0: any"),
    DIO_FIELD(struct row, fps, "30", 1, 60, "frames a second of films made for it"),
    DIO_FIELD(struct row, border, "0", 0, 8, "pixels of a frame around it"),
    DIO_FIELD(struct row, safe, "", 0, 0, "percent of each edge that buttons cover"),
    DIO_FIELD(struct row, panel, "", 0, 0, "percent kept free around a picture beside the words"),
    DIO_FIELD(struct row, text, "", 0, 0, "where texts go"),
    DIO_FIELD(struct row, scenery, "", 0, 0, "where horizon and sun are"),
    DIO_FIELD_KEY(struct row, kind[DIO_DELIVERY_FILM], "film", "", 0, 0, "limits of films"),
    DIO_FIELD_KEY(struct row, kind[DIO_DELIVERY_PICTURE], "picture", "", 0, 0,
                  "limits of pictures"),
    DIO_FIELD_KEY(struct row, kind[DIO_DELIVERY_SOUND], "sound", "", 0, 0, "limits of sounds"),
    DIO_FIELD_KEY(struct row, kind[DIO_DELIVERY_SHEET], "sheet", "", 0, 0, "limits of sheets"),
    {0},
};

struct edges {
    double top, right, bottom, left;
};

static const dio_field edge_fields[] = {
    DIO_FIELD(struct edges, top, NULL, 0, 95, "percent"),
    DIO_FIELD(struct edges, right, NULL, 0, 95, "percent"),
    DIO_FIELD(struct edges, bottom, NULL, 0, 95, "percent"),
    DIO_FIELD(struct edges, left, NULL, 0, 95, "percent"),
    {0},
};

struct text_row {
    double top, right, bottom, left, rise, headline, gap, least;
    int align, arrange;
    const dio_value *drop;
};

static const char *const aligns[] = {"start", "centre", NULL};
static const char *const arranges[] = {"stack", "row", NULL};
static const char *const droppable[] = {"body", "hashtags", "subline", "product", NULL};
static const dio_field text_fields[] = {
    DIO_FIELD(struct text_row, top, NULL, 0, 90, "percent kept free"),
    DIO_FIELD(struct text_row, right, NULL, 0, 90, "percent kept free"),
    DIO_FIELD(struct text_row, bottom, NULL, 0, 90, "percent kept free"),
    DIO_FIELD(struct text_row, left, NULL, 0, 90, "percent kept free"),
    DIO_FIELD(struct text_row, rise, "0", 0, 1, "0: top of the zone, 1: bottom"),
    DIO_FIELD(struct text_row, headline, NULL, 10, 600, "size of headlines, pixels"),
    DIO_FIELD(struct text_row, gap, "1", 0.2, 2, "room between texts, parts of the usual"),
    DIO_FIELD(struct text_row, least, "0", 0, 100, "no text is smaller, pixels"),
    DIO_FIELD_WORDS(struct text_row, align, "start", aligns, "alignment of lines"),
    DIO_FIELD_WORDS(struct text_row, arrange, "stack", arranges, "the button under or beside"),
    DIO_FIELD(struct text_row, drop, "", 0, 0, "list: what is left out first where room lacks"),
    {0},
};

struct scenery_row {
    double horizon, sun_x, sun_y, sun_r;
};

static const dio_field scenery_fields[] = {
    DIO_FIELD(struct scenery_row, horizon, NULL, 10, 300,
              "percent of the height; above 100: no hills are seen"),
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

static bool read_drop(dio_preset *p, const dio_value *v, dio_arena *a, dio_error *err)
{
    if (!v || v->kind == DIO_NULL)
        return true;
    const int most = sizeof droppable / sizeof *droppable - 1;
    if (v->kind != DIO_LIST || v->list.count > most)
        return dio_value_fail(v, err, "drop: a list of at most %d texts is needed", most);
    const char **list = dio_arena_alloc(a, ((size_t)most + 1) * sizeof *list);
    for (int i = 0; i < v->list.count; i++) {
        const dio_value *item = v->list.items[i];
        int k = 0;
        while (item->kind == DIO_STRING && k < most && strcmp(item->string.text, droppable[k]) != 0)
            k++;
        if (item->kind != DIO_STRING || k == most)
            return dio_value_fail(item, err,
                                  "drop: only body, hashtags, subline and product may be left out");
        list[i] = droppable[k];
    }
    list[v->list.count] = NULL;
    p->drop = list;
    return true;
}

/* Where a picture stands by itself: words keep off it. */
static bool read_panel(dio_preset *p, const struct row *r, dio_arena *a, dio_error *err)
{
    struct edges e;
    if (!r->panel || r->panel->kind == DIO_NULL)
        return true;
    if (!dio_fields_read(edge_fields, &e, r->panel, "panel", DIO_FIELDS_STRICT, a, NULL, NULL, err))
        return false;
    p->panel = inset(r->width, r->height, e.top, e.right, e.bottom, e.left);
    if (p->panel.w < 16 || p->panel.h < 16 || dio_box_meet(p->panel, p->zone))
        return dio_value_fail(r->panel, err, "the panel must lie beside the text zone");
    return true;
}

/* What composing for the placement needs. */
static bool fill_layout(dio_preset *p, const struct row *r, const dio_value *v, dio_arena *a,
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
                         NULL, NULL, err) ||
        !read_drop(p, text.drop, a, err))
        return false;
    if (r->width < 32 || r->height < 32 || r->width % 2 || r->height % 2)
        return dio_value_fail(v, err,
                              "%dx%d: both sides must be even for 4:2:0 film, and 32 at "
                              "least",
                              r->width, r->height);
    p->safe = inset(r->width, r->height, safe.top, safe.right, safe.bottom, safe.left);
    p->zone = inset(r->width, r->height, text.top, text.right, text.bottom, text.left);
    if (p->zone.w < 16 || p->zone.h < 16 || !dio_box_holds(p->safe, p->zone))
        return dio_value_fail(r->text, err, "the text zone must lie inside the safe zone");
    if (!read_panel(p, r, a, err))
        return false;
    p->composes = true;
    p->centred = text.align == 1;
    p->row = text.arrange == 1;
    p->rise = (float)text.rise;
    p->headline = (float)text.headline;
    p->gap = (float)text.gap;
    p->least = (float)text.least;
    p->border = r->border;
    p->scenery = (dio_scenery){(float)scenery.horizon / 100, (float)scenery.sun_x / 100,
                               (float)scenery.sun_y / 100, (float)scenery.sun_r / 100, p->zone};
    return true;
}

static bool fill(dio_preset *p, const struct row *r, const dio_value *v, dio_arena *a,
                 dio_error *err)
{
    int kinds = 0;
    for (int k = 0; k < DIO_DELIVERIES; k++) {
        if (!r->kind[k] || r->kind[k]->kind == DIO_NULL)
            continue;
        kinds++;
        p->limits[k] = dio_limits_read(a, r->kind[k], k, r->width, r->height, err);
        if (!p->limits[k])
            return false;
    }
    if (!kinds)
        return dio_value_fail(v, err,
                              "a preset says what its placement takes: at least one of "
                              "film, picture, sound and sheet is needed");
    if (p->limits[DIO_DELIVERY_FILM]) {
        p->least_seconds = p->limits[DIO_DELIVERY_FILM]->least_seconds;
        p->most_seconds = p->limits[DIO_DELIVERY_FILM]->most_seconds;
    }
    bool composes = dio_map_get(v, "safe") || dio_map_get(v, "text") || dio_map_get(v, "scenery");
    return !composes || fill_layout(p, r, v, a, err);
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
    if (dio_arena_failed(a)) {
        dio_fail_memory(err, "the names of presets");
        return NULL;
    }
    qsort(names, (size_t)*count, sizeof *names, by_name);
    return names;
}

bool dio_preset_is_path(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && strcmp(name + n - 5, ".yaml") == 0;
}

/* Where the preset of that name lies; NULL with the nearest one's name. */
static const char *find(dio_arena *a, const char *assets, const char *name, dio_error *err)
{
    int count;
    if (dio_preset_is_path(name))
        return name;
    const char *const *names = dio_preset_names(a, assets, &count, err);
    if (!names)
        return NULL;
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return dio_path_join(a, assets, dio_arena_printf(a, "presets/%s.yaml", name));
    }
    const char *near = dio_nearest(name, names, count);
    dio_fail(err, "there is no preset \"%.60s\"%s%s%s", name,
             near ? ": did you mean \"" : "; `diorama presets` lists them", near ? near : "",
             near ? "\"?" : "");
    return NULL;
}

/* "films/own.yaml" is called own. */
static const char *called(dio_arena *a, const char *name)
{
    const char *base = dio_preset_is_path(name) ? dio_path_base(name) : name;
    size_t n = strlen(base);
    return dio_arena_strndup(a, base, dio_preset_is_path(name) ? n - 5 : n);
}

const dio_preset *dio_preset_read(dio_arena *a, const char *assets, const char *name,
                                  dio_error *err)
{
    const char *path = find(a, assets, name, err);
    dio_value *v = path ? dio_value_read(a, path, 1 << 16, err) : NULL;
    struct row r;
    if (!v || !dio_fields_read(row_fields, &r, v, "preset", DIO_FIELDS_STRICT, a, NULL, NULL, err))
        return NULL;
    dio_preset *p = dio_arena_alloc(a, sizeof *p);
    *p = (dio_preset){.name = called(a, name),
                      .title = r.title,
                      .source = r.source,
                      .checked = r.checked,
                      .width = r.width,
                      .height = r.height,
                      .fps = r.fps};
    bool ok = fill(p, &r, v, a, err);
    if (ok && dio_arena_failed(a))
        ok = dio_fail_memory(err, path);
    return ok ? p : NULL;
}
