#pragma once
/* ops.h: the builders of all operators, by subject. Each appends nodes and returns a value.
 *
 * Floats are f32 unless said otherwise; weights may be stored as bf16 or f16 where it is said.
 * DIO_NONE stands for an absent optional operand. Axes may be negative. Shapes: tensor.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tensor/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- shape: no numbers change; most cost nothing at run time --- */
dio_val dio_reshape(dio_graph *g, dio_val x, int nd, const int64_t *dim); /* one -1 is inferred */
dio_val dio_reshape2(dio_graph *g, dio_val x, int64_t a, int64_t b);
dio_val dio_reshape3(dio_graph *g, dio_val x, int64_t a, int64_t b, int64_t c);
dio_val dio_reshape4(dio_graph *g, dio_val x, int64_t a, int64_t b, int64_t c, int64_t d);
dio_val dio_permute(dio_graph *g, dio_val x, const int *axes); /* out.dim[i] = x.dim[axes[i]] */
dio_val dio_transpose(dio_graph *g, dio_val x, int a, int b);
/* length elements from `start`, every `step`-th (step >= 1). */
dio_val dio_slice(dio_graph *g, dio_val x, int axis, int64_t start, int64_t length, int64_t step);
dio_val dio_expand(dio_graph *g, dio_val x, int nd, const int64_t *dim); /* broadcast */
dio_val dio_concat(dio_graph *g, const dio_val *x, int n, int axis);
typedef enum dio_pad_mode {
    DIO_PAD_ZERO,
    DIO_PAD_REFLECT,
    DIO_PAD_REPLICATE,
    DIO_PAD_CIRCULAR
} dio_pad_mode;
/* before/after elements along one axis; causal padding is before = (kernel-1)*dilation. */
dio_val dio_pad(dio_graph *g, dio_val x, int axis, int64_t before, int64_t after,
                dio_pad_mode mode);
dio_val dio_flip(dio_graph *g, dio_val x, int axis);
dio_val dio_cast(dio_graph *g, dio_val x, dio_dtype to);

/* --- elementwise, two operands, broadcasting as numpy does --- */
dio_val dio_add(dio_graph *g, dio_val a, dio_val b);
dio_val dio_sub(dio_graph *g, dio_val a, dio_val b);
dio_val dio_mul(dio_graph *g, dio_val a, dio_val b);
dio_val dio_div(dio_graph *g, dio_val a, dio_val b);
dio_val dio_maximum(dio_graph *g, dio_val a, dio_val b);
dio_val dio_minimum(dio_graph *g, dio_val a, dio_val b);
dio_val dio_where(dio_graph *g, dio_val cond_u8, dio_val a, dio_val b);
dio_val dio_axpb(dio_graph *g, dio_val x, float a, float b); /* a * x + b */

/* --- elementwise, one operand --- */
dio_val dio_neg(dio_graph *g, dio_val x);
dio_val dio_abs(dio_graph *g, dio_val x);
dio_val dio_exp(dio_graph *g, dio_val x);
dio_val dio_log(dio_graph *g, dio_val x);
dio_val dio_sqrt(dio_graph *g, dio_val x);
dio_val dio_rsqrt(dio_graph *g, dio_val x);
dio_val dio_square(dio_graph *g, dio_val x);
dio_val dio_reciprocal(dio_graph *g, dio_val x);
dio_val dio_sin(dio_graph *g, dio_val x);
dio_val dio_cos(dio_graph *g, dio_val x);
dio_val dio_tanh(dio_graph *g, dio_val x);
dio_val dio_sigmoid(dio_graph *g, dio_val x);
dio_val dio_relu(dio_graph *g, dio_val x);
dio_val dio_leaky_relu(dio_graph *g, dio_val x, float slope);
dio_val dio_elu(dio_graph *g, dio_val x, float alpha);
dio_val dio_gelu(dio_graph *g, dio_val x);       /* erf */
dio_val dio_gelu_tanh(dio_graph *g, dio_val x);  /* "gelu_new", "gelu_pytorch_tanh" */
dio_val dio_gelu_quick(dio_graph *g, dio_val x); /* x * sigmoid(1.702 x) */
dio_val dio_silu(dio_graph *g, dio_val x);
dio_val dio_softplus(dio_graph *g, dio_val x);
dio_val dio_mish(dio_graph *g, dio_val x);
dio_val dio_hardswish(dio_graph *g, dio_val x);
dio_val dio_clamp(dio_graph *g, dio_val x, float lo, float hi);
/* Snake (arXiv:2006.08195): x + sin^2(alpha x) / alpha, alpha [C] over x [B,C,T]. */
dio_val dio_snake(dio_graph *g, dio_val x, dio_val alpha);
/* x, or alpha x where x is below 0; alpha [C] over x [B,C,..]: torch's PReLU. */
dio_val dio_prelu(dio_graph *g, dio_val x, dio_val alpha);
/* The monotonic rational-quadratic spline of arXiv:1906.04032 over -tail..tail, or its inverse;
 * beyond it x itself. x [..], logits [..,3 bins - 1]: of widths and heights (both times `scale`),
 * of the slopes between. */
