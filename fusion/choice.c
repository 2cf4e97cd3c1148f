/* choice.c: `candidates`, `rank` and `review` of a step, from the file to structs.
 * Names of scores and what they look at are known here; what their parameters say may depend on
 * other steps and is looked at once more when the step runs. */
#include "fusion/choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fusion/pipeline.h"

const char *const dio_on_timeout_names[] = {"wait", "keep_best", "fail", NULL};

const dio_field dio_rank_fields[] = {
    DIO_FIELD(struct dio_rank_row, by, "null", 0, 0,
              "scores: [sharpness, contrast], or {sharpness: 2, contrast: 1} with weights"),
    DIO_FIELD(struct dio_rank_row, keep, "1", 0, 0, "how many go on: 1, the best"),
    {0},
};

const dio_field dio_review_fields[] = {
    DIO_FIELD(struct dio_review_row, when, "true", 0, 0, "only when this is true"),
    DIO_FIELD(struct dio_review_row, timeout, "", 0, 20, "how long to wait: 90m, 24h, 7d"),
    DIO_FIELD_WORDS(struct dio_review_row, on_timeout, "wait", dio_on_timeout_names,
                    "what happens then"),
    DIO_FIELD(struct dio_review_row, max_rounds, "3", 1, 100,
              "how often to try anew what was rejected, the first time included"),
    {0},
};

static bool absent(const dio_value *v)
{
    return !v || v->kind == DIO_NULL;
}

/* ---- criteria ---- */

static void add_criterion(dio_pipeline *p, dio_stage *n, const dio_value *name,
                          const dio_value *given)
{
    dio_choice *c = &n->choice;
    dio_error e = {0};
    if (name->kind != DIO_STRING) {
        dio_report_at(&p->report, name, "rank: expected the name of a score, found %s",
                      dio_kind_name(name->kind));
        return;
    }
    const dio_score *score = dio_score_find(name->string.text, &e);
    if (!score) {
        dio_report_at(&p->report, name, "rank: %s", e.message);
        return;
    }
    if (n->type && !dio_score_port(n->type, score->media)) {
        dio_report_at(&p->report, name, "rank: %s looks at %s, and %s@%d yields none", score->name,
                      dio_media_name(score->media), n->type->name, n->type->version);
        return;
    }
    for (int i = 0; i < c->count; i++) {
        if (c->by[i].score == score) {
            dio_report_at(&p->report, name, "rank: %s stands here twice", score->name);
            return;
        }
    }
    if (c->count == DIO_CRITERIA)
        dio_report_at(&p->report, name, "rank: more than %d scores", DIO_CRITERIA);
    else
        c->by[c->count++] = (dio_criterion){score, name, absent(given) ? NULL : given};
}

/* The scores that are usual for the step's first output that any look at. */
static void add_usual(dio_stage *n)
{
    dio_choice *c = &n->choice;
    for (const dio_port *port = n->type->out; port->name && !c->count; port++)
        for (int i = 0; dio_scores[i]; i++)
            if (dio_scores[i]->usual && dio_scores[i]->media == port->media)
                c->by[c->count++] = (dio_criterion){dio_scores[i], n->place, NULL};
}

static void read_rank(dio_pipeline *p, dio_stage *n)
{
    struct dio_rank_row row = {0};
    dio_error unused = {0};
    if (n->row.rank->kind != DIO_MAP) {
        dio_report_at(&p->report, n->row.rank, "rank: expected {by: ...}, found %s",
                      dio_kind_name(n->row.rank->kind));
        return;
    }
    dio_fields_read(dio_rank_fields, &row, n->row.rank, "rank",
                    DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT, p->arena, dio_report_add, &p->report,
                    &unused);
    const dio_value *by = row.by, *keep = dio_map_get(n->row.rank, "keep");
    if (keep && row.keep != 1 && keep->kind == DIO_INT)
        dio_report_at(&p->report, keep, "keep: %d; just 1 goes on, the best", row.keep);
    if (absent(by))
        return;
    if (by->kind == DIO_LIST)
        for (int i = 0; i < by->list.count; i++)
            add_criterion(p, n, by->list.items[i], NULL);
    else if (by->kind == DIO_MAP)
        for (int i = 0; i < by->map.count; i++)
            add_criterion(p, n, by->map.keys[i], by->map.items[i]);
    else
        dio_report_at(&p->report, by, "by: expected a list or a map of scores, found %s",
                      dio_kind_name(by->kind));
}

/* ---- review ---- */

/* "90m": a number and s, m, h or d. */
static bool read_duration(const char *text, int64_t *seconds)
{
    static const char units[] = "smhd";
    static const int64_t size[] = {1, 60, 3600, 86400};
    size_t n = strlen(text);
    const char *unit = n ? strchr(units, text[n - 1]) : NULL;
    char digits[20];
    int64_t count;
    if (!unit || n < 2 || n > sizeof digits)
        return false;
    memcpy(digits, text, n - 1);
    digits[n - 1] = '\0';
    if (!dio_parse_int(digits, &count) || count < 1 || count > 100000000)
        return false;
    *seconds = count * size[unit - units];
    return true;
}

