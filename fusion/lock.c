/* lock.c: OUT/diorama.lock: which models, by content, and which versions of step types made what
 * stands in the folder, with the seed and every run of the matrices. It holds no time and no place,
 * so that the same run writes the same bytes. `render --locked` holds a run to it: all that can be
 * known is compared before anything works, models that only turn up at work before files are named.
 */
#include <string.h>

#include "base/assets.h"
#include "fusion/record.h"

enum { LOCK_VERSION = 1, LOCK_BYTES = 1 << 22 };

static const char lock_name[] = "diorama.lock";

static dio_value *text(dio_arena *a, const char *s)
{
    return dio_value_string(a, s);
}

/* ---- writing ---- */

static dio_value *runs_value(const dio_stage *n, dio_arena *a)
{
    dio_value *runs = dio_value_list(a);
    for (int i = 0; i < n->instances; i++)
        dio_list_add(a, runs, text(a, dio_matrix_label(n, i, a)));
    return runs;
}

static dio_value *steps_value(const dio_pipeline *p, dio_arena *a)
{
    dio_value *list = dio_value_list(a);
    for (int i = 0; i < p->node_count; i++) {
        const dio_stage *n = &p->nodes[p->order[i]];
        dio_value *v = dio_value_map(a);
        dio_map_set(a, v, "step", text(a, n->id));
        dio_map_set(a, v, "uses", text(a, n->row.uses));
        dio_map_set(a, v, "runs", runs_value(n, a));
        dio_list_add(a, list, v);
    }
    return list;
}

/* A dependency's model; NULL: it is something else. */
static const char *model_of(const dio_value *dep, const char **sha256)
{
    const dio_value *what = dio_map_get(dep, "what"), *name = dio_map_get(dep, "name");
    const dio_value *hash = dio_map_get(dep, "sha256");
    if (!what || what->kind != DIO_STRING || strcmp(what->string.text, "model") != 0 || !name ||
        name->kind != DIO_STRING || !hash || hash->kind != DIO_STRING)
        return NULL;
    *sha256 = hash->string.text;
    return name->string.text;
}

static dio_value *models_value(const dio_run *run, dio_arena *a)
{
    dio_value *models = dio_value_map(a);
    for (int i = 0; i < run->record_count; i++) {
        const dio_value *deps = run->records[i].made.deps;
        for (int k = 0; deps && k < deps->list.count; k++) {
            const char *sha256, *name = model_of(deps->list.items[k], &sha256);
            if (name)
                dio_map_set(a, models, name, text(a, sha256));
        }
    }
    return models;
}

static bool is_whole(const dio_run *run)
{
    for (int i = 0; i < run->p->node_count; i++)
        if (!run->p->nodes[i].wanted)
            return false;
    return true;
}

bool dio_lock_write(const dio_run *run, dio_error *err)
{
    const dio_pipeline *p = run->p;
    dio_arena *a = run->arena;
    if (!is_whole(run) || run->options->locked)
        return true; /* a part of a pipeline does not tell of the rest */
    dio_value *v = dio_value_map(a), *pipeline = dio_value_map(a);
    dio_map_set(a, pipeline, "name", text(a, p->name));
    dio_map_set(a, pipeline, "file", text(a, dio_path_base(p->path)));
    dio_map_set(a, pipeline, "sha256", text(a, p->hash));
    dio_map_set(a, v, "version", dio_value_int(a, LOCK_VERSION));
    dio_map_set(a, v, "diorama", text(a, DIO_VERSION));
    dio_map_set(a, v, "pipeline", pipeline);
    dio_map_set(a, v, "seed", dio_map_get(dio_map_get(run->scope, "run"), "seed"));
    dio_map_set(a, v, "steps", steps_value(p, a));
    dio_map_set(a, v, "models", models_value(run, a));
    const char *json = dio_json_write(a, v, 2);
    if (!json)
        return dio_fail_memory(err, lock_name);
    const char *whole = dio_arena_printf(a, "%s\n", json);
    return dio_file_write(dio_path_join(a, run->options->out, lock_name), whole, strlen(whole),
                          err);
}

/* ---- holding to it ---- */

static dio_value *read_lock(dio_arena *a, const char *path, const char **source, dio_error *err)
{
    size_t length;
    if (!dio_file_exists(path)) {
        dio_fail(err, "--locked: there is no %s; a render without --locked writes it", path);
        return NULL;
    }
    const char *all = dio_file_read(a, path, LOCK_BYTES, &length, err);
    dio_value *v = all ? dio_json_parse(a, path, all, length, err) : NULL;
    const dio_value *version = dio_map_get(v, "version"), *steps = dio_map_get(v, "steps");
    const dio_value *models = dio_map_get(v, "models"), *seed = dio_map_get(v, "seed");
    *source = all;
    if (v && (!version || version->kind != DIO_INT || version->integer != LOCK_VERSION || !steps ||
              steps->kind != DIO_LIST || !models || models->kind != DIO_MAP || !seed)) {
        dio_value_fail(v, err,
                       "this is not a lock of version %d with seed, steps and models; a render "
                       "without --locked writes one",
                       LOCK_VERSION);
        return NULL;
    }
    return v;
}

