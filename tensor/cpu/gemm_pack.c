/* gemm_pack.c: panels of B, nr columns wide, and of A, mr rows high, k after k.
 *
 * Transposition, strides and half types end here: the inner loops see one layout. A packed weight
 * keeps its element type, so that decoding reads half the bytes for bf16; columns past n are zero.
 */
#include <string.h>

#include "tensor/cpu/gemm_impl.h"

static size_t size_of(dio_dtype t)
{
    return t == DIO_F32 ? 4 : 2;
}

size_t dio_gemm_pack_bytes(const dio_cpu *cpu, int64_t n, int64_t k, dio_dtype dtype)
{
    return (size_t)((n + cpu->nr - 1) / cpu->nr * cpu->nr * k) * size_of(dtype);
}

/* One panel, any element type: eight columns of b at a time, so that a cache line of each is read
 * from end to end while eight neighbours of the panel are written. */
#define PANEL(name, type)                                                                          \
    static void name(type *restrict out, int nr, const type *restrict b, int64_t row, int64_t col, \
                     int64_t k, int cols)                                                          \
    {                                                                                              \
        if (cols < nr)                                                                             \
            memset(out, 0, (size_t)(k * nr) * sizeof(type));                                       \
        if (col == 1) {                                                                            \
            for (int64_t i = 0; i < k; i++)                                                        \
                memcpy(out + i * nr, b + i * row, (size_t)cols * sizeof(type));                    \
            return;                                                                                \
        }                                                                                          \
        int j = 0;                                                                                 \
        for (; j + 8 <= cols; j += 8) {                                                            \
            const type *restrict from = b + j * col;                                               \
            type *restrict to = out + j;                                                           \
            for (int64_t i = 0; i < k; i++)                                                        \
                for (int u = 0; u < 8; u++)                                                        \
                    to[i * nr + u] = from[i * row + u * col];                                      \
        }                                                                                          \
        for (; j < cols; j++)                                                                      \
            for (int64_t i = 0; i < k; i++)                                                        \
                out[i * nr + j] = b[i * row + j * col];                                            \
    }
PANEL(panel_f32, float)
PANEL(panel_half, uint16_t)
#undef PANEL

/* A panel of f32; the transposition of a row-major weight is done in registers. */
static void panel_of_floats(const dio_cpu *cpu, float *out, const float *b, int64_t row,
                            int64_t col, int64_t k, int cols)
{
    if (row == 1 && col != 1) {
        if (cols < cpu->nr)
            memset(out, 0, (size_t)(k * cpu->nr) * sizeof *out);
        cpu->transpose(out, cpu->nr, b, col, cols, k);
    } else if (col == 1 && cols == cpu->nr) {
        cpu->copy_block(out, cpu->nr, b, row, k, cols);
    } else {
        panel_f32(out, cpu->nr, b, row, col, k, cols);
    }
}

void dio_gemm_pack(const dio_cpu *cpu, int64_t n, int64_t k, const void *b, dio_dtype dtype,
                   int64_t b_row, int64_t b_col, void *out)
{
    for (int64_t j = 0; j < n; j += cpu->nr) {
        int cols = n - j < cpu->nr ? (int)(n - j) : cpu->nr;
        if (dtype == DIO_F32)
            panel_of_floats(cpu, (float *)out + j * k, (const float *)b + j * b_col, b_row, b_col,
                            k, cols);
        else
            panel_half((uint16_t *)out + j * k, cpu->nr, (const uint16_t *)b + j * b_col, b_row,
                       b_col, k, cols);
    }
}

void dio_gemm_pack_b(const dio_cpu *cpu, const dio_gemm *p, int64_t j, int64_t k0, int64_t kc,
                     float *out)
{
    const int nr = cpu->nr, cols = p->n - j < nr ? (int)(p->n - j) : nr;
    if (p->packed) { /* f32 is used where it stands */
        cpu->to_f32(out, (const uint16_t *)p->packed + j * p->k + k0 * nr, p->b_dtype, kc * nr);
        return;
    }
    const int64_t at = k0 * p->b_row + j * p->b_col;
    if (p->b_dtype == DIO_F32) {
        panel_of_floats(cpu, out, (const float *)p->b + at, p->b_row, p->b_col, kc, cols);
        return;
    }
    enum { ROWS = 16, WIDEST = 32 };
    uint16_t room[ROWS * WIDEST];
    for (int64_t k = 0; k < kc; k += ROWS) {
        int64_t rows = kc - k < ROWS ? kc - k : ROWS;
        panel_half(room, nr, (const uint16_t *)p->b + at + k * p->b_row, p->b_row, p->b_col, rows,
                   cols);
        cpu->to_f32(out + k * nr, room, p->b_dtype, rows * nr);
    }
}

void dio_gemm_pack_a(const dio_cpu *cpu, const dio_gemm *p, int64_t i, int rows, int64_t k0,
                     int64_t kc, float *out)
{
    const float *a = p->a + i * p->a_row + k0 * p->a_col;
    const int64_t row = p->a_row, col = p->a_col;
    const int mr = cpu->mr;
    if (row == 1) {
        cpu->copy_block(out, mr, a, col, kc, rows);
        return;
    }
    if (col == 1) {
        cpu->transpose(out, mr, a, row, rows, kc);
        return;
    }
    for (int r = 0; r < rows; r++)
        for (int64_t k = 0; k < kc; k++)
            out[k * mr + r] = a[r * row + k * col];
}
