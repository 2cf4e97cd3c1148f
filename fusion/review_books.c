/* review_books.c: questions as commands list, show and answer them. */
#include <string.h>
#include <time.h>

#include "fusion/candidates.h"
#include "fusion/review.h"

static const char *const names[] = {"id",     "pipeline", "step",  "row",     "run",       "state",
                                    "round",  "rounds",   "asked", "timeout", "then",      "best",
                                    "picked", "decided",  "who",   "note",    "candidates"};
enum { COLUMNS = sizeof names / sizeof *names };

struct reader {
    dio_arena *a;
    dio_value *list;
};

static dio_value *cell_value(dio_arena *a, const char *name, const dio_cell *c)
{
    dio_error ignored = {0};
    bool moment = strcmp(name, "asked") == 0 || strcmp(name, "decided") == 0;
    if (c->kind == DIO_CELL_INT && moment) {
        time_t t = (time_t)c->integer;
        struct tm tm;
        char text[40];
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
        return dio_value_string(a, text);
    }
    if (c->kind == DIO_CELL_TEXT && strcmp(name, "candidates") == 0) {
        char *copy = dio_arena_strdup(a, c->text);
        return copy ? dio_json_parse(a, "candidates", copy, strlen(copy), &ignored) : NULL;
    }
    return c->kind == DIO_CELL_INT    ? dio_value_int(a, c->integer)
           : c->kind == DIO_CELL_TEXT ? dio_value_string(a, dio_arena_strdup(a, c->text))
                                      : NULL;
}

static bool take(void *user, const dio_cell *cells, int count)
{
    struct reader *r = user;
    dio_value *v = dio_value_map(r->a);
    for (int i = 0; i < count && i < COLUMNS; i++) {
        dio_value *one = cell_value(r->a, names[i], &cells[i]);
        if (one)
            dio_map_set(r->a, v, names[i], one);
    }
    dio_list_add(r->a, r->list, v);
    return true;
}

static dio_value *query(dio_ledger *l, dio_arena *a, const char *sql, const dio_cell *cells,
                        int count, dio_error *err)
{
    struct reader r = {a, dio_value_list(a)};
    if (!dio_db_run(dio_ledger_db(l), sql, cells, count, take, &r, err))
        return NULL;
    if (dio_arena_failed(a)) {
        dio_fail_memory(err, "the list of reviews");
        return NULL;
    }
    return r.list;
}

#define SELECT                                                                                     \
    "select id, pipeline, label, row, run, state, round, rounds, asked, timeout, on_timeout, "     \
    "best, picked, decided, who, note, candidates from review "

dio_value *dio_review_list(dio_ledger *l, dio_arena *a, bool all, dio_error *err)
{
    return all ? query(l, a, SELECT "order by id limit 10000", NULL, 0, err)
               : query(l, a, SELECT "where state = 'pending' order by id limit 10000", NULL, 0,
                       err);
}

dio_value *dio_review_show(dio_ledger *l, dio_arena *a, int64_t id, dio_error *err)
{
    const dio_cell cell = DIO_CELL_I(id);
    dio_value *list = query(l, a, SELECT "where id = ?", &cell, 1, err);
    if (list && !list->list.count) {
        dio_fail(err, "there is no review %lld in this folder; `diorama review ls` lists them",
                 (long long)id);
        return NULL;
    }
    return list ? list->list.items[0] : NULL;
}

static const char *text_of(const dio_value *v, const char *key)
{
    const dio_value *one = dio_map_get(v, key);
    return one && one->kind == DIO_STRING ? one->string.text : "";
}

static int64_t int_of(const dio_value *v, const char *key)
{
    const dio_value *one = dio_map_get(v, key);
    return one && one->kind == DIO_INT ? one->integer : 0;
}

/* What a person may still decide: what waits, and what was only late. */
static bool may_decide(const dio_value *v, const dio_review_answer *w, dio_error *err)
{
    const char *state = text_of(v, "state");
    const dio_value *candidates = dio_map_get(v, "candidates");
    int count = candidates && candidates->kind == DIO_LIST ? candidates->list.count : 0;
    if (strcmp(state, "superseded") == 0)
        return dio_fail(err,
                        "review %lld: other candidates have taken the place of these; `diorama "
                        "review ls` lists what waits",
                        (long long)w->id);
    if (strcmp(state, "pending") != 0 && strcmp(state, "timed_out") != 0 && !w->change)
        return dio_fail(err, "review %lld: it is %s, by %s at %s; --change decides anew",
                        (long long)w->id, state, text_of(v, "who"), text_of(v, "decided"));
    if (w->pick < 0 || w->pick > count)
        return dio_fail(err, "pick: %d is none of the %d candidates of review %lld", w->pick, count,
                        (long long)w->id);
    return true;
}

bool dio_review_decide(dio_ledger *l, dio_arena *a, const dio_review_answer *w, dio_error *err)
{
    const dio_value *v = dio_review_show(l, a, w->id, err);
    if (!v || !may_decide(v, w, err))
        return false;
    const char *before = text_of(v, "state"), *state = w->approve ? "approved" : "rejected";
    int64_t picked = w->pick ? w->pick : int_of(v, "best");
    if (!DIO_DB_DO(dio_ledger_db(l), err,
                   "update review set state = ?, picked = ?, decided = ?, who = ?, note = ? where "
                   "id = ? and state = ?",
                   DIO_CELL_T(state), w->approve ? DIO_CELL_I(picked) : DIO_CELL_T(NULL),
                   DIO_CELL_I(time(NULL)), DIO_CELL_T(w->who), DIO_CELL_T(w->note),
                   DIO_CELL_I(w->id), DIO_CELL_T(before)))
        return false;
    if (dio_db_changes(dio_ledger_db(l)) != 1)
        return dio_fail_retry(err, "review %lld: someone has decided just now; look again",
                              (long long)w->id);
    dio_ledger_event(l, int_of(v, "run"), int_of(v, "row"), "review",
                     dio_arena_printf(a, "review %lld %s by %s%s%s", (long long)w->id, state,
                                      w->who, *w->note ? ": " : "", w->note));
    return true;
}
