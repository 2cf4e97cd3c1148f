/* test_cli_review.c: a person's choice as a user meets it: what waits, what is answered, what is
 * refused, and with which exit codes. */
#define _GNU_SOURCE
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char pipeline[] =
    "version: 1\n"
    "name: \"cards <script>\"\n"
    "inputs:\n"
    "  id: {type: string, default: one}\n"
    "  product: {type: string, default: Lamp}\n"
    "steps:\n"
    "  - id: card\n"
    "    uses: compose.image@1\n"
    "    candidates: 3\n"
    "    review: {timeout: 24h}\n"
    "    with: {preset: iab-300x250, headline: \"${{ inputs.product }}\"}\n"
    "  - id: free\n"
    "    uses: compose.image@1\n"
    "    with: {preset: iab-300x250, headline: Free}\n"
    "outputs:\n"
    "  card: {from: \"${{ steps.card.outputs.image }}\", path: \"${{ inputs.id | slug }}.png\"}\n"
    "  free: {from: \"${{ steps.free.outputs.image }}\", path: \"${{ inputs.id | slug "
    "}}-free.png\"}\n";

static int setup(void **state)
{
    (void)state;
    cli_put("p.yaml", pipeline);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cli_remove("o");
    cli_remove("c");
    return 0;
}

static void render(struct cli_result *r)
{
    static const char *const args[] = {"render", "p.yaml",    "-o", "o", "--cache",
                                       "c",      "--threads", "1",  NULL};
    cli_run(args, "", 0, r);
}

static void review(struct cli_result *r, const char *verb, const char *id, const char *option,
                   const char *value)
{
    const char *args[] = {"review", verb, id, "-o", "o", option, value, NULL};
    cli_run(args, "", 0, r);
}

static void what_waits_is_answered(void **state)
{
    (void)state;
    struct cli_result r;
    render(&r);
    assert_int_equal(r.code, 75);
    assert_string_equal(r.out, "o/one-free.png\n");
    assert_true(cli_matches("  review 1: o/review/1/index.html\n"
                            "waiting: card (1 of 2, ~ s)\n"
                            "done free (2 of 2, ~ s)\n"
                            "stopped at what waits for review in ~ s\n"
                            "diorama: 1 step waits for a person's choice: diorama review ls -o o\n",
                            r.err));
    review(&r, "ls", "0", NULL, NULL);
    assert_true(cli_matches(
        "   1  pending    ~  cards <script>: card, round 1 of 3, 3 candidates\n", r.out));
    review(&r, "show", "1", NULL, NULL);
    assert_true(cli_matches("~   1~seed 0  ~sharpness ~\n   2~seed 1~\n   3~seed 2~\n"
                            "page: o/review/1/index.html\n",
                            r.out));
    review(&r, "show", "1", "--json", NULL);
    assert_true(
        cli_matches("{\"id\":1,\"pipeline\":\"cards <script>\",\"step\":\"card\",~", r.out));
    size_t n;
    char *page = cli_read("o/review/1/index.html", &n);
    assert_non_null(strstr(page, "cards &#60;script&#62;"));
    assert_non_null(strstr(page, "diorama review approve 1 --pick 3 -o &#39;/"));
    assert_non_null(strstr(page, "src=\"3.png\""));
    free(page);
    review(&r, "approve", "1", "--pick", "3");
    assert_int_equal(r.code, 0);
    render(&r);
    assert_int_equal(r.code, 0);
    assert_true(cli_exists("o/one.png"));
    review(&r, "ls", "0", NULL, NULL);
    assert_string_equal(r.out, "");
    assert_string_equal(r.err, "nothing waits for review in o\n");
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct cli_result r;
    const struct cli_case before = {{"review", "ls", "-o", "o"},
                                    2,
                                    "diorama: o: nothing has been run into this "
                                    "folder",
                                    "o"};
    cli_check(&before);
    render(&r);
    const struct cli_case cases[] = {
        {{"review", "approve", "-o", "o"},
         2,
         "diorama: approve what? Give the number that `diorama review ls` tells",
         NULL},
        {{"review", "approve", "2", "-o", "o"},
         2,
         "diorama: there is no review 2 in this folder; `diorama review ls` lists them",
         NULL},
        {{"review", "approve", "1", "--pick", "4", "-o", "o"},
         2,
         "diorama: pick: 4 is none of the 3 candidates of review 1",
         NULL},
        {{"review", "approve", "1", "--pick", "-1", "-o", "o"}, 2, "~-1~", NULL},
        {{"review", "reject", "1", "--pick", "1", "-o", "o"},
         2,
         "diorama: pick: reject takes none of them",
         NULL},
        {{"review", "aprove", "1", "-o", "o"}, 2, "~did you mean \"approve\"?~", NULL},
        {{"scores", "sharpnes"},
         2,
         "diorama: there is no score \"sharpnes\": did you mean \"sharpness\"?",
         NULL},
    };
    cli_check_all(cases, sizeof cases / sizeof *cases);
    review(&r, "reject", "1", "--note", "\x1b[31mred");
    assert_int_equal(r.code, 0);
    review(&r, "show", "1", NULL, NULL);
    assert_null(strchr(r.out, '\x1b'));
    assert_true(cli_matches("   1  rejected ~: ?[31mred\n~", r.out));
}

