#pragma once
/* long_sums.h: sums over many floats: spans of a fixed length by the vector kernels, the spans'
 * sums in double. A plane of a million pixels then loses no more than a row of a thousand. */
#include <stdint.h>

#include "tensor/cpu/cpu.h"

enum { DIO_SUM_SPAN = 1024 };

static inline double dio_long_sum(const dio_cpu *cpu, const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i += DIO_SUM_SPAN)
        sum += cpu->sum(x + i, n - i < DIO_SUM_SPAN ? n - i : DIO_SUM_SPAN);
    return sum;
}

static inline double dio_long_squares(const dio_cpu *cpu, const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i += DIO_SUM_SPAN)
        sum += cpu->sum_squares(x + i, n - i < DIO_SUM_SPAN ? n - i : DIO_SUM_SPAN);
    return sum;
}

static inline double dio_long_dot(const dio_cpu *cpu, const float *x, const float *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i += DIO_SUM_SPAN)
        sum += cpu->dot(x + i, y + i, n - i < DIO_SUM_SPAN ? n - i : DIO_SUM_SPAN);
    return sum;
}
