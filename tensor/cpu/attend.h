#pragma once
/* attend.h: blocks of queries against tiles of keys, for attention with and without a cache.
 *
 * Queries of the K/Kv heads that share a key head are rows of one block (row = t * group + g), so
 * keys are read once for all of them. Keys come as transposed tiles [size][64] at positions that
 * are multiples of 64. A query's result is a function of its own position and the keys it sees:
 * the same bits for any chunk of queries, any cache and any number of threads.
 */
#include "tensor/cpu/cpu.h"
#include "tensor/op.h"

typedef struct dio_attend {
    const dio_cpu *cpu;
    dio_attention_attrs attrs; /* scale resolved: not 0 */
    int64_t batch, time, heads, key_heads, size;
    int64_t keys;       /* how many keys there are, or may be (a cache) */
    const float *q;     /* [B,T,K,D] */
    const float *tiles; /* [B,Kv,ceil(keys/64),D,64] */
    const float *v;
    int64_t v_batch, v_head, v_row; /* strides of v in elements; D is contiguous */
    const int32_t *start;           /* [B] position of the first query; NULL: keys - time */
    dio_view mask;                  /* strides over [B,K,T,S]; data NULL: none */
    float *out;                     /* [B,T,K,D] */
    float *lse;                     /* [B,K,T] log sum exp of each query's scores, or NULL */

    /* backward only */
    const float *k;       /* [B,S,Kv,D] */
    const float *v_tiles; /* as tiles, of v */
    const float *dout;    /* [B,T,K,D] */
    float *dq, *dk, *dv;  /* as q, k, v */
    float *dmask;         /* [B,K,T,S], or NULL */
} dio_attend;

/* Rows of a block, the blocks of one key head, and the floats of scratch that one thread needs. */
int64_t dio_attend_rows(const dio_cpu *cpu);
int64_t dio_attend_blocks(const dio_attend *a);
int64_t dio_attend_scratch(const dio_cpu *cpu, int64_t size, bool backward);

/* One block of queries of batch b and key head h. */
void dio_attend_block(const dio_attend *a, int64_t b, int64_t h, int64_t block, float *scratch);
/* All of batch b and key head h, backwards: q's, k's and v's gradients in one fixed order. */
void dio_attend_grad(const dio_attend *a, int64_t b, int64_t h, float *scratch);

/* `count` rows of D numbers, `row` elements apart, become tiles [ceil(count/64),D,64]; what lies
 * past count in the last tile is zero. */
void dio_attend_tiles(const dio_cpu *cpu, const float *x, int64_t row, int64_t count, int64_t size,
                      float *tiles);
