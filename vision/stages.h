#pragma once
/* stages.h: a network over pictures as a list of stages, each a function of the one before it.
 *
 * An autoencoder is told once, as such a list. From it follow the graph of the whole network, with
 * taps under the official names (below), and its execution in stripes of rows with bounded memory
 * (stripes.h). A stage makes one picture [1,C,H,W] of the previous stage's; a residual is what an
 * earlier stage gave. Private to vision/.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tensor/graph.h"
#include "tensor/nn.h"

typedef enum dio_stage_kind {
    DIO_STAGE_INPUT,  /* the picture or the latents themselves; always the first */
    DIO_STAGE_CONV,   /* act(conv(up(act(norm(x))))  + shortcut(residual)) */
    DIO_STAGE_ATTEND, /* x + out(attend(q, k, v of norm(x))), every place to every other */
    DIO_STAGE_LINE,   /* a x + b */
    DIO_STAGE_SQUASH, /* 3 tanh(x / 3) */
} dio_stage_kind;

typedef struct dio_stage {
    dio_stage_kind kind;
    const char *name; /* of what it gives: the tap; NULL: it has no official name */
    int in_channels, channels;
    const dio_nn_norm *norm; /* group norm of the input, or NULL */
    int groups;
    float eps;
    dio_act before, after; /* before: NONE or SILU when there is a norm */
    int up;                /* times 2 by the nearest element, before the convolution: 1 or 2 */
    const dio_nn_conv2d *conv;
    int kernel, stride;
    int pad[2];                           /* zeros before and after, on both axes */
    int residual;                         /* the stage whose result is added, or -1 */
    const dio_nn_conv2d *shortcut;        /* 1x1, over the residual; NULL: as it is */
    const dio_nn_linear *q, *k, *v, *out; /* weights [C,C] or, as convolutions, [C,C,1,1] */
    float a, b;
} dio_stage;

enum { DIO_STAGES = 512, DIO_STAGE_NAMES = 1 << 15 };

typedef struct dio_stages {
    int count;
    dio_stage items[DIO_STAGES];
    int named; /* bytes of `names` in use */
    char names[DIO_STAGE_NAMES];
} dio_stages;

/* Appends a stage that keeps its input's channels until told otherwise, in the state of a plain 3x3
 * convolution without one. Beyond DIO_STAGES the last is handed out again: config ranges keep lists
 * far below. */
dio_stage *dio_stage_add(dio_stages *s, dio_stage_kind kind);
/* Gives the last stage its name. */
void dio_stage_name(dio_stages *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Rows (or columns) of a stage's result for `size` of its input; 0 when there are too few. */
int64_t dio_stage_size(const dio_stage *s, int64_t size);

/* The whole list over x [B,C,H,W] as one graph; wrap as in dio_nn_conv2d_forward. */
dio_val dio_stages_forward(dio_graph *g, const dio_stages *s, dio_val x, unsigned wrap);

/* --- for stripes: one stage's part of a graph --- */

/* The convolution of a stage over x, with pad_rows rows of zeros above and below. Columns are
 * padded with zeros or, with DIO_NN_WRAP_X, go on at the other side. */
dio_val dio_stage_convolve(dio_graph *g, const dio_stage *s, dio_val x, int pad_rows,
                           unsigned wrap);
/* Adds the residual r (DIO_NONE: there is none) and applies the last activation. */
dio_val dio_stage_finish(dio_graph *g, const dio_stage *s, dio_val y, dio_val r);
/* x [1,T,C] through one of an attention's projections. */
dio_val dio_stage_project(dio_graph *g, const dio_nn_linear *l, dio_val x);
/* x [B,C,H,W] as tokens [B,H*W,C], and back. */
dio_val dio_stage_tokens(dio_graph *g, dio_val x);
dio_val dio_stage_picture(dio_graph *g, dio_val tokens, int64_t h, int64_t w);
