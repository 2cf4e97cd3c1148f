/* judge.c: looking at candidates, as a step whose results are kept.
 * No pipeline can name it: its parameters are what the key must know, and the candidates themselves
 * come beside them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fusion/candidates.h"
#include "fusion/sheet.h"

struct params {
    const char *step, *criteria, *keys; /* all that the results depend on */
    dio_candidates *of;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, step, NULL, 0, 0, "the step's name in the run"),
    DIO_FIELD(struct params, criteria, NULL, 0, 0, "scores and their parameters"),
    DIO_FIELD(struct params, keys, NULL, 0, 0, "of the candidates, with their seeds"),
    {0},
};

/* ---- what is looked at ---- */

static const dio_result *result_of(const dio_record *r, const char *port)
{
    for (int i = 0; i < r->made.results; i++)
        if (strcmp(r->made.result[i].port, port) == 0)
            return &r->made.result[i];
    return NULL;
}

static bool can_show(dio_media media)
{
    return media == DIO_MEDIA_IMAGE || media == DIO_MEDIA_AUDIO || media == DIO_MEDIA_TEXT ||
           media == DIO_MEDIA_VIDEO;
}

const dio_result *dio_candidate_shown(const dio_candidates *c, int i, dio_media *media)
{
    const dio_step *type = c->record->node->type;
    const dio_port *port =
        c->choice->count ? dio_criterion_port(type, &c->choice->by[0], c->params[0]) : NULL;
    const dio_result *found = port ? result_of(&c->tries[i], port->name) : NULL;
    *media = port ? port->media : DIO_MEDIA_DATA;
    for (port = type->out; port->name && !found; port++) {
        *media = port->media;
        found = can_show(port->media) ? result_of(&c->tries[i], port->name) : NULL;
    }
    return found;
}

/* A result's words: a text output may be a file, too (captions). */
static bool open_result(dio_sight *s, const dio_result *r, dio_media media, dio_arena *a,
                        dio_error *err)
{
    const char *text = r->text;
    if (media == DIO_MEDIA_TEXT && r->is_file)
        text = dio_file_read(a, r->text, 1 << 24, NULL, err);
    return text && dio_sight_open(s, media, text, err);
}

/* ---- measuring ---- */

struct bench {
    dio_task *task;
    dio_candidates *c;
    uint64_t prints[DIO_CRITERIA][DIO_CANDIDATES];
};

static bool measure_one(struct bench *b, int i, int k, const dio_sight *sight,
                        const dio_value *with, dio_error *err)
{
    dio_candidates *c = b->c;
    const dio_score *score = c->choice->by[k].score;
    double *value = &c->values[i * c->choice->count + k];
    const dio_look look = {.studio = b->task->studio,
                           .arena = b->task->arena,
                           .sight = sight,
                           .prints = b->prints[k],
                           .before = i,
                           .with = with,
                           .task = b->task};
    b->prints[k][i] = sight->print;
    if (!score->measure(&look, c->params[k], value, err))
        return dio_error_prefix(err, "rank");
    return isfinite(*value) ||
           dio_fail(err, "rank: %s of candidate %d is no number", score->name, i + 1);
}

/* Every result that scores look at is opened once, for all scores in a row that look at it. */
static bool measure_candidate(struct bench *b, int i, dio_error *err)
{
    dio_candidates *c = b->c;
    const dio_step *type = c->record->node->type;
    const char *params = c->tries[i].params;
    const dio_value *with = dio_json_parse(b->task->arena, "with", params, strlen(params), err);
    dio_sight sight = {0};
    const dio_port *opened = NULL;
    bool ok = with != NULL;
    for (int k = 0; ok && k < c->choice->count; k++) {
        const dio_port *port = dio_criterion_port(type, &c->choice->by[k], c->params[k]);
        const dio_result *r = port ? result_of(&c->tries[i], port->name) : NULL;
        if (!r) {
            ok = dio_fail(err, "rank: %s has no \"%s\" to look at with these parameters",
                          c->choice->by[k].score->name, port ? port->name : "?");
        } else if (port != opened) {
            dio_sight_close(&sight);
            opened = port;
            ok = open_result(&sight, r, port->media, b->task->arena, err);
        }
        ok = ok && measure_one(b, i, k, &sight, with, err);
    }
    dio_sight_close(&sight);
    return ok;
}

