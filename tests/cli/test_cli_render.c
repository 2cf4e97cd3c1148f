/* test_cli_render.c: pipelines with mistakes, as `render` shows them: every problem at once, each
 * with its place, line and caret, before anything is loaded; nothing stands where files would. */
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <string.h>

#define POSTER(with, from, path)                                                                   \
    "version: 1\n"                                                                                 \
    "name: poster\n"                                                                               \
    "inputs:\n"                                                                                    \
    "  product: {type: string, maxLength: 20}\n"                                                   \
    "steps:\n"                                                                                     \
    "  - id: poster\n"                                                                             \
    "    uses: compose.image@1\n"                                                                  \
    "    with: {" with "}\n"                                                                       \
    "outputs:\n"                                                                                   \
    "  poster: {from: \"${{ steps." from " }}\", path: \"" path "\"}\n"

static const char good[] = POSTER("preset: square-1x1, product: \"${{ inputs.product }}\", "
                                  "headline: Light that stays",
                                  "poster.outputs.image", "poster.png");

/* Rendering `text` into o/ ends with code 2 and says so; there is no o/ afterwards. */
static void refused(const char *text, const char *err)
{
    struct cli_case c = {{"render", "p.yaml", "--set", "product=Lumo", "-o", "o"}, 2, err, "o"};
    cli_put("p.yaml", text);
    cli_check(&c);
}

static void texts_that_are_no_pipeline(void **state)
{
    (void)state;
    refused("version: 1\nsteps: [\n",
            "p.yaml:3:1: error: not valid YAML: a value is missing here, or a bracket before it is "
            "not closed\n~diorama: p.yaml: 1 problem; nothing was rendered");
    refused("version: 1\nsteps:\n\t- id: a\n",
            "p.yaml:3:1: error: a tab stands in the indentation: use spaces\n"
            "     - id: a\n"
            "    ^\n"
            "diorama: p.yaml: 1 problem; nothing was rendered");
    refused("", "p.yaml:1:1: error: ~diorama: p.yaml: 1 problem; nothing was rendered");
    refused("version: 1\nname: a\xff\n",
            "p.yaml:2:8: error: byte 0xff is not valid UTF-8\n~"
            "diorama: p.yaml: 1 problem; nothing was rendered");
}

static void mistakes_are_reported_all_at_once(void **state)
{
    (void)state;
    refused(POSTER("preset: sqare-1x1, product: Lumo, hedline: x", "poster.outputs.image",
                   "poster.png"),
            "p.yaml:8:11: error: compose.image@1 needs the key \"headline\": what is said first and "
            "largest\n"
            "        with: {preset: sqare-1x1, product: Lumo, hedline: x}\n"
            "              ^\n"
            "p.yaml:8:20: error: preset: there is no preset \"sqare-1x1\": did you mean "
            "\"square-1x1\"?\n"
            "        with: {preset: sqare-1x1, product: Lumo, hedline: x}\n"
            "                       ^\n"
            "p.yaml:8:46: error: unknown key \"hedline\" in compose.image@1: did you mean "
            "\"headline\"?\n"
            "        with: {preset: sqare-1x1, product: Lumo, hedline: x}\n"
            "                                                 ^\n"
            "diorama: p.yaml: 3 problems; nothing was rendered");
    refused(POSTER("preset: square-1x1, product: Lumo, headline: x", "postr.outputs.image",
                   "../poster.png"),
            "p.yaml:10:23: error: \"postr\" is not in steps: did you mean \"poster\"?\n"
            "      poster: {from: \"${{ steps.postr.outputs.image }}\", path: \"../poster.png\"}\n"
            "                          ^\n"
            "p.yaml:10:~: error: path \"../poster.png\" is refused: it contains \"..\"\n"
            "~diorama: p.yaml: 2 problems; nothing was rendered");
}

static void inputs_that_do_not_fit(void **state)
{
    static const struct cli_case cases[] = {
        {{"render", "p.yaml", "-o", "o"},
         2,
         "p.yaml:4:3: error: input \"product\" is required: give --set product=...\n"
         "      product: {type: string, maxLength: 20}\n"
         "      ^\n"
         "diorama: p.yaml: 1 problem; nothing was rendered",
         "o"},
        {{"render", "p.yaml", "-o", "o", "--set", "product=Lumo", "--set", "prodct=x"},
         2,
         "error: --set prodct: the pipeline has no such input: did you mean \"product\"?\n"
         "diorama: p.yaml: 1 problem; nothing was rendered",
         "o"},
        {{"render", "p.yaml", "-o", "o", "--set", "product=a\x1b[31mb"},
         2,
         "--set: error: input \"product\": it contains the control character U+001B\n"
         "diorama: p.yaml: 1 problem; nothing was rendered",
         "o"},
        {{"render", "p.yaml", "-o", "o", "--set", "product=\xff"},
         2,
         "diorama: --set: the text is not valid UTF-8",
         "o"},
        {{"render", "p.yaml", "-o", "o", "--set", "product=Lumo", "--only", "hero"},
         2,
         "error: --only hero: there is no such step~\n"
         "diorama: p.yaml: 1 problem; nothing was rendered",
         "o"},
    };
    (void)state;
    cli_put("p.yaml", good);
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
}

static void places_that_cannot_be_written(void **state)
{
    static const struct cli_case cases[] = {
        {{"render", "nothing.yaml"},
         2,
         "diorama: cannot open nothing.yaml: No such file or directory",
         "out"},
        {{"render", "."}, 2, "diorama: . is a folder, not a file", "out"},
        {{"render", "p.yaml", "-q", "--set", "product=Lumo", "-o", "p.yaml/x"},
         2,
         "diorama: cannot make folder p.yaml/x: Not a directory",
         NULL},
        {{"render", "p.yaml", "-q", "--set", "product=Lumo", "-o", "/proc/x"},
         2,
         "diorama: cannot make folder /proc/x: No such file or directory",
         NULL},
        {{"steps", "nothing"},
         2,
         "diorama: uses: there is no step type \"nothing\"; `diorama steps` lists them",
         NULL},
    };
    (void)state;
    cli_put("p.yaml", good);
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
}

static void a_disk_that_fills_up(void **state)
{
    static const struct cli_case full = {
        {"render", "p.yaml", "-q", "--set", "product=Lumo", "-o", "full"},
        75,
        "~File too large~",
        "full/poster.png"};
    (void)state;
    cli_put("p.yaml", good);
    cli_limit(0, 50000); /* a sixth of the poster */
    cli_check(&full);
    cli_limit(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_are_no_pipeline),
        cmocka_unit_test(mistakes_are_reported_all_at_once),
        cmocka_unit_test(inputs_that_do_not_fit),
        cmocka_unit_test(places_that_cannot_be_written),
        cmocka_unit_test(a_disk_that_fills_up),
    };
    return cmocka_run_group_tests(tests, cli_begin, cli_end);
}
