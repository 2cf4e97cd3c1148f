/* test_door.c: libdiorama by its header alone: statuses, messages, options of other versions, and
 * pipelines beside each other in threads. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/diorama.h"

static const char card[] = "version: 1\n"
                           "inputs:\n"
                           "  words: {type: string, maxLength: 30}\n"
                           "steps:\n"
                           "  - id: banner\n"
                           "    uses: compose.image@1\n"
                           "    with: {preset: iab-300x250, headline: \"${{ inputs.words }}\"}\n"
                           "outputs:\n"
                           "  banner: {from: \"${{ steps.banner.outputs.image }}\", path: "
                           "\"${{ inputs.words | slug }}.png\"}\n";

static char folder[64];

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/diorama-door-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(char out[200], const char *name)
{
    snprintf(out, 200, "%s/%s", folder, name);
    return out;
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static char *bytes_of(const char *path, size_t *n)
{
    char *bytes = malloc(1 << 20);
    FILE *f = fopen(path, "rb");
    assert_true(bytes && f);
    *n = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

static diorama *open_card(const char *words)
{
    diorama *d = diorama_parse("card.yaml", card, strlen(card), NULL);
    assert_non_null(d);
    assert_int_equal(diorama_set(d, "words", words), DIORAMA_DONE);
    return d;
}

/* ---- batches: first, while this process has one thread ---- */

static void on_row(void *user, const diorama_row *r)
{
    int *ended = user;
    *ended += r->row > 0 && r->state != NULL;
}

static void a_batch_and_again(void **state)
{
    (void)state;
    char pipeline[200], rows[200], out[200], message[256] = "x";
    int ended = 0;
    diorama_count count;
    put(in_folder(pipeline, "card.yaml"), card);
    put(in_folder(rows, "rows.csv"), "words\nOne\nTwo\nA row of more than thirty letters\n");
    diorama_batch_options o = {.size = sizeof o,
                               .pipeline = pipeline,
                               .rows = rows,
                               .out = in_folder(out, "batch"),
                               .cache = "off",
                               .jobs = 2,
                               .event = on_row,
                               .user = &ended};
    assert_int_equal(diorama_batch(&o, &count, message, sizeof message), DIORAMA_ROWS_FAILED);
    assert_true(count.rows == 3 && count.done == 2 && count.failed == 1 && ended >= 3);
    assert_non_null(strstr(message, "1 of 3 rows failed; see batch.jsonl in"));
    assert_int_equal(diorama_batch(&o, &count, NULL, 0), DIORAMA_ROWS_FAILED);
    assert_true(count.done == 0 && count.before == 2 && count.failed == 1);
    o.rows = "nothing.csv";
    assert_int_equal(diorama_batch(&o, NULL, message, sizeof message), DIORAMA_INVALID);
    assert_non_null(strstr(message, "nothing.csv"));
    o.jobs = 65;
    assert_int_equal(diorama_batch(&o, NULL, message, sizeof message), DIORAMA_INVALID);
    assert_string_equal(message, "jobs: 65 is not within 1..64");
}

static void *sleeper(void *fd)
{
    char c;
    return read(*(int *)fd, &c, 1) == 0 ? fd : NULL;
}

static void no_batch_beside_threads(void **state)
{
    (void)state;
    int ends[2];
    char message[256];
    pthread_t thread;
    diorama_batch_options o = {.size = sizeof o, .pipeline = "p.yaml", .rows = "r.csv"};
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pthread_create(&thread, NULL, sleeper, &ends[0]), 0);
    assert_int_equal(diorama_batch(&o, NULL, message, sizeof message), DIORAMA_INVALID);
    assert_non_null(strstr(message, "a batch forks its workers, and this process has "));
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
}

/* ---- one pipeline ---- */

static void it_says_which_it_is(void **state)
{
    (void)state;
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", DIORAMA_VERSION_MAJOR, DIORAMA_VERSION_MINOR,
             DIORAMA_VERSION_PATCH);
    assert_string_equal(diorama_version(), version);
}

static void what_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *path, *assets, *says;
    } cases[] = {
        {"nothing.yaml", NULL, "cannot open nothing.yaml: No such file or directory"},
        {"tests", NULL, "tests is a folder, not a file"},
        {NULL, NULL, "diorama_open: no path was given"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int count = 0;
        diorama *d = diorama_open(cases[i].path, cases[i].assets);
        assert_non_null(d);
        assert_string_equal(diorama_message(d), "");
        assert_int_equal(diorama_set(d, "a", "b"), DIORAMA_INVALID);
        assert_int_equal(diorama_check(d, NULL), DIORAMA_INVALID);
        assert_non_null(strstr(diorama_message(d), cases[i].says));
        assert_non_null(strstr(diorama_problems(d, &count), cases[i].says));
        assert_int_equal(count, 1);
        assert_int_equal(diorama_run(d, NULL), DIORAMA_INVALID);
        diorama_close(d);
    }
    diorama_close(NULL);
}

static void mistakes_come_all_at_once(void **state)
{
    (void)state;
    static const char wrong[] = "version: 1\nsteps:\n  - id: a\n    uses: compose.imag@1\n"
                                "  - id: a\n    uses: compose.image@1\n    with: {hedline: x}\n";
    int count;
    diorama *d = diorama_parse("w.yaml", wrong, strlen(wrong), NULL);
    assert_int_equal(diorama_check(d, NULL), DIORAMA_INVALID);
    const char *all = diorama_problems(d, &count);
    assert_true(count >= 3);
    assert_non_null(strstr(all, "w.yaml:4:11: error: "));
    assert_non_null(strstr(all, "did you mean \"headline\"?"));
    assert_non_null(strstr(diorama_message(d), "problems; nothing was rendered"));
    assert_null(diorama_plan(d, 0));
    assert_int_equal(diorama_run(d, NULL), DIORAMA_INVALID);
    assert_string_equal(diorama_message(d),
                        "only a pipeline that has been checked, and is right, can be run");
    diorama_close(d);
}

