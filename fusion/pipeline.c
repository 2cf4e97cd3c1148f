/* pipeline.c: a pipeline file from bytes to structs, with every mistake on the way reported.
 * What the parts refer to is checked afterwards, in dag.c and pipeline_check.c. */
#include "fusion/pipeline.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 200, OUTPUTS = 200 };

const dio_field dio_pipeline_fields[] = {
    DIO_FIELD(struct dio_pipeline_row, version, NULL, 0, 0, "version of this language: 1"),
    DIO_FIELD(struct dio_pipeline_row, name, "pipeline", 1, 80, "what the pipeline is called"),
    DIO_FIELD(struct dio_pipeline_row, description, "", 0, 2000, "what it makes"),
    DIO_FIELD(struct dio_pipeline_row, inputs, "", 0, 0, "what --set may give, by name"),
    DIO_FIELD(struct dio_pipeline_row, defaults, "", 0, 0, "what holds for all steps"),
    DIO_FIELD(struct dio_pipeline_row, steps, NULL, 0, 0, "what is done"),
    DIO_FIELD(struct dio_pipeline_row, outputs, "", 0, 0, "which results become files, by name"),
    {0},
};

const dio_field dio_default_fields[] = {
    DIO_FIELD(struct dio_defaults, seed, "0", 0, 0, "the same seed gives the same results"),
    DIO_FIELD(struct dio_defaults, candidates, "1", 1, 64, "how often to try a step"),
    DIO_FIELD(struct dio_defaults, with, "", 0, 0,
              "parameters by type of step, for steps that do not give them"),
    {0},
};

const dio_field dio_stage_fields[] = {
    DIO_FIELD(struct dio_stage_row, id, NULL, 1, 40, "its name in steps.NAME.outputs"),
    DIO_FIELD(struct dio_stage_row, uses, NULL, 1, 80,
              "type and version: compose.video@1; or a pipeline file: ./voice.yaml"),
    DIO_FIELD(struct dio_stage_row, with, "", 0, 0, "its parameters"),
    DIO_FIELD_KEY(struct dio_stage_row, condition, "if", "", 0, 0,
                  "run it only when this expression is true"),
    DIO_FIELD(struct dio_stage_row, needs, "", 0, 0, "steps that must run before it"),
    DIO_FIELD(struct dio_stage_row, matrix, "", 0, 0, "lists whose every combination is run"),
    DIO_FIELD(struct dio_stage_row, candidates, "1", 1, 64, "how often to try"),
    DIO_FIELD(struct dio_stage_row, rank, "", 0, 0, "how to choose among candidates"),
    DIO_FIELD(struct dio_stage_row, review, "", 0, 0, "wait for a person's choice"),
    {0},
};

const dio_field dio_output_fields[] = {
    DIO_FIELD(struct dio_output_row, from, NULL, 1, 200, "${{ steps.ID.outputs.NAME }}"),
    DIO_FIELD(struct dio_output_row, path, "", 0, 4000,
              "file in the output folder; without: the output's name with its kind's ending"),
    DIO_FIELD(struct dio_output_row, description, "", 0, 2000, "what it is"),
    {0},
};

static const unsigned strict = DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT;

/* Reads a map of fields; every problem goes to the report. */
static bool read_row(dio_pipeline *p, const dio_field *fields, void *out, const dio_value *v,
                     const char *what)
{
    dio_error unused = {0};
    return dio_fields_read(fields, out, v, what, strict, p->arena, dio_report_add, &p->report,
                           &unused);
}

/* Letters, digits, _ and -: what expressions can spell after a dot. */
static bool good_name(const char *name)
{
    if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || *name == '_'))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
           strlen(name);
}

bool dio_name_check(dio_pipeline *p, const dio_value *place, const char *what, const char *name)
{
    if (good_name(name))
        return true;
    return dio_report_at(&p->report, place,
                         "%s \"%.60s\": a name is letters, digits, _ and -, and begins with a "
                         "letter",
                         what, name);
}

/* ---- steps ---- */

/* Where the name of a step of this file stands already; NULL: nowhere. */
static const dio_value *place_of(const dio_pipeline *p, const dio_part *part, const char *local)
{
    const dio_part *other = dio_part_find(p, part, local);
    for (int i = 0; i < p->node_count; i++)
        if (p->nodes[i].part == part && strcmp(p->nodes[i].local, local) == 0)
            return p->nodes[i].place;
    return other ? other->place : NULL;
}

