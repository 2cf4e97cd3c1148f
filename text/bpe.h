#pragma once
/* bpe.h: the model of a tokenizer: byte-pair encoding of one word (a pre-token).
 *
 * A word starts as one symbol a character; CLIP's vocabulary tells the last one of a word apart by
 * an ending, "</w>". Of all neighbouring pairs that are in the merge list, the one earliest in the
 * list is joined, leftmost first, until none is left. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "text/tokenizer.h"
#include "text/vocab.h"

typedef struct dio_merge {
    uint64_t pair; /* left id << 32 | right id */
    int32_t rank;  /* place in the list; -1: empty slot */
    int32_t id;    /* what the two become */
} dio_merge;

enum {
    DIO_BPE_DIRECT = 0x200, /* characters below it are found without hashing */
    DIO_BPE_SUFFIX = 16,    /* bytes of a suffix */
};

typedef struct dio_bpe {
    dio_vocab vocab;
    dio_merge *merges; /* open addressing */
    uint32_t mask;
    int n_merges;
    int32_t direct[DIO_BPE_DIRECT];
    int32_t bytes[256]; /* the ids of <0x00> to <0xFF>; -1: not there */
    int32_t unk;        /* -1: none */
    const char *suffix; /* what the last character of a word carries, or NULL */
    size_t n_suffix;
    bool byte_fallback, fuse_unk, ignore_merges;
} dio_bpe;

/* Room for n merges. */
bool dio_bpe_reserve(dio_bpe *m, dio_arena *a, int n, dio_error *err);
/* Appends one to the list: both texts and their concatenation must be tokens. */
bool dio_bpe_merge(dio_bpe *m, const char *left, size_t n_left, const char *right, size_t n_right,
                   dio_error *err);
/* Fills the direct tables; call it when the vocabulary is complete. */
void dio_bpe_finish(dio_bpe *m);

/* The merge of two ids, or NULL. */
const dio_merge *dio_bpe_find(const dio_bpe *m, int32_t left, int32_t right);

/* Memory for one word at a time, reused. Zero-initialise. */
typedef struct dio_bpe_scratch {
    void *symbols, *heap;
    size_t symbols_cap, heap_cap;
} dio_bpe_scratch;
void dio_bpe_scratch_deinit(dio_bpe_scratch *s);

/* Appends the ids of one word: O(n log n). */
bool dio_bpe_encode(const dio_bpe *m, const char *word, size_t n, dio_bpe_scratch *s, dio_ids *out,
                    dio_error *err);
