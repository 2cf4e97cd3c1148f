/* train_lm.c: from a recipe to a model's folder: tokenizer, weights, the loop, the test, the card. */
#include "text/train_lm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "tensor/ops.h"
#include "text/batch.h"
#include "text/bpe_train.h"
#include "text/lm.h"
#include "text/recipe_lm.h"

struct job {
    dio_recipe_lm recipe;
    dio_lm *lm;
    dio_tokenizer *tokenizer;
    void *source;
    dio_batcher batcher;
    dio_train_weight *weights;
    int n_weights;
    int32_t *ids, *targets;
    char identity[DIO_HASH_TEXT];
    const char *dir;
    bool made_dir, made_tokenizer; /* what a run that comes to nothing takes away again */
    const dio_train_lm_hooks *hooks;
    dio_arena *a;
};

static void say(const struct job *j, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct job *j, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *line = dio_arena_vprintf(j->a, format, args);
    va_end(args);
    if (j->hooks->say)
        j->hooks->say(j->hooks->user, line);
}

/* --- the tokenizer -------------------------------------------------------------------------------- */

struct texts {
    struct job *j;
    int64_t at, count;
    dio_arena *a; /* of the text handed out last */
};

static bool next_text(void *user, const char **text, size_t *length, dio_error *err)
{
    struct texts *t = user;
    size_t learn;
    *text = NULL;
    if (t->at >= t->count)
        return true;
    dio_arena_destroy(t->a);
    t->a = dio_arena_create();
    if (t->a)
        *text = t->j->recipe.source->document(t->j->source, DIO_SPLIT_TRAIN, t->at++, t->a, &learn);
    if (!*text)
        return dio_fail_memory(err, "the tokenizer's texts");
    *length = strlen(*text);
    return true;
}

static bool make_tokenizer(struct job *j, const char *path, dio_error *err)
{
    static const char *const end_of_text[] = {"<|endoftext|>", NULL};
    const dio_recipe_tokenizer *t = &j->recipe.tok;
    const dio_source_kind *kind = j->recipe.source;
    const char *const *special = kind->special ? kind->special(j->source) : end_of_text;
    int n_special = 0;
    while (special[n_special])
        n_special++;
    int64_t have = kind->count(j->source, DIO_SPLIT_TRAIN);
    struct texts texts = {.j = j, .count = t->documents};
    if (have > 0 && have < texts.count)
        texts.count = have;
    dio_bpe_options o = {.vocab_size = t->vocab_size, .min_frequency = t->min_frequency,
                         .split_digits = t->split_digits, .special = special,
                         .n_special = n_special};
    o.style = strcmp(t->style, "llama3") == 0 ? DIO_BPE_LLAMA3 : DIO_BPE_GPT2;
    say(j, "making a tokenizer of %d tokens from %lld documents", t->vocab_size,
        (long long)texts.count);
    bool ok = dio_bpe_train(next_text, &texts, &o, path, err);
    dio_arena_destroy(texts.a);
    return ok;
}

/* A run that goes on reads the tokenizer that its folder has; one that begins makes or copies its
 * own, since what lies there may be of another recipe. */
static bool open_tokenizer(struct job *j, dio_error *err)
{
    const char *own = dio_path_join(j->a, j->dir, "tokenizer.json");
    const char *from = j->recipe.tok.path[0] ? j->recipe.tok.path : j->recipe.start;
    bool kept = dio_file_exists(own) && dio_train_has_checkpoint(j->dir);
    j->made_tokenizer = !kept && !dio_file_exists(own);
    if (!kept && from[0]) {
        const char *dir = from[0] == '/' ? from : dio_path_join(j->a, j->recipe.root, from);
        const char *file = dio_path_join(j->a, dir, "tokenizer.json");
        size_t n;
        if (!dio_file_exists(file))
            file = dir;
        char *text = dio_file_read(j->a, file, DIO_TOKENIZER_FILE, &n, err);
        if (!text || !dio_file_write(own, text, n, err))
            return false;
    }
    if (!kept && !from[0] && !make_tokenizer(j, own, err))
        return false;
    j->tokenizer = dio_tokenizer_load(own, err);
    return j->tokenizer != NULL;
}

/* --- the model ------------------------------------------------------------------------------------ */

/* Ids after which a text is over: a source's tags (each begins something else), or end-of-text. */
static dio_value *end_tokens(struct job *j)
{
    static const char *const end_of_text[] = {"<|endoftext|>", NULL};
    const dio_source_kind *kind = j->recipe.source;
    const char *const *tags = kind->special ? kind->special(j->source) : end_of_text;
    dio_value *ends = dio_value_list(j->a);
    for (; *tags; tags++) {
        int32_t id = dio_tokenizer_id(j->tokenizer, *tags);
        if (id >= 0)
            dio_list_add(j->a, ends, dio_value_int(j->a, id));
    }
    return ends;
}

