/* checkpoint.c: a run's state on disk: one safetensors file that appears whole or not at all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "tensor/train_impl.h"
#include "tensor/weights.h"

/* The kinds of tensors that a checkpoint holds, by the first part of their names. */
enum { KINDS = 4 };
static const char *const kinds[KINDS] = {"w", "m", "v", "ema"};

static const dio_val *values_of(const dio_train_group *t, int kind)
{
    const dio_val *const lists[KINDS] = {t->w, t->m, t->v, t->average};
    return lists[kind];
}

/* Reads value v of weight i from the plan into a fresh tensor named "KIND.PREFIXNAME". */
static dio_tensor *fetch(dio_train_group *g, int kind, int i, const char *first, dio_error *err)
{
    const dio_train_weight *w = &g->weights[i];
    char name[600];
    snprintf(name, sizeof name, "%s%s%s%s", first, *first ? "." : "", g->prefix, w->name);
    dio_tensor *t = dio_tensor_create(name, &w->tensor->type, err);
    if (t && dio_plan_read(g->plan, values_of(g, kind)[i], dio_tensor_data(t),
                           dio_type_bytes(&t->type), err))
        return t;
    dio_tensor_unref(t);
    return NULL;
}

static bool write_tensors(dio_train_run *r, const char *file, int n_kinds, bool bare,
                          const dio_weights_meta *meta, int n_meta, dio_error *err)
{
    int n = 0, weights = 0;
    bool ok = true;
    for (int k = 0; k < r->n_groups; k++)
        weights += r->groups[k].n;
    char path[4096];
    dio_tensor **all = calloc((size_t)(n_kinds * weights + 1), sizeof *all);
    if (!all)
        return dio_fail_memory(err, "a checkpoint");
    for (int j = 0; j < n_kinds * r->n_groups && ok; j++) {
        dio_train_group *g = &r->groups[j % r->n_groups];
        int k = j / r->n_groups;
        for (int i = 0; i < g->n && ok; i++) {
            if (values_of(g, k)[i] == DIO_NONE)
                continue;
            ok = (all[n] = fetch(g, k, i, bare ? "" : kinds[k], err)) != NULL;
            n += ok;
        }
    }
    snprintf(path, sizeof path, "%s/%s", r->dir, file);
    ok = ok && dio_weights_write(path, all, NULL, n, meta, n_meta, err);
    for (int i = 0; i < n; i++)
        dio_tensor_unref(all[i]);
    free(all);
    return ok;
}

bool dio_train_checkpoint(dio_train_run *r, dio_error *err)
{
    char step[32], best[40], best_step[32], stale[32];
    snprintf(step, sizeof step, "%lld", (long long)r->state.step);
    snprintf(best, sizeof best, "%a",
             r->state.best); /* exact, and independent of the locale's digits */
    snprintf(best_step, sizeof best_step, "%lld", (long long)r->state.best_step);
    snprintf(stale, sizeof stale, "%d", r->state.stale);
    dio_weights_meta meta[] = {{"step", step},
                               {"best", best},
                               {"best_step", best_step},
                               {"stale", stale},
                               {"identity", r->identity}};
    return write_tensors(r, "checkpoint.safetensors", KINDS, false, meta, 5, err);
}

bool dio_train_save_best(dio_train_run *r, dio_error *err)
{
    return write_tensors(r, "best.safetensors", 1, true, NULL, 0, err);
}

static bool put_back(dio_train_group *g, const dio_weights *file, int kind, int i, bool bare,
                     dio_error *err)
{
    const dio_train_weight *w = &g->weights[i];
    char name[600];
    snprintf(name, sizeof name, "%s%s%s%s", bare ? "" : kinds[kind], bare ? "" : ".", g->prefix,
             w->name);
    const dio_tensor *t = dio_weights_find(file, name);
    if (!t || !dio_type_equal(&t->type, &w->tensor->type))
        return dio_fail(err, "%s: tensor \"%s\" is missing or has another shape",
                        dio_weights_path(file), name);
    return dio_plan_write(g->plan, values_of(g, kind)[i], dio_tensor_data(t),
                          dio_type_bytes(&t->type), err);
}

static bool read_number(const dio_weights *file, const char *key, double *out, dio_error *err)
{
    const char *text = dio_weights_meta_find(file, key);
    char *end = NULL;
    *out = text ? strtod(text, &end) : 0;
    if (!text || end == text || *end)
        return dio_fail(err, "%s: \"%s\" is missing or no number", dio_weights_path(file), key);
    return true;
}

static bool restore(dio_train_run *r, const dio_weights *file, dio_error *err)
{
    double step, best, best_step, stale;
    const char *identity = dio_weights_meta_find(file, "identity");
    if (!identity || strcmp(identity, r->identity) != 0)
        return dio_fail(err, "%s belongs to another recipe: train in another folder, or remove it",
                        dio_weights_path(file));
    if (!read_number(file, "step", &step, err) || !read_number(file, "best", &best, err) ||
        !read_number(file, "best_step", &best_step, err) ||
        !read_number(file, "stale", &stale, err))
        return false;
    for (int j = 0; j < KINDS * r->n_groups; j++) {
        dio_train_group *g = &r->groups[j % r->n_groups];
        int k = j / r->n_groups;
        for (int i = 0; i < g->n; i++)
            if (values_of(g, k)[i] != DIO_NONE && !put_back(g, file, k, i, false, err))
                return false;
    }
    r->state = (dio_train_state){(int64_t)step, best, (int64_t)best_step, (int)stale};
    return true;
}

bool dio_train_restore(dio_train_run *r, bool *found, dio_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", r->dir);
    *found = dio_file_exists(path);
    if (!*found)
        return true;
    dio_weights *file = dio_weights_open(path, err);
    bool ok = file && restore(r, file, err);
    dio_weights_close(file);
    return ok;
}

bool dio_train_load_best(dio_train_run *r, dio_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/best.safetensors", r->dir);
    dio_weights *file = dio_weights_open(path, err);
    bool ok = file != NULL;
    dio_train_group *g = &r->groups[0];
    for (int i = 0; ok && i < g->n; i++)
        ok = put_back(g, file, 0, i, true, err);
    dio_weights_close(file);
    return ok && dio_train_fetch(g, err);
}

bool dio_train_trim_log(dio_train_run *r, dio_error *err)
{
    char path[4096];
    size_t n;
    snprintf(path, sizeof path, "%s/loss.csv", r->dir);
    if (!dio_file_exists(path))
        return true;
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "the loss log");
    dio_str kept = {0};
    char *text = dio_file_read(a, path, (size_t)256 << 20, &n, err);
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        if (!end) /* half a line: the run died while writing it */
            break;
        if (line == text || strtoll(line, NULL, 10) <= r->state.step)
            dio_str_put(&kept, line, (size_t)(end + 1 - line));
        line = end + 1;
    }
    bool ok =
        text && !kept.failed && dio_file_write(path, kept.text ? kept.text : "", kept.length, err);
    dio_str_deinit(&kept);
    dio_arena_destroy(a);
    return ok;
}