static void rank(dio_candidates *c)
{
    dio_rank_column columns[DIO_CRITERIA];
    for (int k = 0; k < c->choice->count; k++) {
        const dio_score *s = c->choice->by[k].score;
        const struct dio_criterion_params *p = c->params[k];
        columns[k] = (dio_rank_column){s->lower, s->fault, p->weight};
    }
    dio_rank(columns, c->choice->count, c->values, c->count, &c->ranking);
}

/* ---- the sheet ---- */

static const char *notes_of(const dio_candidates *c, int i, dio_arena *a)
{
    dio_str s = {0};
    dio_str_puts(&s, "");
    for (int k = 0; k < c->choice->count; k++)
        dio_str_printf(&s, "%s%s %.4g", k ? "\n" : "", c->choice->by[k].score->name,
                       c->values[i * c->choice->count + k]);
    const char *text = dio_arena_strdup(a, s.failed ? "" : s.text);
    dio_str_deinit(&s);
    return text;
}

static const char *total_text(const dio_candidates *c, int i, dio_arena *a)
{
    if (!c->choice->count)
        return "";
    int faults = c->ranking.faults[i];
    return faults ? dio_arena_printf(a, ", %d fault%s", faults, faults > 1 ? "s" : "")
                  : dio_arena_printf(a, ", %+.2f", c->ranking.total[i]);
}

static bool draw(dio_task *t, dio_candidates *c, dio_error *err)
{
    dio_arena *a = t->arena;
    dio_fonts *fonts = dio_studio_fonts(t->studio, err);
    dio_sheet *s = dio_arena_alloc(a, sizeof *s);
    s->count = c->count;
    s->title = c->record->label;
    s->mark = "best";
    s->subtitle = dio_arena_printf(a, "%d candidates%s", c->count, c->choice->count ? " by" : "");
    for (int k = 0; k < c->choice->count; k++) {
        const struct dio_criterion_params *p = c->params[k];
        s->subtitle =
            dio_arena_printf(a, "%s%s %s", s->subtitle, k ? "," : "", c->choice->by[k].score->name);
        if (p->weight != 1)
            s->subtitle = dio_arena_printf(a, "%s x%g", s->subtitle, p->weight);
    }
    for (int i = 0; i < c->count; i++) {
        dio_sheet_cell *cell = &s->cells[i];
        const dio_result *r = dio_candidate_shown(c, i, &cell->media);
        cell->content = r ? r->text : "";
        if (!r)
            cell->media = DIO_MEDIA_DATA;
        if (r && cell->media == DIO_MEDIA_TEXT && r->is_file)
            cell->content = dio_file_read(a, r->text, 1 << 24, NULL, err);
        cell->title = dio_arena_printf(a, "%d: seed %llu%s", i + 1, (unsigned long long)c->seeds[i],
                                       total_text(c, i, a));
        cell->notes = notes_of(c, i, a);
        cell->marked = c->choice->count && i == c->ranking.order[0];
        if (!cell->content)
            return false;
    }
    const char *path = dio_task_path(t, "sheet", ".png");
    if (!fonts || !path || !dio_sheet_draw(fonts, s, path, err))
        return false;
    dio_task_give_file(t, "sheet", path);
    return true;
}

/* ---- the step ---- */

static bool run_judge(dio_task *t, const void *params, dio_error *err)
{
    dio_candidates *c = ((const struct params *)params)->of;
    dio_value *all = dio_value_list(t->arena);
    struct bench *b = calloc(1, sizeof *b);
    bool ok = b || dio_fail_memory(err, "candidates");
    if (b)
        *b = (struct bench){.task = t, .c = c};
    for (int i = 0; ok && i < c->count; i++) {
        dio_value *row = dio_value_list(t->arena);
        ok = measure_candidate(b, i, err);
        for (int k = 0; ok && k < c->choice->count; k++)
            dio_list_add(t->arena, row,
                         dio_value_real(t->arena, c->values[i * c->choice->count + k]));
        dio_list_add(t->arena, all, row);
        ok = ok && dio_task_progress(t, (double)i / c->count, err);
    }
    free(b);
    const char *text = ok ? dio_json_write(t->arena, all, 0) : NULL;
    if (!text)
        return ok ? dio_fail_memory(err, "scores") : false;
    dio_task_give_text(t, "scores", text);
    rank(c);
    return draw(t, c, err);
}

