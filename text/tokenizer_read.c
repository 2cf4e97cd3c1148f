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

/* How long texts were to be when the file was saved is no part of the tokenizer: transformers sets
 * both anew for every call, and here whoever needs rows of one length makes them. */
static bool check_top(const dio_value *v, dio_error *err)
{
    static const char *const passed[] = {"truncation", "padding"};
    if (!dio_keys_check(v, "a tokenizer", top_keys, err))
        return false;
    const dio_value *version = dio_map_get(v, "version");
    if (!version || version->kind != DIO_STRING || strcmp(version->string.text, "1.0"))
        return dio_value_fail(version ? version : v, err, "version is not \"1.0\"");
    for (int i = 0; i < 2; i++) {
        const dio_value *setting = dio_map_get(v, passed[i]);
        if (setting && setting->kind != DIO_NULL && setting->kind != DIO_MAP)
            return dio_value_fail(setting, err, "%s is %s: an object or null is expected",
                                  passed[i], dio_kind_name(setting->kind));
    }
    const dio_value *added = dio_map_get(v, "added_tokens");
    if (added && added->kind != DIO_LIST)
        return dio_value_fail(added, err, "added_tokens is %s: a list is expected",
                              dio_kind_name(added->kind));
    if (!dio_map_get(v, "model"))
        return dio_value_fail(v, err, "there is no \"model\"");
    return true;
}

bool dio_tokenizer_check_gaps(const dio_tokenizer *t, dio_error *err)
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
              dio_added_read(t, added, err) && dio_tokenizer_check_gaps(t, err) &&
              dio_template_read(t, dio_map_get(v, "post_processor"), err);
    return ok || dio_error_at(err, file, 0, 0);
}

static bool read_pair(dio_tokenizer *t, dio_arena *a, const dio_tokenizer_source *s,
                      const dio_value *config, dio_error *err)
{
    const char *file = label(a, s, "vocab.json"), *merges = label(a, s, "merges.txt");
    const dio_value *vocab = parse(a, file, s->vocab, s->vocab_size, err);
    if (!vocab)
        return false;
    return dio_tokenizer_read_pair(t, a, vocab, config, merges, s->merges, s->merges_size, err) ||
           dio_error_at(err, file, 0, 0);
}

/* special_tokens_map.json has the last word on names, unless the configuration is of the newer kind
 * that lists added tokens itself. */
static bool read_names(dio_tokenizer *t, dio_arena *a, const dio_tokenizer_source *s,
                       const dio_value *config, dio_error *err)
{
    if (!s->special || s->tokenizer || dio_map_get(config, "added_tokens_decoder"))
        return true;
    const char *file = label(a, s, "special_tokens_map.json");
    const dio_value *v = dio_json_parse(a, file, s->special, s->special_size, err);
    return v && (dio_tokenizer_names_read(t, v, err) || dio_error_at(err, file, 0, 0));
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
    const char *file = label(a, s, "tokenizer_config.json");
    const dio_value *config =
        s->config ? dio_json_parse(a, file, s->config, s->config_size, err) : NULL;
    bool ok = config || !s->config;
    ok = ok && (s->tokenizer ? read_json(t, a, s, err) : read_pair(t, a, s, config, err));
    ok = ok &&
         (!config || dio_tokenizer_config_read(t, config, err) || dio_error_at(err, file, 0, 0));
    ok = ok && read_names(t, a, s, config, err) &&
         (s->tokenizer || dio_tokenizer_pad_special(t, err)) &&
         (!s->chat || read_chat(t, a, s, err));
    if (ok)
        guess_ends(t);
    if (ok && dio_arena_failed(a))
        ok = dio_fail_memory(err, "a tokenizer's files");
    dio_arena_destroy(a);
    return ok;
}
