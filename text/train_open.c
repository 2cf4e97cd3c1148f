/* train_open.c: what a training run stands on: its tokenizer, made from the data, copied or kept,
 * and its model, drawn by the recipe's config or gone on from. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "text/bpe_train.h"
#include "text/train_job.h"

/* --- the tokenizer
 * -------------------------------------------------------------------------------- */

struct texts {
    dio_train_job *j;
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

static bool make_tokenizer(dio_train_job *j, const char *path, dio_error *err)
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
    dio_bpe_options o = {.vocab_size = t->vocab_size,
                         .min_frequency = t->min_frequency,
                         .split_digits = t->split_digits,
                         .special = special,
                         .n_special = n_special};
    o.style = strcmp(t->style, "llama3") == 0 ? DIO_BPE_LLAMA3 : DIO_BPE_GPT2;
    dio_recipe_say(j->run, "making a tokenizer of %d tokens from %lld documents", t->vocab_size,
                   (long long)texts.count);
    bool ok = dio_bpe_train(next_text, &texts, &o, path, err);
    dio_arena_destroy(texts.a);
    return ok;
}

/* A run that goes on reads the tokenizer that its folder has; one that begins makes or copies its
 * own, since what lies there may be of another recipe. */
bool dio_train_open_tokenizer(dio_train_job *j, dio_error *err)
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

/* --- the model
 * ------------------------------------------------------------------------------------ */

/* Ids after which a text is over: a source's tags (each begins something else), or end-of-text. */
static dio_value *end_tokens(dio_train_job *j)
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
static dio_value *complete_config(dio_train_job *j, int vocab)
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

bool dio_train_check_config(dio_train_job *j, dio_error *err)
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
        return dio_value_fail(config, err,
                              "sequence %d is longer than the %d positions of this "
                              "model",
                              j->recipe.sequence, shape.positions);
    if (!known)
        return true;
    if (!dio_walk_init(&walk, family->walk, model, NULL, err))
        return false;
    bool fits = dio_walk_fits(dio_walk_parameters(&walk) * (int64_t)sizeof(float), err);
    dio_walk_deinit(&walk);
    return fits || dio_error_at(err, config->file, config->line, config->column);
}

static bool add_adapter(dio_train_job *j, dio_error *err)
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

bool dio_train_open_model(dio_train_job *j, dio_error *err)
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
    if (!j->lm || !dio_walk_convert(&j->lm->net.walk, DIO_F32, err))
        return false;
    if (j->lm->shape.vocab < dio_tokenizer_size(j->tokenizer))
        return dio_fail(err,
                        "the model's vocab_size is %d and the tokenizer has %d tokens: they do "
                        "not belong together",
                        j->lm->shape.vocab, dio_tokenizer_size(j->tokenizer));
    return j->recipe.adapter.rank == 0 || add_adapter(j, err);
}
