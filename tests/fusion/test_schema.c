/* test_schema.c: the schema that editors use against the check that a run makes.
 *
 * Every file of tests/bad and pipelines/, and what becomes of the good ones when one value of
 * theirs is dropped, renamed or replaced, is given to both. What the check accepts, the schema must
 * accept. What the check refuses because a key is unknown or lacks, the schema must refuse. It
 * cannot say the rest: what expressions refer to, yield and whether they can be read, circles,
 * names taken twice, paths, presets, files and models, tables' columns, what included files ask
 * for, sums of matrices, what lies within a parameter ("fit", timelines), what a template needs,
 * `default` against an input's own limits. Kinds and ranges it says for values that are written
 * out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fusion/fusion.h"
#include "fusion/pipeline.h"
#include "tests/fusion/draft7.h"

struct sides {
    dio_arena *arena;
    const dio_value *schema;
    dio_studio *studio;
    int files, accepted, formal, wrong;
};

/* Sentences of base/field.c about the tables that the schema is made of. Parameters have tables
 * within, which it does not show ("fit"), and a template may need more ("with template"). */
static bool is_formal(const dio_error *e)
{
    static const char *const owners[] = {"a pipeline", "a step",    "defaults",
                                         "input \"",   "output \"", "@1"};
    bool owned = false;
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
        owned = owned || strstr(e->message, owners[i]);
    return owned && !strstr(e->message, " with template ") &&
           (strstr(e->message, "unknown key \"") || strstr(e->message, " needs the key \""));
}

static void compare(struct sides *s, const char *name, const dio_value *v)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    const char *text = dio_json_write(a, v, 0);
    const dio_value *read = dio_yaml_parse(a, name, text, strlen(text), &err);
    dio_pipeline *p = dio_pipeline_read(s->studio, name, text, strlen(text), &err);
    assert_true(p && read);
    for (int i = 0; i < p->input_count; i++)
        dio_pipeline_expect(p, p->inputs[i].name);
    bool good = dio_pipeline_check(p, &(dio_check_options){.out = "no-such-folder"});
    bool formal = false;
    for (int i = 0; i < p->report.count; i++)
        formal = formal || is_formal(&p->report.list[i]);
    bool accepts = draft7_accepts(s->schema, s->schema, read);
    if ((good && !accepts) || (formal && accepts)) {
        print_message("%s: the schema %s, the check %s\n%.300s\n%.2000s\n", name,
                      accepts ? "accepts" : "refuses", good ? "accepts" : "refuses",
                      dio_pipeline_problems(p, NULL), text);
        s->wrong++;
    }
    s->files++;
    s->accepted += good;
    s->formal += formal;
    dio_pipeline_close(p);
    dio_arena_destroy(a);
}

/* Writes v into a map or list; what is there comes back. */
static dio_value *swap(dio_value *in, int i, dio_value *v)
{
    dio_value **at = in->kind == DIO_MAP ? &in->map.items[i] : &in->list.items[i];
    dio_value *before = *at;
    *at = v;
    return before;
}

static void drop_and_rename(struct sides *s, const char *name, const dio_value *root, dio_value *in,
                            int i)
{
    dio_value *key = in->map.keys[i], *item = in->map.items[i];
    in->map.keys[i] = dio_value_string(s->arena, "x-dropped");
    compare(s, name, root);
    in->map.keys[i] =
        dio_value_string(s->arena, dio_arena_printf(s->arena, "%sq", key->string.text));
    compare(s, name, root);
    in->map.keys[i] = key;
    in->map.items[i] = item;
}

static void mutate(struct sides *s, const char *name, const dio_value *root, dio_value *in)
{
    int n = in->kind == DIO_MAP ? in->map.count : in->kind == DIO_LIST ? in->list.count : 0;
    dio_arena *a = s->arena;
    dio_value *others[] = {dio_value_string(a, "zzz"), dio_value_int(a, -7), dio_value_real(a, 1e9),
                           dio_value_bool(a, true),    dio_value_map(a),     dio_value_list(a)};
    for (int i = 0; i < n; i++) {
        if (in->kind == DIO_MAP)
            drop_and_rename(s, name, root, in, i);
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            dio_value *before = swap(in, i, others[k]);
            compare(s, name, root);
            swap(in, i, before);
        }
        mutate(s, name, root, in->kind == DIO_MAP ? in->map.items[i] : in->list.items[i]);
    }
}

static void each_file(struct sides *s, const char *folder, bool mutated)
{
    struct dirent **list;
    int n = scandir(folder, &list, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        dio_error err = {0};
        const char *name = list[i]->d_name, *dot = strrchr(name, '.');
        if (dot && strcmp(dot, ".yaml") == 0) {
            const char *path = dio_path_join(s->arena, folder, name);
            dio_value *v = dio_value_read(s->arena, path, 1 << 20, &err);
            if (v && strncmp(name, "many-", 5) != 0)
                compare(s, path, v);
            if (v && mutated && v->kind == DIO_MAP)
                mutate(s, path, v, v);
        }
        free(list[i]);
    }
    free(list);
}

static int setup(void **state)
{
    static struct sides s;
    dio_error err = {0};
    s.arena = dio_arena_create();
    s.studio = dio_studio_create("assets", &err);
    s.schema = dio_value_read(s.arena, "docs/pipeline.schema.json", 1 << 22, &err);
    *state = &s;
    return s.schema && s.studio ? 0 : -1;
}

static int teardown(void **state)
{
    struct sides *s = *state;
    print_message("%d files: %d accepted by both, %d refused for their form by both\n", s->files,
                  s->accepted, s->formal);
    dio_studio_destroy(s->studio);
    dio_arena_destroy(s->arena);
    return 0;
}

static void files_that_are_wrong(void **state)
{
    struct sides *s = *state;
    each_file(s, "tests/bad", false);
    each_file(s, "tests/bad/parts", false);
    assert_int_equal(s->wrong, 0);
}

static void files_that_ship_and_what_becomes_of_them(void **state)
{
    struct sides *s = *state;
    each_file(s, "pipelines", true);
    assert_int_equal(s->wrong, 0);
    assert_true(s->files > 500 && s->formal > 100 && s->accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_are_wrong),
        cmocka_unit_test(files_that_ship_and_what_becomes_of_them),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
