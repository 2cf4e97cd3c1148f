/* test_cli_batch.c: tables rendered unattended: wrong rows alone fail, and whatever is killed, the
 * same command goes on from there and ends in the same bytes. */
#define _GNU_SOURCE
#include "tests/cli/cli_run.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 6, KILLS = 12 };

static const char pipeline[] =
    "version: 1\n"
    "name: cards\n"
    "inputs:\n"
    "  id: {type: string}\n"
    "  product: {type: string, maxLength: 40}\n"
    "  price: {type: number, minimum: 0, default: 1}\n"
    "steps:\n"
    "  - id: card\n"
    "    uses: compose.image@1\n"
    "    with: {preset: square-1x1, headline: \"${{ inputs.product }}\", palette: dusk,\n"
    "           cta: \"For ${{ inputs.price }}\"}\n"
    "  - id: wide\n"
    "    uses: compose.image@1\n"
    "    with: {preset: youtube-16x9, headline: \"${{ inputs.product }}\", palette: dusk,\n"
    "           hero: \"${{ steps.card.outputs.image }}\"}\n"
    "outputs:\n"
    "  card: {from: \"${{ steps.card.outputs.image }}\", path: \"${{ inputs.id | slug }}.png\"}\n"
    "  wide: {from: \"${{ steps.wide.outputs.image }}\", path: \"${{ inputs.id | slug "
    "}}-wide.png\"}\n";

static void put_rows(void)
{
    char text[2000] = "id,product,price\n";
    for (int i = 0; i < ROWS; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "p%d,Product %d,%d\n", i, i, i);
    cli_put("rows.csv", text);
}

static int setup(void **state)
{
    (void)state;
    cli_put("p.yaml", pipeline);
    put_rows();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cli_limit(0, 0);
    cli_remove("o");
    cli_remove("c");
    return 0;
}

static const char *const args[] = {"batch",   "p.yaml", "rows.csv",  "-o", "o",
                                   "--cache", "c",      "--threads", "1",  NULL};

static void run(struct cli_result *r)
{
    cli_run(args, "", 0, r);
}

/* ---- rows that are wrong ---- */

static void wrong_rows_fail_alone(void **state)
{
    (void)state;
    cli_put("rows.csv", "id,product,price,remark\n"
                        "a,First,1,\"two\nlines\"\n"
                        "b,Second,dear,\n"
                        "c,Third\n"
                        "a,Again,2,\n"
                        "d,,3,\n"
                        "e,This name is too long for a card of that size,3,\n"
                        "f,=cmd()|'/C calc'!A0,3,\n");
    struct cli_result r;
    run(&r);
    assert_int_equal(r.code, 42);
    assert_true(cli_matches(
        "warning: column \"remark\" is no input of the pipeline; it is not used\n"
        "row 1 done in ~ s (1 of 7)\n"
        "row 2 failed: rows.csv:4:10: input \"price\": expected a number, found a string\n"
        "row 3 failed: rows.csv:5:1: this row has 2 fields, and the first row names 4\n"
        "row 4 failed: row 1 has written a.png: put something into outputs' paths that differs "
        "from row to row\n"
        "row 5 failed: rows.csv:7:1: input \"product\" is required, and this row has none\n"
        "row 6 failed: rows.csv:8:3: input \"product\": ~\n"
        "row 7 done in ~ s (2 of 7)\n"
        "7 rows: 2 done, 0 done before, 5 failed; see o/batch.jsonl\n",
        r.err));
    assert_true(cli_exists("o/a.png"));
    assert_true(cli_exists("o/f-wide.png"));
    assert_false(cli_exists("o/b.png"));
    assert_true(cli_exists("o/batch.jsonl"));
}

static void a_column_that_is_nearly_an_input_is_a_mistake(void **state)
{
    (void)state;
    const struct cli_case cases[] = {
        {{"batch", "p.yaml", "t.csv", "-o", "o"},
         2,
         "diorama: t.csv:1:12: column \"prise\" is no input of the pipeline: did you mean "
         "\"price\"?",
         "o"},
        {{"batch", "p.yaml", "none.csv", "-o", "o"}, 2, "diorama: cannot open none.csv: ~", "o"},
        {{"batch", "p.yaml", "empty.csv", "-o", "o"},
         2,
         "diorama: empty.csv:1:1: the table is empty: its first row names the columns",
         "o"},
        {{"batch", "p.yaml", "lacks.csv", "-o", "o"},
         2,
         "warning: p.yaml:4:3: error: input \"id\" is required: give --set id=...~"
         "diorama: p.yaml: 1 problem; nothing was rendered",
         "o"},
    };
    cli_put("t.csv", "id,product,prise\na,b,1\n");
    cli_put("empty.csv", "");
    cli_put("lacks.csv", "product\nx\n");
    cli_check_all(cases, sizeof cases / sizeof *cases);
}

static void lines_of_json_are_rows_too(void **state)
{
    (void)state;
    struct cli_result r;
    cli_put("rows.jsonl", "{\"id\": \"a\", \"product\": \"First\", \"price\": 2.5}\n"
                          "{\"id\": \"b\", \"product\": \"Second\", \"price\": \"2\"}\n"
                          "{\"id\": \"c\", \"produkt\": \"Third\"}\n"
                          "{\"id\": \"d\"\n");
    cli_run((const char *const[]){"batch", "p.yaml", "rows.jsonl", "-o", "o", "-j", "2", NULL}, "",
            0, &r);
    assert_int_equal(r.code, 42);
    assert_true(cli_exists("o/a.png"));
    assert_true(cli_exists("o/b.png")); /* a text that says a number is one, as in --set */
    assert_non_null(strstr(r.err, "row 3 failed: rows.jsonl:3:13: \"produkt\" is no input of the "
                                  "pipeline: did you mean \"product\"?\n"));
    assert_non_null(strstr(r.err, "row 4 failed: rows.jsonl:4:"));
}

