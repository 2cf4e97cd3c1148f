#pragma once
/* toom.h: convolutions along a signal by tiles, with fewer multiplications; see toom.c. */
#include "tensor/cpu/line.h"

/* Whether a shape is computed so: its maker allows it (`tiles`), stride 1, one group, enough
 * channels. Neither length nor batch matter. */
bool dio_toom_serves(const dio_conv_shape *s);

enum { DIO_TOOM_PIECES = 8 }; /* of a kernel, at most */
/* Of a kernel that is served. */
dio_toom_form dio_toom_form_of(int64_t taps);

/* p->back is false. */
size_t dio_toom_work(const dio_cpu *cpu, const dio_line *p);
void dio_toom_run(const dio_cpu *cpu, const dio_line *p, void *work);
