/* tile_tmpl.h: the products' inner loops: a register tile, and strips of few rows for decoding.
 *
 * MR x NR accumulators stay in registers (14 x 32 on AVX-512: 28 of 32; 6 x 16 on AVX2: 12 of 16).
 * Rows are a compile-time number in each instance, so that short tiles cost what they compute; so
 * is the distance between rows of A where it is one of the two that occur (laid out: 1; attention's
 * weights: 64), or 14 addresses would not fit beside the rest.
 *
 * PRODUCT(x, y, sum) is a multiply-add of lanes; with PAIRS a lane is two numbers in bf16.
 */
#include "tensor/cpu/vec.h"

#define ROWS_4(X)  X(1) X(2) X(3) X(4)
#define ROWS_6(X)  ROWS_4(X) X(5) X(6)
#define ROWS_14(X) ROWS_6(X) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#if V_REGISTERS == 32
enum { MR = 14, STRIP_FLIGHT_1 = 4, STRIP_FLIGHT_2 = 4, STRIP_FLIGHT_4 = 2 };
#define TILE_ROWS ROWS_14
#elif V_REGISTERS == 16
enum { MR = 6, STRIP_FLIGHT_1 = 4, STRIP_FLIGHT_2 = 2, STRIP_FLIGHT_4 = 1 };
#define TILE_ROWS ROWS_6
#else
enum { MR = 4, STRIP_FLIGHT_1 = 4, STRIP_FLIGHT_2 = 2, STRIP_FLIGHT_4 = 1 };
#define TILE_ROWS ROWS_4
#endif

enum { NR = 2 * VN };

ALWAYS vf load_columns(const float *p, int n)
{
    return n >= VN ? v_load(p) : n > 0 ? v_load_n(p, n) : v_set(0.0f);
}

ALWAYS void store_columns(float *p, vf x, int n)
{
    if (n >= VN)
        v_store(p, x);
    else if (n > 0)
        v_store_n(p, x, n);
}

/* As tile_rows with one vector of columns. */
ALWAYS void tile_narrow(const dio_tile *t, const int rows, const bool whole, const int64_t a_row)
{
    const int cols = whole ? VN : t->cols;
    const int64_t a_col = t->a_col, b_row = t->b_row;
    const float *a = t->a, *b = t->b;
    vf c0[MR];
    UNROLL
    for (int r = 0; r < rows; r++)
        c0[r] = t->accumulate ? load_columns(t->c + r * t->c_row, cols) : v_set(0.0f);
    for (int64_t k = t->k; k > 0; k--) {
        const vf b0 = load_columns(b, cols);
        UNROLL
        for (int r = 0; r < rows; r++)
            c0[r] = PRODUCT(v_set(a[r * a_row]), b0, c0[r]);
        a += a_col;
        b += b_row;
    }
    UNROLL
    for (int r = 0; r < rows; r++)
        store_columns(t->c + r * t->c_row, c0[r], cols);
}

ALWAYS void tile_rows(const dio_tile *t, const int rows, const bool whole, const int64_t a_row)
{
    const int left = whole ? VN : t->cols, right = whole ? VN : t->cols - VN;
    const int64_t a_col = t->a_col, b_row = t->b_row;
    const float *a = t->a, *b = t->b;
    vf c0[MR], c1[MR];
    UNROLL
    for (int r = 0; r < rows; r++) {
        float *c = t->c + r * t->c_row;
        c0[r] = t->accumulate ? load_columns(c, left) : v_set(0.0f);
        c1[r] = t->accumulate ? load_columns(c + VN, right) : v_set(0.0f);
    }
    for (int64_t k = t->k; k > 0; k--) {
        vf b0 = load_columns(b, left), b1 = load_columns(b + VN, right);
        UNROLL
        for (int r = 0; r < rows; r++) {
            vf x = v_set(a[r * a_row]);
            c0[r] = PRODUCT(x, b0, c0[r]);
            c1[r] = PRODUCT(x, b1, c1[r]);
        }
        a += a_col;
        b += b_row;
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        float *c = t->c + r * t->c_row;
        store_columns(c, c0[r], left);
        store_columns(c + VN, c1[r], right);
    }
}

#define TILE(R)                                                                                    \
    static void tile_##R(const dio_tile *t)                                                        \
    {                                                                                              \
        if (t->cols == NR && t->a_row == 1)                                                        \
            tile_rows(t, R, true, 1);                                                              \
        else if (t->cols == NR && t->a_row == DIO_KEY_TILE)                                        \
            tile_rows(t, R, true, DIO_KEY_TILE);                                                   \
        else if (t->cols == VN && t->a_row == 1)                                                   \
            tile_narrow(t, R, true, 1);                                                            \
        else if (t->cols <= VN && t->a_row == DIO_KEY_TILE)                                        \
            tile_narrow(t, R, false, DIO_KEY_TILE);                                                \
        else if (t->cols <= VN)                                                                    \
            tile_narrow(t, R, false, t->a_row);                                                    \
        else                                                                                       \
            tile_rows(t, R, false, t->a_row);                                                      \
    }