static void read_names(dio_pipeline *p, dio_stage *n)
{
    const dio_value *id = dio_map_get(n->place, "id");
    n->local = n->row.id && dio_name_check(p, id, "id", n->row.id) ? n->row.id : "";
    n->id = *n->local && *n->part->id ? dio_arena_printf(p->arena, "%s/%s", n->part->id, n->local)
                                      : n->local;
    const dio_value *taken = *n->local ? place_of(p, n->part, n->local) : NULL;
    if (taken)
        dio_report_at(&p->report, id, "id: \"%s\" is taken by the step in line %d", n->local,
                      taken->line);
}

static void add_node(dio_pipeline *p, dio_stage *n)
{
    const dio_value *uses = dio_map_get(n->place, "uses");
    dio_error e = {0};
    if (n->row.uses && !(n->type = dio_step_find(n->row.uses, &e))) {
        dio_error_at(&e, uses->file, uses->line, uses->column);
        dio_report_add(&p->report, &e);
    }
    dio_defaults_merge(p, n);
    dio_choice_read(p, n);
    dio_matrix_read(p, n);
    if (p->node_count == STEPS)
        dio_report_at(&p->report, p->root, "steps: with those of included files more than %d",
                      STEPS);
    else if (dio_arena_grow(p->arena, &p->nodes, p->node_count, &p->node_cap, sizeof *p->nodes))
        p->nodes[p->node_count++] = *n;
}

static void read_step(dio_pipeline *p, const dio_part *part, const dio_value *v)
{
    dio_stage n = {.place = v, .part = part, .instances = 1};
    read_row(p, dio_stage_fields, &n.row, v, "a step");
    read_names(p, &n);
    if (n.row.with && n.row.with->kind != DIO_MAP) {
        dio_report_at(&p->report, n.row.with, "with: expected a map, found %s",
                      dio_kind_name(n.row.with->kind));
        n.row.with = NULL;
    }
    if (n.row.uses && dio_include_is(n.row.uses))
        dio_include_read(p, part, &n);
    else
        add_node(p, &n);
}

static void read_steps(dio_pipeline *p, const dio_part *part, const dio_value *list)
{
    if (!list)
        return;
    if (list->kind != DIO_LIST || list->list.count == 0) {
        dio_report_at(&p->report, list, "steps: expected a list of steps, found %s",
                      list->kind == DIO_LIST ? "none" : dio_kind_name(list->kind));
        return;
    }
    if (list->list.count > STEPS) {
        dio_report_at(&p->report, list, "steps: %d steps; the most is %d", list->list.count, STEPS);
        return;
    }
    for (int i = 0; i < list->list.count; i++)
        read_step(p, part, list->list.items[i]);
    int64_t all = 0;
    for (int i = 0; i < p->node_count; i++)
        all += (int64_t)p->nodes[i].instances * p->nodes[i].choice.candidates;
    if (all > DIO_PIPELINE_INSTANCES)
        dio_report_at(&p->report, list,
                      "steps: matrices and candidates multiply to %lld runs; the most is %d",
                      (long long)all, DIO_PIPELINE_INSTANCES);
}

/* ---- outputs ---- */

static void read_outputs(dio_pipeline *p, dio_part *part, const dio_value *map)
{
    if (!map)
        return;
    if (map->kind != DIO_MAP || map->map.count > OUTPUTS) {
        dio_report_at(&p->report, map, "outputs: expected a map of at most %d outputs", OUTPUTS);
        return;
    }
    part->outputs = dio_arena_try(p->arena, (size_t)(map->map.count + 1) * sizeof *part->outputs);
    for (int i = 0; part->outputs && i < map->map.count; i++) {
        dio_output *o = &part->outputs[part->output_count++];
        const dio_value *key = map->map.keys[i], *v = map->map.items[i];
        *o = (dio_output){.name = key->string.text, .place = v, .node = -1};
        dio_name_check(p, key, "output", o->name);
        read_row(p, dio_output_fields, &o->row, v,
                 dio_arena_printf(p->arena, "output \"%.60s\"", o->name));
        o->from_value = o->row.from ? dio_map_get(v, "from") : NULL;
        o->path_value = o->row.path ? dio_map_get(v, "path") : NULL;
        o->unnamed = v->kind == DIO_MAP && !dio_map_get(v, "path");
    }
}

/* ---- the file ---- */

void dio_part_read(dio_pipeline *p, dio_part *part)
{
    struct dio_pipeline_row row = {0};
    if (part->root->kind != DIO_MAP) {
        dio_report_at(&p->report, part->root,
                      "expected a map with version, name and steps, found %s",
                      dio_kind_name(part->root->kind));
        part->broken = true;
        return;
    }
    read_row(p, dio_pipeline_fields, &row, part->root, "a pipeline");
    const dio_value *version = dio_map_get(part->root, "version");
    if (row.version != 1 && version && version->kind == DIO_INT)
        dio_report_at(&p->report, version,
                      "version: %d is not 1, the only one that this diorama "
                      "reads",
                      row.version);
    if (!part->parent && row.name)
        p->name = row.name;
    if (row.defaults)
        read_row(p, dio_default_fields, &part->defaults, row.defaults, "defaults");
    dio_inputs_read(p, part, row.inputs);
    read_steps(p, part, row.steps);
    dio_defaults_check(p, part);
    read_outputs(p, part, row.outputs);
}

