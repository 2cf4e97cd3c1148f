#pragma once
/* convnext.h: a ConvNeXt block along time, over rows [B,T,C] (arXiv:2201.03545; one axis as in
 * arXiv:2306.00814, whose names the weights bear). Private to audio/. */
#include "tensor/nn.h"

typedef struct dio_convnext {
    dio_tensor *depth_w, *depth_b; /* [C,1,kernel], [C] */
    dio_nn_norm norm;
    dio_nn_linear up, down;
    dio_tensor *gamma; /* [C] */
    int kernel;
} dio_convnext;

/* gamma: what a fresh block's share is multiplied by; 1 over the number of blocks is usual. */
void dio_convnext_walk(dio_walk *w, dio_convnext *n, int64_t width, int64_t hidden, int kernel,
                       float gamma);
/* x + gamma down(gelu(up(norm(depth(x))))), times `there` [B,T,1] (or NONE): rows where it is 0
 * are 0, so that what lies beyond a gap of kernel/2 rows or of the end is the same as nothing. */
dio_val dio_convnext_forward(dio_graph *g, const dio_convnext *n, dio_val x, dio_val there);

/* A whole convolution over rows, odd kernel, as long as x. */
typedef struct dio_row_conv {
    dio_tensor *w, *b; /* [out,in,kernel], [out] */
} dio_row_conv;
void dio_row_conv_walk(dio_walk *w, dio_row_conv *c, const char *name, int64_t in, int64_t out,
                       int kernel);
dio_val dio_row_conv_forward(dio_graph *g, const dio_row_conv *c, dio_val x);
