/* include.c: steps that use a pipeline file: `uses: ./voice.yaml`.
 *
 * The file's steps join the list of all steps under the including step's name, "voice/copy", when
 * it is read. From there on there is one graph: order, cache, ledger and plan know nothing of
 * files. What is left of the including step are its inputs, its condition and its outputs' names
 * (part.c). A file keeps to its folder: what it names lies there, as when it is rendered alone. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fusion/pipeline.h"

enum { PARTS = 64, DEPTH = 8, BYTES = 4 * DIO_PIPELINE_BYTES };

bool dio_include_is(const char *uses)
{
    const char *dot = strrchr(uses, '.');
    return *uses == '.' || *uses == '/' ||
           (dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0));
}

/* Where a file really lies, so that it is known under every name. */
static const char *real_path(dio_arena *a, const char *path)
{
    char real[PATH_MAX];
    return dio_arena_strdup(a, realpath(path, real) ? real : path);
}

/* The part for a step (NULL: the pipeline's own file), not yet read. */
static dio_part *add_part(dio_pipeline *p, const dio_part *parent, const dio_stage *step)
{
    dio_part *part = dio_arena_alloc(p->arena, sizeof *part);
    if (!dio_arena_grow(p->arena, &p->parts, p->part_count, &p->part_cap, sizeof *p->parts))
        return NULL;
    *part = (dio_part){.parent = parent, .index = p->part_count, .id = "", .local = "", .uses = ""};
    if (parent) {
        part->depth = parent->depth + 1;
        part->id = step->id;
        part->local = step->local;
        part->uses = step->row.uses;
        part->place = step->place;
        part->with = step->row.with;
        part->condition = step->row.condition;
        part->needs = step->row.needs;
    }
    p->parts[p->part_count++] = part;
    return part;
}

bool dio_part_open(dio_pipeline *p, dio_error *err)
{
    dio_part *own = add_part(p, NULL, NULL);
    if (!own || !dio_report_file_add(&p->report, p->path, NULL))
        return dio_fail_memory(err, "a pipeline");
    own->path = p->path;
    own->dir = p->dir;
    own->real = real_path(p->arena, p->path);
    return true;
}

/* ---- reading ---- */

static void check_row(dio_pipeline *p, const dio_stage *n)
{
    static const char *const keys[] = {"matrix", "candidates", "rank", "review"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const dio_value *v = dio_map_get(n->place, keys[i]);
        if (v)
            dio_report_at(&p->report, v,
                          "%s: an included file runs once; write %s at the steps in it", keys[i],
                          keys[i]);
    }
}

/* "a.yaml -> b.yaml -> a.yaml"; NULL: the file is not on its way to itself. */
static const char *circle(const dio_pipeline *p, const dio_part *mine)
{
    const dio_part *at = mine->parent;
    const char *text = mine->path;
    for (; at && strcmp(at->real, mine->real) != 0; at = at->parent)
        text = dio_arena_printf(p->arena, "%s -> %s", at->path, text);
    return at ? dio_arena_printf(p->arena, "%s -> %s", at->path, text) : NULL;
}

/* A file that was read before is not read again: its values are never changed. */
static const dio_value *known_root(const dio_pipeline *p, const dio_part *mine)
{
    for (int i = 0; i < mine->index; i++)
        if (p->parts[i]->root && strcmp(p->parts[i]->path, mine->path) == 0)
            return p->parts[i]->root;
    return NULL;
}

static bool load(dio_pipeline *p, dio_part *mine, dio_error *err)
{
    size_t length;
    if ((mine->root = known_root(p, mine)))
        return true;
    const char *text = dio_file_read(p->arena, mine->path, DIO_PIPELINE_BYTES, &length, err);
    if (!text)
        return dio_error_prefix(err, "uses");
    p->part_bytes += length;
    if (p->part_bytes > BYTES)
        return dio_fail(err,
                        "uses: with this file the included ones have %zu bytes; the most is %d",
                        p->part_bytes, BYTES);
    if (!dio_report_file_add(&p->report, mine->path, text))
        return dio_fail_memory(err, mine->path);
    mine->root = dio_yaml_parse(p->arena, mine->path, text, length, err);
    return mine->root != NULL;
}