static const dio_stage *node_of(const dio_pipeline *p, const char *id)
{
    for (int i = 0; i < p->node_count; i++)
        if (strcmp(p->nodes[i].id, id) == 0)
            return &p->nodes[i];
    return NULL;
}

static const char *string_of(const dio_value *map, const char *key)
{
    const dio_value *v = dio_map_get(map, key);
    return v && v->kind == DIO_STRING ? v->string.text : "";
}

static void check_step(dio_pipeline *p, const dio_value *locked)
{
    const char *id = string_of(locked, "step"), *uses = string_of(locked, "uses");
    const dio_stage *n = node_of(p, id);
    const dio_value *runs = dio_map_get(locked, "runs");
    if (!n) {
        dio_report_at(&p->report, locked, "step \"%.80s\" is locked, but the pipeline has none",
                      id);
        return;
    }
    if (strcmp(uses, n->row.uses) != 0)
        dio_report_at(&p->report, locked, "step \"%s\" is locked to %.80s; the pipeline uses %s",
                      id, uses, n->row.uses);
    const char *before = runs ? dio_json_write(p->arena, runs, 0) : NULL;
    const char *now = dio_json_write(p->arena, runs_value(n, p->arena), 0);
    if (!before || !now || strcmp(before, now) != 0)
        dio_report_at(&p->report, runs ? runs : locked,
                      "step \"%s\" has other runs than are locked: %.300s", id, now ? now : "");
}

static void check_steps(dio_pipeline *p, const dio_value *steps)
{
    for (int i = 0; i < steps->list.count; i++)
        check_step(p, steps->list.items[i]);
    for (int i = 0; i < p->node_count; i++) {
        bool found = false;
        for (int k = 0; k < steps->list.count && !found; k++)
            found = strcmp(string_of(steps->list.items[k], "step"), p->nodes[i].id) == 0;
        if (!found)
            dio_report_at(&p->report, steps, "step \"%s\" is not locked", p->nodes[i].id);
    }
}

static void check_models(dio_pipeline *p, const dio_value *models)
{
    for (int i = 0; i < models->map.count; i++) {
        const dio_value *key = models->map.keys[i], *v = models->map.items[i];
        char now[DIO_HASH_TEXT];
        dio_error e = {0};
        const char *path = dio_assets_model(p->arena, key->string.text, &e);
        if (!path || !dio_studio_hash(p->studio, path, now, &e))
            dio_report_at(&p->report, key, "a locked model is not here: %s", e.message);
        else if (v->kind != DIO_STRING || strcmp(v->string.text, now) != 0)
            dio_report_at(&p->report, v,
                          "model %s is locked to SHA-256 %.12s...; it is now %.12s...",
                          key->string.text, v->kind == DIO_STRING ? v->string.text : "?", now);
    }
}

void dio_lock_check(dio_pipeline *p, const char *out)
{
    dio_error e = {0};
    const char *path = dio_path_join(p->arena, out, lock_name), *source = NULL;
    const dio_value *v = read_lock(p->arena, path, &source, &e);
    if (source)
        dio_report_file_add(&p->report, path, source);
    if (!v) {
        dio_report_add(&p->report, &e);
        return;
    }
    const dio_value *seed = dio_map_get(v, "seed");
    const char *now = dio_arena_printf(p->arena, "%llu", (unsigned long long)p->seed);
    if (strcmp(dio_value_text(p->arena, seed), now) != 0)
        dio_report_at(&p->report, seed, "the seed is locked to %.40s; it is now %s",
                      dio_value_text(p->arena, seed), now);
    check_steps(p, dio_map_get(v, "steps"));
    check_models(p, dio_map_get(v, "models"));
}

bool dio_lock_hold(const dio_run *run, dio_error *err)
{
    const char *source, *path = dio_path_join(run->arena, run->options->out, lock_name);
    if (!run->options->locked)
        return true;
    const dio_value *v = read_lock(run->arena, path, &source, err);
    const dio_value *used = v ? models_value(run, run->arena) : NULL;
    for (int i = 0; used && i < used->map.count; i++) {
        const char *name = used->map.keys[i]->string.text;
        if (strcmp(string_of(dio_map_get(v, "models"), name), used->map.items[i]->string.text) != 0)
            return dio_fail(err,
                            "model %s is not what %s names: render without --locked when that is "
                            "meant",
                            name, path);
    }
    return used != NULL;
}
