/* train_lm.c: from a recipe to a model's folder: what train_open.c opens, the loop, the test, the
 * card. */
#include "text/train_lm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tensor/ops.h"
#include "text/train_job.h"

static bool list_weights(dio_train_job *j, dio_error *err)
{
    const dio_walk *w = &j->lm->net.walk;
    unsigned chosen = j->recipe.adapter.rank ? DIO_WEIGHT_LORA : 0;
    j->weights = dio_arena_try(j->a, (size_t)(w->count + 1) * sizeof *j->weights);
    if (!j->weights)
        return dio_fail_memory(err, "the list of weights");
    for (int i = 0; i < w->count; i++)
        if (dio_walk_chosen(&w->items[i], chosen))
            j->weights[j->n_weights++] = (dio_train_weight){
                w->items[i].name, *w->items[i].slot, !(w->items[i].flags & DIO_WEIGHT_NO_DECAY)};
    return true;
}

/* --- the task
 * ------------------------------------------------------------------------------------- */

static dio_val loss(void *user, dio_graph *g, bool training)
{
    dio_train_job *j = user;
    (void)training;
    dio_type t = dio_type_2d(DIO_I32, j->recipe.batch, j->recipe.sequence);
    dio_lm_io io = {.ids = dio_input(g, "ids", t), .start = DIO_NONE, .seed = DIO_NONE};
    return dio_lm_loss(g, j->lm, &io, dio_input(g, "targets", t), 0);
}

static bool fill_split(dio_train_job *j, dio_plan *p, dio_split split, int64_t step, dio_error *err)
{
    size_t bytes = (size_t)j->recipe.batch * (size_t)j->recipe.sequence * sizeof(int32_t);
    return dio_batch_fill(&j->batcher, split, step, j->ids, j->targets, err) &&
           dio_plan_set(p, "ids", j->ids, bytes, err) &&
           dio_plan_set(p, "targets", j->targets, bytes, err);
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    return fill_split(user, p, training ? DIO_SPLIT_TRAIN : DIO_SPLIT_VALID, step, err);
}

static bool test(dio_train_job *j, dio_device *device, double *out, dio_error *err)
{
    const dio_source_kind *kind = j->recipe.source;
    double sum = 0;
    *out = NAN;
    int64_t have = kind->count(j->source, DIO_SPLIT_TEST);
    if (!j->recipe.test_batches || have < 0)
        return true;
    if (!have && kind->count(j->source, DIO_SPLIT_TRAIN) > 0)
        return true; /* a small set without a test split */
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "the test");
    dio_val v = loss(j, g, false);
    dio_plan_options o = {.train = true};
    dio_plan *p = dio_plan_create(g, &v, 1, false, device, &o, err);
    bool ok = p != NULL;
    for (int i = 0; ok && i < j->recipe.test_batches; i++) {
        ok = fill_split(j, p, DIO_SPLIT_TEST, i, err) && dio_plan_run(p, err);
        sum += ok ? *(const float *)dio_plan_output(p, 0, NULL) : 0;
    }
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    *out = sum / j->recipe.test_batches;
    return ok;
}

/* --- the run
 * -------------------------------------------------------------------------------------- */

/* Two runs are the same when recipe and tokenizer are: what a checkpoint is checked by. */
static bool identify(dio_train_job *j, const dio_value *recipe, dio_error *err)
{
    char tokenizer[DIO_HASH_TEXT];
    char *text = dio_json_write(j->a, recipe, 0);
    if (!text || !dio_hash_file(dio_path_join(j->a, j->dir, "tokenizer.json"), tokenizer, err))
        return text ? false : dio_fail_memory(err, "the recipe");
    text = dio_arena_printf(j->a, "%s%s", text, tokenizer);
    return dio_hash_bytes(text, strlen(text), j->identity, err);
}

static bool save(dio_train_job *j, const dio_recipe_report *r, dio_error *err)
{
    dio_value *v = dio_value_map(j->a);
    dio_dtype dtype = strcmp(j->recipe.save, "f32") == 0 ? DIO_F32 : DIO_BF16;
    bool ok = j->recipe.adapter.rank ? dio_lm_save_lora(j->lm, j->dir, err)
                                     : dio_lm_save(j->lm, j->dir, dtype, err);
    dio_map_set(j->a, v, "name", dio_value_string(j->a, j->recipe.name));
    dio_map_set(j->a, v, "doc", dio_value_string(j->a, j->recipe.doc));
    dio_map_set(j->a, v, "licence", dio_value_string(j->a, j->recipe.licence));
    dio_map_set(j->a, v, "parameters", dio_value_int(j->a, r->parameters));
    dio_map_set(j->a, v, "steps", dio_value_int(j->a, r->run.steps));
    dio_map_set(j->a, v, "best_step", dio_value_int(j->a, r->run.best_step));
    dio_map_set(j->a, v, "tokens_per_step", dio_value_int(j->a, r->items_per_step));
    dio_map_set(j->a, v, "validation_loss", dio_value_real(j->a, r->run.best));
    if (isfinite(r->test_loss))
        dio_map_set(j->a, v, "test_loss", dio_value_real(j->a, r->test_loss));
    dio_map_set(j->a, v, "identity", dio_value_string(j->a, j->identity));
    char *text = dio_json_write(j->a, v, 2);
    return ok && (text ? dio_file_write(dio_path_join(j->a, j->dir, "training.json"), text,
                                        strlen(text), err)
                       : dio_fail_memory(err, "training.json"));
}

