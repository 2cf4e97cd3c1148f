/* modulated.h: what StyleGAN2's convolutions need of their weights, computed once. Private to
 * vision/models/. New tensors, the caller's; NULL with a message. */
#pragma once
#include "tensor/tensor.h"

/* w [O,I,3,3] to [O,I]: the sum of each kernel's squares. */
dio_tensor *modulated_squares(const dio_tensor *w, dio_error *err);
/* w [O,I,3,3] to [I,O,3,3], as a transposed convolution takes it. */
dio_tensor *modulated_turned(const dio_tensor *w, dio_error *err);
