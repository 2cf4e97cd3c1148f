#pragma once
/* vec_avx2.h: 8 lanes, with FMA and F16C; see vec.h for the contract. */
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

enum { VN = 8 };
#define V_REGISTERS 16

typedef float vf __attribute__((vector_size(32)));
typedef int32_t vi __attribute__((vector_size(32)));
typedef double vd __attribute__((vector_size(32)));
typedef float vh __attribute__((vector_size(16)));

static inline vf v_set(float x)
{
    return (vf)_mm256_set1_ps(x);
}

static inline vf v_load(const float *p)
{
    return (vf)_mm256_loadu_ps(p);
}

static inline void v_store(float *p, vf x)
{
    _mm256_storeu_ps(p, (__m256)x);
}

static inline __m256i v_mask(int n)
{
    return (__m256i)((vi){0, 1, 2, 3, 4, 5, 6, 7} < n);
}

static inline vf v_load_n(const float *p, int n)
{
    return (vf)_mm256_maskload_ps(p, v_mask(n));
}

static inline void v_store_n(float *p, vf x, int n)
{
    _mm256_maskstore_ps(p, v_mask(n), (__m256)x);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

static inline vf v_max(vf a, vf b)
{
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}

static inline vf v_min(vf a, vf b)
{
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
}

static inline vf v_sqrt(vf a)
{
    return (vf)_mm256_sqrt_ps((__m256)a);
}

static inline vf v_two_prod(vf a, vf b, vf *low)
{
    vf high = a * b;
    *low = v_fma(a, b, -high);
    return high;
}

static inline vf v_from_bf16(const uint16_t *p)
{
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return (vf)_mm256_slli_epi32(wide, 16);
}

static inline vf v_from_f16(const uint16_t *p)
{
    return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

static inline void v_to_f16(uint16_t *p, vf x)
{
    __m128i h = _mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128((__m128i *)p, h);
}

/* The low 16 bits of each lane. */
static inline void v_store_low16(uint16_t *p, vi x)
{
    vi low = x & 0xffff;
    __m256i pairs = _mm256_packus_epi32((__m256i)low, (__m256i)low);
    __m256i joined = _mm256_permute4x64_epi64(pairs, 0x08);
    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(joined));
}

static inline void v_prefetch(const void *p)
{
    _mm_prefetch((const char *)p, _MM_HINT_T0);
}

static inline bool v_any(vi mask)
{
    return _mm256_movemask_ps((__m256)mask) != 0;
}

static inline float v_sum(vf x)
{
    __m128 a = _mm256_castps256_ps128((__m256)x), b = _mm256_extractf128_ps((__m256)x, 1);
    a = _mm_add_ps(a, b);
    a = _mm_add_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_add_ss(a, _mm_movehdup_ps(a)));
}

static inline float v_top(vf x)
{
    __m128 a = _mm256_castps256_ps128((__m256)x), b = _mm256_extractf128_ps((__m256)x, 1);
    a = _mm_max_ps(a, b);
    a = _mm_max_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_max_ss(a, _mm_movehdup_ps(a)));
}

/* The 4 x 4 in each half, transposed: see vec_avx512.h. */
ALWAYS void v_fours(vf x[4])
{
    const __m256 a = _mm256_unpacklo_ps((__m256)x[0], (__m256)x[1]);
    const __m256 b = _mm256_unpackhi_ps((__m256)x[0], (__m256)x[1]);
    const __m256 c = _mm256_unpacklo_ps((__m256)x[2], (__m256)x[3]);
    const __m256 d = _mm256_unpackhi_ps((__m256)x[2], (__m256)x[3]);
    const __m256d al = _mm256_castps_pd(a), bl = _mm256_castps_pd(b);
    const __m256d cl = _mm256_castps_pd(c), dl = _mm256_castps_pd(d);
    x[0] = (vf)_mm256_unpacklo_pd(al, cl);
    x[1] = (vf)_mm256_unpackhi_pd(al, cl);
    x[2] = (vf)_mm256_unpacklo_pd(bl, dl);
    x[3] = (vf)_mm256_unpackhi_pd(bl, dl);
}

ALWAYS vf v_quads(const float *p, const int *at)
{
    const __m256 x = _mm256_castps128_ps256(_mm_loadu_ps(p + at[0]));
    return (vf)_mm256_insertf128_ps(x, _mm_loadu_ps(p + at[1]), 1);
}

/* Every fourth of 4 * VN numbers, from 0, 1, 2 and 3 on. */
ALWAYS void v_apart(const float *p, vf x[4])
{
    const int at[] = {0, 16};
    for (int i = 0; i < 4; i++)
        x[i] = v_quads(p + 4 * i, at);
    v_fours(x);
}

/* And back: x[i] then holds numbers i VN on. */
ALWAYS void v_together(vf x[4])
{
    v_fours(x);
    const __m256 a = (__m256)x[0], b = (__m256)x[1], c = (__m256)x[2], d = (__m256)x[3];
    x[0] = (vf)_mm256_permute2f128_ps(a, b, 0x20);
    x[1] = (vf)_mm256_permute2f128_ps(c, d, 0x20);
    x[2] = (vf)_mm256_permute2f128_ps(a, b, 0x31);
    x[3] = (vf)_mm256_permute2f128_ps(c, d, 0x31);
}
