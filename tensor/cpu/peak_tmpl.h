/* peak_tmpl.h: what the machine can do at most: chains of multiply-adds that never leave the
 * registers, and loads whose values are hardly used. For `diorama bench`. */
#include "tensor/cpu/vec.h"

/* Enough to cover the latency of two multiply-adds a cycle, and no more than UNROLL unrolls: an
 * array that is walked lives in memory. */
enum { CHAINS = V_REGISTERS == 32 ? 16 : 10 };

/* `rounds` products added to each of CHAINS vectors; returns floating-point operations done. */
static inline double peak_fma(int64_t rounds, float *keep)
{
    vf x[CHAINS], y = v_set(*keep), z = v_set(*keep + 1);
    UNROLL
    for (int i = 0; i < CHAINS; i++)
        x[i] = v_set((float)i);
    for (int64_t n = 0; n < rounds; n++) {
        UNROLL
        for (int i = 0; i < CHAINS; i++)
            x[i] = PRODUCT(y, z, x[i]);
    }
    vf sum = x[0];
    UNROLL
    for (int i = 1; i < CHAINS; i++)
        sum = sum + x[i];
    *keep = v_sum(sum);
    return (PAIRS ? 4.0 : 2.0) * VN * CHAINS * (double)rounds;
}

/* Reads n floats (a multiple of 64 lanes) as four streams. */
static inline void peak_read(const float *x, int64_t n, float *keep)
{
    const int64_t part = n / 4;
    vi seen[4] = {(vi)v_set(0), (vi)v_set(0), (vi)v_set(0), (vi)v_set(0)};
    for (int64_t i = 0; i + 4 * VN <= part; i += 4 * VN) {
        UNROLL
        for (int s = 0; s < 4; s++) {
            const float *p = x + s * part + i;
            v_prefetch(p + 512);
            seen[s] |= (vi)v_load(p) | (vi)v_load(p + VN) | (vi)v_load(p + 2 * VN) |
                       (vi)v_load(p + 3 * VN);
        }
    }
    *keep = v_any((seen[0] | seen[1]) | (seen[2] | seen[3])) ? 1.0f : 0.0f;
}
