#pragma once
/* bpe_train.h: making a byte-level BPE tokenizer from texts.
 *
 * The algorithm and its ties are those of the tokenizers package's BpeTrainer, so that the same
 * texts give the same vocabulary and merges there. The result depends on nothing else: not on the
 * texts' order, not on threads. */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_bpe_style {
    DIO_BPE_GPT2,   /* GPT-2's pre-tokenizer */
    DIO_BPE_LLAMA3, /* Llama 3's: contractions in any case, numbers in groups of three */
} dio_bpe_style;

typedef struct dio_bpe_options {
    int vocab_size;    /* tokens in all, with special ones and the 256 bytes */
    int min_frequency; /* a pair seen less often is not merged; 0 and 1: any */
    dio_bpe_style style;
    bool split_digits;          /* every digit a token of its own */
    const char *const *special; /* get the ids 0, 1, ...; texts are cut at them, never counted */
    int n_special;
} dio_bpe_options;

/* Gives the next text (valid UTF-8, kept until the next call), or *text = NULL at the end. */
typedef bool dio_bpe_next(void *user, const char **text, size_t *length, dio_error *err);

/* Trains on all texts and writes a tokenizer.json to `path`, whole or not at all. Fewer tokens
 * than asked for come out when no pair is left to merge. Needs memory for every different word. */
bool dio_bpe_train(dio_bpe_next *next, void *user, const dio_bpe_options *options, const char *path,
                   dio_error *err);

#ifdef __cplusplus
}
#endif
