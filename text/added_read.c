/* added_read.c: the list "added_tokens". */
#include <stdlib.h>
#include <string.h>

#include "text/component.h"
#include "text/tokenizer_parts.h"

static bool place(dio_tokenizer *t, const dio_added_token *token, dio_error *err)
{
    dio_vocab *vocab = &t->model.vocab;
    int32_t known = dio_vocab_find(vocab, token->text, token->length);
    if (known < 0 && !dio_vocab_set(vocab, token->id, token->text, token->length, err))
        return false;
    if (known >= 0 && known != token->id)
        return dio_fail(err, "the added token \"%.100s\" has id %d, but %d in the vocabulary",
                        token->text, (int)token->id, (int)known);
    if (vocab->tokens[token->id].added)
        return dio_fail(err, "the added token \"%.100s\" is listed twice", token->text);
    vocab->tokens[token->id].added = true;
    vocab->tokens[token->id].special = token->special;
    return true;
}

static bool read_one(dio_tokenizer *t, const dio_value *v, dio_added_token *token, dio_error *err)
{
    const char *text;
    int64_t id;
    if (!dio_keys_check(v, "an added token",
                        "id content single_word lstrip rstrip normalized special ", err) ||
        !dio_member_int(v, "id", -1, 0, t->model.vocab.count - 1, &id, err) ||
        !dio_member_string(v, "content", &text, &token->length, err) ||
        !dio_member_bool(v, "special", false, &token->special, err) ||
        !dio_member_bool(v, "single_word", false, &token->single_word, err) ||
        !dio_member_bool(v, "lstrip", false, &token->lstrip, err) ||
        !dio_member_bool(v, "rstrip", false, &token->rstrip, err) ||
        !dio_member_bool(v, "normalized", !token->special, &token->normalized, err))
        return false;
    if (!token->length || token->length > DIO_ADDED_LENGTH)
        return dio_value_fail(v, err, "an added token of %zu bytes: 1 to %d are supported",
                              token->length, DIO_ADDED_LENGTH);
    token->id = (int32_t)id;
    token->text = dio_arena_strndup(t->arena, text, token->length);
    return place(t, token, err);
}

static int by_id(const void *a, const void *b)
{
    int32_t x = ((const dio_added_token *)a)->id, y = ((const dio_added_token *)b)->id;
    return (x > y) - (x < y);
}

bool dio_added_read(dio_tokenizer *t, const dio_value *v, dio_error *err)
{
    t->added.arena = t->arena;
    int count = v ? v->list.count : 0;
    dio_added_token *tokens = calloc((size_t)count + 1, sizeof *tokens);
    bool ok = tokens ? true : dio_fail_memory(err, "the added tokens");
    for (int i = 0; ok && i < count; i++) {
        const dio_value *item = v->list.items[i];
        ok = read_one(t, item, &tokens[i], err) ||
             dio_error_at(err, item->file, item->line, item->column);
    }
    if (ok)
        qsort(tokens, (size_t)count, sizeof *tokens, by_id);
    for (int i = 0; ok && i < count; i++)
        ok = dio_added_put(&t->added, tokens[i], &t->normalizers, err) ||
             dio_error_at(err, v->file, v->line, v->column);
    free(tokens);
    return ok;
}
