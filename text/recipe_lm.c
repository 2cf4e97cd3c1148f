/* recipe_lm.c: a recipe of kind lm: each subtree by its own field table, so that every key has a
 * range, a place and a suggestion. */
#include "text/recipe_lm.h"

#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "text/train_lm.h"

typedef dio_recipe_lm rl;
const dio_field dio_recipe_lm_fields[] = {
    DIO_FIELD(rl, version, NULL, 0, 0, "of the recipe language: 1"),
    DIO_FIELD(rl, kind, NULL, 0, 0, "lm"),
    DIO_FIELD(rl, name, NULL, 1, 80, "the model's name: house/copywriter"),
    DIO_FIELD(rl, licence, "unknown", 1, 80, "SPDX name of the trained weights' licence"),
    DIO_FIELD(rl, doc, "", 0, 2000, "what it is for: goes into the model card"),
    DIO_FIELD(rl, start, "", 0, 0, "folder of a model to go on from, in place of model"),
    DIO_FIELD(rl, model, "null", 0, 0, "a fresh model's config.json"),
    DIO_FIELD(rl, tokenizer, "null", 0, 0, "path of one, or how to make one"),
    DIO_FIELD(rl, data, "null", 0, 0, "where the text comes from: kind and its keys"),
    DIO_FIELD(rl, train, "null", 0, 0, "the optimiser's keys"),
    DIO_FIELD(rl, lora, "null", 0, 0, "train an adapter: rank, alpha, targets"),
    DIO_FIELD(rl, sequence, "256", 2, 65536, "tokens in a row"),
    DIO_FIELD(rl, batch, "16", 1, 4096, "rows in a step"),
    DIO_FIELD(rl, seed, "1", 0, 0, "of weights and data"),
    DIO_FIELD(rl, test_batches, "16", 0, 100000, "batches of the closing test"),
    DIO_FIELD(rl, save, "bf16", 0, 0, "bf16 or f32: how the weights are stored"),
    {0},
};

typedef dio_recipe_tokenizer rt;
static const dio_field tokenizer_fields[] = {
    DIO_FIELD(rt, path, "", 0, 0, "folder or file of a published tokenizer"),
    DIO_FIELD(rt, vocab_size, "4096", 260, 262144, "tokens in all of one that is made"),
    DIO_FIELD(rt, style, "gpt2", 0, 0, "gpt2 or llama3: how text is cut before merging"),
    DIO_FIELD(rt, split_digits, "false", 0, 0, "every digit a token of its own"),
    DIO_FIELD(rt, documents, "20000", 1, 1e8, "documents that it is made from"),
    DIO_FIELD(rt, min_frequency, "2", 1, 1e9, "pairs seen less often are not merged"),
    {0},
};

typedef dio_recipe_lora ra;
static const dio_field lora_fields[] = {
    DIO_FIELD(ra, rank, "8", 1, 1024, "of the adapter's matrices"),
    DIO_FIELD(ra, alpha, "16", 0.001, 10000, "its product is scaled by alpha / rank"),
    DIO_FIELD(ra, targets, "null", 0, 0, "names of linear layers; default q_proj and v_proj"),
    {0},
};

const dio_recipe_part dio_recipe_lm_parts[] = {
    {"tokenizer", tokenizer_fields}, {"train", dio_train_fields}, {"lora", lora_fields}, {0}};

static bool is_given(const dio_value *v)
{
    return v && v->kind != DIO_NULL;
}

