/* pairs_avx512.c: the fast mode's tile, strips and rounding: AVX-512 with BF16's instructions.
 *
 * vdpbf16ps adds two products to each float: first those of the pair's first numbers or of the
 * second, as the processor has it, flushing what is below normal; so bits may differ between makes
 * of processors, but on one they depend on the operands alone. Everything else is the f32 tile's.
 */
#define DIO_VEC "tensor/cpu/vec_avx512.h"
#include "tensor/cpu/vec.h"

#include "tensor/cpu/cpu_tables.h"

ALWAYS vf pair_product(vf x, vf y, vf sum)
{
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)y);
}

#define PRODUCT(x, y, sum) pair_product(x, y, sum)
enum { PAIRS = 1 };

#include "tensor/cpu/tile_tmpl.h"

#include "tensor/cpu/peak_tmpl.h"

static void round_pairs(float *out, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i += 2 * VN) {
        const int left = n - i < 2 * VN ? (int)(n - i) : 2 * VN;
        const vf low = load_columns(x + i, left), high = load_columns(x + i + VN, left - VN);
        const vf both = (vf)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
        store_columns(out + i / 2, both, (left + 1) / 2);
    }
}

const dio_pairs dio_pairs_avx512 = {
    .name = "avx512_bf16",
    .tile = tile,
    .strip = strip,
    .round = round_pairs,
    .peak = peak_fma,
};