dio_val dio_spline(dio_graph *g, dio_val x, dio_val logits, int bins, float tail, float scale,
                   bool inverse);

typedef enum dio_act {
    DIO_ACT_NONE,
    DIO_ACT_RELU,
    DIO_ACT_SILU,
    DIO_ACT_GELU,
    DIO_ACT_GELU_TANH,
    DIO_ACT_GELU_QUICK,
    DIO_ACT_TANH,
    DIO_ACT_SIGMOID,
} dio_act;
dio_val dio_activate(dio_graph *g, dio_val x, dio_act act); /* the unary operator of that name */
/* act(a) * b, of equal shape: SwiGLU with SILU, GeGLU with GELU, GLU with SIGMOID. */
dio_val dio_glu(dio_graph *g, dio_val a, dio_val b, dio_act act);

/* --- reductions and scans --- */
/* axes: a bit mask of axes; keep: keep them as size 1. */
dio_val dio_sum(dio_graph *g, dio_val x, unsigned axes, bool keep);
dio_val dio_mean(dio_graph *g, dio_val x, unsigned axes, bool keep);
dio_val dio_sum_squares(dio_graph *g, dio_val x); /* of all elements: a scalar */
dio_val dio_max(dio_graph *g, dio_val x, int axis, bool keep);
dio_val dio_argmax(dio_graph *g, dio_val x, int axis); /* i32; the first of equals */
dio_val dio_cumsum(dio_graph *g, dio_val x, int axis);
dio_val dio_softmax(dio_graph *g, dio_val x);     /* last axis */
dio_val dio_log_softmax(dio_graph *g, dio_val x); /* last axis */

/* --- matrices --- */
/* op(a) [..,M,K] x op(b) [..,K,N] -> [..,M,N]; leading dims broadcast. */
dio_val dio_matmul(dio_graph *g, dio_val a, dio_val b, bool transpose_a, bool transpose_b);
/* act(x [..,K] x w^T + bias), w [N,K] f32/bf16/f16 as torch's nn.Linear, bias [N] or NONE. */
dio_val dio_linear(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_act act);
/* The same with w [K,N], as GPT-2's Conv1D stores it. */
dio_val dio_linear_kn(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_act act);

/* --- normalisation --- */
dio_val dio_layer_norm(dio_graph *g, dio_val x, dio_val w, dio_val b, float eps); /* last axis */
dio_val dio_rms_norm(dio_graph *g, dio_val x, dio_val w, float eps);              /* last axis */
/* x [B,C,...], w b [C] or NONE. */
dio_val dio_group_norm(dio_graph *g, dio_val x, dio_val w, dio_val b, int groups, float eps);
/* Group norm's halves over span[1] rows of a stripe x [B,C,H,W] from row span[0] on (i32 [2]): of
 * each group a first mean m, mean(x - m), mean((x - m)^2) -> [B,groups,3]; and
 * act((x - affine[b,0,c]) * affine[b,1,c] + affine[b,2,c]), 0 in other rows; act NONE or SILU. */
