/* test_candidates.c: a step tried several times: what is made, what is taken, who is asked. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/value.h"
#include "fusion/db.h"
#include "fusion/fusion.h"
#include "fusion/review.h"
#include "fusion/review_page.h"
#include "fusion/sheet.h"
#include "fusion/studio.h"

static const char head[] = "version: 1\n"
                           "name: chosen\n"
                           "inputs:\n"
                           "  careful: {type: boolean, default: true}\n"
                           "  title: {type: string, default: Take one}\n"
                           "defaults: {seed: 7}\n"
                           "steps:\n"
                           "  - id: card\n"
                           "    uses: compose.image@1\n"
                           "    with: {preset: iab-300x250, headline: \"${{ inputs.title }}\"}\n";
static const char tail[] =
    "  - id: copy\n"
    "    uses: compose.image@1\n"
    "    with: {preset: iab-300x250, headline: Second, hero: \"${{ steps.card.outputs.image }}\"}\n"
    "  - id: free\n"
    "    uses: compose.image@1\n"
    "    with: {preset: iab-300x250, headline: Free, palette: dusk}\n"
    "outputs:\n"
    "  card: {from: \"${{ steps.card.outputs.image }}\", path: card.png}\n"
    "  copy: {from: \"${{ steps.copy.outputs.image }}\", path: copy.png}\n"
    "  free: {from: \"${{ steps.free.outputs.image }}\", path: free.png}\n";

struct place {
    char dir[64], cache[80], out[80];
    dio_arena *arena;
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    *state = p;
    strcpy(p->dir, "/tmp/diorama-chosen-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->cache, sizeof p->cache, "%s/cache", p->dir);
    snprintf(p->out, sizeof p->out, "%s/out", p->dir);
    return (p->arena = dio_arena_create()) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct place *p = *state;
    nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    dio_arena_destroy(p->arena);
    free(p);
    return 0;
}

struct seen {
    int choices, reviews, waits, texts;
    double last;
    char choice[200];
};

static void on_event(void *user, const dio_run_event *e)
{
    struct seen *s = user;
    s->choices += e->what == DIO_RUN_CHOICE;
    s->reviews += e->what == DIO_RUN_REVIEW;
    s->waits += e->what == DIO_RUN_END && e->waits;
    s->texts += e->what == DIO_RUN_TEXT;
    if (e->what == DIO_RUN_CHOICE)
        snprintf(s->choice, sizeof s->choice, "%s", e->text);
    if (e->what != DIO_RUN_FILE && e->what != DIO_RUN_DONE) {
        assert_true(e->done >= s->last - 1e-9 && e->done <= 1 + 1e-9);
        s->last = e->done;
    }
}

/* Runs the pipeline whose card has these lines more. */
static bool run(struct place *p, const char *lines, const char *set, bool cached, struct seen *seen,
                dio_error *err)
{
    dio_error e = {0};
    const char *text = dio_arena_printf(p->arena, "%s%s%s", head, lines, tail);
    dio_pipeline *pipe = dio_pipeline_parse("chosen.yaml", text, strlen(text), "assets", &e);
    if (set)
        dio_pipeline_set(pipe, set);
    *seen = (struct seen){0};
    if (!dio_pipeline_check(pipe, &(dio_check_options){.out = p->out}))
        fail_msg("%s", dio_pipeline_problems(pipe, NULL));
    bool ok = dio_pipeline_run(pipe,
                               &(dio_run_options){.out = p->out,
                                                  .cache = cached ? p->cache : NULL,
                                                  .record = true,
                                                  .event = on_event,
                                                  .user = seen},
                               err);
    dio_pipeline_close(pipe);
    return ok;
}

static const char *in(struct place *p, const char *name)
{
    return dio_path_join(p->arena, p->out, name);
}

static const dio_value *record(struct place *p)
{
    dio_error err = {0};
    return dio_value_read(p->arena, in(p, "run.json"), 1 << 24, &err);
}

/* steps[0] of run.json is the card. */
static const dio_value *choice_of(struct place *p)
{
    return dio_map_get(dio_map_get(record(p), "steps")->list.items[0], "choice");
}

static int64_t int_at(const dio_value *v, const char *key)
{
    return dio_map_get(v, key)->integer;
}

static const char *text_at(const dio_value *v, const char *key)
{
    return dio_map_get(v, key)->string.text;
}

static const char four[] = "    candidates: 4\n"
                           "    rank: {by: {contrast: 2, sharpness: 1}, keep: 1}\n";

