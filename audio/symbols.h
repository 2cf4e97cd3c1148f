#pragma once
/* symbols.h: from text to the numbers that a published voice was trained on.
 *
 * Two steps, so that either can be shown or skipped. First the text is prepared: letters the voice
 * knows, or phonemes, which the user's own espeak-ng program makes (espeak.h). Then each character
 * of that becomes a number, with what the voice wants between.
 *
 * As transformers' VitsTokenizer does (vocab.json and tokenizer_config.json): what is not in the
 * vocabulary is left out, digits too. As Piper does (NAME.onnx.json): ^ _ (id _)* $, and a phoneme
 * that is not in the map is an error.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/value.h"

typedef struct dio_symbols dio_symbols;

enum { DIO_SYMBOLS_TEXT = 1 << 16 }; /* bytes of a text at most */

/* From a transformers folder that has vocab.json; `count`: the voice's symbols. */
dio_symbols *dio_symbols_open(const char *dir, int count, dio_error *err);
/* From Piper's config. */
dio_symbols *dio_symbols_piper(const dio_value *config, int count, dio_error *err);
void dio_symbols_destroy(dio_symbols *s); /* NULL is fine */

/* Whether preparing runs espeak-ng, and in which of its voices; NULL: it does not. */
const char *dio_symbols_espeak(const dio_symbols *s);

/* The text as the voice reads it, appended. */
bool dio_symbols_prepare(const dio_symbols *s, const char *text, dio_str *out, dio_error *err);

typedef struct dio_symbol_list {
    int32_t *ids;  /* in the arena */
    int32_t *from; /* the byte of the prepared text that each stands for; -1: none, it is between */
    int count;
} dio_symbol_list;
bool dio_symbols_ids(const dio_symbols *s, const char *prepared, dio_arena *a, dio_symbol_list *out,
                     dio_error *err);