/* The recipe's config with the tokenizer's size and end tokens filled in where it says nothing;
 * before there is a tokenizer, `vocab` stands for its size. */
static dio_value *complete_config(struct job *j, int vocab)
{
    dio_value *config = dio_value_map(j->a);
    const dio_value *given = j->recipe.model;
    config->file = given->file;
    config->line = given->line;
    config->column = given->column;
    for (int i = 0; i < given->map.count; i++)
        dio_map_set(j->a, config, given->map.keys[i]->string.text, given->map.items[i]);
    if (!dio_map_get(config, "vocab_size"))
        dio_map_set(j->a, config, "vocab_size", dio_value_int(j->a, vocab));
    if (j->tokenizer && !dio_map_get(config, "eos_token_id"))
        dio_map_set(j->a, config, "eos_token_id", end_tokens(j));
    return config;
}

/* Finds what is wrong with `model:` at its place in the recipe, before anything is made. */
static bool check_config(struct job *j, dio_error *err)
{
    dio_walk walk;
    dio_lm_shape shape;
    if (j->recipe.start[0])
        return true;
    /* How large a published tokenizer is, is not known yet: any id may be one of its. */
    bool known = !j->recipe.tok.path[0] || dio_map_get(j->recipe.model, "vocab_size");
    const dio_value *config =
        complete_config(j, known ? j->recipe.tok.vocab_size : DIO_TOKENIZER_TOKENS);
    const dio_model *family = dio_model_find(dio_text_models, config, err);
    void *model = family ? dio_model_build(family, config, j->a, err) : NULL;
    if (!model)
        return false;
    ((const dio_lm_ops *)family->ops)->shape(model, &shape);
    if (shape.positions && j->recipe.sequence > shape.positions)
        return dio_value_fail(config, err, "sequence %d is longer than the %d positions of this "
                              "model", j->recipe.sequence, shape.positions);
    if (!known)
        return true;
    if (!dio_walk_init(&walk, family->walk, model, NULL, err))
        return false;
    bool fits = dio_walk_fits(dio_walk_parameters(&walk) * (int64_t)sizeof(float), err);
    dio_walk_deinit(&walk);
    return fits || dio_error_at(err, config->file, config->line, config->column);
}

static bool add_adapter(struct job *j, dio_error *err)
{
    static const char *const usual[] = {"q_proj", "v_proj"};
    const char *names[DIO_RECIPE_TARGETS];
    const char *const *targets = usual;
    int n = 2;
    const dio_recipe_lora *l = &j->recipe.adapter;
    if (l->targets && l->targets->kind == DIO_LIST) {
        targets = names;
        for (n = 0; n < l->targets->list.count; n++)
            names[n] = l->targets->list.items[n]->string.text;
    }
    return dio_lm_add_lora(j->lm, l->rank, (float)l->alpha, targets, n, j->recipe.seed, err);
}

static bool open_model(struct job *j, dio_error *err)
{
    if (j->recipe.start[0]) {
        const char *dir = j->recipe.start[0] == '/'
                              ? j->recipe.start
                              : dio_path_join(j->a, j->recipe.root, j->recipe.start);
        j->lm = dio_lm_open(dir, &(dio_lm_options){.dtype = DIO_F32}, err);
    } else {
        const dio_value *config = complete_config(j, dio_tokenizer_size(j->tokenizer));
        j->lm = dio_lm_create(config, j->recipe.seed, DIO_F32, err);
    }
    if (!j->lm || !dio_walk_convert(&j->lm->walk, DIO_F32, err))
        return false;
    if (j->lm->shape.vocab < dio_tokenizer_size(j->tokenizer))
        return dio_fail(err, "the model's vocab_size is %d and the tokenizer has %d tokens: they do "
                        "not belong together", j->lm->shape.vocab,
                        dio_tokenizer_size(j->tokenizer));
    return j->recipe.adapter.rank == 0 || add_adapter(j, err);
}