static void the_best_goes_on(void **state)
{
    struct place *p = *state;
    struct seen seen;
    dio_error err = {0};
    if (!run(p, four, NULL, true, &seen, &err))
        fail_msg("%s", err.message);
    assert_int_equal(seen.choices, 1);
    const dio_value *c = choice_of(p), *list = dio_map_get(c, "candidates");
    int64_t chosen = int_at(c, "chosen");
    assert_int_equal(list->list.count, 4);
    for (int i = 0; i < 4; i++) {
        const dio_value *one = list->list.items[i];
        assert_string_equal(text_at(one, "seed"), dio_arena_printf(p->arena, "%d", 7 + i));
        assert_int_equal(int_at(one, "rank") == 1, i + 1 == chosen);
        assert_non_null(dio_map_get(dio_map_get(one, "scores"), "contrast"));
    }
    /* The same file as that seed alone gives. */
    char hash[DIO_HASH_TEXT], alone[DIO_HASH_TEXT];
    assert_true(dio_hash_file(in(p, "card.png"), hash, &err));
    assert_true(dio_file_exists(in(p, "candidates/card.png")));
    assert_true(run(p, "", NULL, true, &seen, &err));
    assert_true(dio_hash_file(in(p, "card.png"), alone, &err));
    assert_int_equal(strcmp(hash, alone) == 0, chosen == 1);
}

static void what_is_found_is_not_looked_at_again(void **state)
{
    struct place *p = *state;
    struct seen seen;
    dio_error err = {0};
    char first[DIO_HASH_TEXT], sheet[DIO_HASH_TEXT], now[DIO_HASH_TEXT];
    assert_true(run(p, four, NULL, true, &seen, &err));
    assert_true(dio_hash_file(in(p, "card.png"), first, &err));
    assert_true(dio_hash_file(in(p, "candidates/card.png"), sheet, &err));
    const char *scores = dio_json_write(p->arena, dio_map_get(choice_of(p), "candidates"), 0);
    assert_true(run(p, four, NULL, true, &seen, &err));
    const dio_value *step = dio_map_get(record(p), "steps")->list.items[0];
    assert_true(dio_map_get(step, "kept")->boolean);
    assert_string_equal(dio_json_write(p->arena, dio_map_get(choice_of(p), "candidates"), 0),
                        scores);
    /* And without a cache the same comes out. */
    assert_true(run(p, four, NULL, false, &seen, &err));
    assert_true(dio_hash_file(in(p, "card.png"), now, &err));
    assert_string_equal(first, now);
    assert_true(dio_hash_file(in(p, "candidates/card.png"), now, &err));
    assert_string_equal(sheet, now);
}

static const char asks[] = "    candidates: 2\n"
                           "    review: {when: \"${{ inputs.careful }}\", max_rounds: 2}\n";

static dio_ledger *books(struct place *p)
{
    dio_error err = {0};
    dio_ledger *l = dio_ledger_open_existing(p->out, &err);
    if (!l)
        fail_msg("%s", err.message);
    return l;
}

static void answer(struct place *p, dio_review_answer a, const char *refusal)
{
    dio_error err = {0};
    dio_ledger *l = books(p);
    a.note = a.note ? a.note : "";
    a.who = "a test";
    bool ok = dio_review_decide(l, p->arena, &a, &err);
    if (refusal)
        assert_string_equal(err.message, refusal);
    else if (!ok)
        fail_msg("%s", err.message);
    assert_int_equal(ok, refusal == NULL);
    dio_ledger_close(l);
}

static void a_person_chooses(void **state)
{
    struct place *p = *state;
    struct seen seen;
    dio_error err = {0};
    assert_false(run(p, asks, NULL, true, &seen, &err));
    assert_int_equal(err.kind, DIO_ERROR_RETRY);
    assert_int_equal(seen.reviews, 1);
    assert_int_equal(seen.waits, 2); /* the card, and what needs it */
    assert_true(dio_file_exists(in(p, "free.png")));
    assert_false(dio_file_exists(in(p, "card.png")));
    assert_true(dio_file_exists(in(p, "review/1/index.html")));
    assert_true(dio_file_exists(in(p, "review/1/2.png")));
    assert_string_equal(text_at(record(p), "state"), "review");
    answer(p, (dio_review_answer){.id = 1, .approve = true, .pick = 3},
           "pick: 3 is none of the 2 candidates of review 1");
    answer(p, (dio_review_answer){.id = 2, .approve = true},
           "there is no review 2 in this folder; `diorama review ls` lists them");
    answer(p, (dio_review_answer){.id = 1, .approve = true, .pick = 2}, NULL);
    dio_error_clear(&err);
    if (!run(p, asks, NULL, true, &seen, &err))
        fail_msg("%s", err.message);
    assert_int_equal(int_at(choice_of(p), "chosen"), 2);
    assert_string_equal(text_at(dio_map_get(choice_of(p), "review"), "state"), "approved");
    char card[DIO_HASH_TEXT], second[DIO_HASH_TEXT];
    assert_true(dio_hash_file(in(p, "card.png"), card, &err));
    assert_true(dio_hash_file(in(p, "review/1/2.png"), second, &err));
    assert_string_equal(card, second);
    /* Another text is another question; nobody is asked who is not to be. */
    assert_false(run(p, asks, "title=Other", true, &seen, &err));
    dio_error_clear(&err);
    assert_true(run(p, asks, "careful=false", true, &seen, &err));
    assert_int_equal(seen.reviews, 0);
}

