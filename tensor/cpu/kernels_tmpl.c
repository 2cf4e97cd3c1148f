/* kernels_tmpl.c: one instruction set's table of row kernels. Compiled once for each set, with
 * DIO_VEC naming its vector header and the flags that it needs; see tensor/CMakeLists.txt.
 */
#include <string.h>

#include "tensor/cpu/cpu.h"
#include "tensor/cpu/cpu_tables.h"

#include "tensor/cpu/vec.h"

/* What a tile does with a lane of each operand. */
#define PRODUCT(x, y, sum) v_fma(x, y, sum)
enum { PAIRS = 0 };

#include "tensor/cpu/rows_tmpl.h"
#include "tensor/cpu/tile_tmpl.h"

#include "tensor/cpu/line_tmpl.h"
#include "tensor/cpu/peak_tmpl.h"
#include "tensor/cpu/score_tmpl.h"
#include "tensor/cpu/transpose_tmpl.h"
#include "tensor/cpu/unary_tmpl.h"
#include "tensor/cpu/wino_tmpl.h"

#include "tensor/cpu/toom_tmpl.h"
#include "tensor/cpu/wino_kernel_tmpl.h"

#define UNARY(name)                                                                                \
    static void unary_##name(float *y, const float *x, int64_t n, float p, float q)                \
    {                                                                                              \
        const vf vp = v_set(p), vq = v_set(q);                                                     \
        for (int64_t i = 0; i < n; i += VN)                                                        \
            put(y, i, n - i, f_##name(at(x, i, n - i, 1), vp, vq));                                \
    }                                                                                              \
    static void slope_##name(float *dx, const float *dy, const float *x, int64_t n, float p,       \
                             float q)                                                              \
    {                                                                                              \
        const vf vp = v_set(p), vq = v_set(q);                                                     \
        for (int64_t i = 0; i < n; i += VN)                                                        \
            put(dx, i, n - i, at(dy, i, n - i, 1) * d_##name(at(x, i, n - i, 1), vp, vq));         \
    }                                                                                              \
    static void glu_##name(float *y, const float *a, const float *b, int64_t n)                    \
    {                                                                                              \
        const vf none = v_set(0.0f);                                                               \
        for (int64_t i = 0; i < n; i += VN)                                                        \
            put(y, i, n - i, f_##name(at(a, i, n - i, 1), none, none) * at(b, i, n - i, 1));       \
    }                                                                                              \
    static void glu_slope_##name(float *da, float *db, const float *dy, const float *a,            \
                                 const float *b, int64_t n)                                        \
    {                                                                                              \
        const vf none = v_set(0.0f);                                                               \
        for (int64_t i = 0; i < n; i += VN) {                                                      \
            vf x = at(a, i, n - i, 1), d = at(dy, i, n - i, 1), z = at(b, i, n - i, 1);            \
            put(da, i, n - i, d * z * d_##name(x, none, none));                                    \
            put(db, i, n - i, d * f_##name(x, none, none));                                        \
        }                                                                                          \
    }
EACH_UNARY(UNARY)
#undef UNARY

#define GLU(name) glu_##name,
static void glu(int act, float *y, const float *a, const float *b, int64_t n)
{
    static void (*const by_act[])(float *, const float *, const float *,
                                  int64_t) = {EACH_UNARY(GLU)};
    by_act[act](y, a, b, n);
}
#undef GLU

#define GLU(name) glu_slope_##name,
static void glu_grad(int act, float *da, float *db, const float *dy, const float *a, const float *b,
                     int64_t n)
{
    static void (*const by_act[])(float *, float *, const float *, const float *, const float *,
                                  int64_t) = {EACH_UNARY(GLU)};
    by_act[act](da, db, dy, a, b, n);
}
#undef GLU

#define UNARY(name) unary_##name,
#define SLOPE(name) slope_##name,
#define TABLE(isa_, symbol, vnni)                                                                  \
    const dio_cpu dio_cpu_##symbol = {                                                             \
        .isa = isa_,                                                                               \
        .name = #symbol,                                                                           \
        .unary = {EACH_UNARY(UNARY)},                                                              \
        .unary_grad = {EACH_UNARY(SLOPE)},                                                         \
        .glu = glu,                                                                                \
        .glu_grad = glu_grad,                                                                      \
        .add = span_add,                                                                           \
        .sub = span_sub,                                                                           \
        .mul = span_mul,                                                                           \
        .div = span_div,                                                                           \
        .max = span_max,                                                                           \
        .min = span_min,                                                                           \
        .axpb = span_axpb,                                                                         \
        .fma_span = span_fma,                                                                      \
        .sum = row_sum,                                                                            \
        .sum_squares = row_sum_squares,                                                            \
        .dot = row_dot,                                                                            \
        .max_of = row_max,                                                                         \
        .exp_sum = row_exp_sum,                                                                    \
        .layer_norm = row_layer_norm,                                                              \
        .rms_norm = row_rms_norm,                                                                  \
        .norm_grad = row_norm_grad,                                                                \
        .score_row = score_row,                                                                    \
        .score_row_grad = score_row_grad,                                                          \
        .to_f32 = row_to_f32,                                                                      \
        .from_f32 = row_from_f32,                                                                  \
        .mr = MR,                                                                                  \
        .nr = NR,                                                                                  \
        .tile = tile,                                                                              \
        .line = line,                                                                              \
        .toom_in = toom_in,                                                                        \
        .toom_out = toom_out,                                                                      \
        .toom_join = toom_join,                                                                    \
        .toom_kernel = toom_kernel,                                                                \
        .strip = strip,                                                                            \
        .transpose = transpose,                                                                    \
        .copy_block = copy_block,                                                                  \
        .wino_in = wino_in,                                                                        \
        .wino_out = wino_out,                                                                      \
        .wino_kernel = wino_kernel,                                                                \
        .wino_slope = wino_slope,                                                                  \
        .lanes = VN,                                                                               \
        .peak_fma = peak_fma,                                                                      \
        .peak_vnni = vnni,                                                                         \
        .peak_read = peak_read,                                                                    \
    }

/* VNNI adds instructions for integers only: its floats are AVX-512's. */
#if V_REGISTERS == 32
TABLE(DIO_ISA_AVX512, avx512, NULL);
TABLE(DIO_ISA_AVX512VNNI, avx512vnni, dio_cpu_peak_vnni);
#elif V_REGISTERS == 16
TABLE(DIO_ISA_AVX2, avx2, NULL);
#else
TABLE(DIO_ISA_GENERIC, generic, NULL);
#endif
