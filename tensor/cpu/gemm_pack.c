/* gemm_pack.c: panels of B, nr columns wide, and of A, mr rows high, k after k.
 *
 * Transposition, strides and half types end here: the inner loops see one layout. A packed weight
 * keeps its element type, so that decoding reads half the bytes for bf16; columns past n are zero.
 * In the fast mode what is laid out is pairs, from bf16 as they are and from A rounded.
 */
#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/gemm_impl.h"

enum { ALONE = 1 << 16 }; /* numbers that one thread has packed before others are awake */

static size_t size_of(dio_dtype t)
{
    return t == DIO_F32 ? 4 : 2;
}

size_t dio_gemm_pack_bytes(const dio_cpu *cpu, int64_t n, int64_t k, dio_dtype dtype)
{
    const int64_t padded = (n + cpu->nr - 1) / cpu->nr * cpu->nr;
    if (dio_gemm_in_pairs(cpu, dtype))
        return (size_t)(padded * dio_gemm_lanes(cpu, dtype, k)) * sizeof(float);
    return (size_t)(padded * k) * size_of(dtype);
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

/* A panel of pairs: rows 2i and 2i + 1 of column j are neighbours. */
static void panel_pairs(uint16_t *restrict out, int nr, const uint16_t *restrict b, int64_t row,
                        int64_t col, int64_t k, int cols)
{
    if (cols < nr || k % 2)
        memset(out, 0, (size_t)((k + 1) / 2 * 2 * nr) * sizeof *out);
    for (int j0 = 0; j0 < cols; j0 += 8) { /* as in PANEL */
        const int width = cols - j0 < 8 ? cols - j0 : 8;
        for (int64_t i = 0; i + 1 < k; i += 2)
            for (int j = j0; j < j0 + width; j++) {
                out[i * nr + 2 * j] = b[i * row + j * col];
                out[i * nr + 2 * j + 1] = b[(i + 1) * row + j * col];
            }
    }
    for (int j = 0; j < cols && k % 2; j++)
        out[(k - 1) * nr + 2 * j] = b[(k - 1) * row + j * col];
}

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

struct packing {
    const dio_cpu *cpu;
    int64_t n, k, b_row, b_col;
    const void *b;
    dio_dtype dtype;
    void *out;
};

static void pack_panel(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct packing *p = user;
    const int64_t k = p->k, j = item * p->cpu->nr, at = j * p->b_col;
    const int nr = p->cpu->nr, cols = p->n - j < nr ? (int)(p->n - j) : nr;
    if (p->dtype == DIO_F32)
        panel_of_floats(p->cpu, (float *)p->out + j * k, (const float *)p->b + at, p->b_row,
                        p->b_col, k, cols);
    else if (dio_gemm_in_pairs(p->cpu, p->dtype))
        panel_pairs((uint16_t *)p->out + j * (k + k % 2), nr, (const uint16_t *)p->b + at, p->b_row,
                    p->b_col, k, cols);
    else
        panel_half((uint16_t *)p->out + j * k, nr, (const uint16_t *)p->b + at, p->b_row, p->b_col,
                   k, cols);
}

void dio_gemm_pack(const dio_cpu *cpu, int64_t n, int64_t k, const void *b, dio_dtype dtype,
                   int64_t b_row, int64_t b_col, void *out)
{
    struct packing p = {cpu, n, k, b_row, b_col, b, dtype, out};
    const int64_t panels = (n + cpu->nr - 1) / cpu->nr;
    if (n * k > ALONE)
        dio_gang_run(panels, pack_panel, &p);
    else
        for (int64_t i = 0; i < panels; i++)
            pack_panel(&p, i, 0);
}

void dio_gemm_pack_b(const dio_cpu *cpu, const dio_gemm *p, int64_t j, int64_t k0, int64_t kc,
                     float *out)
{
    const int nr = cpu->nr, cols = p->n - j < nr ? (int)(p->n - j) : nr;
    if (dio_gemm_in_pairs(cpu, p->b_dtype)) {
        const int64_t left = p->k - 2 * k0;
        panel_pairs((uint16_t *)out, nr, (const uint16_t *)p->b + 2 * k0 * p->b_row + j * p->b_col,
                    p->b_row, p->b_col, left < 2 * kc ? left : 2 * kc, cols);
        return;
    }
    if (p->packed) { /* f32 and pairs are used where they stand */
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

void dio_gemm_round_a(const dio_cpu *cpu, const dio_gemm *p, int64_t i, int64_t k0, int64_t n,
                      float *out)
{
    const float *a = (const float *)p->a + i * p->a_row + 2 * k0 * p->a_col;
    const int64_t left = p->k - 2 * k0, count = left < 2 * n ? left : 2 * n;
    if (p->a_col == 1) {
        cpu->pairs->round(out, a, count);
        return;
    }
    for (int64_t k = 0; k < count; k += 2) {
        const float two[2] = {a[k * p->a_col], k + 1 < count ? a[(k + 1) * p->a_col] : 0.0f};
        cpu->pairs->round(out + k / 2, two, 2);
    }
}

static void pack_a_pairs(const dio_cpu *cpu, const dio_gemm *p, int64_t i, int rows, int64_t k0,
                         int64_t kc, float *out)
{
    enum { LANES = 64, HIGHEST = 16 };
    float room[HIGHEST * LANES];
    for (int64_t k = 0; k < kc; k += LANES) {
        const int64_t n = kc - k < LANES ? kc - k : LANES;
        for (int r = 0; r < rows; r++)
            dio_gemm_round_a(cpu, p, i + r, k0 + k, n, room + r * LANES);
        cpu->transpose(out + k * cpu->mr, cpu->mr, room, LANES, rows, n);
    }
}

static void pack_a_halves(const dio_cpu *cpu, const dio_gemm *p, int64_t i, int rows, int64_t k0,
                          int64_t kc, float *out)
{
    enum { LANES = 64, HIGHEST = 16 };
    float room[HIGHEST * LANES];
    const uint16_t *a = (const uint16_t *)p->a + i * p->a_row + k0 * p->a_col;
    for (int64_t k = 0; k < kc; k += LANES) {
        const int64_t n = kc - k < LANES ? kc - k : LANES;
        for (int r = 0; r < rows; r++)
            if (p->a_col == 1)
                cpu->to_f32(room + r * LANES, a + r * p->a_row + k, p->a_dtype, n);
            else
                for (int64_t c = 0; c < n; c++)
                    cpu->to_f32(room + r * LANES + c, a + r * p->a_row + (k + c) * p->a_col,
                                p->a_dtype, 1);
        cpu->transpose(out + k * cpu->mr, cpu->mr, room, LANES, rows, n);
    }
}

void dio_gemm_pack_a(const dio_cpu *cpu, const dio_gemm *p, int64_t i, int rows, int64_t k0,
                     int64_t kc, float *out)
{
    if (p->a_dtype != DIO_F32) {
        pack_a_halves(cpu, p, i, rows, k0, kc, out);
        return;
    }
    const float *a = (const float *)p->a + i * p->a_row + k0 * p->a_col;
    const int64_t row = p->a_row, col = p->a_col;
    const int mr = cpu->mr;
    if (dio_gemm_in_pairs(cpu, p->b_dtype)) {
        pack_a_pairs(cpu, p, i, rows, k0, kc, out);
        return;
    }
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
