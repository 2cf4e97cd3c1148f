/* test_cli_check.c: `check` as scripts meet it: 0 ready, 1 not ready, 2 cannot be read; one object
 * of JSON a file. */
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <string.h>

static const char poster[] =
    "version: 1\nname: p\nsteps:\n  - id: a\n    uses: compose.image@1\n"
    "    with: {preset: iab-320x50, product: Lumo, headline: Light, cta: Go}\n"
    "outputs:\n  a: {from: \"${{ steps.a.outputs.image }}\", path: a.png}\n";

static int begin(void **state)
{
    static const char *const render[] = {"render", "p.yaml", "-o", "o", NULL};
    static struct cli_result r;
    if (cli_begin(state) != 0)
        return -1;
    cli_put("p.yaml", poster);
    cli_run(render, NULL, 0, &r);
    return r.code;
}

static void run(struct cli_result *r, const char *file, const char *preset, const char *more)
{
    const char *const args[] = {"check", file, "--preset", preset, more, NULL};
    cli_run(args, NULL, 0, r);
}

static void codes_say_how_it_is(void **state)
{
    (void)state;
    struct cli_result r;
    run(&r, "o/a.png", "iab-320x50", NULL);
    assert_int_equal(r.code, 0);
    assert_true(cli_matches("o/a.png: picture, png, 320x50, ~ kB\n  ready for iab-320x50 "
                            "(Smartphone banner, 320x50; as of ~)\n",
                            r.out));
    run(&r, "o/a.png", "iab-300x50", NULL);
    assert_int_equal(r.code, 1);
    assert_true(
        cli_matches("~  not ready for iab-300x50 ~\n  size: it is 320x50, and iab-300x50 is "
                    "300x50: compose it with preset iab-300x50\n",
                    r.out));
    run(&r, "o/a.png", "iab-300x50", "--json");
    assert_int_equal(r.code, 1);
    assert_true(
        cli_matches("{\"file\":\"o/a.png\",~\"ready\":false,\"findings\":[{\"rule\":\"size\","
                    "\"severity\":\"error\",~}]}\n",
                    r.out));
    run(&r, "o/a.png", "iab-320x50", "--quiet");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "");
}

static void what_cannot_be_read_is_two(void **state)
{
    (void)state;
    cli_put("x.txt", "hello");
    cli_put("x.srt", "1\n00:00:0x,000 --> 00:00:02,000\nx\n");
    cli_put("own.yaml", "title: Ours\nsource: us\nchecked: \"2026-11-22\"\n");
    static const struct cli_case cases[] = {
        {{"check", "o/a.png"}, 2, "diorama: ~--preset~", NULL},
        {{"check", "none.png", "--preset", "iab-320x50"},
         2,
         "diorama: cannot open none.png: No such file or directory",
         NULL},
        {{"check", "x.txt", "--preset", "iab-320x50"},
         2,
         "diorama: x.txt: not a film, a picture or a sound that can be read: ~",
         NULL},
        {{"check", "o/a.png", "--preset", "iab-320x5"},
         2,
         "diorama: there is no preset \"iab-320x5\": did you mean \"iab-320x50\"?",
         NULL},
        {{"check", "o/a.png", "--preset", "own.yaml"},
         2,
         "diorama: own.yaml:1:1: a preset says what its placement takes: at least one of film, "
         "picture, sound and sheet is needed",
         NULL},
        {{"check", "o/a.png", "--preset", "iab-320x50", "--captions", "x.srt"},
         2,
         "diorama: x.srt:2:1: cue 1: \"00:00:0x,000 --> 00:00:02,000\" is no pair of times; write "
         "00:00:01,000 --> 00:00:02,500",
         NULL},
    };
    cli_check_all(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_say_how_it_is),
        cmocka_unit_test(what_cannot_be_read_is_two),
    };
    return cmocka_run_group_tests(tests, begin, cli_end);
}