static void what_is_rejected_is_tried_with_other_seeds(void **state)
{
    struct place *p = *state;
    struct seen seen;
    dio_error err = {0};
    assert_false(run(p, asks, NULL, true, &seen, &err));
    answer(p, (dio_review_answer){.id = 1, .note = "too dark"}, NULL);
    dio_error_clear(&err);
    assert_false(run(p, asks, NULL, true, &seen, &err));
    assert_int_equal(seen.reviews, 1);
    const dio_value *c = choice_of(p);
    assert_int_equal(int_at(c, "round"), 2);
    assert_string_equal(text_at(dio_map_get(c, "candidates")->list.items[0], "seed"), "9");
    answer(p, (dio_review_answer){.id = 2, .note = "<still>"}, NULL);
    dio_error_clear(&err);
    assert_false(run(p, asks, NULL, true, &seen, &err));
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    assert_string_equal(err.message,
                        "step card: review 2: all 2 rounds were rejected, the last with: <still>");
    dio_ledger *l = books(p);
    const char *when = text_at(dio_review_show(l, p->arena, 2, &err), "decided");
    dio_ledger_close(l);
    answer(p, (dio_review_answer){.id = 2, .approve = true},
           dio_arena_printf(p->arena,
                            "review 2: it is rejected, by a test at %s; --change decides "
                            "anew",
                            when));
    answer(p, (dio_review_answer){.id = 2, .approve = true, .pick = 1, .change = true}, NULL);
    dio_error_clear(&err);
    assert_true(run(p, asks, NULL, true, &seen, &err));
}

/* The clock of a question is set back by two days. */
static void make_late(struct place *p)
{
    dio_error err = {0};
    dio_ledger *l = books(p);
    assert_true(DIO_DB_DO(dio_ledger_db(l), &err, "update review set asked = asked - ?",
                          DIO_CELL_I(172800)));
    dio_ledger_close(l);
}

static void time_runs_out(void **state)
{
    static const char *const then[] = {"keep_best", "fail", "wait"};
    struct place *p = *state;
    struct seen seen;
    for (int i = 0; i < 3; i++) {
        dio_error err = {0};
        const char *lines = dio_arena_printf(
            p->arena, "    candidates: 2\n    review: {timeout: 24h, on_timeout: %s}\n", then[i]);
        const char *set = dio_arena_printf(p->arena, "title=Take %d", i);
        assert_false(run(p, lines, set, true, &seen, &err));
        make_late(p);
        dio_error_clear(&err);
        bool ok = run(p, lines, set, true, &seen, &err);
        assert_int_equal(ok, i == 0);
        if (i == 1)
            assert_string_equal(err.message,
                                "step card: review 2: nobody has decided in time; `diorama review "
                                "approve 2` still can");
        assert_int_equal(seen.reviews, i == 2);
    }
    answer(p, (dio_review_answer){.id = 2, .approve = true}, NULL);
}

/* A question that nobody will see any more does not wait for ever; when its candidates come back
 * it is asked again. */
static void new_candidates_take_the_place_of_old(void **state)
{
    struct place *p = *state;
    struct seen seen;
    dio_error err = {0};
    assert_false(run(p, asks, NULL, true, &seen, &err));
    assert_false(run(p, asks, "title=Other", true, &seen, &err));
    dio_ledger *l = books(p);
    dio_value *waits = dio_review_list(l, p->arena, false, &err);
    assert_int_equal(waits->list.count, 1);
    assert_int_equal(int_at(waits->list.items[0], "id"), 2);
    assert_int_equal(dio_review_list(l, p->arena, true, &err)->list.count, 2);
    dio_ledger_close(l);
    answer(p, (dio_review_answer){.id = 1, .approve = true},
           "review 1: other candidates have taken the place of these; `diorama review ls` lists "
           "what waits");
    assert_false(run(p, asks, NULL, true, &seen, &err));
    answer(p, (dio_review_answer){.id = 1, .approve = true}, NULL);
}