/* `data:` has the source's keys beside `kind`: they are read from a copy without it. */
static bool read_data(dio_recipe_lm *r, const dio_value *recipe, dio_arena *a, dio_error *err)
{
    const dio_value *data = r->data;
    if (!is_given(data) || data->kind != DIO_MAP)
        return dio_value_fail(recipe, err,
                              "data: a recipe says where its text comes from, as in "
                              "`data: {kind: copy}`");
    const dio_value *kind = dio_map_get(data, "kind");
    if (!kind || kind->kind != DIO_STRING)
        return dio_value_fail(data, err, "data: kind is missing: copy or text");
    r->source = dio_source_find(kind->string.text, err);
    if (!r->source)
        return dio_error_at(err, kind->file, kind->line, kind->column);
    dio_value *rest = dio_recipe_without(data, "kind", a);
    r->source_params = dio_arena_alloc(a, r->source->params_size);
    return dio_fields_read(r->source->params, r->source_params, rest, "data", DIO_FIELDS_STRICT, a,
                           NULL, NULL, err);
}

/* More tokens in a step than this no machine of today takes, and counts stay within 32 bits. */
enum { STEP_TOKENS = 1 << 24 };

static bool check(dio_recipe_lm *r, const dio_value *recipe, dio_error *err)
{
    if (is_given(r->model) == (r->start[0] != 0))
        return dio_value_fail(recipe, err,
                              "a recipe has either model (a fresh one) or start (a "
                              "folder to go on from)");
    if (is_given(r->model) && r->model->kind != DIO_MAP)
        return dio_value_fail(r->model, err, "model: expected a map, as config.json is");
    const dio_value *batch = dio_map_get(recipe, "batch");
    if ((int64_t)r->batch * r->sequence > STEP_TOKENS)
        return dio_value_fail(batch ? batch : recipe, err,
                              "batch %d of sequence %d: at most "
                              "%d tokens make a step",
                              r->batch, r->sequence, STEP_TOKENS);
    if (strcmp(r->save, "bf16") != 0 && strcmp(r->save, "f32") != 0)
        return dio_value_fail(dio_map_get(recipe, "save"), err, "save \"%s\": bf16 or f32",
                              r->save);
    if (strcmp(r->tok.style, "gpt2") != 0 && strcmp(r->tok.style, "llama3") != 0)
        return dio_value_fail(r->tokenizer, err, "tokenizer: style \"%s\": gpt2 or llama3",
                              r->tok.style);
    return true;
}

static bool check_targets(const dio_recipe_lm *r, dio_error *err)
{
    const dio_value *v = r->adapter.targets;
    if (!is_given(v))
        return true;
    if (v->kind != DIO_LIST || !v->list.count || v->list.count > DIO_RECIPE_TARGETS)
        return dio_value_fail(v, err,
                              "lora: targets: expected a list of 1 to %d names of layers, "
                              "found %s",
                              DIO_RECIPE_TARGETS, dio_kind_name(v->kind));
    for (int i = 0; i < v->list.count; i++)
        if (v->list.items[i]->kind != DIO_STRING)
            return dio_value_fail(v->list.items[i], err, "lora: targets are names of layers");
    return true;
}

bool dio_recipe_lm_read(dio_recipe_lm *r, const dio_value *recipe, const char *path, dio_arena *a,
                        dio_error *err)
{
    *r = (dio_recipe_lm){0};
    r->root = dio_path_dir(a, path);
    if (!dio_fields_read(dio_recipe_lm_fields, r, recipe, "recipe", DIO_FIELDS_STRICT, a, NULL,
                         NULL, err))
        return false;
    const dio_value *tokenizer = is_given(r->tokenizer) ? r->tokenizer : NULL;
    const dio_value *train = is_given(r->train) ? r->train : NULL;
    if (!dio_fields_read(tokenizer_fields, &r->tok, tokenizer, "tokenizer", DIO_FIELDS_STRICT, a,
                         NULL, NULL, err) ||
        !dio_fields_read(dio_train_fields, &r->options, train, "train", DIO_FIELDS_STRICT, a, NULL,
                         NULL, err))
        return false;
    if (is_given(r->lora) && !dio_fields_read(lora_fields, &r->adapter, r->lora, "lora",
                                              DIO_FIELDS_STRICT, a, NULL, NULL, err))
        return false;
    return check_targets(r, err) && read_data(r, recipe, a, err) && check(r, recipe, err);
}