const char *dio_pipeline_source(const dio_pipeline *p, const dio_value *v)
{
    return v->file ? dio_report_source(&p->report, v->file) : NULL;
}

static void read_root(dio_pipeline *p)
{
    dio_part *own = p->parts[0];
    own->root = p->root;
    dio_part_read(p, own);
    p->inputs = own->inputs;
    p->input_count = own->input_count;
    p->outputs = own->outputs;
    p->output_count = own->output_count;
}

static dio_pipeline *create(const char *path, const char *assets, dio_studio *lent, dio_error *err)
{
    dio_pipeline *p = calloc(1, sizeof *p);
    if (p && !(p->arena = dio_arena_create())) {
        free(p);
        p = NULL;
    }
    if (!p) {
        dio_fail_memory(err, "a pipeline");
        return NULL;
    }
    p->path = dio_arena_strdup(p->arena, path);
    p->dir = dio_path_dir(p->arena, path);
    p->name = "pipeline";
    p->sets = dio_value_map(p->arena);
    p->report = (dio_report){.arena = p->arena};
    p->lent = lent != NULL;
    p->studio = lent ? lent : dio_studio_create(assets, err);
    if (p->studio && dio_arena_failed(p->arena)) {
        dio_fail_memory(err, path);
        dio_pipeline_close(p);
        return NULL;
    }
    if (p->studio && dio_part_open(p, err))
        return p;
    dio_pipeline_close(p);
    return NULL;
}

/* Takes the text, which lies in the arena. */
static dio_pipeline *read_text(dio_pipeline *p, const char *text, size_t length, dio_error *err)
{
    dio_error e = {0};
    p->source = p->report.files[0].source = text;
    if (!dio_hash_bytes(text, length, p->hash, err)) {
        dio_pipeline_close(p);
        return NULL;
    }
    p->root = dio_yaml_parse(p->arena, p->path, text, length, &e);
    if (p->root)
        read_root(p);
    else
        dio_report_add(&p->report, &e);
    const char *all = dio_pipeline_text(p, p->arena);
    if (p->report.file_count == 1 || dio_hash_bytes(all, strlen(all), p->hash, err))
        return p;
    dio_pipeline_close(p);
    return NULL;
}

dio_pipeline *dio_pipeline_open(const char *path, const char *assets, dio_error *err)
{
    dio_pipeline *p = create(path, assets, NULL, err);
    if (!p)
        return NULL;
    size_t length;
    char *text = dio_file_read(p->arena, path, DIO_PIPELINE_BYTES, &length, err);
    if (text)
        return read_text(p, text, length, err);
    dio_pipeline_close(p);
    return NULL;
}

/* Takes a copy of the text. */
static dio_pipeline *parse(dio_pipeline *p, const char *text, size_t length, dio_error *err)
{
    if (!p)
        return NULL;
    char *copy = length <= DIO_PIPELINE_BYTES ? dio_arena_strndup(p->arena, text, length) : NULL;
    if (copy)
        return read_text(p, copy, length, err);
    dio_fail(err, "%s: a pipeline of %zu bytes; the most is %d", p->path, length,
             DIO_PIPELINE_BYTES);
    dio_pipeline_close(p);
    return NULL;
}

dio_pipeline *dio_pipeline_parse(const char *path, const char *text, size_t length,
                                 const char *assets, dio_error *err)
{
    return parse(create(path, assets, NULL, err), text, length, err);
}

dio_pipeline *dio_pipeline_read(dio_studio *studio, const char *path, const char *text,
                                size_t length, dio_error *err)
{
    return parse(create(path, NULL, studio, err), text, length, err);
}

void dio_pipeline_close(dio_pipeline *p)
{
    if (!p)
        return;
    if (!p->lent)
        dio_studio_destroy(p->studio);
    dio_arena_destroy(p->arena);
    free(p);
}

const char *dio_pipeline_problems(dio_pipeline *p, int *count)
{
    const char *text = dio_report_text(&p->report, p->arena);
    bool starved = dio_pipeline_starved(p);
    if (count)
        *count = starved ? 1 : p->report.count + p->report.dropped;
    return text && !starved ? text : "error: out of memory for the pipeline\n";
}

bool dio_pipeline_starved(const dio_pipeline *p)
{
    return p->report.starved || dio_arena_failed(p->arena);
}
