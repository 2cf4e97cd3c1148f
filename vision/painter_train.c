/* painter_train.c: reading a recipe of the painter's, and the run from weights to a folder. */
#include "vision/painter_train.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/file.h"

static bool is_map(const dio_value *v)
{
    return v && v->kind == DIO_MAP;
}

bool dio_painter_recipe_read(dio_painter_job *j, const dio_field *fields, dio_error *err)
{
    const dio_recipe_run *run = j->run;
    dio_painter_recipe *r = &j->recipe;
    if (!dio_fields_read(fields, r, run->recipe, "recipe", DIO_FIELDS_STRICT, run->a, NULL, NULL,
                         err))
        return false;
    if (!is_map(r->model))
        return dio_value_fail(run->recipe, err, "model: a recipe says what config.json will hold");
    if (strcmp(r->save, "f16") != 0 && strcmp(r->save, "f32") != 0)
        return dio_value_fail(dio_map_get(run->recipe, "save"), err, "save: f16 or f32, not \"%s\"",
                              r->save);
    if (!is_map(r->train))
        return dio_value_fail(run->recipe, err,
                              "train: a recipe says how many steps, as in "
                              "`train: {steps: 4000}`");
    j->root = dio_path_dir(run->a, run->path);
    return dio_fields_read(dio_train_fields, &j->options, r->train, "train", DIO_FIELDS_STRICT,
                           run->a, NULL, NULL, err);
}

static bool identify(dio_painter_job *j, dio_error *err)
{
    char *text = dio_json_write(j->run->a, j->run->recipe, 0);
    return text ? dio_hash_bytes(text, strlen(text), j->identity, err)
                : dio_fail_memory(err, "the recipe");
}

bool dio_painter_job_open(dio_painter_job *j, const dio_network_kind *kind, const char *leave,
                          dio_error *err)
{
    if (!dio_train_may_begin(j->run->dir, j->run->resume, err) || !identify(j, err))
        return false;
    j->net = dio_network_create(kind, j->recipe.model, j->recipe.seed, DIO_F32, err);
    if (!j->net)
        return false;
    const dio_walk *w = &j->net->walk;
    j->weights = dio_arena_try(j->run->a, (size_t)(w->count + 1) * sizeof *j->weights);
    if (!j->weights)
        return dio_fail_memory(err, "the list of weights");
    for (int i = 0; i < w->count; i++)
        if (!leave || strncmp(w->items[i].name, leave, strlen(leave)) != 0)
            j->weights[j->n_weights++] = (dio_train_weight){
                w->items[i].name, *w->items[i].slot, !(w->items[i].flags & DIO_WEIGHT_NO_DECAY)};
    return dio_dir_make(j->run->dir, err);
}

/* The task's loss over validation batches that training never asked for. */
static bool test(const dio_painter_job *j, const dio_train_task *task, double *out, dio_error *err)
{
    *out = NAN;
    if (!j->recipe.test_batches)
        return true;
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "the test");
    dio_val v = task->loss(task->user, g, false);
    dio_plan_options o = {.train = true};
    dio_plan *p = dio_plan_create(g, &v, 1, false, j->run->device, &o, err);
    bool ok = p != NULL;
    double sum = 0;
    for (int i = 0; ok && i < j->recipe.test_batches; i++) {
        ok = task->fill(task->user, p, j->options.eval_batches + i, false, err) &&
             dio_plan_run(p, err);
        sum += ok ? *(const float *)dio_plan_output(p, 0, NULL) : 0;
    }
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    *out = sum / j->recipe.test_batches;
    return ok;
}

bool dio_painter_job_train(dio_painter_job *j, dio_train_task *task, dio_recipe_report *report,
                           dio_error *err)
{
    const dio_recipe_run *run = j->run;
    struct timespec start, end;
    task->user = j;
    task->weights = j->weights;
    task->n_weights = j->n_weights;
    task->items = j->recipe.batch;
    task->item_name = "pictures";
    task->identity = j->identity;
    report->parameters = dio_walk_parameters(&j->net->walk);
    report->items_per_step = task->items;
    dio_recipe_say(run, "%s: %.2f M parameters, %d pictures a step, on %s", j->recipe.name,
                   (double)report->parameters / 1e6, j->recipe.batch, run->device->name);
    clock_gettime(CLOCK_MONOTONIC, &start);
    bool ok = dio_train(task, &j->options, run->device, run->dir, run->resume, run->hooks->cancel,
                        run->hooks->progress, run->hooks->user, &report->run, err);
    clock_gettime(CLOCK_MONOTONIC, &end);
    report->seconds = (double)(end.tv_sec - start.tv_sec);
    return ok && (report->run.cancelled || test(j, task, &report->test_loss, err));
}

bool dio_painter_job_save(const dio_painter_job *j, const char *dir,
                          const dio_recipe_report *report, dio_error *err)
{
    dio_arena *a = j->run->a;
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "name", dio_value_string(a, j->recipe.name));
    dio_map_set(a, v, "doc", dio_value_string(a, j->recipe.doc));
    dio_map_set(a, v, "licence", dio_value_string(a, j->recipe.licence));
    dio_map_set(a, v, "parameters", dio_value_int(a, report->parameters));
    dio_map_set(a, v, "steps", dio_value_int(a, report->run.steps));
    dio_map_set(a, v, "best_step", dio_value_int(a, report->run.best_step));
    dio_map_set(a, v, "pictures_per_step", dio_value_int(a, report->items_per_step));
    dio_map_set(a, v, "validation_loss", dio_value_real(a, report->run.best));
    if (isfinite(report->test_loss))
        dio_map_set(a, v, "test_loss", dio_value_real(a, report->test_loss));
    dio_map_set(a, v, "identity", dio_value_string(a, j->identity));
    char *text = dio_json_write(a, v, 2);
    dio_dtype dtype = strcmp(j->recipe.save, "f32") == 0 ? DIO_F32 : DIO_F16;
    return dio_network_save(j->net, dir, dtype, err) &&
           (text ? dio_file_write(dio_path_join(a, j->run->dir, "training.json"), text,
                                  strlen(text), err)
                 : dio_fail_memory(err, "training.json"));
}
