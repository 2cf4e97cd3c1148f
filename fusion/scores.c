/* scores.c: the list of scores, from scores.def, and what is told about it. */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "fusion/fusion.h"
#include "fusion/score.h"

#define DIO_SCORE(name) extern const dio_score dio_score_##name;
#include "fusion/scores/scores.def"
#undef DIO_SCORE

const dio_score *const dio_scores[] = {
#define DIO_SCORE(name) &dio_score_##name,
#include "fusion/scores/scores.def"
#undef DIO_SCORE
    NULL,
};

const dio_field dio_criterion_fields[] = {DIO_CRITERION_FIELDS, {0}};

enum { NAMES = 64 };

const dio_score *dio_score_find(const char *name, dio_error *err)
{
    const char *names[NAMES];
    int count = 0;
    for (int i = 0; dio_scores[i] && count < NAMES; i++) {
        names[count++] = dio_scores[i]->name;
        if (strcmp(dio_scores[i]->name, name) == 0)
            return dio_scores[i];
    }
    const char *near = dio_nearest(name, names, count);
    if (near)
        dio_fail(err, "there is no score \"%.60s\": did you mean \"%s\"?", name, near);
    else
        dio_fail(err, "there is no score \"%.60s\"; `diorama scores` lists them", name);
    return NULL;
}

const dio_port *dio_score_port(const dio_step *type, dio_media media)
{
    for (const dio_port *port = type->out; port->name; port++)
        if (port->media == media)
            return port;
    return NULL;
}

/* ---- `diorama scores` ---- */

static const char *range_text(const dio_score *s, dio_arena *a)
{
    return isinf(s->hi) ? dio_arena_printf(a, "%g and more", s->lo)
                        : dio_arena_printf(a, "%g to %g", s->lo, s->hi);
}

static const char *sense_text(const dio_score *s)
{
    return s->fault ? "above 0 is a fault" : s->lower ? "lower is better" : "higher is better";
}

static dio_value *score_value(const dio_score *s, dio_arena *a)
{
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "name", dio_value_string(a, s->name));
    dio_map_set(a, v, "media", dio_value_string(a, dio_media_name(s->media)));
    dio_map_set(a, v, "description", dio_value_string(a, s->doc));
    dio_map_set(a, v, "unit", dio_value_string(a, s->unit));
    dio_map_set(a, v, "better",
                dio_value_string(a, s->fault   ? "none"
                                    : s->lower ? "lower"
                                               : "higher"));
    dio_map_set(a, v, "minimum", dio_value_real(a, s->lo));
    if (!isinf(s->hi))
        dio_map_set(a, v, "maximum", dio_value_real(a, s->hi));
    dio_map_set(a, v, "reference", dio_value_string(a, s->reference));
    dio_map_set(a, v, "usual", dio_value_bool(a, s->usual));
    dio_map_set(a, v, "with", dio_fields_schema(s->params, true, a));
    return v;
}

static void put_score(dio_str *out, const dio_score *s, bool whole, dio_arena *a)
{
    dio_str_printf(out, "%-12s %-6s %s (%s)\n", s->name, dio_media_name(s->media), s->doc,
                   sense_text(s));
    if (whole)
        dio_str_printf(out, "\n  %s, %s\n  %s\n  %s\n\nwith:\n%s", range_text(s, a), s->unit,
                       s->reference, s->usual ? "used where `by` is not given" : "when named",
                       dio_fields_help(s->params, "", a));
}

char *dio_scores_text(dio_arena *a, const char *name, bool json, dio_error *err)
{
    const dio_score *one = name ? dio_score_find(name, err) : NULL;
    if (name && !one)
        return NULL;
    dio_value *list = dio_value_list(a);
    dio_str s = {0};
    for (int i = 0; dio_scores[i]; i++) {
        if (one && dio_scores[i] != one)
            continue;
        dio_list_add(a, list, score_value(dio_scores[i], a));
        put_score(&s, dio_scores[i], one != NULL, a);
    }
    char *text = json ? dio_json_write(a, list, 2) : !s.failed ? dio_arena_strdup(a, s.text) : NULL;
    dio_str_deinit(&s);
    if (!text)
        dio_fail_memory(err, "the list of scores");
    return text;
}

static void put_section(dio_str *out, const dio_score *s, dio_arena *a)
{
    dio_str_printf(out, "## %s\n\n%s: %s. %s, in %s: %s.%s\n\nDefinition: %s.\n\n%s\n", s->name,
                   dio_media_name(s->media), s->doc, sense_text(s), s->unit, range_text(s, a),
                   s->usual ? " Used where `by` is not given." : "", s->reference,
                   dio_fields_markdown(s->params, a));
}

char *dio_scores_page(dio_arena *a, dio_error *err)
{
    dio_str s = {0};
    dio_str_puts(
        &s,
        "What `rank:` of a step may choose among `candidates` by: `by: [sharpness, contrast]`, "
        "`by: {sharpness: 2, contrast: 1}` with weights, or `by: {clutter: {preset: reels-9x16, "
        "weight: 2}}` with parameters. Each score becomes a z-score over the candidates, signed so "
        "that more is better; a candidate's rank is their weighted mean, and of equals the first "
        "wins. Candidates with a fault come after all without one.\n\n");
    for (int i = 0; dio_scores[i]; i++)
        put_section(&s, dio_scores[i], a);
    char *text = s.failed ? NULL : dio_arena_strdup(a, s.text);
    dio_str_deinit(&s);
    if (!text)
        dio_fail_memory(err, "the page of scores");
    return text;
}
