/* review.c: questions and answers. The command that answers and the run that asks meet only in the
 * table; each statement there is whole by itself. */
#define _GNU_SOURCE
#include "fusion/review.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "fusion/candidates.h"
#include "fusion/review_page.h"

struct question {
    int64_t id, asked;
    char state[16], note[400];
    int picked; /* from 0; -1: nobody has */
};

static const char *time_text(dio_arena *a, int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[40];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
    return dio_arena_strdup(a, text);
}

/* ---- the table ---- */

static bool take_question(void *user, const dio_cell *cells, int count)
{
    struct question *q = user;
    if (count < 5)
        return false;
    q->id = cells[0].integer;
    q->asked = cells[1].integer;
    snprintf(q->state, sizeof q->state, "%s", cells[2].text ? cells[2].text : "");
    q->picked = cells[3].kind == DIO_CELL_INT ? (int)cells[3].integer - 1 : -1;
    snprintf(q->note, sizeof q->note, "%s", cells[4].text ? cells[4].text : "");
    return false;
}

static bool find(dio_db *db, const char *key, struct question *q, dio_error *err)
{
    const dio_cell cell = DIO_CELL_T(key);
    *q = (struct question){0};
    return dio_db_run(db, "select id, asked, state, picked, note from review where key = ?", &cell,
                      1, take_question, q, err);
}

/* What is shown, by content. */
static bool make_key(const dio_run *run, const dio_candidates *c, char key[DIO_HASH_TEXT],
                     dio_error *err)
{
    dio_arena *a = run->arena;
    dio_value *list = dio_value_list(a);
    dio_list_add(a, list, dio_value_string(a, run->p->name));
    dio_list_add(a, list, dio_value_string(a, c->record->label));
    for (int i = 0; i < c->count; i++) {
        const dio_entry *e = &c->tries[i].made;
        for (int k = 0; k < e->results; k++) {
            const dio_result *r = &e->result[k];
            dio_list_add(a, list, dio_value_string(a, r->port));
            dio_list_add(a, list, dio_value_string(a, r->is_file ? r->hash : r->text));
        }
    }
    const char *text = dio_json_write(a, list, 0);
    return text ? dio_hash_bytes(text, strlen(text), key, err) : dio_fail_memory(err, "a review");
}

static bool add(dio_run *run, const dio_candidates *c, const char *key, dio_error *err)
{
    dio_db *db = dio_ledger_db(run->ledger);
    dio_arena *a = run->arena;
    const char *candidates = dio_json_write(a, dio_candidates_value(c, a), 0);
    const char *label = c->record->label;
    return DIO_DB_DO(db, err,
                     "update review set state = 'superseded' where state = 'pending' and pipeline "
                     "= ? and label = ? and row = ? and key <> ?",
                     DIO_CELL_T(run->p->name), DIO_CELL_T(label), DIO_CELL_I(run->row),
                     DIO_CELL_T(key)) &&
           DIO_DB_DO(db, err,
                     "insert or ignore into review (key, run, row, pipeline, label, state, round, "
                     "rounds, asked, timeout, on_timeout, best, candidates) values (?, ?, ?, ?, "
                     "?, 'pending', ?, ?, ?, ?, ?, ?, ?)",
                     DIO_CELL_T(key), DIO_CELL_I(run->run_id), DIO_CELL_I(run->row),
                     DIO_CELL_T(run->p->name), DIO_CELL_T(label), DIO_CELL_I(c->round),
                     DIO_CELL_I(c->choice->review.max_rounds), DIO_CELL_I(time(NULL)),
                     DIO_CELL_I(c->choice->timeout),
                     DIO_CELL_T(dio_on_timeout_names[c->choice->review.on_timeout]),
                     DIO_CELL_I(c->ranking.order[0] + 1), DIO_CELL_T(candidates));
}

/* The clock's decision; a person's that came first stands. */
static bool close_late(dio_run *run, const char *state, int best, struct question *q,
                       const char *key, dio_error *err)
{
    dio_db *db = dio_ledger_db(run->ledger);
    return DIO_DB_DO(db, err,
                     "update review set state = ?, picked = ?, decided = ?, who = 'the clock' "
                     "where id = ? and state = 'pending'",
                     DIO_CELL_T(state), DIO_CELL_I(best + 1), DIO_CELL_I(time(NULL)),
                     DIO_CELL_I(q->id)) &&
           find(db, key, q, err);
}

/* ---- the page ---- */

static const char *facts_of(const dio_candidates *c, int i, dio_arena *a)
{
    char *text = dio_arena_printf(a, "seed %llu", (unsigned long long)c->seeds[i]);
    if (c->choice->count)
        text = dio_arena_printf(a, "%s\ntotal %+.3f", text, c->ranking.total[i]);
    if (c->ranking.faults[i])
        text = dio_arena_printf(a, "%s\nfaults %d", text, c->ranking.faults[i]);
    for (int k = 0; k < c->choice->count; k++)
        text = dio_arena_printf(a, "%s\n%s %.6g", text, c->choice->by[k].score->name,
                                c->values[i * c->choice->count + k]);
    return text;
}

static bool fill_card(dio_run *run, const dio_candidates *c, int i, const char *folder,
                      dio_review_card *card, dio_error *err)
{
    dio_arena *a = run->arena;
    const dio_result *r = dio_candidate_shown(c, i, &card->media);
    *card = (dio_review_card){.media = card->media, .facts = facts_of(c, i, a)};
    if (!r)
        return true;
    if (card->media == DIO_MEDIA_TEXT) {
        card->text = r->is_file ? dio_file_read(a, r->text, 1 << 24, NULL, err) : r->text;
        return card->text != NULL;
    }
    const char *dot = strrchr(dio_path_base(r->text), '.');
    card->file = dio_arena_printf(a, "%d%s", i + 1, dot ? dot : "");
    return dio_run_copy_out(run, r, dio_path_join(a, folder, card->file), err);
}

