/* pipeline_check.c: everything that can be known before the first model loads. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fusion/pipeline.h"

enum { EXPRESSIONS = 2000 };

/* Reads a node's parameters for every instance as far as values are known, and lets its type look
 * at them. Instances differ only in their matrix values, so equal problems count once. */
static void check_stage(dio_pipeline *p, dio_stage *n)
{
    dio_arena *scratch = dio_arena_create();
    void *params = calloc(1, n->type->params_size);
    if (!scratch || !params) {
        dio_report_memory(&p->report);
    } else {
        dio_report mine = {.arena = scratch, .pipeline = p, .part = n->part};
        dio_value *scope = dio_scope_create(p, scratch);
        for (int i = 0; i < n->instances && mine.count < DIO_REPORT_MOST; i++) {
            const dio_value *with;
            memset(params, 0, n->type->params_size);
            dio_map_set(scratch, scope, "matrix", dio_matrix_pick(n, i, scratch));
            dio_stage_params(p, n, scope, params, &with, &mine);
            if (mine.starved || dio_arena_failed(scratch))
                break;
            if (n->type->check)
                n->type->check(p->studio, params, with, &mine);
            dio_choice_check(p, n, scope, &mine);
            for (int k = 0; n->type->gives && n->type->out[k].name; k++)
                n->lacks |= (unsigned)!n->type->gives(params, n->type->out[k].name) << k;
        }
        for (int i = 0; i < mine.count; i++)
            dio_report_add(&p->report, &mine.list[i]);
        p->report.starved = p->report.starved || mine.starved || dio_arena_failed(scratch);
    }
    free(params);
    dio_arena_destroy(scratch);
}

const char *dio_check_file(const dio_report *report, const char *path, dio_error *err)
{
    return dio_pipeline_file(report->pipeline, report->part, path, report->arena, err);
}

struct reader {
    dio_pipeline *p;
    const dio_part *part;
};

/* A path to an output that its step's parameters do not yield. */
static void check_given(void *user, const dio_path *path)
{
    const struct reader *r = user;
    int node;
    const dio_port *port;
    if (path->count != 4 || strcmp(path->part[0], "steps") != 0 ||
        !dio_origin_find(r->p, r->part, path->part[1], path->part[3], &node, &port) || node < 0 ||
        !port)
        return;
    const dio_stage *n = &r->p->nodes[node];
    if (n->lacks >> (port - n->type->out) & 1)
        dio_report_at(&r->p->report, &path->place,
                      "step \"%s\" yields no \"%s\" with its parameters", n->id, port->name);
}

static void check_given_in(dio_pipeline *p, const dio_part *part, const dio_value *v)
{
    struct reader r = {p, part};
    dio_value_paths(p, v, check_given, &r, NULL);
}

/* `if:` is true, false, or one expression: text around it would always be true. */
static void check_condition(dio_pipeline *p, const dio_value *v, const char *key)
{
    dio_error e = {0};
    if (!v || v->kind == DIO_BOOL)
        return;
    const dio_template *t = v->kind == DIO_STRING
                                ? dio_template_parse(p->arena, v, dio_pipeline_source(p, v), &e)
                                : NULL;
    if (e.kind == DIO_ERROR_NONE && (!t || !dio_template_single(t)))
        dio_report_at(&p->report, v, "%s: write true, false or one expression in ${{ }}", key);
}

/* ---- final names ---- */

const char *dio_port_suffix(const dio_port *port)
{
    const dio_media media = port->media;
    return port->suffix                ? port->suffix
           : media == DIO_MEDIA_VIDEO  ? ".mp4"
           : media == DIO_MEDIA_IMAGE  ? ".png"
           : media == DIO_MEDIA_AUDIO  ? ".wav"
           : media == DIO_MEDIA_DATA   ? ".json"
           : media == DIO_MEDIA_FOLDER ? ""
                                       : ".txt";
}

/* Ends of names with bars between; any will do. */
static bool ends_with(const char *text, const char *ends)
{
    size_t n = strlen(text);
    for (;; ends = strchr(ends, '|') + 1) {
        size_t m = strcspn(ends, "|");
        if (n > m && strncasecmp(text + n - m, ends, m) == 0)
            return true;
        if (!ends[m])
            return false;
    }
}

static const char *ends_text(const char *ends, dio_arena *a)
{
    const char *text = dio_arena_printf(a, "%.*s", (int)strcspn(ends, "|"), ends);
    for (ends += strcspn(ends, "|"); *ends; ends += strcspn(ends, "|")) {
        ends++;
        bool last = !strchr(ends, '|');
        text = dio_arena_printf(a, "%s%s%.*s", text, last ? " or " : ", ", (int)strcspn(ends, "|"),
                                ends);
    }
    return text;
}

