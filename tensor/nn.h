#pragma once
/* nn.h: layer blocks: the weights of one, its part of the walk, its part of the graph.
 *
 * Each block is a struct of weight slots with three things: fields, `_walk` and `_forward`.
 * Shapes: x [..,C] unless said otherwise; B batch, T tokens, K heads, D head size.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tensor/graph.h"
#include "tensor/ops.h"
#include "tensor/walk.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- linear, with an adapter when the walk asked for one --- */
enum {
    DIO_NN_BIAS = 1,
    DIO_NN_KN = 2, /* weight stored [in,out], as GPT-2 does, instead of torch's [out,in] */
};
typedef struct dio_nn_linear {
    dio_tensor *w, *b;
    dio_tensor *lora_a, *lora_b; /* [rank,in], [out,rank] */
    float lora_scale;
    bool kn;
} dio_nn_linear;
void dio_nn_linear_walk(dio_walk *w, dio_nn_linear *l, const char *name, int64_t in, int64_t out,
                        unsigned flags, dio_init init, dio_init bias);
/* act(x w^T + b [+ scale (x a^T) b^T]) */
dio_val dio_nn_linear_forward(dio_graph *g, const dio_nn_linear *l, dio_val x, dio_act act);

/* --- convolution along time --- */
typedef struct dio_nn_conv1d {
    dio_tensor *w, *b; /* [out,in/groups,kernel], of a transposed one [in,out,kernel]; [out] */
} dio_nn_conv1d;
/* flags: DIO_NN_BIAS or 0; a fresh bias is zero. `in` is the channels of a group. */
void dio_nn_conv1d_walk(dio_walk *w, dio_nn_conv1d *c, const char *name, int64_t in, int64_t out,
                        int64_t kernel, unsigned flags, dio_init init);
void dio_nn_conv1d_transpose_walk(dio_walk *w, dio_nn_conv1d *c, const char *name, int64_t in,
                                  int64_t out, int64_t kernel, unsigned flags, dio_init init);
/* x [B,in*groups,T]; `pad` zeros on either side. */
dio_val dio_nn_conv1d_forward(dio_graph *g, const dio_nn_conv1d *c, dio_val x, int pad,
                              int dilation, int groups);
/* The same by tiles from place 0 (dio_conv_tile_of); of one group. */
dio_val dio_nn_conv1d_tiles_forward(dio_graph *g, const dio_nn_conv1d *c, dio_val x, int pad,
                                    int dilation);
/* x [B,in,T] to [B,out,(T-1)*stride - 2 pad + kernel + more]. */
dio_val dio_nn_conv1d_transpose_forward(dio_graph *g, const dio_nn_conv1d *c, dio_val x, int stride,
                                        int pad, int more);

/* --- convolution over pictures, with an adapter when the walk asked for one --- */
enum { DIO_NN_WRAP_X = 1, DIO_NN_WRAP_Y = 2 }; /* beyond an edge lies the opposite one, not zero */
typedef struct dio_nn_conv2d {
    dio_tensor *w, *b;           /* [out,in,kernel,kernel], stored as f32, f16 or bf16; [out] */
    dio_tensor *lora_a, *lora_b; /* [rank,in,kernel,kernel], [out,rank,1,1] */
    float lora_scale;
} dio_nn_conv2d;
/* flags: DIO_NN_BIAS or 0; a fresh bias is zero. */
void dio_nn_conv2d_walk(dio_walk *w, dio_nn_conv2d *c, const char *name, int64_t in, int64_t out,
                        int64_t kernel, unsigned flags, dio_init init);
/* x [B,in,H,W]; `pad` on all four sides. */
dio_val dio_nn_conv2d_forward(dio_graph *g, const dio_nn_conv2d *c, dio_val x, int stride, int pad,
                              unsigned wrap);

/* --- embedding --- */
typedef struct dio_nn_embedding {
    dio_tensor *w; /* [V,C] */
} dio_nn_embedding;
void dio_nn_embedding_walk(dio_walk *w, dio_nn_embedding *e, const char *name, int64_t rows,
                           int64_t width, dio_init init);
dio_val dio_nn_embedding_forward(dio_graph *g, const dio_nn_embedding *e, dio_val ids);
/* Scores against every row, for tied outputs: x [..,C] -> [..,V]. */
dio_val dio_nn_embedding_scores(dio_graph *g, const dio_nn_embedding *e, dio_val x);