static bool make_dir(dio_train_job *j, dio_error *err)
{
    j->made_dir = !dio_file_exists(j->dir);
    return dio_dir_make(j->dir, err);
}

static bool open_source(dio_train_job *j, dio_error *err)
{
    const dio_recipe_lm *r = &j->recipe;
    j->source = r->source->open(r->source_params, r->root, r->seed, j->a, err);
    return j->source || dio_error_at(err, r->data->file, r->data->line, r->data->column);
}

static bool prepare(dio_train_job *j, dio_error *err)
{
    const dio_recipe_run *run = j->run;
    if (!dio_recipe_lm_read(&j->recipe, run->recipe, run->path, j->a, err) ||
        !dio_train_check_config(j, err) || !dio_train_may_begin(j->dir, run->resume, err) ||
        !open_source(j, err) || !make_dir(j, err))
        return false;
    const dio_recipe_lm *r = &j->recipe;
    if (!dio_train_open_tokenizer(j, err) || !dio_train_open_model(j, err) || !list_weights(j, err))
        return false;
    size_t bytes = (size_t)r->batch * (size_t)r->sequence * sizeof(int32_t);
    j->ids = dio_arena_try(j->a, bytes);
    j->targets = dio_arena_try(j->a, bytes);
    if (!j->ids || !j->targets)
        return dio_fail_memory(err, "a training batch");
    int32_t separator = dio_tokenizer_eos(j->tokenizer);
    if (separator < 0)
        separator = dio_tokenizer_id(j->tokenizer, "<|endoftext|>");
    if (r->source->special) /* its documents end with a tag of their own */
        separator = -1;
    j->batcher = (dio_batcher){r->source, j->source,   j->tokenizer, r->seed,
                               r->batch,  r->sequence, separator};
    return identify(j, run->recipe, err);
}

static bool train(dio_train_job *j, dio_recipe_report *report, dio_error *err)
{
    struct timespec start, end;
    const dio_recipe_run *run = j->run;
    const dio_recipe_hooks *hooks = run->hooks;
    dio_train_task task = {
        .user = j,
        .weights = j->weights,
        .n_weights = j->n_weights,
        .items = (int64_t)j->recipe.batch * j->recipe.sequence,
        .item_name = "tokens",
        .identity = j->identity,
        .loss = loss,
        .fill = fill,
    };
    report->parameters = dio_walk_parameters(&j->lm->net.walk);
    report->items_per_step = task.items;
    dio_recipe_say(run, "%s: %.2f M parameters, %lld tokens a step, on %s", j->recipe.name,
                   (double)report->parameters / 1e6, (long long)task.items, run->device->name);
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!dio_train(&task, &j->recipe.options, run->device, j->dir, run->resume, hooks->cancel,
                   hooks->progress, hooks->user, &report->run, err))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &end);
    report->seconds = (double)(end.tv_sec - start.tv_sec);
    if (report->run.cancelled)
        return true;
    const dio_source_kind *kind = j->recipe.source;
    return test(j, run->device, &report->test_loss, err) && save(j, report, err) &&
           (!kind->companions || kind->companions(j->source, j->dir, err));
}

/* A run that failed before its first step leaves nothing that was not there before. */
static void take_away(const dio_train_job *j)
{
    if (dio_train_has_begun(j->dir))
        return;
    if (j->made_tokenizer)
        unlink(dio_path_join(j->a, j->dir, "tokenizer.json"));
    if (j->made_dir)
        rmdir(j->dir); /* which a folder with anything in it survives */
}

static bool run(const dio_recipe_run *r, dio_recipe_report *report, dio_error *err)
{
    dio_train_job j = {.run = r, .dir = r->dir, .a = r->a};
    *report = (dio_recipe_report){.test_loss = NAN};
    bool ok = prepare(&j, err) && train(&j, report, err);
    if (!ok)
        take_away(&j);
    if (j.source)
        j.recipe.source->close(j.source);
    dio_tokenizer_destroy(j.tokenizer);
    dio_lm_close(j.lm);
    return ok;
}

const dio_recipe_kind dio_recipe_kind_lm = {
    .name = "lm",
    .doc = "a language model that writes texts like those of its source",
    .fields = dio_recipe_lm_fields,
    .parts = dio_recipe_lm_parts,
    .run = run,
};