static bool write_page(dio_run *run, const dio_candidates *c, const struct question *q,
                       dio_error *err)
{
    static const char *const then[] = {[DIO_ON_TIMEOUT_WAIT] = "Nothing happens then",
                                       [DIO_ON_TIMEOUT_KEEP_BEST] = "Then the best is taken",
                                       [DIO_ON_TIMEOUT_FAIL] = "Then the step fails"};
    dio_arena *a = run->arena;
    const dio_choice *choice = c->choice;
    dio_review_page *page = dio_arena_alloc(a, sizeof *page);
    const char *folder =
        dio_path_join(a, run->options->out, dio_arena_printf(a, "review/%lld", (long long)q->id));
    if (!dio_dir_make(folder, err))
        return false;
    char *out = realpath(run->options->out, NULL);
    *page = (dio_review_page){.id = q->id,
                              .pipeline = run->p->name,
                              .step = c->record->label,
                              .out = dio_arena_strdup(a, out ? out : run->options->out),
                              .asked = time_text(a, q->asked),
                              .deadline = "",
                              .round = c->round,
                              .rounds = choice->review.max_rounds,
                              .best = choice->count ? c->ranking.order[0] : -1,
                              .count = c->count};
    free(out);
    if (choice->timeout)
        page->deadline =
            dio_arena_printf(a, "Time is until %s. %s.", time_text(a, q->asked + choice->timeout),
                             then[choice->review.on_timeout]);
    for (int i = 0; i < c->count; i++)
        if (!fill_card(run, c, i, folder, &page->cards[i], err))
            return false;
    const char *html = dio_review_html(a, page, err);
    return html && dio_run_copy_out(run, c->sheet, dio_path_join(a, folder, "sheet.png"), err) &&
           dio_file_write(dio_path_join(a, folder, "index.html"), html, strlen(html), err);
}

/* ---- asking ---- */

static void note(dio_run *run, dio_record *r, const struct question *q)
{
    dio_arena *a = run->arena;
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "id", dio_value_int(a, q->id));
    dio_map_set(a, v, "state", dio_value_string(a, dio_arena_strdup(a, q->state)));
    if (*q->note)
        dio_map_set(a, v, "note", dio_value_string(a, dio_arena_strdup(a, q->note)));
    dio_map_set(a, r->choice, "review", v);
}

static bool wait(dio_run *run, dio_record *r, const dio_candidates *c, const struct question *q,
                 dio_error *err)
{
    if (!write_page(run, c, q, err))
        return false;
    const char *text = dio_arena_printf(run->arena, "review %lld: %s/review/%lld/index.html",
                                        (long long)q->id, run->options->out, (long long)q->id);
    run->reviews++;
    dio_ledger_event(run->ledger, run->run_id, run->row, "review", text);
    dio_run_tell(run, (dio_run_event){.what = DIO_RUN_REVIEW, .step = r->label, .text = text}, 1);
    return true;
}

static bool is(const struct question *q, const char *state)
{
    return strcmp(q->state, state) == 0;
}

/* The question with its state now: asked if it was not, closed if its time is over. */
static bool open_question(dio_run *run, const dio_candidates *c, struct question *q, dio_error *err)
{
    char key[DIO_HASH_TEXT];
    dio_db *db = run->ledger ? dio_ledger_db(run->ledger) : NULL;
    const dio_choice *choice = c->choice;
    if (!db)
        return dio_fail_retry(err,
                              "review: answers are kept in %s/.diorama, which cannot be "
                              "written",
                              run->options->out);
    if (!make_key(run, c, key, err) || !find(db, key, q, err))
        return false;
    if (is(q, "superseded") && /* the inputs are again what they were */
        !DIO_DB_DO(db, err, "update review set state = 'pending', asked = ? where id = ?",
                   DIO_CELL_I(time(NULL)), DIO_CELL_I(q->id)))
        return false;
    if ((!q->id && !add(run, c, key, err)) || !find(db, key, q, err))
        return false;
    bool late = is(q, "pending") && choice->timeout && time(NULL) >= q->asked + choice->timeout;
    if (late && choice->review.on_timeout == DIO_ON_TIMEOUT_KEEP_BEST)
        return close_late(run, "kept_best", c->ranking.order[0], q, key, err);
    if (late && choice->review.on_timeout == DIO_ON_TIMEOUT_FAIL)
        return close_late(run, "timed_out", -1, q, key, err);
    return true;
}

bool dio_review_ask(dio_run *run, dio_record *r, const dio_candidates *c, dio_verdict *verdict,
                    dio_error *err)
{
    struct question q;
    if (!open_question(run, c, &q, err))
        return false;
    note(run, r, &q);
    long long id = q.id;
    verdict->decision = DIO_REVIEW_PENDING;
    if (is(&q, "pending"))
        return wait(run, r, c, &q, err);
    if (is(&q, "timed_out"))
        return dio_fail(err,
                        "review %lld: nobody has decided in time; `diorama review approve "
                        "%lld` still can",
                        id, id);
    verdict->decision = is(&q, "rejected") ? DIO_REVIEW_REJECTED : DIO_REVIEW_APPROVED;
    if (verdict->decision == DIO_REVIEW_REJECTED && c->round >= c->choice->review.max_rounds)
        return dio_fail(err, "review %lld: all %d rounds were rejected%s%s", id, c->round,
                        *q.note ? ", the last with: " : "", q.note);
    if (q.picked >= 0 && q.picked < c->count)
        verdict->picked = q.picked;
    return true;
}
