#pragma once
/* vec_avx512.h: 16 lanes. What plain vector extensions cannot say; see vec.h for the contract. */
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

enum { VN = 16 };
#define V_REGISTERS 32

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));
typedef double vd __attribute__((vector_size(64)));
typedef float vh __attribute__((vector_size(32)));

static inline vf v_set(float x)
{
    return (vf)_mm512_set1_ps(x);
}

static inline vf v_load(const float *p)
{
    return (vf)_mm512_loadu_ps(p);
}

static inline void v_store(float *p, vf x)
{
    _mm512_storeu_ps(p, (__m512)x);
}

static inline __mmask16 v_mask(int n)
{
    return (__mmask16)((1u << n) - 1);
}

static inline vf v_load_n(const float *p, int n)
{
    return (vf)_mm512_maskz_loadu_ps(v_mask(n), p);
}

static inline void v_store_n(float *p, vf x, int n)
{
    _mm512_mask_storeu_ps(p, v_mask(n), (__m512)x);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

static inline vf v_max(vf a, vf b)
{
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
}

static inline vf v_min(vf a, vf b)
{
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
}

static inline vf v_sqrt(vf a)
{
    return (vf)_mm512_sqrt_ps((__m512)a);
}

static inline vf v_two_prod(vf a, vf b, vf *low)
{
    vf high = a * b;
    *low = v_fma(a, b, -high);
    return high;
}

static inline vf v_from_bf16(const uint16_t *p)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return (vf)_mm512_slli_epi32(wide, 16);
}

static inline vf v_from_f16(const uint16_t *p)
{
    return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

static inline void v_to_f16(uint16_t *p, vf x)
{
    __m256i h = _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm256_storeu_si256((__m256i *)p, h);
}

/* The low 16 bits of each lane. */
static inline void v_store_low16(uint16_t *p, vi x)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16((__m512i)x));
}

static inline void v_prefetch(const void *p)
{
    _mm_prefetch((const char *)p, _MM_HINT_T0);
}

static inline bool v_any(vi mask)
{
    return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
}

static inline float v_sum(vf x)
{
    __m256 a = _mm512_castps512_ps256((__m512)x), b = _mm512_extractf32x8_ps((__m512)x, 1);
    a = _mm256_add_ps(a, b);
    __m128 c = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    c = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

static inline float v_top(vf x)
{
    __m256 a = _mm512_castps512_ps256((__m512)x), b = _mm512_extractf32x8_ps((__m512)x, 1);
    a = _mm256_max_ps(a, b);
    __m128 c = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    c = _mm_max_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_max_ss(c, _mm_movehdup_ps(c)));
}

/* The 4 x 4 in each quarter, transposed: element j of quad q of x[i] goes to element i of that of
 * x[j]. */
ALWAYS void v_fours(vf x[4])
{
    const __m512 a = _mm512_unpacklo_ps((__m512)x[0], (__m512)x[1]);
    const __m512 b = _mm512_unpackhi_ps((__m512)x[0], (__m512)x[1]);
    const __m512 c = _mm512_unpacklo_ps((__m512)x[2], (__m512)x[3]);
    const __m512 d = _mm512_unpackhi_ps((__m512)x[2], (__m512)x[3]);
    const __m512d al = _mm512_castps_pd(a), bl = _mm512_castps_pd(b);
    const __m512d cl = _mm512_castps_pd(c), dl = _mm512_castps_pd(d);
    x[0] = (vf)_mm512_unpacklo_pd(al, cl);
    x[1] = (vf)_mm512_unpackhi_pd(al, cl);
    x[2] = (vf)_mm512_unpacklo_pd(bl, dl);
    x[3] = (vf)_mm512_unpackhi_pd(bl, dl);
}

/* Quads from VN / 4 places. */
ALWAYS vf v_quads(const float *p, const int *at)
{
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(p + at[0]));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(p + at[1]), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(p + at[2]), 2);
    return (vf)_mm512_insertf32x4(x, _mm_loadu_ps(p + at[3]), 3);
}

