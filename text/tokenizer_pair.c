/* tokenizer_pair.c: the older layout of a tokenizer, vocab.json and merges.txt. Everything else
 * about it stands in the code of the class that tokenizer_config.json names: GPT-2's and CLIP's are
 * known here, written as the tokenizer.json that transformers makes of them.
 *
 * CLIP's fast tokenizer is the one that is matched. The older, slower one cleaned texts by ftfy
 * where that was installed and else split Chinese characters apart and took accents for letters of
 * their own: on plain text all three agree. */
#include <string.h>

#include "text/component.h"
#include "text/tokenizer_parts.h"

struct layout {
    const char *name, *classes; /* what tokenizer_class begins with */
    const char *parts;
    const char *suffix, *bos, *eos;
    bool around; /* bos and eos stand around a text */
};

static const struct layout gpt2 = {
    .name = "GPT-2",
    .classes = "GPT2Tokenizer",
    .parts = "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
             "\"trim_offsets\":true},\"decoder\":{\"type\":\"ByteLevel\"}}",
    .bos = "<|endoftext|>",
    .eos = "<|endoftext|>",
};

static const struct layout clip = {
    .name = "CLIP",
    .classes = "CLIPTokenizer",
    .parts = "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},"
             "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"\\\\s+\"},\"content\":\" \"},"
             "{\"type\":\"Lowercase\"}]},"
             "\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\","
             "\"pattern\":{\"Regex\":\"<\\\\|startoftext\\\\|>|<\\\\|endoftext\\\\|>|'s|'t|'re|'ve|"
             "'m|'ll|"
             "'d|[\\\\p{L}]+|[\\\\p{N}]|[^\\\\s\\\\p{L}\\\\p{N}]+\"},\"behavior\":\"Removed\","
             "\"invert\":true},{\"type\":\"ByteLevel\",\"add_prefix_space\":false}]},"
             "\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":"
             "{\"String\":\"</w>\"},\"content\":\"\xc4\xa0\"},{\"type\":\"ByteLevel\"},"
             "{\"type\":\"Strip\",\"content\":\" \",\"start\":1048576,\"stop\":1048576}]}}",
    .suffix = "</w>",
    .bos = "<|startoftext|>",
    .eos = "<|endoftext|>",
    .around = true,
};

/* By the class, or, where no configuration says it, by the vocabulary. */
static const struct layout *layout_of(const dio_value *vocab, const dio_value *config,
                                      dio_error *err)
{
    static const struct layout *const known[] = {&gpt2, &clip};
    const dio_value *name = dio_map_get(config, "tokenizer_class");
    if (!name || name->kind != DIO_STRING)
        return dio_map_get(vocab, clip.bos) && dio_map_get(vocab, "!</w>") ? &clip : &gpt2;
    for (int i = 0; i < 2; i++)
        if (!strncmp(name->string.text, known[i]->classes, strlen(known[i]->classes)))
            return known[i];
    dio_value_fail(name, err,
                   "vocab.json and merges.txt are read in GPT-2's and CLIP's layout only; %.60s "
                   "needs its tokenizer.json",
                   name->string.text);
    return NULL;
}

/* Older files write tokens down whole; then one may want to be found in the normalized text. */
static bool normalized(const dio_value *config, const char *key)
{
    const dio_value *v = dio_map_get(dio_map_get(config, key), "normalized");
    return v && v->kind == DIO_BOOL && v->boolean;
}

static bool add_special(dio_tokenizer *t, const char *text, bool normal, int32_t *id,
                        dio_error *err)
{
    *id = dio_vocab_find(&t->model.vocab, text, strlen(text));
    if (*id < 0 || t->model.vocab.tokens[*id].added)
        return true;
    dio_token *token = &t->model.vocab.tokens[*id];
    token->added = token->special = true;
    return dio_added_put(&t->added,
                         (dio_added_token){.id = *id,
                                           .text = token->text,
                                           .length = token->length,
                                           .normalized = normal,
                                           .special = true},
                         &t->normalizers, err);
}

static bool add_ends(dio_tokenizer *t, const struct layout *l, const dio_value *config,
                     const char *file, dio_error *err)
{
    int32_t bos, eos;
    t->added.arena = t->arena;
    if (!add_special(t, l->bos, normalized(config, "bos_token"), &bos, err) ||
        !add_special(t, l->eos, normalized(config, "eos_token"), &eos, err))
        return false;
    if (l->around && (bos < 0 || eos < 0)) {
        dio_fail(err, "%s's vocabulary has to have %s and %s", l->name, l->bos, l->eos);
        return dio_error_at(err, file, 0, 0);
    }
    t->bos = bos;
    t->eos = t->unk = eos;
    if (!l->around)
        return true;
    t->model.unk = t->pad = eos;
    dio_template_bos(&t->around, bos, true);
    dio_template_eos(&t->around, eos, true);
    return true;
}

bool dio_tokenizer_read_pair(dio_tokenizer *t, dio_arena *a, const dio_value *vocab,
                             const dio_value *config, const char *file, const char *merges,
                             size_t size, dio_error *err)
{
    const struct layout *l = layout_of(vocab, config, err);
    const dio_value *parts = l ? dio_json_parse(a, l->name, l->parts, strlen(l->parts), err) : NULL;
    if (!parts)
        return false;
    t->model.suffix = l->suffix;
    t->model.n_suffix = l->suffix ? strlen(l->suffix) : 0;
    return dio_normalizers_read(&t->normalizers, t->arena, dio_map_get(parts, "normalizer"), err) &&
           dio_splitters_read(&t->splitters, t->arena, dio_map_get(parts, "pre_tokenizer"), err) &&
           dio_decoder_read(&t->decoder, t->arena, dio_map_get(parts, "decoder"), err) &&
           dio_model_read_gpt2(t, vocab, file, merges, size, err) &&
           dio_tokenizer_check_gaps(t, err) && dio_template_read(t, NULL, err) &&
           add_ends(t, l, config, vocab->file, err);
}

bool dio_tokenizer_pad_special(dio_tokenizer *t, dio_error *err)
{
    int32_t id;
    return t->pad < 0 || !t->model.n_suffix ||
           add_special(t, t->model.vocab.tokens[t->pad].text, false, &id, err);
}
