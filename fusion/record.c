/* record.c: run.json: with what, from what, by what, and what came out.
 * It is for people who ask months later how a film was made, and for programs that want its words.
 */
#include <pango/pango.h>
#include <string.h>

#include "fusion/av.h"
#include "fusion/record.h"

const char *const dio_outcome_names[] = {"waiting", "done", "skipped", "failed", "review"};

static dio_value *text(dio_arena *a, const char *s)
{
    return dio_value_string(a, s);
}

static dio_value *inputs_value(const dio_run *run, dio_arena *a)
{
    const dio_value *inputs = dio_map_get(run->scope, "inputs");
    dio_value *map = dio_value_map(a);
    for (int i = 0; i < inputs->map.count; i++)
        dio_map_set(a, map, inputs->map.keys[i]->string.text, inputs->map.items[i]);
    return map;
}

/* Canonical parameters come as JSON text: read back, they are a tree again. */
static dio_value *params_value(const dio_record *r, dio_arena *a)
{
    dio_error ignored = {0};
    dio_value *v =
        r->params ? dio_json_parse(a, "with", r->params, strlen(r->params), &ignored) : NULL;
    return v ? v : dio_value_map(a);
}

static dio_value *step_value(const dio_record *r, dio_arena *a)
{
    dio_value *v = dio_value_map(a), *words = dio_value_map(a);
    dio_map_set(a, v, "step", text(a, r->node->id));
    dio_map_set(a, v, "run", text(a, r->label));
    dio_map_set(a, v, "uses", text(a, r->node->row.uses));
    dio_map_set(a, v, "state", text(a, dio_outcome_names[r->state]));
    if (r->error)
        dio_map_set(a, v, "error", text(a, r->error));
    dio_map_set(a, v, "seconds", dio_value_real(a, r->seconds));
    dio_map_set(a, v, "kept", dio_value_bool(a, r->kept));
    dio_map_set(a, v, "with", params_value(r, a));
    for (int i = 0; i < r->made.results; i++) {
        if (!r->made.result[i].is_file)
            dio_map_set(a, words, r->made.result[i].port, text(a, r->made.result[i].text));
    }
    if (words->map.count)
        dio_map_set(a, v, "words", words);
    if (r->choice)
        dio_map_set(a, v, "choice", r->choice);
    if (r->made.notes->map.count)
        dio_map_set(a, v, "notes", r->made.notes);
    return v;
}

static dio_value *final_value(const dio_final *f, dio_arena *a)
{
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "output", text(a, f->output));
    dio_map_set(a, v, "path", text(a, f->path));
    dio_map_set(a, v, "run", text(a, f->label));
    dio_map_set(a, v, "media", text(a, dio_media_name(f->media)));
    dio_map_set(a, v, "bytes", dio_value_int(a, (int64_t)f->bytes));
    dio_map_set(a, v, "sha256", text(a, f->hash));
    return v;
}

static dio_value *versions_value(dio_arena *a)
{
    char av[80];
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "diorama", text(a, DIO_VERSION));
    dio_map_set(a, v, "ffmpeg", text(a, dio_av_versions(av, sizeof av)));
    dio_map_set(a, v, "pango", text(a, pango_version_string()));
    dio_map_set(a, v, "cairo", text(a, cairo_version_string()));
    return v;
}

bool dio_record_write(const dio_run *run, dio_error *err)
{
    dio_arena *a = run->arena;
    const dio_pipeline *p = run->p;
    dio_value *v = dio_value_map(a), *steps = dio_value_list(a), *outputs = dio_value_list(a);
    dio_value *pipeline = dio_value_map(a);
    if (dio_arena_failed(a)) /* trees in it cannot be trusted */
        return dio_fail_memory(err, "run.json");
    dio_map_set(a, pipeline, "name", text(a, p->name));
    dio_map_set(a, pipeline, "file", text(a, dio_path_base(p->path)));
    dio_map_set(a, pipeline, "sha256", text(a, p->hash));
    for (int i = 0; i < run->record_count; i++)
        dio_list_add(a, steps, step_value(&run->records[i], a));
    for (int i = 0; i < run->final_count; i++)
        dio_list_add(a, outputs, final_value(&run->finals[i], a));
    dio_map_set(a, v, "version", dio_value_int(a, 1));
    dio_map_set(a, v, "pipeline", pipeline);
    dio_map_set(a, v, "state", text(a, dio_run_state(run)));
    dio_map_set(a, v, "started", text(a, run->date));
    dio_map_set(a, v, "seconds", dio_value_real(a, dio_run_clock() - run->started));
    dio_map_set(a, v, "seed", dio_map_get(dio_map_get(run->scope, "run"), "seed"));
    dio_map_set(a, v, "inputs", inputs_value(run, a));
    dio_map_set(a, v, "steps", steps);
    dio_map_set(a, v, "outputs", outputs);
    dio_map_set(a, v, "versions", versions_value(a));
    const char *json = dio_arena_failed(a) ? NULL : dio_json_write(a, v, 2);
    if (!json || dio_arena_failed(a))
        return dio_fail_memory(err, "run.json");
    const char *path = dio_path_join(a, run->options->out, "run.json");
    const char *whole = dio_arena_printf(a, "%s\n", json);
    if (dio_arena_failed(a))
        return dio_fail_memory(err, "run.json");
    return dio_file_write(path, whole, strlen(whole), err);
}
