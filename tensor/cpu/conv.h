#pragma once
/* conv.h: the three products of a convolution, in 1-D and 2-D, over dense operands.
 *
 * A convolution ties three tensors: x [B,C,H,W], w [O,C/g,kh,kw] and y [B,O,OH,OW]. Each of them
 * can be computed from the other two: y forward, x for the gradient of the data (which is also
 * the forward pass of a transposed convolution), w for the gradient of the weights. 1-D operands
 * have H = 1. Channels a group are `c` and `o` below.
 */
#include <stddef.h>
#include <stdint.h>

#include "tensor/cpu/cpu.h"
#include "tensor/op.h"
#include "tensor/ops.h"

typedef struct dio_conv_shape {
    int64_t batch, groups, c, o;
    int64_t h, w, oh, ow, kh, kw;
    int64_t sh, sw, ph, pw, dh, dw; /* stride, pad, dilation */
    dio_dtype kernel;               /* f32, or forward also bf16 and f16 */
    bool tiles;                     /* of a signal, forward: see dio_conv_tile_of */
} dio_conv_shape;

/* From the dims of x, w and y, which have been checked. */
dio_conv_shape dio_conv_shape_of(const dio_view *x, const dio_view *w, const dio_view *y,
                                 const dio_conv_attrs *a);

/* Multiplications and additions of any of the three, and their operands' elements. */
dio_cost dio_conv_cost(const dio_conv_shape *s);

/* Whether line.c computes both y and x: it can do more on the way. */
bool dio_conv_by_line(const dio_conv_shape *s);

/* Scratch for any of the three. */
size_t dio_conv_work(const dio_cpu *cpu, const dio_conv_shape *s);

/* bias [groups*o] or NULL */
void dio_cpu_conv(const dio_cpu *cpu, const dio_conv_shape *s, const float *x, const void *w,
                  const float *bias, float *y, void *work);
/* bias [groups*c] or NULL */
void dio_cpu_conv_data(const dio_cpu *cpu, const dio_conv_shape *s, const float *y, const float *w,
                       const float *bias, float *x, void *work);
void dio_cpu_conv_weights(const dio_cpu *cpu, const dio_conv_shape *s, const float *x,
                          const float *y, float *w, void *work);

/* What inference of the operators shares: x [B,C,..] and a kernel of the same rank (in halves where
 * those are taken), attributes in range, channels that split into groups; a bias that is absent or
 * [channels]. */
bool dio_conv_check(const dio_type *x, const dio_type *w, bool halves, const dio_conv_attrs *a,
                    dio_error *err);
bool dio_conv_check_bias(const dio_type *bias, int64_t channels, dio_error *err);
