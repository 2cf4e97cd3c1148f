#pragma once
/* toom.h: convolutions along a signal by tiles, with fewer multiplications; see toom.c. */
#include "tensor/cpu/line.h"

/* Whether a shape is computed so: its maker allows it (`tiles`), stride 1, one group, enough
 * channels. Neither length nor batch matter. */
bool dio_toom_serves(const dio_conv_shape *s);

/* p->back is false. */
size_t dio_toom_work(const dio_cpu *cpu, const dio_line *p);
void dio_toom_run(const dio_cpu *cpu, const dio_line *p, void *work);