static void read_review(dio_pipeline *p, dio_stage *n)
{
    const dio_value *v = n->row.review;
    dio_choice *c = &n->choice;
    dio_error unused = {0};
    if (v->kind == DIO_BOOL && !v->boolean)
        return;
    c->reviewed = true;
    c->review.max_rounds = 3;
    if (v->kind == DIO_BOOL)
        return;
    if (v->kind != DIO_MAP) {
        dio_report_at(&p->report, v, "review: expected true or {timeout: ...}, found %s",
                      dio_kind_name(v->kind));
        return;
    }
    dio_fields_read(dio_review_fields, &c->review, v, "review",
                    DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT, p->arena, dio_report_add, &p->report,
                    &unused);
    const char *timeout = c->review.timeout;
    if (timeout && *timeout && !read_duration(timeout, &c->timeout))
        dio_report_at(&p->report, dio_map_get(v, "timeout"),
                      "timeout: \"%.40s\" is no length of time; write 90m, 24h or 7d", timeout);
    if (c->review.on_timeout != DIO_ON_TIMEOUT_WAIT && timeout && !*timeout)
        dio_report_at(&p->report, dio_map_get(v, "on_timeout"),
                      "on_timeout: there is no timeout; add timeout: 24h");
}

/* ---- a step ---- */

static bool shows(const dio_step *type)
{
    return dio_score_port(type, DIO_MEDIA_IMAGE) || dio_score_port(type, DIO_MEDIA_AUDIO) ||
           dio_score_port(type, DIO_MEDIA_TEXT) || dio_score_port(type, DIO_MEDIA_VIDEO);
}

static int candidates_of(const dio_stage *n)
{
    if (!absent(dio_map_get(n->place, "candidates")))
        return n->row.candidates >= 1 && n->row.candidates <= DIO_CANDIDATES ? n->row.candidates
                                                                             : 1;
    /* What holds for all steps holds for those whose results can be told apart. */
    return n->choice.count && n->part->defaults.candidates > 1 ? n->part->defaults.candidates : 1;
}

void dio_choice_read(dio_pipeline *p, dio_stage *n)
{
    dio_choice *c = &n->choice;
    *c = (dio_choice){.candidates = 1};
    if (!absent(n->row.rank))
        read_rank(p, n);
    if (!absent(n->row.review))
        read_review(p, n);
    if (n->type && !c->count)
        add_usual(n);
    c->candidates = candidates_of(n);
    if (!n->type)
        return;
    if (c->reviewed && !shows(n->type))
        dio_report_at(&p->report, n->row.review,
                      "review: %s@%d yields nothing that can be shown: no picture, film, sound or "
                      "text",
                      n->type->name, n->type->version);
    else if (c->candidates > 1 && !c->count && !c->reviewed)
        dio_report_at(&p->report, dio_map_get(n->place, "candidates"),
                      "candidates: no score looks at what %s@%d yields; let a person choose with "
                      "review: true, or remove candidates",
                      n->type->name, n->type->version);
}

/* ---- parameters ---- */

const dio_port *dio_criterion_port(const dio_step *type, const dio_criterion *c,
                                   const struct dio_criterion_params *params)
{
    const char *of = params->of;
    if (!of || !*of)
        return dio_score_port(type, c->score->media);
    for (const dio_port *port = type->out; port->name; port++)
        if (port->media == c->score->media && strcmp(port->name, of) == 0)
            return port;
    return NULL;
}

bool dio_criterion_read(const dio_pipeline *p, const dio_criterion *c, dio_value *scope,
                        void *params, dio_report *report)
{
    const dio_value *with, *given = c->given;
    if (given && given->kind != DIO_MAP) { /* sharpness: 2 */
        dio_value *map = dio_value_map(report->arena);
        *map = (dio_value){
            .kind = DIO_MAP, .line = given->line, .column = given->column, .file = given->file};
        dio_map_set(report->arena, map, "weight", (dio_value *)(uintptr_t)given);
        given = map;
    }
    const dio_params_source source = {.given = given,
                                      .place = c->place,
                                      .part = report->part,
                                      .fields = c->score->params,
                                      .what = c->score->name};
    int before = report->count;
    bool known = dio_params_bind(p, &source, scope, params, &with, report);
    if (c->score->check)
        c->score->check(p->studio, params, with, report);
    return known && report->count == before;
}

/* Candidates of the nearest name, for an output that is none. */
static void tell_port(const dio_stage *n, const dio_criterion *c, const char *of,
                      dio_report *report)
{
    const char *names[32];
    int count = 0;
    for (const dio_port *port = n->type->out; port->name && count < 32; port++)
        if (port->media == c->score->media)
            names[count++] = port->name;
    const char *near = dio_nearest(of, names, count);
    const dio_value *place = c->given ? dio_map_get(c->given, "of") : NULL;
    dio_report_at(report, place ? place : c->place,
                  "of: \"%.40s\" is no output of %s@%d that is %s%s%s%s", of, n->type->name,
                  n->type->version, dio_media_name(c->score->media),
                  near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

bool dio_review_wanted(const dio_pipeline *p, const dio_stage *n, dio_value *own, bool *yes,
                       dio_report *report)
{
    const dio_value *when = n->choice.review.when;
    dio_error e = {0};
    *yes = n->choice.reviewed;
    if (!*yes || !when)
        return true;
    const dio_value *scope = dio_scope_of(p, n->part, own, report);
    const dio_value *v = scope ? dio_value_bind(p, when, scope, report->arena, &e) : NULL;
    *yes = v && v != &dio_unknown && dio_value_true(v);
    if (scope && !v)
        dio_report_add(report, &e);
    return v != NULL;
}

void dio_choice_check(const dio_pipeline *p, const dio_stage *n, dio_value *scope,
                      dio_report *report)
{
    const dio_choice *c = &n->choice;
    bool unused;
    for (int i = 0; n->type && i < c->count; i++) {
        struct dio_criterion_params *params = calloc(1, c->by[i].score->params_size);
        if (!params) {
            dio_report_memory(report);
            return;
        }
        dio_criterion_read(p, &c->by[i], scope, params, report);
        if (params->of && !dio_criterion_port(n->type, &c->by[i], params))
            tell_port(n, &c->by[i], params->of, report);
        free(params);
    }
    dio_review_wanted(p, n, scope, &unused, report);
}
