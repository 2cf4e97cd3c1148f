#pragma once
/* hifigan.h: HiFi-GAN's generator as a layer block: vocoders and VITS end in one.
 *
 *   x [B,in,T] -> conv 7 (+ cond) -> [ leaky -> transposed conv -> mean of residual blocks ] x
 * stages
 *     -> leaky 0.01 -> conv 7 -> tanh [B,1,T*hop]
 *
 * A residual block of kind 1 adds, for each dilation, conv(leaky(conv(leaky(x)))), the first conv
 * with the dilation; of kind 2, conv(leaky(x)) alone.
 *
 * Traps
 *  - all slopes are the config's but the last one's, which is torch's default of 0.01;
 *  - channels halve with every stage;
 *  - VITS has no bias in its last convolution.
 */
#include "audio/reach.h"
#include "base/value.h"
#include "tensor/nn.h"

enum { DIO_HIFIGAN_STAGES = 8, DIO_HIFIGAN_KERNELS = 8, DIO_HIFIGAN_DILATIONS = 8 };

typedef struct dio_hifigan_shape {
    int in, channels; /* of x; after the first convolution */
    int stages, rate[DIO_HIFIGAN_STAGES], kernel[DIO_HIFIGAN_STAGES];
    int kernels, block_kernel[DIO_HIFIGAN_KERNELS];
    int dilations[DIO_HIFIGAN_KERNELS]; /* how many */
    int dilation[DIO_HIFIGAN_KERNELS][DIO_HIFIGAN_DILATIONS];
    bool single;  /* residual blocks of kind 2 */
    bool no_bias; /* in the last convolution */
    int cond;     /* channels of a condition [B,cond,1]; 0: none is taken */
    float slope;
    const char *ups; /* what the transposed convolutions are called: "upsampler", "ups" */
} dio_hifigan_shape;

typedef struct dio_hifigan_block {
    dio_nn_conv1d convs1[DIO_HIFIGAN_DILATIONS], convs2[DIO_HIFIGAN_DILATIONS];
} dio_hifigan_block;

typedef struct dio_hifigan {
    dio_hifigan_shape s;
    dio_nn_conv1d pre, cond, post;
    dio_nn_conv1d up[DIO_HIFIGAN_STAGES];
    dio_hifigan_block *block; /* [stages * kernels] */
    int step; /* frames that a cut begins at a multiple of, for residual blocks by tiles; 0: plain
               */
} dio_hifigan;

/* Reads upsample_rates, upsample_kernel_sizes, resblock_kernel_sizes and resblock_dilation_sizes
 * (config values, whose place is said) and checks them with what h->s holds already: in, channels,
 * single; takes the blocks from the arena. */
bool dio_hifigan_setup(dio_hifigan *h, const dio_value *rates, const dio_value *kernels,
                       const dio_value *block_kernels, const dio_value *block_dilations,
                       dio_arena *a, dio_error *err);
void dio_hifigan_walk(dio_walk *w, dio_hifigan *h);
/* cond: [B,cond,1] or DIO_NONE. tap: before every tap's name, "" or "decoder.". */
dio_val dio_hifigan_forward(dio_graph *g, const dio_hifigan *h, dio_val x, dio_val cond,
                            const char *tap);
int dio_hifigan_hop(const dio_hifigan *h);
/* From samples to frames. */
void dio_hifigan_reach(const dio_hifigan *h, dio_reach *r);
