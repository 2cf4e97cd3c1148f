/* check_zone.c: do the texts in the picture stand clear of the placement's own buttons? Where texts
 * stand, the run that made the file wrote into run.json beside it; without that nothing is guessed.
 */
#include <string.h>

#include "base/file.h"
#include "fusion/check_rule.h"

enum { RECORD_LIMIT = 64 << 20 };

static const char *text_of(const dio_value *v, const char *key)
{
    const dio_value *s = dio_map_get(v, key);
    return s && s->kind == DIO_STRING ? s->string.text : "";
}

static const dio_value *list_of(const dio_value *v, const char *key)
{
    static const dio_value none = {.kind = DIO_LIST};
    const dio_value *l = dio_map_get(v, key);
    return l && l->kind == DIO_LIST ? l : &none;
}

static bool number_of(const dio_value *v, const char *key, double *out)
{
    const dio_value *n = dio_map_get(v, key);
    if (!n || (n->kind != DIO_INT && n->kind != DIO_REAL))
        return false;
    *out = n->kind == DIO_INT ? (double)n->integer : n->real;
    return *out > -1e6 && *out < 1e6;
}

/* The output that is this very file: by its hash, since files are renamed and overwritten. */
static const dio_value *output_of(const dio_value *record, const char *hash)
{
    const dio_value *outputs = list_of(record, "outputs");
    for (int i = 0; i < outputs->list.count; i++)
        if (strcmp(text_of(outputs->list.items[i], "sha256"), hash) == 0)
            return outputs->list.items[i];
    return NULL;
}

/* The step that made it, and the boxes that it noted; NULL: it noted none. */
static const dio_value *boxes_of(const dio_value *record, const dio_value *output)
{
    const dio_value *steps = list_of(record, "steps");
    for (int i = 0; i < steps->list.count; i++) {
        const dio_value *step = steps->list.items[i];
        if (strcmp(text_of(step, "run"), text_of(output, "run")) != 0)
            continue;
        const dio_value *notes = dio_map_get(step, "notes");
        const dio_value *boxes = notes ? dio_map_get(notes, "boxes") : NULL;
        return boxes && boxes->kind == DIO_LIST ? boxes : NULL;
    }
    return NULL;
}

/* run.json in the file's folder or, since outputs may lie in folders of the run's, above it. */
static const dio_value *find_boxes(dio_checking *c, const char **why)
{
    dio_error none = {0};
    char hash[DIO_HASH_TEXT];
    const char *dir = dio_path_dir(c->arena, c->job->path);
    *why = "there is no run.json beside it";
    if (!dio_hash_file(c->job->path, hash, &none))
        return NULL;
    for (int up = 0; up < 4; up++, dir = dio_path_join(c->arena, dir, "..")) {
        const char *path = dio_path_join(c->arena, dir, "run.json");
        if (!dio_file_exists(path))
            continue;
        dio_error_clear(&none);
        const dio_value *record = dio_value_read(c->arena, path, RECORD_LIMIT, &none);
        const dio_value *output = record ? output_of(record, hash) : NULL;
        const dio_value *boxes = output ? boxes_of(record, output) : NULL;
        *why = !record   ? "the run.json beside it cannot be read"
               : !output ? "the run.json beside it speaks of other files"
                         : "the step that made it noted no texts";
        return boxes;
    }
    return NULL;
}

/* Boxes are of the preset's size; a film scaled down keeps its shape. */
static bool read_box(const dio_checking *c, const dio_value *v, dio_box *out)
{
    double x, y, w, h;
    if (!number_of(v, "x", &x) || !number_of(v, "y", &y) || !number_of(v, "w", &w) ||
        !number_of(v, "h", &h) || !c->facts->width)
        return false;
    double scale = (double)c->preset->width / c->facts->width;
    *out = (dio_box){(int)(x * scale), (int)(y * scale), (int)(w * scale), (int)(h * scale)};
    return true;
}

static const char *when(const dio_checking *c, const dio_value *v)
{
    double from, to;
    if (!number_of(v, "from", &from) || !number_of(v, "to", &to))
        return "";
    return dio_arena_printf(c->arena, " (%.1f to %.1f s)", from, to);
}

static void check_box(dio_checking *c, const dio_value *v)
{
    dio_box box;
    const dio_limits *l = c->limits;
    if (!read_box(c, v, &box))
        return;
    bool covered = false;
    for (int i = 0; i < l->interfaces; i++) {
        if (!dio_box_meet(box, l->interface[i].box))
            continue;
        covered = true;
        dio_check_breaks(c, "%s at %d,%d %dx%d%s is covered by %s", text_of(v, "text"), box.x,
                         box.y, box.w, box.h, when(c, v), l->interface[i].what);
    }
    if (!covered && c->preset->composes && !dio_box_holds(c->preset->safe, box))
        dio_check_breaks(c, "%s at %d,%d %dx%d%s leaves the safe zone", text_of(v, "text"), box.x,
                         box.y, box.w, box.h, when(c, v));
}

static void check_zone(dio_checking *c)
{
    const char *why;
    bool zones = c->limits && c->preset->width &&
                 (c->limits->interfaces > 0 || c->preset->composes) &&
                 c->facts->kind != DIO_DELIVERY_SOUND;
    if (!zones)
        return;
    const dio_value *boxes = find_boxes(c, &why);
    if (!boxes)
        dio_check_notes(c, "where its texts stand is not known: %s", why);
    for (int i = 0; boxes && i < boxes->list.count; i++)
        check_box(c, boxes->list.items[i]);
}

const dio_check_rule dio_check_rule_text_zone = {
    "text-zone", "texts clear of the placement's own buttons", check_zone};