/* Every fourth of 4 * VN numbers, from 0, 1, 2 and 3 on. */
ALWAYS void v_apart(const float *p, vf x[4])
{
    const __m512i even =
        _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(2));
    const __m512 a = _mm512_loadu_ps(p), b = _mm512_loadu_ps(p + 16);
    const __m512 c = _mm512_loadu_ps(p + 32), d = _mm512_loadu_ps(p + 48);
    const __m512 ab = _mm512_permutex2var_ps(a, even, b), cd = _mm512_permutex2var_ps(c, even, d);
    const __m512 ef = _mm512_permutex2var_ps(a, odd, b), gh = _mm512_permutex2var_ps(c, odd, d);
    x[0] = (vf)_mm512_shuffle_f32x4(ab, cd, 0x44);
    x[1] = (vf)_mm512_shuffle_f32x4(ab, cd, 0xee);
    x[2] = (vf)_mm512_shuffle_f32x4(ef, gh, 0x44);
    x[3] = (vf)_mm512_shuffle_f32x4(ef, gh, 0xee);
}

/* And back: x[i] then holds numbers i VN on. */
ALWAYS void v_together(vf x[4])
{
    const __m512i low = _mm512_setr_epi32(0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(4));
    const __m512 ab = _mm512_shuffle_f32x4((__m512)x[0], (__m512)x[1], 0x44);
    const __m512 cd = _mm512_shuffle_f32x4((__m512)x[0], (__m512)x[1], 0xee);
    const __m512 ef = _mm512_shuffle_f32x4((__m512)x[2], (__m512)x[3], 0x44);
    const __m512 gh = _mm512_shuffle_f32x4((__m512)x[2], (__m512)x[3], 0xee);
    x[0] = (vf)_mm512_permutex2var_ps(ab, low, ef);
    x[1] = (vf)_mm512_permutex2var_ps(ab, high, ef);
    x[2] = (vf)_mm512_permutex2var_ps(cd, low, gh);
    x[3] = (vf)_mm512_permutex2var_ps(cd, high, gh);
}

/* x[r] holds row r; afterwards x[c] holds column c. Written as the four instructions that move a
 * quarter of a register: from a general shuffle gcc 12 makes three times as many. */
ALWAYS void v_square(vf x[VN])
{
    __m512 y[VN];
    UNROLL
    for (int r = 0; r < VN; r += 2) { /* pairs of rows */
        y[r] = _mm512_unpacklo_ps((__m512)x[r], (__m512)x[r + 1]);
        y[r + 1] = _mm512_unpackhi_ps((__m512)x[r], (__m512)x[r + 1]);
    }
    UNROLL
    for (int r = 0; r < VN; r += 4) /* fours: quarter q of x[r + c] is column 4 q + c */
        for (int h = 0; h < 2; h++) {
            const __m512d a = _mm512_castps_pd(y[r + h]), b = _mm512_castps_pd(y[r + 2 + h]);
            x[r + 2 * h] = (vf)_mm512_unpacklo_pd(a, b);
            x[r + 2 * h + 1] = (vf)_mm512_unpackhi_pd(a, b);
        }
    UNROLL
    for (int c = 0; c < 4; c++) {
        const __m512 even0 = _mm512_shuffle_f32x4((__m512)x[c], (__m512)x[c + 4], 0x88);
        const __m512 odd0 = _mm512_shuffle_f32x4((__m512)x[c], (__m512)x[c + 4], 0xdd);
        const __m512 even1 = _mm512_shuffle_f32x4((__m512)x[c + 8], (__m512)x[c + 12], 0x88);
        const __m512 odd1 = _mm512_shuffle_f32x4((__m512)x[c + 8], (__m512)x[c + 12], 0xdd);
        x[c] = (vf)_mm512_shuffle_f32x4(even0, even1, 0x88);
        x[c + 4] = (vf)_mm512_shuffle_f32x4(odd0, odd1, 0x88);
        x[c + 8] = (vf)_mm512_shuffle_f32x4(even0, even1, 0xdd);
        x[c + 12] = (vf)_mm512_shuffle_f32x4(odd0, odd1, 0xdd);
    }
}
