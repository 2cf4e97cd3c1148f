#pragma once
/* onednn.h: the convolutions that oneDNN computes for us. Nothing else of the project sees it. */
#include <stdbool.h>
#include <stddef.h>

#include "tensor/cpu/conv.h"

/* True for pictures with enough channels for its blocked layout. */
bool dio_onednn_serves(const dio_cpu *cpu, const dio_conv_shape *s);

/* Scratch for either of the two; 0 when oneDNN declines the shape. */
size_t dio_onednn_work(const dio_conv_shape *s);

/* As dio_cpu_conv and dio_cpu_conv_data (there without a bias). False when oneDNN declined or ran
 * out of memory; what it wrote by then is to be overwritten. */
bool dio_onednn_conv(const dio_conv_shape *s, const float *x, const float *w, const float *bias,
                     float *y, void *work);
bool dio_onednn_conv_data(const dio_conv_shape *s, const float *y, const float *w, float *x,
                          void *work);
