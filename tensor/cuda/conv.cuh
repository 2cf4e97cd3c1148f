#pragma once
/* conv.cuh: the geometry of a convolution, for the three products that share it.
 *
 * x [B,C,H,W], w [O,C/g,kh,kw], y [B,O,OH,OW]; each follows from the other two. 1-D has H = 1.
 * `c` and `o` are channels of one group. */
#include "tensor/cuda/tile.cuh"

struct dio_cuda_conv {
    int64_t batch, groups, c, o;
    int h, w, oh, ow, kh, kw;
    int sh, sw, ph, pw, dh, dw; /* stride, pad, dilation */
};

static inline dio_cuda_conv dio_cuda_conv_of(const dio_view *x, const dio_view *w,
                                             const dio_view *y, const dio_conv_attrs *a)
{
    bool flat = x->nd == 3;
    int last = flat ? 2 : 3, at = flat ? 0 : 1;
    dio_cuda_conv s;
    s.batch = x->dim[0];
    s.groups = a->groups;
    s.c = x->dim[1] / a->groups;
    s.o = y->dim[1] / a->groups;
    s.h = flat ? 1 : (int)x->dim[2];
    s.oh = flat ? 1 : (int)y->dim[2];
    s.kh = flat ? 1 : (int)w->dim[2];
    s.sh = flat ? 1 : a->stride[0];
    s.ph = flat ? 0 : a->pad[0];
    s.dh = flat ? 1 : a->dilation[0];
    s.w = (int)x->dim[last];
    s.ow = (int)y->dim[last];
    s.kw = (int)w->dim[last];
    s.sw = a->stride[at];
    s.pw = a->pad[at];
    s.dw = a->dilation[at];
    return s;
}

/* Element of plane x [H,W] that tap k of the kernel sees from output place p; 0 in the padding. */
static __device__ inline float dio_conv_tap(const dio_cuda_conv &s, const float *plane, int k,
                                            int p)
{
    int ky = k / s.kw, kx = k - ky * s.kw, oy = p / s.ow, ox = p - oy * s.ow;
    int y = oy * s.sh - s.ph + ky * s.dh, x = ox * s.sw - s.pw + kx * s.dw;
    return y >= 0 && y < s.h && x >= 0 && x < s.w ? plane[(int64_t)y * s.w + x] : 0.0f;
}
