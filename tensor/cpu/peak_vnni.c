/* peak_vnni.c: the most 8-bit multiply-adds that VNNI gives; compiled with its flag, called only
 * where the machine has it. */
#include <immintrin.h>

#include "tensor/cpu/cpu_tables.h"

enum { CHAINS = 24 };

double dio_cpu_peak_vnni(int64_t rounds, float *keep)
{
    const __m512i y = _mm512_set1_epi8(3);
    __m512i x[CHAINS];
#define EACH _Pragma("GCC unroll 24") for (int i = 0; i < CHAINS; i++)
    EACH x[i] = _mm512_set1_epi32(i);
    for (int64_t n = 0; n < rounds; n++)
        EACH x[i] = _mm512_dpbusd_epi32(x[i], y, y);
    EACH *keep += (float)_mm512_reduce_add_epi32(x[i]);
#undef EACH
    return 2.0 * 64 * CHAINS * (double)rounds;
}
