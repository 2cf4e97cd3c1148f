/* test_memory.c: readers, fields, command lines and files survive that memory runs out, wherever it
 * does. jansson's allocations come by its hook. */
#include "tests/fail_alloc.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/args.h"
#include "base/file.h"

enum { EVERY = 100000 };

/* Many keys, so that the index is built; each with a text of `digits` digits. */
static const char *document(int keys, int digits)
{
    static char text[600000];
    char *p = text;
    p += sprintf(p, "{\"text\":\"a\",\"layers\":{");
    for (int i = 0; i < keys; i++)
        p += sprintf(p, "%s\"key-%d\": [%d, {\"x\": \"%0*d\"}]", i ? ", " : "", i, i, digits, i);
    sprintf(p, "}}");
    return text;
}

/* Tokens stay below 16 bytes, where jansson's buffer need not grow: json.c's first lines say why.
 */
static bool read_json(dio_error *err)
{
    const char *text = document(100, 5);
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "an arena");
    dio_value *v = dio_json_parse(a, "m.json", text, strlen(text), err);
    bool ok = v != NULL;
    if (ok && !dio_json_write(a, v, 2))
        ok = dio_fail_memory(err, "the text");
    dio_arena_destroy(a);
    return ok;
}

static bool read_yaml(dio_error *err)
{
    const char *text = document(4000, 100);
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "an arena");
    bool ok = dio_yaml_parse(a, "m.yaml", text, strlen(text), err) != NULL;
    dio_arena_destroy(a);
    return ok;
}

static bool read_csv(dio_error *err)
{
    enum { ROWS = 2000 };
    static char text[ROWS * 64];
    char *p = text + sprintf(text, "id,line,note\n");
    for (int i = 0; i < ROWS; i++)
        p += sprintf(p, "%d,\"a \"\"%020d\"\"\",\n", i, i);
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "an arena");
    bool ok = dio_csv_parse(a, "m.csv", text, strlen(text), err) != NULL;
    dio_arena_destroy(a);
    return ok;
}

struct params {
    const char *text, *note;
    const dio_value *layers;
    dio_args_list set;
    char room[64];
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, text, NULL, 0, 0, "words"),
    DIO_FIELD(struct params, note, "nothing", 0, 0, "more words"),
    DIO_FIELD(struct params, layers, "[]", 0, 0, "a tree"),
    {0},
};

static bool read_fields(dio_error *err)
{
    const char *text = document(4000, 100);
    struct params p;
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "an arena");
    dio_value *v = dio_yaml_parse(a, "m.yaml", text, strlen(text), err);
    bool ok = v && dio_fields_read(fields, &p, v, "step", DIO_FIELDS_STRICT, a, NULL, NULL, err);
    if (ok && (!dio_fields_canonical(fields, &p, a) || !dio_fields_help(fields, "--", a) ||
               !dio_fields_markdown(fields, a) || !dio_fields_schema(fields, true, a) ||
               dio_arena_failed(a)))
        ok = dio_fail_memory(err, "derived texts");
    dio_arena_destroy(a);
    return ok;
}

static bool read_args(dio_error *err)
{
    static const dio_args_repeat repeats[] = {
        {"set", offsetof(struct params, set), "KEY=VALUE", "an input"}, {0}};
    char *argv[] = {"--text", "x", "--set", "a=1", "--set=b=2", "--layers", "[1, {a: b}]"};
    struct params p;
    dio_args_given given;
    dio_args_group groups[] = {{"Options", fields, repeats, &p}, {0}};
    dio_args args = {.command = "test", .doc = "Tests.", .groups = groups};
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "an arena");
    bool ok = dio_args_parse(&args, 7, argv, a, &given, err);
    if (ok && !dio_args_help(&args, a))
        ok = dio_fail_memory(err, "the help");
    dio_arena_destroy(a);
    return ok;
}

static bool write_and_read_file(dio_error *err)
{
    char path[64], hash[DIO_HASH_TEXT];
    snprintf(path, sizeof path, "/tmp/diorama-memory-%ld", (long)getpid());
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "an arena");
    bool ok = dio_file_write(path, "bytes", 5, err) && dio_file_read(a, path, 10, NULL, err) &&
              dio_hash_file(path, hash, err);
    dio_map_file *m = ok ? dio_map_open(path, err) : NULL;
    ok = ok && m;
    dio_map_unref(m);
    dio_arena_destroy(a);
    unlink(path);
    return ok;
}

static void json(void **state)
{
    (void)state;
    /* jansson may take its own shortage for a wrong token */
    fail_alloc_sweep("json", read_json, true, EVERY);
}

static void yaml(void **state)
{
    (void)state;
    fail_alloc_sweep("yaml", read_yaml, false, EVERY);
}

static void csv(void **state)
{
    (void)state;
    fail_alloc_sweep("csv", read_csv, false, EVERY);
}

static void field(void **state)
{
    (void)state;
    fail_alloc_sweep("fields", read_fields, false, EVERY);
}

static void args(void **state)
{
    (void)state;
    fail_alloc_sweep("args", read_args, false, EVERY);
}

static void file(void **state)
{
    (void)state;
    fail_alloc_sweep("file", write_and_read_file, false, EVERY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json),  cmocka_unit_test(yaml), cmocka_unit_test(csv),
        cmocka_unit_test(field), cmocka_unit_test(args), cmocka_unit_test(file),
    };
    json_set_alloc_funcs(__wrap_malloc, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