/* --- norms --- */
typedef struct dio_nn_norm {
    dio_tensor *w, *b; /* [C]; no b in an RMS norm */
} dio_nn_norm;
void dio_nn_layer_norm_walk(dio_walk *w, dio_nn_norm *n, const char *name, int64_t width);
void dio_nn_rms_norm_walk(dio_walk *w, dio_nn_norm *n, const char *name, int64_t width);
dio_val dio_nn_layer_norm_forward(dio_graph *g, const dio_nn_norm *n, dio_val x, float eps);
dio_val dio_nn_rms_norm_forward(dio_graph *g, const dio_nn_norm *n, dio_val x, float eps);
/* x [B,C,...] */
void dio_nn_group_norm_walk(dio_walk *w, dio_nn_norm *n, const char *name, int64_t width);
dio_val dio_nn_group_norm_forward(dio_graph *g, const dio_nn_norm *n, dio_val x, int groups,
                                  float eps);

/* --- gated MLP: down(act(gate x) * up x) --- */
typedef struct dio_nn_gated_mlp {
    dio_nn_linear gate, up, down;
} dio_nn_gated_mlp;
void dio_nn_gated_mlp_walk(dio_walk *w, dio_nn_gated_mlp *m, const char *name, int64_t width,
                           int64_t hidden, unsigned flags, dio_init init);
dio_val dio_nn_gated_mlp_forward(dio_graph *g, const dio_nn_gated_mlp *m, dio_val x, dio_act act);

/* --- rotary positions: the frequencies of the usual scalings --- */
typedef enum dio_rope_kind {
    DIO_ROPE_DEFAULT,
    DIO_ROPE_LINEAR,
    DIO_ROPE_DYNAMIC, /* equals the default up to max_positions, beyond which we do not go */
    DIO_ROPE_YARN,
    DIO_ROPE_LLAMA3,
} dio_rope_kind;
typedef struct dio_rope_spec {
    dio_rope_kind kind;
    int size; /* R: channels of a head that rotate; even */
    double theta, factor;
    double low_freq_factor, high_freq_factor; /* llama3 */
    double beta_fast, beta_slow;              /* yarn */
    bool truncate;
    double attention_factor; /* yarn; 0: from factor */
    double mscale, mscale_all_dim;
    int original_positions;
} dio_rope_spec;
enum { DIO_ROPE_MAX = 512 };
/* inv_freq[size/2] in f32, and what cos and sin are multiplied by. */
void dio_rope_frequencies(const dio_rope_spec *spec, float *inv_freq, float *factor);

/* --- attention over a cache or over the sequence itself --- */
/* Where a layer's keys and values are kept between runs. */
typedef struct dio_nn_cache {
    dio_val start; /* i32 [B]: positions already there; DIO_NONE: none, and no cache */
    int64_t cap;   /* positions it can hold, a multiple of 64; 0: no cache */
    int layer;     /* names the states "keys.N" and "values.N" */
} dio_nn_cache;
/* q [B,T,K,D], k v [B,T,Kv,D], already rotated -> [B,T,K*D]. */
dio_val dio_nn_attend(dio_graph *g, dio_val q, dio_val k, dio_val v, const dio_nn_cache *cache,
                      dio_attention_attrs attrs);
/* x [B,T,K*D] -> [B,T,K,D] */
dio_val dio_nn_split_heads(dio_graph *g, dio_val x, int64_t heads);

/* --- one recurrent layer, torch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 --- */
typedef struct dio_nn_rnn {
    dio_tensor *w_ih, *w_hh, *b_ih, *b_hh;
} dio_nn_rnn;
/* gates: 3 for GRU, 4 for LSTM. */
void dio_nn_rnn_walk(dio_walk *w, dio_nn_rnn *r, int layer, int gates, int64_t in, int64_t hidden);
/* c0 and *c are of the LSTM; pass DIO_NONE and NULL for a GRU. */
dio_val dio_nn_rnn_forward(dio_graph *g, const dio_nn_rnn *r, dio_val x, dio_val h0, dio_val c0,
                           dio_val *h, dio_val *c);

#ifdef __cplusplus
}
#endif