TILE_ROWS(TILE)
#undef TILE

static void tile(const dio_tile *t)
{
#define TILE(R) tile_##R,
    static void (*const by_rows[MR])(const dio_tile *t) = {TILE_ROWS(TILE)};
#undef TILE
    by_rows[t->rows - 1](t);
}

/* VN lanes of a panel, widened. */
ALWAYS vf panel_load(const void *panel, int64_t at, const int dtype)
{
    if (dtype == DIO_F32)
        return v_load((const float *)panel + at);
    const uint16_t *p = (const uint16_t *)panel + at;
    return dtype == DIO_BF16 ? v_from_bf16(p) : v_from_f16(p);
}

/* How far ahead of its use a line is asked for. */
enum { STRIP_AHEAD = 1024 };

/* `panels` neighbouring panels in flight: enough independent chains to cover the latency of an
 * addition, enough streams to keep the memory busy. */
ALWAYS void strip_panels(const dio_strip *s, int64_t first, const int rows, const int panels,
                         const int dtype)
{
    const int64_t size = dtype == DIO_F32 ? 4 : 2, step = s->k * NR;
    const char *base = (const char *)s->packed + first * step * size;
    vf sum[8][2 * DIO_STRIP_ROWS];
    for (int p = 0; p < panels; p++)
        for (int r = 0; r < rows; r++) {
            const int64_t col = (first + p) * NR, left = s->cols - col;
            const float *c = s->c + r * s->c_row + col;
            const int n = left > NR ? NR : (int)left;
            sum[p][2 * r] = s->accumulate ? load_columns(c, n) : v_set(0.0f);
            sum[p][2 * r + 1] = s->accumulate ? load_columns(c + VN, n - VN) : v_set(0.0f);
        }
    for (int64_t k = 0; k < s->k; k++) {
        vf x[DIO_STRIP_ROWS];
        UNROLL
        for (int r = 0; r < rows; r++)
            x[r] = v_set(s->a[r * s->a_row + k * s->a_col]);
        UNROLL
        for (int p = 0; p < panels; p++) {
            const char *panel = base + p * step * size;
            vf b0 = panel_load(panel, k * NR, dtype), b1 = panel_load(panel, k * NR + VN, dtype);
            v_prefetch(panel + k * NR * size + STRIP_AHEAD);
            if (NR * size > 64)
                v_prefetch(panel + k * NR * size + STRIP_AHEAD + 64);
            UNROLL
            for (int r = 0; r < rows; r++) {
                sum[p][2 * r] = PRODUCT(x[r], b0, sum[p][2 * r]);
                sum[p][2 * r + 1] = PRODUCT(x[r], b1, sum[p][2 * r + 1]);
            }
        }
    }
    for (int p = 0; p < panels; p++)
        for (int r = 0; r < rows; r++) {
            const int64_t col = (first + p) * NR, left = s->cols - col;
            float *c = s->c + r * s->c_row + col;
            const int n = left > NR ? NR : (int)left;
            store_columns(c, sum[p][2 * r], n);
            store_columns(c + VN, sum[p][2 * r + 1], n - VN);
        }
}

ALWAYS void strip_typed(const dio_strip *s, const int rows, const int flight, const int dtype)
{
    const int64_t panels = (s->cols + NR - 1) / NR;
    int64_t p = 0;
    for (; p + flight <= panels; p += flight)
        strip_panels(s, p, rows, flight, dtype);
    for (; p < panels; p++)
        strip_panels(s, p, rows, 1, dtype);
}

#define STRIP(rows, flight)                                                                        \
    static void strip_##rows(const dio_strip *s)                                                   \
    {                                                                                              \
        if (PAIRS || s->dtype == DIO_F32)                                                          \
            strip_typed(s, rows, flight, DIO_F32);                                                 \
        else if (s->dtype == DIO_BF16)                                                             \
            strip_typed(s, rows, flight, DIO_BF16);                                                \
        else                                                                                       \
            strip_typed(s, rows, flight, DIO_F16);                                                 \
    }
STRIP(1, STRIP_FLIGHT_1)
STRIP(2, STRIP_FLIGHT_2)
STRIP(3, STRIP_FLIGHT_4)
STRIP(4, STRIP_FLIGHT_4)
#undef STRIP

static void strip(const dio_strip *s)
{
    static void (*const by_rows[DIO_STRIP_ROWS])(const dio_strip *s) = {strip_1, strip_2, strip_3,
                                                                        strip_4};
    by_rows[s->rows - 1](s);
}