/* ---- the page ---- */

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

static void guests_cannot_do_anything(void **state)
{
    struct place *p = *state;
    dio_error err = {0};
    static dio_review_page page;
    page = (dio_review_page){
        .id = 5,
        .pipeline = "<script>alert(1)</script>",
        .step = "hero (name=\" onload='x' \xE2\x80\xAE evil \xff)",
        .out = "/tmp/it's $(here) <b>",
        .asked = "2026-11-22T20:00:00Z",
        .deadline = "",
        .round = 1,
        .rounds = 3,
        .best = 0,
        .count = 2,
        .cards = {{DIO_MEDIA_IMAGE, NULL, "1\".png", "seed 7\n<i>"},
                  {DIO_MEDIA_TEXT, "</blockquote><img src=http://x/y>\nline\x1b[31m", NULL, ""}}};
    const char *html = dio_review_html(p->arena, &page, &err);
    assert_non_null(html);
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "<b>\n"));
    assert_null(strstr(html, "<i>"));
    assert_null(strstr(html, "\xE2\x80\xAE"));
    assert_null(strstr(html, "\x1b"));
    assert_null(strstr(html, "\xff"));
    assert_int_equal(count(html, "<img"), 1);
    assert_int_equal(count(html, "</blockquote>"), 1);
    assert_non_null(strstr(html, "<img alt=\"candidate\" src=\"1&#34;.png\">"));
    assert_non_null(strstr(html, "&#60;script&#62;alert(1)"));
    assert_non_null(strstr(html, "diorama review approve 5 --pick 2 -o "
                                 "&#39;/tmp/it&#39;\\&#39;&#39;s $(here) &#60;b&#62;&#39;"));
    assert_non_null(strstr(html, "default-src 'none'"));
    assert_null(strstr(html, "unsafe"));
    assert_int_equal(count(html, "http"), 2); /* http-equiv, and what the text says */
    size_t bad;
    assert_true(dio_utf8_valid(html, strlen(html), &bad));
}

/* ---- the sheet ---- */

static void a_sheet_shows_whatever_comes(void **state)
{
    struct place *p = *state;
    dio_error err = {0};
    dio_studio *studio = dio_studio_create("assets", &err);
    static dio_sheet s;
    const char *path = dio_path_join(p->arena, p->dir, "sheet.png"), *again;
    again = dio_path_join(p->arena, p->dir, "again.png");
    s = (dio_sheet){.title = "\xE2\x80\xAE<title> \xF3\xB0\x80\x80",
                    .subtitle = "",
                    .mark = "best",
                    .count = DIO_CANDIDATES};
    for (int i = 0; i < s.count; i++)
        s.cells[i] = (dio_sheet_cell){.media = i % 2 ? DIO_MEDIA_TEXT : DIO_MEDIA_DATA,
                                      .content = "\xff\xfe\nwords that go on and on and on",
                                      .title = "1: seed 7",
                                      .notes = "a 1\nb 2\nc 3",
                                      .marked = i == 3};
    dio_fonts *fonts = dio_studio_fonts(studio, &err);
    if (!dio_sheet_draw(fonts, &s, path, &err) || !dio_sheet_draw(fonts, &s, again, &err))
        fail_msg("%s", err.message);
    char one[DIO_HASH_TEXT], two[DIO_HASH_TEXT];
    assert_true(dio_hash_file(path, one, &err) && dio_hash_file(again, two, &err));
    assert_string_equal(one, two);
    s.cells[0] = (dio_sheet_cell){
        .media = DIO_MEDIA_IMAGE, .content = "/nowhere.png", .title = "", .notes = ""};
    assert_false(dio_sheet_draw(fonts, &s, path, &err));
    dio_studio_destroy(studio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_best_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_found_is_not_looked_at_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_person_chooses, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_rejected_is_tried_with_other_seeds, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(time_runs_out, setup, teardown),
        cmocka_unit_test_setup_teardown(new_candidates_take_the_place_of_old, setup, teardown),
        cmocka_unit_test_setup_teardown(guests_cannot_do_anything, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sheet_shows_whatever_comes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
