/* recipe_case.c: small trainings for tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "recipe_case.h"

dio_device *recipe_device;
char recipe_root[64];
static const dio_recipe_kind *const *known;

struct stop {
    int64_t at;
    volatile sig_atomic_t cancel;
};

int recipe_open(const dio_recipe_kind *const *kinds)
{
    dio_error err = {0};
    known = kinds;
    recipe_device = dio_device_open("cpu", &err);
    snprintf(recipe_root, sizeof recipe_root, "/tmp/diorama-recipe-XXXXXX");
    return mkdtemp(recipe_root) && recipe_device ? 0 : -1;
}

int recipe_close(void)
{
    char command[128];
    dio_device_close(recipe_device);
    snprintf(command, sizeof command, "rm -rf %s", recipe_root);
    return system(command);
}

char *recipe_path(dio_arena *a, const char *name)
{
    return dio_path_join(a, recipe_root, name);
}

static void progress(void *user, const dio_train_progress *p)
{
    struct stop *s = user;
    s->cancel = s->at > 0 && p->step >= s->at;
}

bool recipe_run(dio_arena *a, const char *text, const char *dir, int at, bool resume,
                dio_recipe_report *report, dio_error *err)
{
    struct stop s = {.at = at};
    const dio_recipe_kind *const *kind = known;
    const char *path = recipe_path(a, "recipe.yaml");
    const dio_value *recipe = dio_yaml_parse(a, path, text, strlen(text), err);
    if (!recipe)
        return false;
    while (*kind && strcmp((*kind)->name, dio_map_get(recipe, "kind")->string.text) != 0)
        kind++;
    assert_non_null(*kind);
    dio_recipe_hooks hooks = {.progress = progress, .user = &s, .cancel = &s.cancel};
    dio_recipe_run r = {recipe, path, recipe_path(a, dir), resume, recipe_device, &hooks, a};
    return (*kind)->run(&r, report, err);
}

void recipe_train(dio_arena *a, const char *text, const char *dir, int at, bool resume)
{
    dio_recipe_report report;
    dio_error err = {0};
    if (!recipe_run(a, text, dir, at, resume, &report, &err))
        fail_msg("%s", err.message);
    assert_int_equal(report.run.cancelled, at > 0);
}

void recipe_same_file(dio_arena *a, const char *x, const char *y, const char *name)
{
    char hx[DIO_HASH_TEXT], hy[DIO_HASH_TEXT];
    dio_error err = {0};
    if (!dio_hash_file(dio_path_join(a, recipe_path(a, x), name), hx, &err) ||
        !dio_hash_file(dio_path_join(a, recipe_path(a, y), name), hy, &err))
        fail_msg("%s", err.message);
    assert_string_equal(hx, hy);
}

void recipe_refused(const char *text, const char *part, const char *other, int line,
                    const char *message)
{
    dio_arena *a = dio_arena_create();
    dio_recipe_report report;
    dio_error err = {0};
    const char *at = strstr(text, part);
    assert_non_null(at);
    const char *bad =
        dio_arena_printf(a, "%.*s%s%s", (int)(at - text), text, other, at + strlen(part));
    assert_false(recipe_run(a, bad, "wrong", 0, false, &report, &err));
    if (!strstr(err.message, message) || err.line != line)
        fail_msg("line %d \"%s\" is not line %d \"%s\"", err.line, err.message, line, message);
    assert_false(dio_file_exists(recipe_path(a, "wrong/checkpoint.safetensors")));
    assert_false(dio_file_exists(recipe_path(a, "wrong/model.safetensors")));
    dio_arena_destroy(a);
}
