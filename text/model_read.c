/* model_read.c: vocabulary and merges, from tokenizer.json or from GPT-2's two files. */
#include <stdio.h>
#include <string.h>

#include "text/component.h"
#include "text/tokenizer_parts.h"

static const char model_keys[] =
    "type dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback "
    "ignore_merges vocab merges ";

/* The largest id in a vocabulary and in a list of added tokens; both are checked on the way. */
static bool largest_id(const dio_value *vocab, const dio_value *added, int64_t *largest,
                       dio_error *err)
{
    for (int i = 0; i < vocab->map.count; i++) {
        const dio_value *id = vocab->map.items[i], *key = vocab->map.keys[i];
        if (id->kind != DIO_INT || id->integer < 0 || id->integer >= DIO_TOKENIZER_TOKENS)
            return dio_value_fail(id, err, "the id of \"%.60s\" is not a whole number from 0 to %d",
                                  key->string.text, DIO_TOKENIZER_TOKENS - 1);
        if (key->string.length > DIO_TOKENIZER_TOKEN)
            return dio_value_fail(key, err, "a token of %zu bytes: at most %d are supported",
                                  key->string.length, DIO_TOKENIZER_TOKEN);
        if (id->integer > *largest)
            *largest = id->integer;
    }
    for (int i = 0; added && i < added->list.count; i++) {
        const dio_value *id = dio_map_get(added->list.items[i], "id");
        if (!id || id->kind != DIO_INT || id->integer < 0 || id->integer >= DIO_TOKENIZER_TOKENS)
            return dio_value_fail(id ? id : added->list.items[i], err,
                                  "the id of an added token is not a whole number from 0 to %d",
                                  DIO_TOKENIZER_TOKENS - 1);
        if (id->integer > *largest)
            *largest = id->integer;
    }
    return true;
}

static bool read_vocab(dio_tokenizer *t, const dio_value *vocab, const dio_value *added,
                       dio_error *err)
{
    int64_t largest = -1;
    int tokens = vocab->map.count + (added ? added->list.count : 0);
    if (!vocab->map.count)
        return dio_value_fail(vocab, err, "the vocabulary is empty");
    if (tokens > DIO_TOKENIZER_TOKENS)
        return dio_value_fail(vocab, err, "%d tokens: at most %d are supported", tokens,
                              DIO_TOKENIZER_TOKENS);
    if (!largest_id(vocab, added, &largest, err))
        return false;
    if (largest >= tokens)
        return dio_value_fail(vocab, err,
                              "ids go up to %lld, but there are only %d tokens: ids with gaps are "
                              "not supported",
                              (long long)largest, tokens);
    if (!dio_vocab_init(&t->model.vocab, t->arena, (int)largest + 1, err))
        return false;
    for (int i = 0; i < vocab->map.count; i++) {
        const dio_value *key = vocab->map.keys[i];
        int32_t id = (int32_t)vocab->map.items[i]->integer;
        const char *text = dio_arena_strndup(t->arena, key->string.text, key->string.length);
        if (!dio_vocab_set(&t->model.vocab, id, text, key->string.length, err))
            return dio_error_at(err, key->file, key->line, key->column);
        t->model.vocab.tokens[id].in_model = true;
    }
    return !dio_arena_failed(t->arena) ? true : dio_fail_memory(err, "the vocabulary");
}

/* "left right", with exactly one space between. */
static bool put_line(dio_bpe *m, const char *line, size_t n, dio_error *err)
{
    const char *space = memchr(line, ' ', n);
    size_t left = space ? (size_t)(space - line) : 0;
    if (!space || memchr(space + 1, ' ', n - left - 1))
        return dio_fail(err, "merge %d, \"%.*s\", is not two tokens with one space between them",
                        m->n_merges, (int)(n < 100 ? n : 100), line);
    if (left > DIO_TOKENIZER_TOKEN || n - left - 1 > DIO_TOKENIZER_TOKEN)
        return dio_fail(err, "merge %d has a token of more than %d bytes", m->n_merges,
                        DIO_TOKENIZER_TOKEN);
    return dio_bpe_merge(m, line, left, space + 1, n - left - 1, err);
}

static bool put_pair(dio_bpe *m, const dio_value *v, dio_error *err)
{
    if (v->kind == DIO_STRING)
        return put_line(m, v->string.text, v->string.length, err);
    bool pair = v->kind == DIO_LIST && v->list.count == 2;
    for (int i = 0; pair && i < 2; i++)
        pair = v->list.items[i]->kind == DIO_STRING &&
               v->list.items[i]->string.length <= DIO_TOKENIZER_TOKEN;
    if (!pair)
        return dio_fail(err,
                        "merge %d is neither \"left right\" nor [\"left\", \"right\"] of at "
                        "most %d bytes each",
                        m->n_merges, DIO_TOKENIZER_TOKEN);
    const dio_value *left = v->list.items[0], *right = v->list.items[1];
    return dio_bpe_merge(m, left->string.text, left->string.length, right->string.text,
                         right->string.length, err);
}

static bool read_merges(dio_tokenizer *t, const dio_value *merges, dio_error *err)
{
    if (merges->list.count > DIO_TOKENIZER_MERGES)
        return dio_value_fail(merges, err, "%d merges: at most %d are supported",
                              merges->list.count, DIO_TOKENIZER_MERGES);
    if (!dio_bpe_reserve(&t->model, t->arena, merges->list.count, err))
        return false;
    for (int i = 0; i < merges->list.count; i++) {
        const dio_value *v = merges->list.items[i];
        if (!put_pair(&t->model, v, err))
            return dio_error_at(err, v->file, v->line, v->column);
    }
    return true;
}