dio_val dio_stripe_moments(dio_graph *g, dio_val x, dio_val span, int groups);
dio_val dio_stripe_norm(dio_graph *g, dio_val x, dio_val affine, dio_val span, dio_act act);
/* Training form: statistics over B and space; mean and var [C] come out for the running ones. */
dio_val dio_batch_norm(dio_graph *g, dio_val x, dio_val w, dio_val b, float eps, dio_val *mean,
                       dio_val *var);
/* Inference form: given statistics. */
dio_val dio_batch_norm_eval(dio_graph *g, dio_val x, dio_val w, dio_val b, dio_val mean,
                            dio_val var, float eps);

/* --- attention --- */
typedef struct dio_attention_attrs {
    bool causal;
    int window;    /* key j is seen by query i when i - window < j; 0: no window */
    float scale;   /* 0: 1/sqrt(D) */
    float softcap; /* 0: none; else softcap * tanh(score / softcap) */
} dio_attention_attrs;
/* q [B,T,K,D], k v [B,S,Kv,D] with K a multiple of Kv; mask f32 added to scores, broadcastable to
 * [B,K,T,S], or NONE. Causal counts from the end: query i sits at S - T + i. Never holds the score
 * matrix. -> [B,T,K,D] */
dio_val dio_attention(dio_graph *g, dio_val q, dio_val k, dio_val v, dio_val mask,
                      dio_attention_attrs attrs);
/* The cache's layout is the CPU kernel's affair: [B,Kv,cap/64,D,64] for keys (transposed tiles of
 * 64 positions), [B,Kv,cap,D] for values; cap is a multiple of 64. Both f32 states. */
dio_type dio_cache_key_type(int64_t batch, int64_t heads, int64_t cap, int64_t size);
dio_type dio_cache_value_type(int64_t batch, int64_t heads, int64_t cap, int64_t size);
/* Writes x [B,T,Kv,D] at positions start[b].. (i32 [B]); returns the state after the write. */
dio_val dio_cache_write_key(dio_graph *g, dio_val cache, dio_val x, dio_val start);
dio_val dio_cache_write_value(dio_graph *g, dio_val cache, dio_val x, dio_val start);
/* q [B,T,K,D] at positions start[b]+t sees keys 0..start[b]+t (and the window). Same numbers, bit
 * for bit, as dio_attention over the same keys. */
dio_val dio_attention_cached(dio_graph *g, dio_val q, dio_val keys, dio_val values, dio_val start,
                             dio_attention_attrs attrs);
/* Rotates x [B,T,K,D] by angle position * inv_freq. start i32 [B]: positions start[b]+t. inv_freq
 * f32 [R/2] rotates the first R of D. `interleaved`: pairs (2i,2i+1), else halves (i, i+R/2).
 * cos and sin are multiplied by `factor` (YaRN's attention factor; 1 otherwise). */
dio_val dio_rope(dio_graph *g, dio_val x, dio_val start, dio_val inv_freq, bool interleaved,
                 float factor);

/* --- tables --- */
dio_val dio_embedding(dio_graph *g, dio_val table, dio_val ids); /* table [V,C] f32/bf16/f16 */
/* Rows start[b]+t of table [P,C], for t in 0..T-1 -> [B,T,C]: learned positions. */
dio_val dio_embedding_range(dio_graph *g, dio_val table, dio_val start, int64_t count);
/* numpy's take_along_axis and its transpose; ids i32. */
dio_val dio_gather(dio_graph *g, dio_val x, int axis, dio_val ids);
dio_val dio_scatter_add(dio_graph *g, dio_val x, int axis, dio_val ids, dio_val src);

/* --- convolution and pictures --- */
typedef struct dio_conv_attrs {
    int stride[2], pad[2], dilation[2]; /* [0] is H (or T in 1-D), [1] is W */
    int groups;
    int output_pad[2]; /* transposed only */
    bool tiles;        /* 1-D only: see dio_conv_tile_of */
} dio_conv_attrs;
/* x [B,C,T] with w [O,C/g,k], or x [B,C,H,W] with w [O,C/g,kh,kw]; zero padding (others: dio_pad
 * before). w may be stored as bf16 or f16. */
