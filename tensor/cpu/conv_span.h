#pragma once
/* conv_span.h: where a tap of a kernel meets the input, for conv.c and conv_direct.c.
 *
 * A tap is one weight's place: channel, row, column of the kernel. For one output row it reads a
 * run of the input row, every `sw`-th element; `span_of` gives that run, padding cut off.
 */
#include <string.h>

#include "tensor/cpu/conv.h"

static inline int64_t taps(const dio_conv_shape *s)
{
    return s->c * s->kh * s->kw;
}

/* Of all channels of one input image. */
static inline int64_t image_floats(const dio_conv_shape *s)
{
    return s->groups * s->c * s->h * s->w;
}

/* Outputs first..last-1 of a row whose tap at `offset` (k*dilation - pad) lands inside `size`. */
static inline void inside(int64_t offset, int64_t stride, int64_t size, int64_t count,
                          int64_t *first, int64_t *last)
{
    int64_t lo = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    int64_t hi = size - offset <= 0 ? 0 : (size - offset + stride - 1) / stride;
    *last = hi < count ? hi : count;
    *first = lo < *last ? lo : *last;
}

struct tap {
    int64_t channel, y, x; /* y, x: k*dilation - pad */
};

static inline struct tap tap_of(const dio_conv_shape *s, int64_t k)
{
    int64_t kx = k % s->kw, ky = k / s->kw % s->kh;
    return (struct tap){k / s->kw / s->kh, ky * s->dh - s->ph, kx * s->dw - s->pw};
}

/* Spans of one tap's places: the part of output row oy that lies in [from, to) and in the image. */
struct span {
    int64_t out, in, count; /* out: place within the block; in: index into the channel */
};

static inline struct span span_of(const dio_conv_shape *s, const struct tap *t, int64_t oy,
                                  int64_t from, int64_t to)
{
    int64_t first, last, iy = oy * s->sh + t->y;
    inside(t->x, s->sw, s->w, s->ow, &first, &last);
    if (iy < 0 || iy >= s->h)
        last = first;
    int64_t start = oy * s->ow;
    if (start + first < from)
        first = from - start;
    if (start + last > to)
        last = to - start;
    return (struct span){start + first - from, iy * s->w + first * s->sw + t->x,
                         last > first ? last - first : 0};
}

/* What a tap reads for the places from..to-1 of one channel, zeros beside the picture. */
static inline void unfold_tap(const dio_conv_shape *s, const struct tap *t, const float *x,
                              int64_t from, int64_t to, float *row)
{
    memset(row, 0, (size_t)(to - from) * sizeof *row);
    for (int64_t oy = from / s->ow; oy * s->ow < to; oy++) {
        struct span p = span_of(s, t, oy, from, to);
        if (p.count && s->sw == 1)
            memcpy(row + p.out, x + p.in, (size_t)p.count * sizeof *row);
        else
            for (int64_t i = 0; i < p.count; i++)
                row[p.out + i] = x[p.in + i * s->sw];
    }
}

/* The kernel's gradient, by matrix products. */
size_t dio_conv_weights_work(const dio_cpu *cpu, const dio_conv_shape *s);
void dio_conv_weights_run(const dio_cpu *cpu, const dio_conv_shape *s, const float *x,
                          const float *y, float *w, void *work);

/* Of few channels a group; x, y and w as in conv.h, without scratch. The output of the first two
 * holds the bias already. */
void dio_conv_direct_forward(const dio_cpu *cpu, const dio_conv_shape *s, const float *x,
                             const float *w, float *y);
void dio_conv_direct_data(const dio_cpu *cpu, const dio_conv_shape *s, const float *y,
                          const float *w, float *x);
void dio_conv_direct_weights(const dio_cpu *cpu, const dio_conv_shape *s, const float *x,
                             const float *y, float *w);
