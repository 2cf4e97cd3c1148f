/* test_cli_render.c: pipelines with mistakes, as `render` shows them: every problem at once, each
 * with its place, line and caret, before anything is loaded; nothing stands where files would. */
#include "tests/cli/cli_run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a refusal may take. Measured: 35 MiB, of which 32 are the program and its libraries, and
 * 0.03 s, the YAML bomb of tests/bad/laughs.yaml included. */
enum { PEAK_KIB = 64 * 1024 };

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

/* "# set: a=b ; c=d" in a file's first line becomes options. */
static void add_sets(struct cli_case *c, char *line)
{
    static const char mark[] = "# set: ";
    int n = 0;
    while (c->args[n])
        n++;
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, mark, strlen(mark)) != 0)
        return;
    for (char *at = line + strlen(mark); at && n < CLI_ARGS - 2;) {
        char *next = strstr(at, " ; ");
        if (next)
            *next = '\0';
        c->args[n++] = "--set";
        c->args[n++] = at;
        at = next ? next + 3 : NULL;
    }
}

/* tests/bad/NAME.yaml is refused with all of NAME.txt. */
static void refused_as_its_text_says(const char *name)
{
    char from[512], path[300], err[CLI_TEXT];
    size_t n, stem = strlen(name) - strlen(".yaml");
    snprintf(from, sizeof from, DIORAMA_SOURCE "/tests/bad/%.*s.txt", (int)stem, name);
    char *says = cli_read(from, &n);
    snprintf(from, sizeof from, DIORAMA_SOURCE "/tests/bad/%s", name);
    char *text = cli_read(from, &n);
    snprintf(path, sizeof path, "tests/bad/%s", name);
    cli_put_bytes(path, text, n);
    snprintf(err, sizeof err, "%sdiorama: %s: ~ problem~; nothing was rendered", says, path);
    struct cli_case c = {{"render", path, "-o", "o"}, 2, err, "o"};
    add_sets(&c, text);
    cli_check(&c);
    free(text);
    free(says);
}

/* What wrong files include stands beside them. */
static void put_parts(void)
{
    struct dirent **list;
    int n = scandir(DIORAMA_SOURCE "/tests/bad/parts", &list, NULL, alphasort);
    assert_true(n > 0 && mkdir("tests/bad/parts", 0777) == 0);
    for (int i = 0; i < n; i++) {
        char from[512], to[300];
        size_t length;
        snprintf(from, sizeof from, DIORAMA_SOURCE "/tests/bad/parts/%s", list[i]->d_name);
        snprintf(to, sizeof to, "tests/bad/parts/%.200s", list[i]->d_name);
        if (list[i]->d_name[0] != '.') {
            char *text = cli_read(from, &length);
            cli_put_bytes(to, text, length);
            free(text);
        }
        free(list[i]);
    }
    free(list);
}

static void every_wrong_file(void **state)
{
    struct dirent **list;
    int n = scandir(DIORAMA_SOURCE "/tests/bad", &list, NULL, alphasort), seen = 0;
    (void)state;
    assert_true(n > 0);
    assert_true(mkdir("tests", 0777) == 0 && mkdir("tests/bad", 0777) == 0);
    put_parts();
    for (int i = 0; i < n; i++) {
        size_t length = strlen(list[i]->d_name);
        if (length > 5 && strcmp(list[i]->d_name + length - 5, ".yaml") == 0) {
            refused_as_its_text_says(list[i]->d_name);
            seen++;
        }
        free(list[i]);
    }
    free(list);
    assert_true(seen >= 40);
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
    refused("version: 1\nname: a\xff\n", "p.yaml:2:8: error: byte 0xff is not valid UTF-8\n~"
                                         "diorama: p.yaml: 1 problem; nothing was rendered");
}

static void mistakes_are_reported_all_at_once(void **state)
{
    (void)state;
    refused(
        POSTER("preset: sqare-1x1, product: Lumo, hedline: x", "poster.outputs.image",
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

/* A link that stands in the output folder is not followed out of it, nor written through. */
static void links_that_lead_out(void **state)
{
    static const char *const links[][3] = {
        {"elsewhere", "w/poster.png", "a symbolic link in it leads nowhere"},
        {"../p.yaml", "w/poster.png", "a symbolic link in it leads out of the folder"},
    };
    (void)state;
    cli_put("p.yaml", good);
    assert_int_equal(mkdir("w", 0777), 0);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        char err[512];
        struct cli_case c = {
            {"render", "p.yaml", "--set", "product=Lumo", "-o", "w"}, 2, err, "w/run.json"};
        snprintf(err, sizeof err,
                 "p.yaml:10:~: error: path \"poster.png\" is refused: %s\n~"
                 "diorama: p.yaml: 1 problem; nothing was rendered",
                 links[i][2]);
        assert_int_equal(symlink(links[i][0], links[i][1]), 0);
        cli_check(&c);
        assert_int_equal(unlink(links[i][1]), 0);
    }
}

/* What a shell, a spreadsheet, a browser or an expression would act on is set as it is. */
static void products_that_are_not_words(void **state)
{
    static const char *const products[] = {"product=\"; rm -rf ~ #", "product==cmd()",
                                           "product=<script>", "product=../..",
                                           "product=${{ env.HOME }}"};
    (void)state;
    cli_put("p.yaml", good);
    cli_bound(0, 0);
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        struct cli_case c = {
            {"render", "p.yaml", "-q", "--set", products[i], "-o", "o"}, 0, "", NULL};
        cli_check(&c);
        assert_true(cli_exists("o/poster.png") && cli_exists("o/run.json"));
        size_t n;
        char *record = cli_read("o/run.json", &n);
        const char *kept = i ? products[i] + strlen("product=") : "\\\"; rm -rf ~ #";
        assert_non_null(strstr(record, kept));
        free(record);
        cli_remove("o");
    }
    cli_bound(PEAK_KIB, 1);
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
    cli_bound(0, 0);
    cli_limit(0, 50000); /* a sixth of the poster */
    cli_check(&full);
    cli_limit(0, 0);
}

static int begin(void **state)
{
    cli_bound(PEAK_KIB, 1);
    return cli_begin(state);
}

/* Every row of a table, before a voice is opened. */
static void tables_are_told_row_by_row(void **state)
{
    (void)state;
    static const struct cli_case c = {
        {"render", DIORAMA_SOURCE "/pipelines/game-barks.yaml", "--set", "lines=t.csv", "--set",
         "model=" DIORAMA_SOURCE "/tests/golden/vits/mms", "-o", "o"},
        2,
        "./t.csv:2:5: error: rate: 9 is above 4\n"
        "./t.csv:3:1: error: id: \"b b\": a file's name is letters, digits, - and _\n"
        "diorama: ~game-barks.yaml: 2 problems; nothing was rendered",
        "o"};
    cli_put("t.csv", "id,line,rate\na,b,9\nb b,c,1\n");
    cli_check(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_file),
        cmocka_unit_test(texts_that_are_no_pipeline),
        cmocka_unit_test(mistakes_are_reported_all_at_once),
        cmocka_unit_test(inputs_that_do_not_fit),
        cmocka_unit_test(places_that_cannot_be_written),
        cmocka_unit_test(links_that_lead_out),
        cmocka_unit_test(products_that_are_not_words),
        cmocka_unit_test(a_disk_that_fills_up),
        cmocka_unit_test(tables_are_told_row_by_row),
    };
    return cmocka_run_group_tests(tests, begin, cli_end);
}
