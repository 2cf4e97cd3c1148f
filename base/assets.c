/* assets.c: finds what ships with the program, from where this code lies: the program, or the
 * library that a program of others has loaded. */
#define _GNU_SOURCE
#include "base/assets.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/value.h"

enum { LEVELS = 6 /* build/release/tests/tensor/... is not deeper */ };

static bool is_dir(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* The file that this code was loaded from, in self[PATH_MAX]; false when it cannot be told. */
static bool find_self(char *self)
{
    static const char here;
    Dl_info info;
    struct link_map *map = NULL;
    if (dladdr1(&here, &info, (void **)&map, RTLD_DL_LINKMAP) && map && *map->l_name)
        return realpath(map->l_name, self) != NULL;
    ssize_t n = readlink("/proc/self/exe", self, PATH_MAX - 1);
    self[n > 0 ? n : 0] = 0;
    return n > 0;
}

/* Others have folders of that name, too. */
static bool is_ours(dio_arena *a, const char *dir)
{
    return is_dir(dir) && dio_file_exists(dio_path_join(a, dir, "fonts.yaml"));
}

const char *dio_assets_dir(dio_arena *a, dio_error *err)
{
    char self[PATH_MAX];
    const char *named = getenv("DIORAMA_ASSETS");
    if (named && *named) {
        if (is_dir(named))
            return dio_arena_strdup(a, named);
        dio_fail(err, "DIORAMA_ASSETS: %s is no folder", named);
        return NULL;
    }
    if (!find_self(self)) {
        dio_fail(err, "the program cannot tell where it lies: set DIORAMA_ASSETS");
        return NULL;
    }
    const char *dir = dio_arena_strdup(a, self);
    for (int i = 0; i < LEVELS; i++) {
        dir = dio_path_dir(a, dir);
        const char *near = dio_path_join(a, dir, "assets");
        const char *shared = dio_path_join(a, dir, "share/diorama/assets");
        if (is_ours(a, near))
            return near;
        if (is_ours(a, shared))
            return shared;
    }
    dio_fail(err, "no assets folder above %s: set DIORAMA_ASSETS", self);
    return NULL;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

const char *const *dio_assets_models(dio_arena *a, int *count, dio_error *err)
{
    const char **names = NULL;
    int cap = 0;
    *count = 0;
    const char *assets = dio_assets_dir(a, err);
    if (!assets)
        return NULL;
    const char *models = dio_path_join(a, assets, "models");
    DIR *d = opendir(models);
    for (struct dirent *e; d && (e = readdir(d));) {
        const char *dir = dio_path_join(a, models, e->d_name);
        if (e->d_name[0] == '.' || (!dio_file_exists(dio_path_join(a, dir, "config.json")) &&
                                    !dio_file_exists(dio_path_join(a, dir, "model_index.json"))))
            continue;
        if (!dio_arena_grow(a, &names, *count, &cap, sizeof *names))
            break;
        names[(*count)++] = dio_arena_printf(a, "house/%s", e->d_name);
    }
    if (d)
        closedir(d);
    if (*count)
        qsort(names, (size_t)*count, sizeof *names, by_name);
    return names ? names : dio_arena_alloc(a, sizeof *names);
}

const char *dio_assets_model(dio_arena *a, const char *name, dio_error *err)
{
    if (strncmp(name, "house/", 6) != 0) {
        if (is_dir(name) || dio_file_exists(name))
            return dio_arena_strdup(a, name);
        dio_fail(err, "model \"%s\": there is no such folder; house models are named house/NAME",
                 name);
        return NULL;
    }
    int n;
    const char *const *names = dio_assets_models(a, &n, err);
    if (!names)
        return NULL;
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return dio_path_join(a, dio_assets_dir(a, err),
                                 dio_arena_printf(a, "models/%s", name + 6));
    const char *near = dio_nearest(name, names, n);
    dio_fail(err, "model \"%s\" is not installed%s%s", name, near ? ", did you mean " : "",
             near ? near : "");
    return NULL;
}