/* Names that the run itself gives in the output folder. */
static bool is_taken(const char *name)
{
    static const char *const files[] = {"run.json", "batch.jsonl", NULL};
    static const char *const folders[] = {".diorama", "candidates", "review", NULL};
    while (strncmp(name, "./", 2) == 0 || *name == '/')
        name += *name == '/' ? 1 : 2;
    for (int i = 0; files[i]; i++)
        if (strcasecmp(name, files[i]) == 0)
            return true;
    for (int i = 0; folders[i]; i++) {
        size_t n = strlen(folders[i]);
        if (strncasecmp(name, folders[i], n) == 0 && (name[n] == '/' || !name[n]))
            return true;
    }
    return false;
}

const char *dio_output_path(dio_pipeline *p, const dio_output *o, const dio_value *scope,
                            const char *out, dio_arena *a, dio_error *err)
{
    const dio_value *v = dio_value_bind(p, o->path_value, scope, a, err);
    if (!v || v == &dio_unknown)
        return v ? "" : NULL;
    const char *name = dio_value_text(a, v);
    const char *path = dio_path_confine(a, out, name, err);
    if (path && is_taken(name)) {
        dio_fail(err,
                 "path: \"%.100s\": the run keeps its own things under run.json, batch.jsonl, "
                 ".diorama, candidates and review",
                 name);
        path = NULL;
    }
    if (path && o->port && !ends_with(path, dio_port_suffix(o->port))) {
        dio_fail(err, "path: \"%.100s\": a name for %s must end in %s", name,
                 dio_media_name(o->port->media), ends_text(dio_port_suffix(o->port), a));
        path = NULL;
    }
    if (!path)
        dio_error_at(err, o->path_value->file, o->path_value->line, o->path_value->column);
    return path;
}

struct claim {
    const char *path;
    const dio_output *output;
};

static int by_path(const void *a, const void *b)
{
    return strcasecmp(((const struct claim *)a)->path, ((const struct claim *)b)->path);
}

/* Two results under one name would leave one of them: also when a file system ignores case. */
static void check_claims(dio_pipeline *p, struct claim *claims, int count, size_t root)
{
    if (count > 1)
        qsort(claims, (size_t)count, sizeof *claims, by_path);
    for (int i = 1; i < count; i++) {
        const dio_output *o = claims[i].output;
        if (strcasecmp(claims[i].path, claims[i - 1].path) != 0)
            continue;
        bool same = o == claims[i - 1].output;
        dio_report_at(&p->report, o->path_value, "path: %s \"%.100s\"; %s",
                      same ? "several results would be"
                           : "two outputs "
                             "would be",
                      claims[i].path + root,
                      same ? "put ${{ matrix... }} into it" : "give each its own");
    }
}

/* Files are moved out of a step's folder, once. */
static void check_folders(dio_pipeline *p)
{
    for (int i = 0; i < p->output_count; i++) {
        const dio_output *o = &p->outputs[i];
        for (int k = 0; o->port && o->port->media == DIO_MEDIA_FOLDER && k < i; k++)
            if (p->outputs[k].node == o->node && p->outputs[k].port == o->port)
                dio_report_at(&p->report, o->from_value,
                              "from: output \"%.60s\" takes this folder already",
                              p->outputs[k].name);
    }
}

static void check_outputs(dio_pipeline *p, const char *out)
{
    dio_arena *scratch = dio_arena_create();
    struct claim *claims = NULL;
    int count = 0, cap = 0;
    dio_value *scope = scratch ? dio_scope_create(p, scratch) : NULL;
    dio_value *unknown = (dio_value *)(uintptr_t)&dio_unknown; /* is only read */
    for (int i = 0; scratch && i < p->output_count; i++) {
        const dio_output *o = &p->outputs[i];
        /* Where `from` is wrong there is no matrix to fill in, but a path may be wrong as well. */
        const dio_stage *n = o->node >= 0 && o->port ? &p->nodes[o->node] : NULL;
        for (int k = 0; o->path_value && k < (n ? n->instances : 1); k++) {
            dio_error e = {0};
            dio_map_set(scratch, scope, "matrix", n ? dio_matrix_pick(n, k, scratch) : unknown);
            const char *path = dio_output_path(p, o, scope, out, scratch, &e);
            if (!path)
                dio_report_add(&p->report, &e);
            else if (n && *path && dio_arena_grow(scratch, &claims, count, &cap, sizeof *claims))
                claims[count++] = (struct claim){path, o};
        }
    }
    if (!scratch || dio_arena_failed(scratch))
        dio_report_memory(&p->report);
    else
        check_claims(p, claims, count, strlen(out) + 1);
    check_folders(p);
    dio_arena_destroy(scratch);
}

