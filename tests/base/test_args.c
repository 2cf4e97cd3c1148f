/* test_args.c: command lines as users write them, and as they mistype them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/args.h"

struct render {
    const char *pipeline, *output;
    uint64_t seed;
    bool dry_run, color;
    int jobs;
    double gain;
    dio_args_list set, rows;
};

static const dio_field fields[] = {
    DIO_FIELD(struct render, pipeline, NULL, 0, 0, "the pipeline file"),
    DIO_FIELD(struct render, output, "out", 0, 0, "folder for what is made"),
    DIO_FIELD(struct render, seed, "7", 0, 0, "where chance begins"),
    DIO_FIELD(struct render, dry_run, "no", 0, 0, "say what would be done, and stop"),
    DIO_FIELD(struct render, jobs, "1", 1, 64, "how many at once"),
    DIO_FIELD(struct render, gain, "1", -10, 10, "loudness"),
    {0},
};

static const dio_args_repeat repeats[] = {
    {"set", offsetof(struct render, set), "KEY=VALUE", "give an input"},
    {"rows", offsetof(struct render, rows), "ROWS", "more files"},
    {0},
};

struct common {
    bool verbose;
};

static const dio_field common[] = {
    DIO_FIELD(struct common, verbose, "no", 0, 0, "say more"),
    {0},
};

static const dio_args_alias letters[] = {
    {'o', "output"}, {'n', "dry-run"}, {'v', "verbose"}, {'j', "jobs"}, {0}};

static const char *const operands[] = {"pipeline", "rows", NULL};

struct fixture {
    dio_arena *a;
    struct render r;
    struct common c;
    dio_args_group groups[3];
    dio_args args;
    dio_args_given given;
    dio_error err;
};

static int setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.a = dio_arena_create();
    f.groups[0] = (dio_args_group){"Options", fields, repeats, &f.r};
    f.groups[1] = (dio_args_group){"Every command", common, NULL, &f.c};
    f.args = (dio_args){.command = "diorama render",
                        .doc = "Renders a pipeline.",
                        .groups = f.groups,
                        .aliases = letters,
                        .operands = operands};
    *state = &f;
    return f.a ? 0 : -1;
}

static int teardown(void **state)
{
    dio_arena_destroy(((struct fixture *)*state)->a);
    return 0;
}

static bool run(struct fixture *f, const char *const *argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    dio_error_clear(&f->err);
    return dio_args_parse(&f->args, argc, (char *const *)argv, f->a, &f->given, &f->err);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void ok(struct fixture *f, const char *const *argv)
{
    if (!run(f, argv))
        fail_msg("%s", f->err.message);
}

static void refused(struct fixture *f, const char *const *argv, const char *want)
{
    if (run(f, argv))
        fail_msg("accepted, wanted: %s", want);
    assert_string_equal(f->err.message, want);
    assert_int_equal(f->err.kind, DIO_ERROR_INVALID);
}

static void defaults_stand(void **state)
{
    struct fixture *f = *state;
    ok(f, ARGS("a.yaml"));
    assert_string_equal(f->r.pipeline, "a.yaml");
    assert_string_equal(f->r.output, "out");
    assert_int_equal(f->r.seed, 7);
    assert_false(f->r.dry_run);
    assert_int_equal(f->r.set.count, 0);
    assert_true(dio_args_has(&f->given, "pipeline"));
    assert_false(dio_args_has(&f->given, "seed"));
}

static void gnu_habits_work(void **state)
{
    struct fixture *f = *state;
    ok(f, ARGS("--seed", "18446744073709551615", "a.yaml", "--dry-run", "--output=x y", "-j4",
               "--set", "a=1", "--gain", "-0.5", "--set=b=2=3", "r.csv", "-v"));
    assert_true(f->r.seed == UINT64_MAX);
    assert_true(f->r.dry_run);
    assert_string_equal(f->r.output, "x y");
    assert_int_equal(f->r.jobs, 4);
    assert_true(f->r.gain == -0.5);
    assert_int_equal(f->r.set.count, 2);
    assert_string_equal(f->r.set.items[0], "a=1");
    assert_string_equal(f->r.set.items[1], "b=2=3");
    assert_int_equal(f->r.rows.count, 1);
    assert_true(f->c.verbose);
    assert_true(dio_args_has(&f->given, "seed"));
    ok(f, ARGS("-nvo", "dir", "a.yaml", "--no-dry-run", "--verbose=no"));
    assert_false(f->r.dry_run);
    assert_false(f->c.verbose);
    assert_string_equal(f->r.output, "dir");
    ok(f, ARGS("-odir", "--dry_run", "--", "--odd", "-x", "-"));
    assert_string_equal(f->r.output, "dir");
    assert_true(f->r.dry_run);
    assert_string_equal(f->r.pipeline, "--odd");
    assert_int_equal(f->r.rows.count, 2);
    assert_string_equal(f->r.rows.items[1], "-");
    ok(f, ARGS("-", "--seed=1", "--seed=2", "--output="));
    assert_string_equal(f->r.pipeline, "-");
    assert_int_equal(f->r.seed, 2);
    assert_string_equal(f->r.output, "");
}

static void mistakes_are_named(void **state)
{
    struct fixture *f = *state;
    refused(f, ARGS("--seed", "1"),
            "diorama render needs PIPELINE, the pipeline file (see diorama render --help)");
    refused(f, ARGS("a", "--sede=1"), "unknown option --sede: did you mean --seed?");
    refused(f, ARGS("a", "--dry-rum"), "unknown option --dry-rum: did you mean --dry-run?");
    refused(f, ARGS("a", "--colour"), "unknown option --colour (see diorama render --help)");
    refused(f, ARGS("a", "--pipeline=x"), "unknown option --pipeline (see diorama render --help)");
    refused(f, ARGS("a", "-x"), "unknown option -x (see diorama render --help)");
    refused(f, ARGS("a", "-5"), "unknown option -5 (see diorama render --help)");
    refused(f, ARGS("a", "--seed"), "--seed needs a value (see diorama render --help)");
    refused(f, ARGS("a", "-o"), "-o needs a value (see diorama render --help)");
    refused(f, ARGS("a", "--jobs", "many"), "--jobs: expected an integer, found \"many\"");
    refused(f, ARGS("a", "-j", "65"), "-j: 65 is above 64");
    refused(f, ARGS("a", "--no-dry-run=yes"),
            "--no-dry-run takes no value (see diorama render --help)");
    refused(f, ARGS("a", "--dry-run=maybe"), "--dry-run: expected yes or no, found \"maybe\"");
    refused(f, ARGS("a", "--output", "\xff"), "--output: the text is not valid UTF-8");
    refused(f, ARGS("a", "--set=\xc3"), "--set: the text is not valid UTF-8");
    refused(f, ARGS("a", "--no-seed"), "unknown option --no-seed (see diorama render --help)");
    f->args.operands = (const char *const[]){"pipeline", NULL};
    refused(f, ARGS("a", "b"), "one argument too many: \"b\" (see diorama render --help)");
    char huge[5000];
    memset(huge, 'x', sizeof huge - 1);
    huge[0] = huge[1] = '-';
    huge[sizeof huge - 1] = '\0';
    assert_false(run(f, ARGS("a", huge)));
    assert_true(strlen(f->err.message) < 200);
}

static void help_is_derived(void **state)
{
    struct fixture *f = *state;
    ok(f, ARGS("--help"));
    assert_true(f->given.help);
    ok(f, ARGS("-vh", "--nonsense"));
    assert_true(f->given.help);
    assert_string_equal(
        dio_args_help(&f->args, f->a),
        "Usage: diorama render PIPELINE [ROWS]... [options]\n"
        "\n"
        "Renders a pipeline.\n"
        "\n"
        "  PIPELINE                  the pipeline file\n"
        "  ROWS                      more files\n"
        "\n"
        "Options:\n"
        "  -o, --output TEXT         folder for what is made (default out)\n"
        "      --seed N              where chance begins (default 7)\n"
        "  -n, --[no-]dry-run        say what would be done, and stop (default no)\n"
        "  -j, --jobs N              how many at once (1 to 64; default 1)\n"
        "      --gain X              loudness (-10 to 10; default 1)\n"
        "      --set KEY=VALUE       give an input (may be repeated)\n"
        "\n"
        "Every command:\n"
        "  -v, --[no-]verbose        say more (default no)\n"
        "  -h, --help                show this text\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_stand),
        TEST(gnu_habits_work),
        TEST(mistakes_are_named),
        TEST(help_is_derived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