/* Finds, bounds and loads the file. */
static bool open_file(dio_pipeline *p, dio_part *mine, dio_error *err)
{
    if (strncmp(mine->uses, "./", 2) != 0 && mine->uses[0] != '.' && mine->uses[0] != '/')
        return dio_fail(err, "uses: a pipeline file beside this one is written ./%.200s",
                        mine->uses);
    mine->path = dio_path_confine(p->arena, mine->parent->dir, mine->uses, err);
    if (!mine->path)
        return dio_error_prefix(err, "uses");
    mine->dir = dio_path_dir(p->arena, mine->path);
    mine->real = real_path(p->arena, mine->path);
    const char *round = circle(p, mine);
    if (round)
        return dio_fail(err, "uses: files include each other in a circle: %s", round);
    if (mine->depth > DEPTH)
        return dio_fail(err, "uses: files are included more than %d deep", DEPTH);
    return load(p, mine, err);
}

/* What stands under `with` against what the file asks for. */
static void check_with(dio_pipeline *p, const dio_part *mine)
{
    const char *names[256];
    int n = 0;
    for (; n < mine->input_count && n < 256; n++)
        names[n] = mine->inputs[n].name;
    for (int i = 0; mine->with && i < mine->with->map.count; i++) {
        const dio_value *key = mine->with->map.keys[i];
        bool known = strncmp(key->string.text, "x-", 2) == 0;
        for (int k = 0; k < n && !known; k++)
            known = strcmp(names[k], key->string.text) == 0;
        const char *near = known ? NULL : dio_nearest(key->string.text, names, n);
        if (!known)
            dio_report_at(&p->report, key, "%s has no input \"%.60s\"%s%s%s", mine->uses,
                          key->string.text, near ? ": did you mean \"" : "", near ? near : "",
                          near ? "\"?" : "");
    }
    for (int i = 0; i < mine->input_count; i++) {
        const dio_pipeline_input *in = &mine->inputs[i];
        const dio_value *given = mine->with ? dio_map_get(mine->with, in->name) : NULL;
        bool absent = (!given || given->kind == DIO_NULL) &&
                      (!in->row.fallback || in->row.fallback->kind == DIO_NULL);
        if (absent && in->row.required && !in->broken)
            dio_report_at(&p->report, mine->place,
                          "input \"%s\" of %s is required: give it under with:", in->name,
                          mine->uses);
    }
}

void dio_include_read(dio_pipeline *p, const dio_part *parent, const dio_stage *step)
{
    const dio_value *uses = dio_map_get(step->place, "uses");
    dio_error e = {0};
    dio_part *mine = p->part_count > PARTS ? NULL : add_part(p, parent, step);
    check_row(p, step);
    if (!mine) {
        if (!p->parts_over)
            dio_report_at(&p->report, uses, "uses: more than %d files are included", PARTS);
        p->parts_over = true;
        return;
    }
    if (open_file(p, mine, &e)) {
        dio_part_read(p, mine);
        check_with(p, mine);
        return;
    }
    mine->broken = true;
    mine->path = mine->path ? mine->path : "";
    if (!e.line)
        dio_error_at(&e, uses->file, uses->line, uses->column);
    dio_report_add(&p->report, &e);
}

/* ---- all files as one text ---- */

const char *dio_pipeline_text(const dio_pipeline *p, dio_arena *a)
{
    const dio_report *r = &p->report;
    dio_str s = {0};
    dio_str_puts(&s, p->source ? p->source : "");
    for (int i = 1; i < r->file_count; i++)
        dio_str_printf(&s, "%s---\n# %s\n%s", s.length && s.text[s.length - 1] == '\n' ? "" : "\n",
                       r->files[i].name + strlen(p->dir) + 1, r->files[i].source);
    char *text = s.failed ? NULL : dio_arena_strndup(a, s.text, s.length);
    dio_str_deinit(&s);
    return text ? text : "";
}
