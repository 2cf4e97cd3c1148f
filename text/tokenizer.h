#pragma once
/* tokenizer.h: text to token ids and back, by the files that models are published with.
 *
 * Read are tokenizer.json (model BPE, byte-level or SentencePiece-style with byte fallback) and
 * the older pair vocab.json + merges.txt in GPT-2's and CLIP's layouts; ids agree with the Python
 * package `tokenizers`. A component that is not known is refused by name: a tokenizer that is
 * nearly right makes a model nearly right. A tokenizer never changes once made, so threads may
 * share it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_tokenizer dio_tokenizer;

/* What is refused above these: all of them are far beyond any published tokenizer. */
enum {
    DIO_TOKENIZER_FILE = 64 << 20,  /* bytes of tokenizer.json, vocab.json or merges.txt */
    DIO_TOKENIZER_TOKENS = 1 << 21, /* tokens */
    DIO_TOKENIZER_MERGES = 1 << 22, /* merges */
    DIO_TOKENIZER_VALUES = 3 << 20, /* values in one file */
    DIO_TOKENIZER_TOKEN = 4096,     /* bytes of one token's text */
    DIO_TOKENIZER_TEXT = 64 << 20,  /* bytes of one text to encode */
};

/* The files as text. Either `tokenizer` or both `vocab` and `merges`; `config`
 * (tokenizer_config.json), `special` (special_tokens_map.json, which counts beside vocab.json only)
 * and `chat` (chat_template.jinja) may be NULL. Labels are for messages. */
typedef struct dio_tokenizer_source {
    const char *tokenizer, *vocab, *merges, *config, *special, *chat;
    size_t tokenizer_size, vocab_size, merges_size, config_size, special_size, chat_size;
    const char *folder; /* put before the names in messages; NULL: none */
    const char *file;   /* the label of `tokenizer`; NULL: tokenizer.json in the folder */
} dio_tokenizer_source;

/* NULL with a message when a file is wrong or asks for what is not supported. */
dio_tokenizer *dio_tokenizer_create(const dio_tokenizer_source *source, dio_error *err);

/* From a model's folder, or from a tokenizer.json itself. tokenizer_config.json and
 * chat_template.jinja beside it are read when they are there. */
dio_tokenizer *dio_tokenizer_load(const char *path, dio_error *err);
void dio_tokenizer_destroy(dio_tokenizer *t); /* NULL is fine */

/* Token ids, growing. Zero-initialise; free with dio_ids_deinit. */
typedef struct dio_ids {
    int32_t *ids;
    size_t count, cap;
} dio_ids;
bool dio_ids_put(dio_ids *list, int32_t id, dio_error *err);
void dio_ids_clear(dio_ids *list);
void dio_ids_deinit(dio_ids *list);

typedef struct dio_encode_options {
    bool add_special;   /* add what the file's post-processor adds: <s>, <|begin_of_text|> */
    bool parse_special; /* text that spells a special token becomes that token; without it, a
                         * customer's "<|im_end|>" stays the words they typed */
} dio_encode_options;

/* Appends the ids of text (n bytes of UTF-8). Invalid UTF-8 is refused with the byte offset. */
bool dio_tokenizer_encode(const dio_tokenizer *t, const char *text, size_t n,
                          dio_encode_options options, dio_ids *out, dio_error *err);

/* The same for a text in parts, encoded as the one text that they make; special tokens are found
 * only inside trusted ones. So a template's "<|im_end|>" ends a turn and a customer's does not. */
typedef struct dio_text_part {
    const char *text;
    size_t length;
    bool trusted;
} dio_text_part;
bool dio_tokenizer_encode_parts(const dio_tokenizer *t, const dio_text_part *parts, int n,
                                bool add_special, dio_ids *out, dio_error *err);

/* Appends the text of ids. What bytes cannot be read as UTF-8 become U+FFFD, as the reference
 * does it. `skip_special` leaves special tokens out. */
bool dio_tokenizer_decode(const dio_tokenizer *t, const int32_t *ids, size_t n, bool skip_special,
                          dio_str *out, dio_error *err);

/* Decoding as tokens arrive: text comes out as soon as its code points are whole, never a part
 * of one. What all calls append together is what dio_tokenizer_decode gives, with one exception:
 * in a run of byte tokens that is not UTF-8, only the wrong bytes become U+FFFD here. */
typedef struct dio_detok dio_detok;
dio_detok *dio_detok_create(const dio_tokenizer *t, bool skip_special, dio_error *err);
bool dio_detok_put(dio_detok *d, int32_t id, dio_str *out, dio_error *err);
bool dio_detok_end(dio_detok *d, dio_str *out, dio_error *err); /* ready for the next text */
void dio_detok_destroy(dio_detok *d);

/* Ids are 0..size-1. */
int dio_tokenizer_size(const dio_tokenizer *t);
/* -1: no such token. */
int32_t dio_tokenizer_id(const dio_tokenizer *t, const char *token);
/* The token as it stands in the file ("Ġthe", "▁the", "<0x0A>"); NULL with a message when id is
 * not one of the tokenizer's. */
const char *dio_tokenizer_token(const dio_tokenizer *t, int32_t id, dio_error *err);
bool dio_tokenizer_is_special(const dio_tokenizer *t, int32_t id);

/* From tokenizer_config.json, or by what add_special adds; -1: the model has none. */
int32_t dio_tokenizer_bos(const dio_tokenizer *t);
int32_t dio_tokenizer_eos(const dio_tokenizer *t);
int32_t dio_tokenizer_unk(const dio_tokenizer *t);
int32_t dio_tokenizer_pad(const dio_tokenizer *t);

/* The Jinja source of the chat template, NULL when the model has none. See text/chat.h. */
const char *dio_tokenizer_chat_template(const dio_tokenizer *t);

#ifdef __cplusplus
}
#endif
