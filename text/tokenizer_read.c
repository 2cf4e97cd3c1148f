/* tokenizer_read.c: from the files' text to a tokenizer. The parsed trees live in an arena of
 * their own and are gone afterwards: the tokenizer keeps what it needs. */
#include <string.h>

#include "text/component.h"
#include "text/tokenizer_parts.h"

static const char top_keys[] = "version truncation padding added_tokens normalizer pre_tokenizer "
                               "post_processor decoder model ";

static const char *label(dio_arena *a, const dio_tokenizer_source *s, const char *name)
{
    return s->folder ? dio_arena_printf(a, "%s/%s", s->folder, name) : name;
}

static bool check_top(const dio_value *v, dio_error *err)
{
    static const char *const off[] = {"truncation", "padding"};
    if (!dio_keys_check(v, "a tokenizer", top_keys, err))
        return false;
    const dio_value *version = dio_map_get(v, "version");
    if (!version || version->kind != DIO_STRING || strcmp(version->string.text, "1.0"))
        return dio_value_fail(version ? version : v, err, "version is not \"1.0\"");
    for (int i = 0; i < 2; i++) {
        const dio_value *setting = dio_map_get(v, off[i]);
        if (setting && setting->kind != DIO_NULL)
            return dio_value_fail(setting, err,
                                  "%s is set: a tokenizer that cuts or fills texts "
                                  "is not supported; null is",
                                  off[i]);
    }
    const dio_value *added = dio_map_get(v, "added_tokens");
    if (added && added->kind != DIO_LIST)
        return dio_value_fail(added, err, "added_tokens is %s: a list is expected",
                              dio_kind_name(added->kind));
    if (!dio_map_get(v, "model"))
        return dio_value_fail(v, err, "there is no \"model\"");
    return true;
}

static bool check_gaps(const dio_tokenizer *t, dio_error *err)
{
    const dio_vocab *vocab = &t->model.vocab;
    for (int id = 0; id < vocab->count; id++)
        if (!vocab->tokens[id].text)
            return dio_fail(err,
                            "no token has id %d, though ids go up to %d: ids with gaps are "
                            "not supported",
                            id, vocab->count - 1);
    return true;
}

/* A parsed value takes some 150 bytes, so a file of commas is refused before it is parsed. */
static const dio_value *parse(dio_arena *a, const char *file, const char *text, size_t size,
                              dio_error *err)
{
    size_t commas = 0;
    for (const char *at = text; (at = memchr(at, ',', size - (size_t)(at - text))); at++)
        commas++;
    if (commas <= DIO_TOKENIZER_VALUES)
        return dio_json_parse(a, file, text, size, err);
    dio_fail(err, "the file has %zu commas: no tokenizer has more than %d tokens and merges",
             commas, DIO_TOKENIZER_VALUES);
    dio_error_at(err, file, 0, 0);
    return NULL;
}

static bool read_json(dio_tokenizer *t, dio_arena *a, const dio_tokenizer_source *s, dio_error *err)
{
    const char *file = s->file ? s->file : label(a, s, "tokenizer.json");
    const dio_value *v = parse(a, file, s->tokenizer, s->tokenizer_size, err);
    if (!v || !check_top(v, err))
        return false;
    const dio_value *added = dio_map_get(v, "added_tokens");
    bool ok = dio_normalizers_read(&t->normalizers, t->arena, dio_map_get(v, "normalizer"), err) &&
              dio_splitters_read(&t->splitters, t->arena, dio_map_get(v, "pre_tokenizer"), err) &&
              dio_decoder_read(&t->decoder, t->arena, dio_map_get(v, "decoder"), err) &&
              dio_model_read(t, dio_map_get(v, "model"), added, err) &&
              dio_added_read(t, added, err) && check_gaps(t, err) &&
              dio_template_read(t, dio_map_get(v, "post_processor"), err);
    return ok || dio_error_at(err, file, 0, 0);
}

/* What GPT-2's two files leave unsaid, as tokenizer.json would say it. */
static const char gpt2_parts[] =
    "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true},"
    "\"decoder\":{\"type\":\"ByteLevel\"},\"post_processor\":null}";
static const char gpt2_end[] = "<|endoftext|>";