/* ---- whatever happens ---- */

static char *all_files(void)
{
    char *all = calloc(1, 1 << 16);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < 2; k++) {
            char path[64];
            size_t n;
            snprintf(path, sizeof path, "o/p%d%s.png", i, k ? "-wide" : "");
            char *bytes = cli_read(path, &n);
            uint64_t sum = 14695981039346656037u;
            for (size_t j = 0; j < n; j++)
                sum = (sum ^ (unsigned char)bytes[j]) * 1099511628211u;
            snprintf(all + strlen(all), 128, "%s %zu %llx\n", path, n, (unsigned long long)sum);
            free(bytes);
        }
    return all;
}

/* Steps that were made, not found, in all runs so far. */
static int made(void)
{
    struct cli_result r;
    cli_run((const char *const[]){"runs", "stats", "-o", "o", "--json", NULL}, "", 0, &r);
    assert_int_equal(r.code, 0);
    const char *at = strstr(r.out, "\"done\":");
    return at ? atoi(at + 7) : -1;
}

static int files_in(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_type == DT_REG;
    closedir(d);
    return n;
}

static pid_t start(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        const char *argv[16] = {DIORAMA_BINARY};
        for (int i = 0; args[i]; i++)
            argv[i + 1] = args[i];
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        setenv("DIORAMA_ASSETS", DIORAMA_SOURCE "/assets", 1);
        execv(DIORAMA_BINARY, (char *const *)(uintptr_t)argv);
        _exit(1);
    }
    return pid;
}

static void pass(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&t, NULL);
}

/* At moments drawn by rule, from before the first row to after the last. */
static void killed_at_any_moment_it_goes_on_from_there(void **state)
{
    (void)state;
    struct cli_result r;
    run(&r);
    assert_int_equal(r.code, 0);
    double whole = r.seconds;
    char *before = all_files();
    cli_remove("o");
    cli_remove("c");
    unsigned chance = 12345;
    for (int i = 0; i < KILLS; i++) {
        chance = chance * 1103515245 + 12345;
        pid_t pid = start();
        pass(whole * 0.6 * (double)(chance >> 16 & 0x7fff) / 32768);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    run(&r);
    assert_int_equal(r.code, 0);
    char *after = all_files();
    assert_string_equal(before, after);
    assert_int_equal(made(), 2 * ROWS);            /* each finished once */
    assert_int_equal(files_in("o"), 2 * ROWS + 1); /* what was at work has left no trace */
    run(&r);
    assert_non_null(strstr(r.err, "6 rows: 0 done, 6 done before, 0 failed"));
    free(before);
    free(after);
}

static pid_t child_of(pid_t pid)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
    FILE *f = fopen(path, "r");
    if (f) {
        if (!fgets(text, sizeof text, f))
            text[0] = '\0';
        fclose(f);
    }
    return (pid_t)atol(text);
}

static void a_worker_that_dies_costs_its_row_a_try(void **state)
{
    (void)state;
    int status;
    pid_t pid = start(), worker = 0;
    for (int i = 0; i < 400 && !worker; i++) {
        pass(0.01);
        worker = child_of(pid);
    }
    assert_true(worker > 0);
    pass(0.1);
    kill(worker, SIGKILL);
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    free(all_files());
}

static void two_at_once_share_the_rows(void **state)
{
    (void)state;
    int first, second;
    pid_t a = start(), b = start();
    waitpid(a, &first, 0);
    waitpid(b, &second, 0);
    assert_int_equal(WEXITSTATUS(first), 0);
    assert_int_equal(WEXITSTATUS(second), 0);
    free(all_files());
    assert_int_equal(made(), 2 * ROWS);
}

static void a_disk_that_fills_is_a_reason_to_try_again(void **state)
{
    (void)state;
    struct cli_result r;
    cli_limit(0, 250000); /* bytes a file: no card fits, the ledger does */
    cli_run((const char *const[]){"batch", "p.yaml", "rows.csv", "-o", "o", "--cache", "c",
                                  "--retries", "0", NULL},
            "", 0, &r);
    assert_int_equal(r.code, 75);
    assert_non_null(strstr(r.err, "row 1 failed: step card: cannot write "));
    assert_non_null(strstr(r.err, "6 rows: 0 done, 0 done before, 6 failed (some may succeed when "
                                  "run again)"));
    assert_false(cli_exists("o/p0.png"));
    cli_limit(0, 0);
    run(&r);
    assert_int_equal(r.code, 0);
    free(all_files());
}

static void a_folder_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    struct cli_result r;
    cli_put("o", "a file");
    run(&r);
    assert_int_equal(r.code, 2);
    unlink("o");
    if (geteuid() == 0)
        return; /* root writes anywhere */
    assert_int_equal(mkdir("o", 0500), 0);
    run(&r);
    assert_int_not_equal(r.code, 0);
    chmod("o", 0700);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(wrong_rows_fail_alone),
        CASE(a_column_that_is_nearly_an_input_is_a_mistake),
        CASE(lines_of_json_are_rows_too),
        CASE(killed_at_any_moment_it_goes_on_from_there),
        CASE(a_worker_that_dies_costs_its_row_a_try),
        CASE(two_at_once_share_the_rows),
        CASE(a_disk_that_fills_is_a_reason_to_try_again),
        CASE(a_folder_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, cli_begin, cli_end);
}