dio_val dio_conv(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_conv_attrs attrs);
/* With `tiles`, results along a signal may be computed some at a time, with fewer multiplications.
 * Tiles are counted from place 0, so two cuts of one signal give a result the same bits only where
 * they begin a multiple of `places` apart, and where both hold `before` and `after` places more
 * than its kernel reaches. `places` is 1, and the others 0, where that is not done. */
typedef struct dio_conv_tile {
    int64_t places, before, after;
} dio_conv_tile;
dio_conv_tile dio_conv_tile_of(int64_t c, int64_t o, int64_t kernel, int64_t dilation);
/* w [C,O/g,k..] as torch's ConvTranspose. */
dio_val dio_conv_transpose(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_conv_attrs attrs);
dio_conv_attrs dio_conv_defaults(void); /* stride 1, pad 0, dilation 1, groups 1 */
/* The kernel's gradient of dio_conv, given that of its result: of type `kernel`. */
dio_val dio_conv_weights(dio_graph *g, dio_val x, dio_val y, dio_type kernel, dio_conv_attrs attrs);
/* With torch's defaults. */
dio_val dio_avg_pool(dio_graph *g, dio_val x, int kernel, int stride, int pad);
dio_val dio_max_pool(dio_graph *g, dio_val x, int kernel, int stride, int pad);
/* x [B,C,H,W], or [B,C,T] with w 0. */
dio_val dio_upsample_nearest(dio_graph *g, dio_val x, int64_t h, int64_t w);
dio_val dio_upsample_linear(dio_graph *g, dio_val x, int64_t h, int64_t w, bool align_corners);
/* Zeros between numbers (`up` - 1 each) and around them, the taps over both axes as numpy
 * convolves, one of `down` kept: StyleGAN2's upfirdn2d. Negative padding cuts off. */
dio_val dio_fir(dio_graph *g, dio_val x, const float *taps, int count, int up, int down, int before,
                int after);
dio_val dio_pixel_shuffle(dio_graph *g, dio_val x, int factor);
dio_val dio_pixel_unshuffle(dio_graph *g, dio_val x, int factor);

/* --- recurrence (torch.nn.GRU and LSTM, one layer, one direction) --- */
/* x [B,T,I], h0 [B,H], w_ih [3H,I], w_hh [3H,H], biases [3H]; gates r, z, n. -> [B,T,H]; the last
 * state in *h. */
dio_val dio_gru(dio_graph *g, dio_val x, dio_val h0, dio_val w_ih, dio_val w_hh, dio_val b_ih,
                dio_val b_hh, dio_val *h);
/* The same with 4H and gates i, f, g, o. */
dio_val dio_lstm(dio_graph *g, dio_val x, dio_val h0, dio_val c0, dio_val w_ih, dio_val w_hh,
                 dio_val b_ih, dio_val b_hh, dio_val *h, dio_val *c);

/* --- losses: scalars, means over what counts --- */
/* logits [..,V], target i32 [..]; targets equal to `ignore` do not count. */
dio_val dio_cross_entropy(dio_graph *g, dio_val logits, dio_val target, int ignore,
                          float smoothing);
dio_val dio_mse_loss(dio_graph *g, dio_val a, dio_val b);
dio_val dio_l1_loss(dio_graph *g, dio_val a, dio_val b);
dio_val dio_smooth_l1_loss(dio_graph *g, dio_val a, dio_val b, float beta);
dio_val dio_bce_logits_loss(dio_graph *g, dio_val logits, dio_val target);

/* --- spectra (torch.stft and istft, onesided) --- */
typedef struct dio_stft_attrs {
    int n_fft, hop, win;
    bool center; /* reflect padding of n_fft/2 */
    bool normalized;
} dio_stft_attrs;
/* x [B,S], window [win] -> [B, n_fft/2+1, T, 2] */
dio_val dio_stft(dio_graph *g, dio_val x, dio_val window, dio_stft_attrs attrs);
dio_val dio_istft(dio_graph *g, dio_val spec, dio_val window, int64_t length, dio_stft_attrs attrs);

/* --- noise --- */
/* Zeroes with probability p and scales the rest, by Philox at (seed, stream); seed i32 [2]. */
dio_val dio_dropout(dio_graph *g, dio_val x, dio_val seed, int stream, float p);

#ifdef __cplusplus
}
#endif