/* What candidates give is foreseen when all of them, and what was thought of them, are kept. */
static void a_dry_run_knows_what_is_kept(void **state)
{
    (void)state;
    static const char *const dry[] = {"render", "f.yaml",    "-o",        "o", "--cache",
                                      "c",      "--dry-run", "--threads", "1", NULL};
    static const char *const wet[] = {"render", "f.yaml",    "-o", "o", "--cache",
                                      "c",      "--threads", "1",  NULL};
    struct cli_result r;
    cli_put("f.yaml", "version: 1\n"
                      "name: foreseen\n"
                      "steps:\n"
                      "  - id: card\n"
                      "    uses: compose.image@1\n"
                      "    candidates: 2\n"
                      "    with: {preset: iab-300x250, headline: Lamp}\n"
                      "  - id: next\n"
                      "    uses: compose.image@1\n"
                      "    with: {preset: iab-300x250, headline: B, hero: \"${{ "
                      "steps.card.outputs.image }}\"}\n"
                      "outputs:\n"
                      "  next: {from: \"${{ steps.next.outputs.image }}\", path: next.png}\n");
    cli_run(dry, "", 0, &r);
    assert_non_null(strstr(r.out, "2 runs: 0 kept, 2 to be made"));
    cli_run(wet, "", 0, &r);
    assert_int_equal(r.code, 0);
    cli_run(dry, "", 0, &r);
    assert_non_null(strstr(r.out, "2 runs: 2 kept, 0 to be made"));
}

/* Rows of a table wait one by one; the others are done, and nobody is asked twice. */
static void rows_wait_and_others_go_on(void **state)
{
    (void)state;
    static const char *const args[] = {"batch",   "p.yaml", "rows.csv",  "-o", "o",
                                       "--cache", "c",      "--threads", "1",  NULL};
    struct cli_result r;
    cli_put("rows.csv", "id,product\na,Lamp\nb,Chair\n");
    cli_run(args, "", 0, &r);
    assert_int_equal(r.code, 75);
    assert_true(cli_matches("row 1 waits: 1 step waits for a person's choice: ~\n"
                            "row 2 waits: ~\n"
                            "2 rows: 0 done, 0 done before, 0 failed; see o/batch.jsonl\n"
                            "2 rows wait for a person's choice: diorama review ls -o o\n",
                            r.err));
    assert_true(cli_exists("o/a-free.png"));
    review(&r, "approve", "1", NULL, NULL);
    cli_run(args, "", 0, &r);
    assert_int_equal(r.code, 75);
    assert_true(cli_exists("o/a.png"));
    assert_false(cli_exists("o/b.png"));
    review(&r, "ls", "0", NULL, NULL);
    assert_true(cli_matches("   2  pending ~ (row 2), round 1 of 3, 3 candidates\n", r.out));
    review(&r, "approve", "2", NULL, NULL);
    cli_run(args, "", 0, &r);
    assert_int_equal(r.code, 0);
    assert_true(cli_exists("o/b.png"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_is_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dry_run_knows_what_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_wait_and_others_go_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, cli_begin, cli_end);
}
