#pragma once
/* tokenizer_parts.h: what a tokenizer is made of. tokenizer_read.c fills it, tokenizer.c uses it.
 */
#include "base/arena.h"
#include "base/value.h"
#include "text/added.h"
#include "text/bpe.h"
#include "text/decoder.h"
#include "text/normalizer.h"
#include "text/splitter.h"
#include "text/tokenizer.h"

/* What add_special puts around a text: ids, and DIO_TEMPLATE_TEXT where the text goes. */
enum { DIO_TEMPLATE_TEXT = -1, DIO_TEMPLATE_MOST = 16 };
typedef struct dio_template {
    int32_t pieces[DIO_TEMPLATE_MOST];
    int count;
} dio_template;

struct dio_tokenizer {
    dio_arena *arena;
    dio_normalizers normalizers;
    dio_splitters splitters;
    dio_bpe model;
    dio_added added;
    dio_template around;
    dio_decoder decoder;
    int32_t bos, eos, unk, pad;
    const char *chat_template;
};

/* tokenizer_read.c: the files of `source` into t (zeroed, with an arena). */
bool dio_tokenizer_read(dio_tokenizer *t, const dio_tokenizer_source *source, dio_error *err);

/* tokenizer_pair.c: vocab.json and merges.txt (`file` labels it), in the layout of the class that
 * `config` (may be NULL) names. */
bool dio_tokenizer_read_pair(dio_tokenizer *t, dio_arena *a, const dio_value *vocab,
                             const dio_value *config, const char *file, const char *merges,
                             size_t size, dio_error *err);
/* CLIP's pad token is found in texts, "!" too, as transformers has it of all special tokens. */
bool dio_tokenizer_pad_special(dio_tokenizer *t, dio_error *err);
/* Fails when an id below the largest has no token. */
bool dio_tokenizer_check_gaps(const dio_tokenizer *t, dio_error *err);

/* model_read.c: the "model" of tokenizer.json, or the two files of GPT-2; `added` (may be NULL)
 * is the list of added tokens, whose ids count as well. */
bool dio_model_read(dio_tokenizer *t, const dio_value *model, const dio_value *added,
                    dio_error *err);
bool dio_model_read_gpt2(dio_tokenizer *t, const dio_value *vocab, const char *file,
                         const char *merges, size_t size, dio_error *err);

/* added_read.c */
bool dio_added_read(dio_tokenizer *t, const dio_value *v, dio_error *err);

/* template.c: the "post_processor". */
bool dio_template_read(dio_tokenizer *t, const dio_value *v, dio_error *err);
/* Makes the template begin (end) with the id, or not. */
void dio_template_bos(dio_template *around, int32_t id, bool wanted);
void dio_template_eos(dio_template *around, int32_t id, bool wanted);

/* tokenizer_config.c: names of special tokens, whether they are added, the chat template. */
bool dio_tokenizer_names_read(dio_tokenizer *t, const dio_value *v, dio_error *err);
bool dio_tokenizer_config_read(dio_tokenizer *t, const dio_value *v, dio_error *err);