static void inputs_come_before_the_check(void **state)
{
    (void)state;
    diorama *d = open_card("A");
    assert_int_equal(diorama_set(d, "words=x", "y"), DIORAMA_INVALID);
    assert_int_equal(diorama_set(d, NULL, "y"), DIORAMA_INVALID);
    assert_int_equal(diorama_set(d, "words", "a = b"), DIORAMA_DONE);
    assert_null(diorama_plan(d, 0));
    assert_int_equal(diorama_check(d, NULL), DIORAMA_DONE);
    assert_string_equal(diorama_plan(d, 0),
                        "banner                                   compose.image@1\n-> a-b.png\n");
    assert_non_null(strstr(diorama_plan(d, 1), "\"a-b.png\""));
    assert_int_equal(diorama_set(d, "words", "B"), DIORAMA_INVALID);
    assert_string_equal(diorama_message(d), "input \"words\": inputs are set before the check");
    assert_int_equal(diorama_check(d, NULL), DIORAMA_DONE);
    diorama_close(d);
}

/* A program of another version: its structs are shorter or longer. */
static void options_of_other_versions(void **state)
{
    (void)state;
    struct {
        diorama_check_options now;
        const char *later;
    } longer = {.now = {.size = sizeof longer}, .later = "x"};
    diorama_check_options shorter = {.size = offsetof(diorama_check_options, only),
                                     .only = "a step that is not there"};
    diorama_check_options none = {.size = 0};
    diorama *d = open_card("A");
    assert_int_equal(diorama_check(d, &none), DIORAMA_INVALID);
    assert_non_null(strstr(diorama_message(d), "options: size 0 is not that of a struct"));
    assert_int_equal(diorama_check(d, &longer.now), DIORAMA_INVALID);
    assert_non_null(strstr(diorama_message(d), "asks for what came after version 0.1.0"));
    assert_int_equal(diorama_check(d, &shorter), DIORAMA_DONE);
    diorama_close(d);
    longer.later = NULL;
    d = open_card("A");
    assert_int_equal(diorama_check(d, &longer.now), DIORAMA_DONE);
    diorama_close(d);
}

/* ---- runs ---- */

struct seen {
    int begun, files, finished, failed;
    char file[300];
    int stop;
};

static void on_event(void *user, const diorama_event *e)
{
    struct seen *s = user;
    s->begun += e->what == DIORAMA_BEGIN;
    s->finished += e->what == DIORAMA_FINISHED;
    s->failed += e->what == DIORAMA_FINISHED && e->failed;
    if (e->what == DIORAMA_FILE) {
        s->files++;
        snprintf(s->file, sizeof s->file, "%s", e->text);
    }
}

static int is_cancelled(void *user)
{
    return ((struct seen *)user)->stop;
}

static diorama_status run(const char *words, const char *out, struct seen *seen)
{
    diorama *d = open_card(words);
    diorama_check_options c = {.size = sizeof c, .out = out};
    diorama_run_options o = {.size = sizeof o,
                             .cache = "off",
                             .event = on_event,
                             .cancelled = is_cancelled,
                             .user = seen};
    diorama_status status = diorama_check(d, &c);
    if (status == DIORAMA_DONE)
        status = diorama_run(d, &o);
    if (seen->stop)
        assert_string_equal(diorama_message(d), "step banner: stopped on request");
    diorama_close(d);
    return status;
}

static void it_runs_and_stops(void **state)
{
    (void)state;
    char out[200], path[300];
    struct seen seen = {0}, stopped = {.stop = 1};
    in_folder(out, "one");
    assert_int_equal(run("Lamp", out, &seen), DIORAMA_DONE);
    snprintf(path, sizeof path, "%s/lamp.png", out);
    assert_true(seen.begun == 1 && seen.files == 1 && seen.finished == 1 && !seen.failed);
    assert_string_equal(seen.file, path);
    assert_int_equal(access(path, R_OK), 0);
    in_folder(out, "none");
    assert_int_equal(run("Lamp", out, &stopped), DIORAMA_STOPPED);
    assert_true(stopped.files == 0 && stopped.finished == 1 && stopped.failed == 1);
    snprintf(path, sizeof path, "%s/lamp.png", out);
    assert_int_equal(access(path, F_OK), -1);
}

struct job {
    char out[200];
    struct seen seen;
    diorama_status status;
};

static void *work(void *job)
{
    struct job *j = job;
    j->status = run("Lamp", j->out, &j->seen);
    return NULL;
}

static void threads_beside_each_other(void **state)
{
    (void)state;
    enum { N = 4 };
    static struct job jobs[N];
    pthread_t threads[N];
    char name[16];
    size_t n, first;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "t%d", i);
        in_folder(jobs[i].out, name);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
    }
    char *bytes = NULL;
    for (int i = 0; i < N; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(jobs[i].status, DIORAMA_DONE);
        char *own = bytes_of(jobs[i].seen.file, &n);
        if (!bytes) {
            bytes = own;
            first = n;
            continue;
        }
        assert_int_equal(n, first);
        assert_memory_equal(own, bytes, n);
        free(own);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_and_again),         cmocka_unit_test(no_batch_beside_threads),
        cmocka_unit_test(it_says_which_it_is),       cmocka_unit_test(what_cannot_be_read),
        cmocka_unit_test(mistakes_come_all_at_once), cmocka_unit_test(inputs_come_before_the_check),
        cmocka_unit_test(options_of_other_versions), cmocka_unit_test(it_runs_and_stops),
        cmocka_unit_test(threads_beside_each_other),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