/* ---- the whole ---- */

/* Scalars with expressions. Each is looked up in the file, so their number has a limit. */
static int count_expressions(const dio_value *v)
{
    int n = v->kind == DIO_STRING && strstr(v->string.text, "${{") ? 1 : 0;
    for (int i = 0; v->kind == DIO_LIST && i < v->list.count; i++)
        n += count_expressions(v->list.items[i]);
    for (int i = 0; v->kind == DIO_MAP && i < v->map.count; i++)
        n += count_expressions(v->map.items[i]);
    return n;
}

static void want(dio_pipeline *p, int node)
{
    if (p->nodes[node].wanted)
        return;
    p->nodes[node].wanted = true;
    for (int i = 0; i < p->nodes[node].need_count; i++)
        want(p, p->nodes[node].needs[i]);
}

/* A step that an option names, or one of the file that it includes; -1 with a problem. */
static int named(dio_pipeline *p, const char *option, const char *name)
{
    const char *ids[256];
    for (int i = 0; i < p->node_count; i++) {
        ids[i] = p->nodes[i].id;
        if (dio_stage_is(&p->nodes[i], name))
            return i;
    }
    const char *near = dio_nearest(name, ids, p->node_count);
    dio_report_at(&p->report, NULL, "%s %.60s: there is no such step%s%s%s", option, name,
                  near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return -1;
}

static void choose(dio_pipeline *p, const dio_check_options *options)
{
    int only = options->only ? named(p, "--only", options->only) : -1;
    for (int i = 0; i < p->node_count; i++)
        if (!options->only || (only >= 0 && dio_stage_is(&p->nodes[i], options->only)))
            want(p, i);
    if (options->from)
        named(p, "--from", options->from);
}

static void check_all(dio_pipeline *p, const dio_check_options *options)
{
    dio_inputs_resolve(p);
    if (!dio_pipeline_starved(p))
        dio_dag_build(p);
    if (!dio_pipeline_starved(p))
        dio_includes_resolve(p);
    for (int i = 1; i < p->part_count && !dio_pipeline_starved(p); i++)
        check_condition(p, p->parts[i]->condition, "if");
    for (int i = 0; i < p->node_count && !dio_pipeline_starved(p); i++) {
        check_condition(p, p->nodes[i].row.condition, "if");
        check_condition(p, p->nodes[i].choice.review.when, "when");
        if (p->nodes[i].type)
            check_stage(p, &p->nodes[i]);
    }
    if (dio_pipeline_starved(p)) /* what was made since may be anything */
        return;
    for (int i = 0; i < p->node_count; i++) {
        check_given_in(p, p->nodes[i].part, p->nodes[i].row.with);
        check_given_in(p, p->nodes[i].part, p->nodes[i].row.condition);
        check_given_in(p, p->nodes[i].part, p->nodes[i].row.rank);
    }
    for (int i = 1; i < p->part_count; i++) {
        check_given_in(p, p->parts[i]->parent, p->parts[i]->with);
        check_given_in(p, p->parts[i]->parent, p->parts[i]->condition);
    }
    for (int i = 0; i < p->output_count; i++)
        check_given_in(p, p->parts[0], p->outputs[i].from_value);
    check_outputs(p, options->out ? options->out : "out");
    choose(p, options);
    if (options->locked)
        dio_lock_check(p, options->out ? options->out : "out");
}

bool dio_pipeline_check(dio_pipeline *p, const dio_check_options *options)
{
    if (dio_pipeline_starved(p))
        return false;
    int expressions = 0;
    for (int i = 0; i < p->part_count; i++)
        expressions += p->parts[i]->root ? count_expressions(p->parts[i]->root) : 0;
    p->seed = options->has_seed ? options->seed : p->parts[0]->defaults.seed;
    if (expressions > EXPRESSIONS)
        dio_report_at(&p->report, p->root, "%d values hold expressions; the most is %d",
                      expressions, EXPRESSIONS);
    else if (p->root && !p->checked)
        check_all(p, options);
    p->checked = true;
    return p->root && p->report.count == 0 && !dio_pipeline_starved(p);
}
