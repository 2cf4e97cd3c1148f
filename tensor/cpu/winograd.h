#pragma once
/* winograd.h: 3x3 convolutions of stride 1 by Winograd's F(4x4,3x3) and F(2x2,3x3). */
#include <stdbool.h>
#include <stddef.h>

#include "tensor/cpu/conv.h"

/* Where a convolution's picture, result and kernel lie. */
typedef struct dio_wino {
    int64_t batch, c, o;   /* pictures; channels in and out */
    int64_t h, w, oh, ow;  /* of picture and result */
    int64_t py, px;        /* rows and columns of zeros before the picture's first */
    int64_t lane, channel; /* tap t of (o, c): kernel[o * lane + c * channel + t] */
    bool flip;             /* taps in reverse */
    dio_dtype dtype;       /* of the kernel */
    const float *x, *bias; /* bias [o] or NULL */
    const void *kernel;
    float *y;
} dio_wino;

/* The tile that serves a picture of this size best, 4 or 2; 0 when plain sums do. A function of one
 * picture's shape, so that the batch changes no bit. */
int dio_wino_tile(int64_t c, int64_t o, int64_t oh, int64_t ow);

size_t dio_wino_work(const dio_cpu *cpu, const dio_wino *p);
void dio_wino_run(const dio_cpu *cpu, const dio_wino *p, void *work);

/* The kernel's gradient w [o][c][9] from x and y, its result's gradient (p->y is read): whether it
 * is worth it, which needs no batch to know. */
bool dio_wino_weights_serve(int64_t c, int64_t o, int64_t oh, int64_t ow);
size_t dio_wino_weights_work(const dio_cpu *cpu, const dio_wino *p);
void dio_wino_weights_run(const dio_cpu *cpu, const dio_wino *p, float *w, void *work);
