#pragma once
/* batch.h: rows of token ids for one training step, as a function of the step alone. */
#include "text/source.h"
#include "text/tokenizer.h"

typedef struct dio_batcher {
    const dio_source_kind *kind;
    void *source;
    const dio_tokenizer *tokenizer;
    uint64_t seed;
    int rows, length;  /* B, T */
    int32_t separator; /* id between documents packed into one row; -1: none */
} dio_batcher;

/* ids and targets, [B,T] each: documents one after the other, each row from the start of one;
 * targets are the next ids, or -100 where nothing is to be learnt. */
bool dio_batch_fill(const dio_batcher *b, dio_split split, int64_t step, int32_t *ids,
                    int32_t *targets, dio_error *err);