static bool refuse_affix(const dio_value *model, const char *key, dio_error *err)
{
    const dio_value *v = dio_map_get(model, key);
    if (!v || v->kind == DIO_NULL || (v->kind == DIO_STRING && !v->string.length))
        return true;
    return dio_value_fail(v, err, "model: %s is not supported; null or \"\" is", key);
}

static bool read_suffix(dio_tokenizer *t, const dio_value *model, dio_error *err)
{
    const dio_value *v = dio_map_get(model, "end_of_word_suffix");
    if (!v || v->kind == DIO_NULL)
        return true;
    if (v->kind != DIO_STRING || v->string.length > DIO_BPE_SUFFIX)
        return dio_value_fail(v, err,
                              "model: end_of_word_suffix is neither null nor a string of at most "
                              "%d bytes",
                              DIO_BPE_SUFFIX);
    t->model.n_suffix = v->string.length;
    t->model.suffix = dio_arena_strndup(t->arena, v->string.text, v->string.length);
    return t->model.suffix || dio_fail_memory(err, "a tokenizer");
}

static bool read_flags(dio_tokenizer *t, const dio_value *model, dio_error *err)
{
    const dio_value *dropout = dio_map_get(model, "dropout");
    bool none = !dropout || dropout->kind == DIO_NULL ||
                (dropout->kind == DIO_INT && dropout->integer == 0) ||
                (dropout->kind == DIO_REAL && dropout->real == 0);
    if (!none)
        return dio_value_fail(dropout, err,
                              "model: dropout is not supported: ids would be random; "
                              "null or 0 is");
    return refuse_affix(model, "continuing_subword_prefix", err) && read_suffix(t, model, err) &&
           dio_member_bool(model, "fuse_unk", false, &t->model.fuse_unk, err) &&
           dio_member_bool(model, "byte_fallback", false, &t->model.byte_fallback, err) &&
           dio_member_bool(model, "ignore_merges", false, &t->model.ignore_merges, err);
}

static bool read_unk(dio_tokenizer *t, const dio_value *model, dio_error *err)
{
    const dio_value *v = dio_map_get(model, "unk_token");
    if (!v || v->kind == DIO_NULL)
        return true;
    if (v->kind != DIO_STRING)
        return dio_value_fail(v, err, "model: unk_token is %s: a string or null is expected",
                              dio_kind_name(v->kind));
    t->model.unk = dio_vocab_find(&t->model.vocab, v->string.text, v->string.length);
    if (t->model.unk < 0)
        return dio_value_fail(v, err, "model: unk_token \"%.60s\" is not in the vocabulary",
                              v->string.text);
    return true;
}

bool dio_model_read(dio_tokenizer *t, const dio_value *model, const dio_value *added,
                    dio_error *err)
{
    if (model->kind != DIO_MAP)
        return dio_value_fail(model, err, "model is %s: an object is expected",
                              dio_kind_name(model->kind));
    const dio_value *type = dio_map_get(model, "type");
    if (type && (type->kind != DIO_STRING || strcmp(type->string.text, "BPE")))
        return dio_value_fail(type, err, "model \"%.60s\" is not supported; known is: BPE",
                              type->kind == DIO_STRING ? type->string.text : "?");
    if (!dio_keys_check(model, "model BPE", model_keys, err))
        return false;
    const dio_value *vocab = dio_map_get(model, "vocab"), *merges = dio_map_get(model, "merges");
    if (!vocab || vocab->kind != DIO_MAP)
        return dio_value_fail(vocab ? vocab : model, err,
                              "model: vocab is %s: an object of token to id is expected",
                              vocab ? dio_kind_name(vocab->kind) : "missing");
    if (!merges || merges->kind != DIO_LIST)
        return dio_value_fail(merges ? merges : model, err,
                              "model: merges is %s: a list is expected",
                              merges ? dio_kind_name(merges->kind) : "missing");
    if (!read_flags(t, model, err) || !read_vocab(t, vocab, added, err) ||
        !read_unk(t, model, err) || !read_merges(t, merges, err))
        return false;
    dio_bpe_finish(&t->model);
    return true;
}

static bool read_merges_txt(dio_bpe *m, const char *file, const char *text, size_t size,
                            dio_error *err)
{
    int line = 0;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t next = end ? (size_t)(end - text) + 1 : size, n = next - at - (end != NULL);
        if (n && text[at + n - 1] == '\r')
            n--;
        line++;
        bool version = n >= 8 && !memcmp(text + at, "#version", 8);
        if (!version && !put_line(m, text + at, n, err))
            return dio_error_at(err, file, line, 1);
        at = next;
    }
    return true;
}

bool dio_model_read_gpt2(dio_tokenizer *t, const dio_value *vocab, const char *file,
                         const char *merges, size_t size, dio_error *err)
{
    size_t lines = 1, bad;
    if (vocab->kind != DIO_MAP)
        return dio_value_fail(vocab, err,
                              "the vocabulary is %s: an object of token to id is "
                              "expected",
                              dio_kind_name(vocab->kind));
    if (!dio_utf8_valid(merges, size, &bad)) {
        dio_fail(err, "the merges are not UTF-8 at byte %zu", bad);
        return dio_error_at(err, file, 0, 0);
    }
    for (size_t i = 0; i < size; i++)
        lines += merges[i] == '\n';
    if (lines > DIO_TOKENIZER_MERGES) {
        dio_fail(err, "%zu merges: at most %d are supported", lines, DIO_TOKENIZER_MERGES);
        return dio_error_at(err, file, 0, 0);
    }
    if (!read_vocab(t, vocab, NULL, err) ||
        !dio_bpe_reserve(&t->model, t->arena, (int)lines, err) ||
        !read_merges_txt(&t->model, file, merges, size, err))
        return false;
    dio_bpe_finish(&t->model);
    return true;
}
