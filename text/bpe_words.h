#pragma once
/* bpe_words.h: the different words of a corpus and how often each occurs. */
#include "text/bpe_train.h"
#include "text/splitter.h"
#include "text/vocab.h"

typedef struct dio_bpe_word {
    const char *text; /* in the byte alphabet */
    size_t length;
    int64_t count;
} dio_bpe_word;

typedef struct dio_bpe_words {
    dio_arena *arena;
    dio_bpe_word *items;
    int count, cap;
    int32_t *slots;
    uint32_t mask;
} dio_bpe_words;

/* Reads all texts, split by the options' pre-tokenizer. */
bool dio_bpe_count(dio_bpe_words *w, dio_arena *a, dio_bpe_next *next, void *user,
                   const dio_bpe_options *options, dio_error *err);

/* The "pre_tokenizer" of the options as JSON, in the arena. */
const char *dio_bpe_pre_tokenizer(const dio_bpe_options *options, dio_arena *a);
