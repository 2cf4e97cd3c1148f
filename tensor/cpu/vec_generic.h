#pragma once
/* vec_generic.h: 4 lanes of whatever the compiler's base target has; see vec.h for the contract.
 * No fused multiply-add is promised here: v_fma rounds twice, everywhere alike. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { VN = 4 };
#define V_REGISTERS 0 /* not known */

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef double vd __attribute__((vector_size(16)));
typedef float vh __attribute__((vector_size(8)));

static inline vf v_set(float x)
{
    return (vf){x, x, x, x};
}

static inline vf v_load(const float *p)
{
    vf x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline void v_store(float *p, vf x)
{
    memcpy(p, &x, sizeof x);
}

static inline vf v_load_n(const float *p, int n)
{
    return (vf){p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
}

static inline void v_store_n(float *p, vf x, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = x[i];
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return a * b + c;
}

static inline vf v_max(vf a, vf b)
{
    vi m = a > b;
    return (vf)((m & (vi)a) | (~m & (vi)b));
}

static inline vf v_min(vf a, vf b)
{
    vi m = a < b;
    return (vf)((m & (vi)a) | (~m & (vi)b));
}

static inline vf v_sqrt(vf a)
{
    return (vf){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])};
}

/* Dekker's: both factors cut into 12 + 12 bits, so that every partial product is exact. */
static inline vf v_two_prod(vf a, vf b, vf *low)
{
    vf ah = (vf)((vi)a & (int32_t)0xfffff000), al = a - ah;
    vf bh = (vf)((vi)b & (int32_t)0xfffff000), bl = b - bh;
    vf high = a * b;
    *low = ((ah * bh - high) + ah * bl + al * bh) + al * bl;
    return high;
}

static inline vf v_from_bf16(const uint16_t *p)
{
    return (vf)((vi){p[0], p[1], p[2], p[3]} << 16);
}

/* A half's exponent and mantissa, moved to a float's place, are off by a factor of 2^112; the
 * multiplication also normalises subnormals. Infinities and NaNs get their exponent back. */
static inline vf v_from_f16(const uint16_t *p)
{
    vi h = {p[0], p[1], p[2], p[3]};
    vi magnitude = (h & 0x7fff) << 13;
    vf x = (vf)magnitude * 0x1p112f;
    vi special = magnitude >= (0x7c00 << 13);
    vi bits = (special & (magnitude | 0x7f800000)) | (~special & (vi)x);
    return (vf)(bits | ((h & 0x8000) << 16));
}

/* The low 16 bits of each lane. */
static inline void v_store_low16(uint16_t *p, vi x)
{
    for (int i = 0; i < VN; i++)
        p[i] = (uint16_t)x[i];
}

/* Nearest even. Subnormal halves: adding 0.5 puts the mantissa's last place at 2^-24, where a
 * subnormal half has its own. */
static inline void v_to_f16(uint16_t *p, vf x)
{
    vi sign = (vi)x & INT32_MIN;
    vi a = (vi)x ^ sign;
    vi small = (vi)((vf)a + 0.5f) - 0x3f000000;
    vi rounded = (a + (int32_t)0xc8000fff + ((a >> 13) & 1)) >> 13;
    vi is_small = a<0x38800000, is_over = a >= 0x47800000, is_nan = a> 0x7f800000;
    vi special = 0x7c00 | (is_nan & (0x200 | ((a >> 13) & 0x3ff)));
    vi h = (is_small & small) | (~is_small & rounded);
    h = (is_over & special) | (~is_over & h);
    v_store_low16(p, h | ((sign >> 16) & 0x8000));
}

static inline void v_prefetch(const void *p)
{
    __builtin_prefetch(p);
}

static inline bool v_any(vi mask)
{
    return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
}

static inline float v_sum(vf x)
{
    return (x[0] + x[2]) + (x[1] + x[3]);
}

static inline float v_top(vf x)
{
    float a = x[0] > x[2] ? x[0] : x[2], b = x[1] > x[3] ? x[1] : x[3];
    return a > b ? a : b;
}

/* The 4 x 4, transposed: see vec_avx512.h. */
ALWAYS void v_fours(vf x[4])
{
    const vf a = x[0], b = x[1], c = x[2], d = x[3];
    x[0] = (vf){a[0], b[0], c[0], d[0]};
    x[1] = (vf){a[1], b[1], c[1], d[1]};
    x[2] = (vf){a[2], b[2], c[2], d[2]};
    x[3] = (vf){a[3], b[3], c[3], d[3]};
}

ALWAYS vf v_quads(const float *p, const int *at)
{
    return v_load(p + at[0]);
}

/* Every fourth of 4 * VN numbers, from 0, 1, 2 and 3 on. */
ALWAYS void v_apart(const float *p, vf x[4])
{
    for (int i = 0; i < 4; i++)
        x[i] = v_load(p + 4 * i);
    v_fours(x);
}

/* And back: x[i] then holds numbers i VN on. */
ALWAYS void v_together(vf x[4])
{
    v_fours(x);
}