static const dio_step judge = {
    .name = "rank.candidates",
    .version = 1,
    .doc = "Scores of candidates, and their contact sheet.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"scores", DIO_MEDIA_TEXT, "a list of values for each"},
                              {"sheet", DIO_MEDIA_IMAGE, "all of them"},
                              {0}},
    .run = run_judge,
};

static double number(const dio_value *v)
{
    return v->kind == DIO_REAL ? v->real : v->kind == DIO_INT ? (double)v->integer : NAN;
}

/* The values as the cache kept them. */
static bool read_values(dio_candidates *c, const dio_record *r, dio_arena *a, dio_error *err)
{
    const dio_result *text = result_of(r, "scores");
    const dio_value *all =
        text ? dio_json_parse(a, "scores", text->text, strlen(text->text), err) : NULL;
    bool ok = all && all->kind == DIO_LIST && all->list.count == c->count;
    for (int i = 0; ok && i < c->count; i++) {
        const dio_value *row = all->list.items[i];
        ok = row->kind == DIO_LIST && row->list.count == c->choice->count;
        for (int k = 0; ok && k < c->choice->count; k++) {
            double *value = &c->values[i * c->choice->count + k];
            *value = number(row->list.items[k]);
            ok = isfinite(*value);
        }
    }
    c->sheet = result_of(r, "sheet");
    return (ok && c->sheet) || dio_fail(err, "%s: its scores cannot be read", r->label);
}

static const char *criteria_text(const dio_candidates *c, dio_arena *a)
{
    dio_value *map = dio_value_map(a);
    dio_error ignored = {0};
    for (int k = 0; k < c->choice->count; k++) {
        const dio_score *s = c->choice->by[k].score;
        const char *with = dio_fields_canonical(s->params, c->params[k], a);
        dio_value *v = with ? dio_json_parse(a, "with", with, strlen(with), &ignored) : NULL;
        if (v)
            dio_map_set(a, map, s->name, v);
    }
    return dio_json_write(a, map, 0);
}

/* The judging as a record of its own; NULL without memory. */
static dio_record *prepare(dio_run *run, dio_candidates *c, struct params *p, dio_error *err)
{
    dio_arena *a = run->arena;
    dio_stage *node = dio_arena_alloc(a, sizeof *node);
    dio_record *r = dio_arena_alloc(a, sizeof *r);
    *p = (struct params){c->record->label, criteria_text(c, a), "", c};
    for (int i = 0; i < c->count; i++)
        p->keys = dio_arena_printf(a, "%s%s:%llu ", p->keys, c->tries[i].key,
                                   (unsigned long long)c->seeds[i]);
    *node = (dio_stage){.id = c->record->node->id, .part = c->record->node->part, .type = &judge};
    node->row.uses = "rank.candidates@1";
    *r = (dio_record){.node = node,
                      .label = dio_arena_printf(a, "%s (ranking)", c->record->label),
                      .made = {.notes = dio_value_map(a)}};
    if (p->criteria && !dio_arena_failed(a))
        return r;
    dio_fail_memory(err, "candidates");
    return NULL;
}

bool dio_candidates_judge(dio_run *run, dio_candidates *c, dio_error *err)
{
    struct params p;
    dio_record *r = prepare(run, c, &p, err);
    if (!r || !dio_run_perform(run, r, &p, 0, false, err) || !read_values(c, r, run->arena, err))
        return false;
    rank(c);
    return true;
}

bool dio_candidates_judged(dio_run *run, dio_candidates *c, bool *found, dio_error *err)
{
    struct params p;
    dio_record *r = prepare(run, c, &p, err);
    if (!r || !dio_run_foresee(run, r, &p, 0, err))
        return false;
    *found = r->kept;
    if (*found && !read_values(c, r, run->arena, err))
        return false;
    if (*found)
        rank(c);
    return true;
}
