#pragma once
/* attention_ops.h: what the attention operators share: sizes, refusals, layout, and attention by
 * its definition, which their references are. */
#include "tensor/cpu/attend.h"
#include "tensor/op.h"

extern const dio_op dio_op_attention, dio_op_attention_grad;

typedef struct dio_attention_size {
    int64_t batch, time, heads, key_heads, keys, size;
} dio_attention_size;

/* 1/sqrt(D) where the scale is 0. */
dio_attention_attrs dio_attention_resolve(const dio_attention_attrs *a, int64_t size);

/* q against keys of `key_heads` heads of `size`; the mask against whole = {B,K,T,S}. */
bool dio_attention_infer(const dio_type *q, int64_t batch, int64_t key_heads, int64_t size,
                         const dio_attention_attrs *a, dio_error *err);
bool dio_attention_want_mask(const dio_type *mask, const int64_t whole[4], dio_error *err);

/* The mask with strides over [B,K,T,S]; data NULL when there is none. */
dio_view dio_attention_mask(const dio_view *mask, const dio_attention_size *z);

/* Floats of one head's tiles of 64 keys; and x [B,S,Kv,D] laid out so, by the whole gang. */
int64_t dio_attention_tiles(const dio_attention_size *z);
void dio_attention_lay_out(const dio_cpu *cpu, const dio_attention_size *z, const float *x,
                           float *tiles);

dio_cost dio_attention_cost(const dio_attention_size *z, bool causal);

/* Element i of key or value s of (b, h), wherever it is. */
typedef double dio_attention_get(const dio_view *v, const dio_attention_size *z, int64_t b,
                                 int64_t h, int64_t s, int64_t i);
double dio_attention_dense(const dio_view *v, const dio_attention_size *z, int64_t b, int64_t h,
                           int64_t s, int64_t i); /* of [B,S,Kv,D] */

/* Attention by its definition, in double. */
typedef struct dio_attention_truth {
    dio_attention_size z;
    dio_attention_attrs attrs; /* resolved */
    dio_view q, k, v, mask;    /* mask: strides over [B,K,T,S] */
    dio_attention_get *key, *value;
    const int32_t *start; /* NULL: keys - time */
} dio_attention_truth;

/* The score of query t of head h against key s, -INFINITY where it is not seen; in *capped (may be
 * NULL) without the mask. */
double dio_attention_score(const dio_attention_truth *x, int64_t b, int64_t h, int64_t t, int64_t s,
                           double *capped);
void dio_attention_reference(const dio_attention_truth *x, const dio_view *out,
                             const dio_view *lse);