static bool add_gpt2_end(dio_tokenizer *t, dio_error *err)
{
    int32_t id = dio_vocab_find(&t->model.vocab, gpt2_end, strlen(gpt2_end));
    t->added.arena = t->arena;
    if (id < 0)
        return true;
    dio_token *token = &t->model.vocab.tokens[id];
    token->added = token->special = true;
    t->bos = t->eos = t->unk = id;
    return dio_added_put(
        &t->added,
        (dio_added_token){.id = id, .text = token->text, .length = token->length, .special = true},
        &t->normalizers, err);
}

static bool read_pair(dio_tokenizer *t, dio_arena *a, const dio_tokenizer_source *s, dio_error *err)
{
    const char *file = label(a, s, "vocab.json"), *merges = label(a, s, "merges.txt");
    const dio_value *vocab = parse(a, file, s->vocab, s->vocab_size, err);
    const dio_value *parts =
        vocab ? dio_json_parse(a, "gpt2", gpt2_parts, strlen(gpt2_parts), err) : NULL;
    if (!parts)
        return false;
    bool ok =
        dio_splitters_read(&t->splitters, t->arena, dio_map_get(parts, "pre_tokenizer"), err) &&
        dio_decoder_read(&t->decoder, t->arena, dio_map_get(parts, "decoder"), err) &&
        dio_model_read_gpt2(t, vocab, merges, s->merges, s->merges_size, err) &&
        check_gaps(t, err) && add_gpt2_end(t, err) && dio_template_read(t, NULL, err);
    return ok || dio_error_at(err, file, 0, 0);
}

/* Other byte-level tokenizers have the same two files and another expression in their code. */
static bool check_class(const dio_value *config, dio_error *err)
{
    const dio_value *name = dio_map_get(config, "tokenizer_class");
    if (!name || name->kind != DIO_STRING || !strncmp(name->string.text, "GPT2Tokenizer", 13))
        return true;
    return dio_value_fail(name, err,
                          "vocab.json and merges.txt are read in GPT-2's layout only; "
                          "%.60s needs its tokenizer.json",
                          name->string.text);
}

static bool read_config(dio_tokenizer *t, dio_arena *a, const dio_tokenizer_source *s,
                        dio_error *err)
{
    const char *file = label(a, s, "tokenizer_config.json");
    const dio_value *v = dio_json_parse(a, file, s->config, s->config_size, err);
    if (!v)
        return false;
    bool ok = (s->tokenizer || check_class(v, err)) && dio_tokenizer_config_read(t, v, err);
    return ok || dio_error_at(err, file, 0, 0);
}

static bool read_chat(dio_tokenizer *t, dio_arena *a, const dio_tokenizer_source *s, dio_error *err)
{
    size_t bad;
    if (!dio_utf8_valid(s->chat, s->chat_size, &bad) || memchr(s->chat, 0, s->chat_size)) {
        dio_fail(err, "the chat template is not UTF-8 text");
        return dio_error_at(err, label(a, s, "chat_template.jinja"), 0, 0);
    }
    t->chat_template = dio_arena_strndup(t->arena, s->chat, s->chat_size);
    return true;
}

/* What no configuration named: by the template, whose first and last piece tell. */
static void guess_ends(dio_tokenizer *t)
{
    const dio_template *around = &t->around;
    if (t->bos < 0 && around->pieces[0] >= 0)
        t->bos = around->pieces[0];
    if (t->eos < 0 && around->pieces[around->count - 1] >= 0)
        t->eos = around->pieces[around->count - 1];
    if (t->unk < 0)
        t->unk = t->model.unk;
}

bool dio_tokenizer_read(dio_tokenizer *t, const dio_tokenizer_source *s, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "a tokenizer");
    bool ok = s->tokenizer ? read_json(t, a, s, err) : read_pair(t, a, s, err);
    ok = ok && (!s->config || read_config(t, a, s, err));
    ok = ok && (!s->chat || read_chat(t, a, s, err));
    if (ok)
        guess_ends(t);
    if (ok && dio_arena_failed(a))
        ok = dio_fail_memory(err, "a tokenizer's files");
    dio_arena_destroy(a);
    return ok;
}