static bool list_weights(struct job *j, dio_error *err)
{
    const dio_walk *w = &j->lm->walk;
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

/* --- the task ------------------------------------------------------------------------------------- */

static dio_val loss(void *user, dio_graph *g, bool training)
{
    struct job *j = user;
    (void)training;
    dio_type t = dio_type_2d(DIO_I32, j->recipe.batch, j->recipe.sequence);
    dio_lm_io io = {.ids = dio_input(g, "ids", t), .start = DIO_NONE, .seed = DIO_NONE};
    return dio_lm_loss(g, j->lm, &io, dio_input(g, "targets", t), 0);
}

static bool fill_split(struct job *j, dio_plan *p, dio_split split, int64_t step, dio_error *err)
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

static bool test(struct job *j, dio_device *device, double *out, dio_error *err)
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

/* --- the run -------------------------------------------------------------------------------------- */

/* Two runs are the same when recipe and tokenizer are: what a checkpoint is checked by. */
static bool identify(struct job *j, const dio_value *recipe, dio_error *err)
{
    char tokenizer[DIO_HASH_TEXT];
    char *text = dio_json_write(j->a, recipe, 0);
    if (!text ||
        !dio_hash_file(dio_path_join(j->a, j->dir, "tokenizer.json"), tokenizer, err))
        return text ? false : dio_fail_memory(err, "the recipe");
    text = dio_arena_printf(j->a, "%s%s", text, tokenizer);
    return dio_hash_bytes(text, strlen(text), j->identity, err);
}

static bool save(struct job *j, const dio_train_lm_report *r, dio_error *err)
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
    dio_map_set(j->a, v, "tokens_per_step", dio_value_int(j->a, r->tokens_per_step));
    dio_map_set(j->a, v, "validation_loss", dio_value_real(j->a, r->run.best));
    if (isfinite(r->test_loss))
        dio_map_set(j->a, v, "test_loss", dio_value_real(j->a, r->test_loss));
    dio_map_set(j->a, v, "identity", dio_value_string(j->a, j->identity));
    char *text = dio_json_write(j->a, v, 2);
    return ok && (text ? dio_file_write(dio_path_join(j->a, j->dir, "training.json"), text,
                                        strlen(text), err)
                       : dio_fail_memory(err, "training.json"));
}

static bool make_dir(struct job *j, dio_error *err)
{
    j->made_dir = !dio_file_exists(j->dir);
    return dio_dir_make(j->dir, err);
}

static bool open_source(struct job *j, dio_error *err)
{
    const dio_recipe_lm *r = &j->recipe;
    j->source = r->source->open(r->source_params, r->root, r->seed, j->a, err);
    return j->source || dio_error_at(err, r->data->file, r->data->line, r->data->column);
}

static bool prepare(struct job *j, const dio_value *recipe, const char *path, bool resume,
                    dio_error *err)
{
    if (!dio_recipe_lm_read(&j->recipe, recipe, path, j->a, err) || !check_config(j, err) ||
        !dio_train_may_begin(j->dir, resume, err) || !open_source(j, err) || !make_dir(j, err))
        return false;
    const dio_recipe_lm *r = &j->recipe;
    if (!open_tokenizer(j, err) || !open_model(j, err) || !list_weights(j, err))
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
    j->batcher = (dio_batcher){r->source, j->source, j->tokenizer, r->seed, r->batch, r->sequence,
                               separator};
    return identify(j, recipe, err);
}

static bool run(struct job *j, bool resume, dio_device *device, dio_train_lm_report *report,
                dio_error *err)
{
    struct timespec start, end;
    dio_train_task task = {
        .user = j, .weights = j->weights, .n_weights = j->n_weights,
        .items = (int64_t)j->recipe.batch * j->recipe.sequence, .item_name = "tokens",
        .identity = j->identity, .loss = loss, .fill = fill,
    };
    report->parameters = dio_walk_parameters(&j->lm->walk);
    report->tokens_per_step = task.items;
    say(j, "%s: %.2f M parameters, %lld tokens a step, on %s", j->recipe.name,
        (double)report->parameters / 1e6, (long long)task.items, device->name);
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!dio_train(&task, &j->recipe.options, device, j->dir, resume, j->hooks->cancel,
                   j->hooks->progress, j->hooks->user, &report->run, err))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &end);
    report->seconds = (double)(end.tv_sec - start.tv_sec);
    if (report->run.cancelled)
        return true;
    const dio_source_kind *kind = j->recipe.source;
    return test(j, device, &report->test_loss, err) && save(j, report, err) &&
           (!kind->companions || kind->companions(j->source, j->dir, err));
}

/* A run that failed before its first step leaves nothing that was not there before. */
static void take_away(const struct job *j)
{
    if (dio_train_has_begun(j->dir))
        return;
    if (j->made_tokenizer)
        unlink(dio_path_join(j->a, j->dir, "tokenizer.json"));
    if (j->made_dir)
        rmdir(j->dir); /* which a folder with anything in it survives */
}

bool dio_train_lm(const dio_value *recipe, const char *path, const char *dir, bool resume,
                  dio_device *device, const dio_train_lm_hooks *hooks, dio_arena *a,
                  dio_train_lm_report *report, dio_error *err)
{
    struct job j = {.dir = dir, .hooks = hooks, .a = a};
    *report = (dio_train_lm_report){.model_dir = dir, .test_loss = NAN};
    bool ok = prepare(&j, recipe, path, resume, err) && run(&j, resume, device, report, err);
    if (!ok)
        take_away(&j);
    if (j.source)
        j.recipe.source->close(j.source);
    dio_tokenizer_destroy(j.tokenizer);
    dio_lm_close(j.lm);
    return ok;
}
