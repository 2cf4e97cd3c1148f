#pragma once
/* cudnn.cuh: what cuDNN may do for a twin, and what it declines.
 *
 * Every question has an answer without cuDNN too (cudnn_none.cu): no, and no scratch. Who asks has
 * kernels of its own and runs them then. DIORAMA_CUDNN=off says no to everything.
 */
#include "tensor/cuda/cuda.h"

/* False for a value of DIORAMA_CUDNN that is none. *s is NULL when there is no cuDNN; it starts
 * when it is first asked, since a language model never does. */
bool dio_cudnn_create(struct dio_cudnn **s, dio_error *err);
void dio_cudnn_destroy(struct dio_cudnn *s); /* NULL is fine */

/* Scratch of a call that cuDNN would do; 0 also when it would not. */
size_t dio_cudnn_conv_work(dio_cuda *d, const dio_call *c);
size_t dio_cudnn_attention_work(dio_cuda *d, const dio_call *c);
/* False: not done, and nothing of the result was written. */
bool dio_cudnn_conv(dio_cuda *d, const dio_call *c);
bool dio_cudnn_attention(dio_cuda *d, const dio_call *c);
