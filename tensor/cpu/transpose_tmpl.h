/* transpose_tmpl.h: rows become columns, VN x VN numbers at a time in registers, or are copied.
 * Laying out operands for products is mostly this.
 */
#include "tensor/cpu/vec.h"

#if V_REGISTERS < 32
/* Neighbours at distance d change places: lanes with bit d of their number set come from the
 * other vector. Three such steps transpose 8 x 8. */
#if V_REGISTERS == 16
#define SWAP_LOW(a, b, d)                                                                          \
    __builtin_shufflevector(a, b, L(0, d), L(1, d), L(2, d), L(3, d), L(4, d), L(5, d), L(6, d),   \
                            L(7, d))
#define SWAP_HIGH(a, b, d)                                                                         \
    __builtin_shufflevector(a, b, H(0, d), H(1, d), H(2, d), H(3, d), H(4, d), H(5, d), H(6, d),   \
                            H(7, d))
#define STEPS(X) X(4) X(2) X(1)
#else
#define SWAP_LOW(a, b, d)  __builtin_shufflevector(a, b, L(0, d), L(1, d), L(2, d), L(3, d))
#define SWAP_HIGH(a, b, d) __builtin_shufflevector(a, b, H(0, d), H(1, d), H(2, d), H(3, d))
#define STEPS(X)           X(2) X(1)
#endif
#define L(i, d) ((i) & (d) ? VN + (i) - (d) : (i))
#define H(i, d) ((i) & (d) ? VN + (i) : (i) + (d))

/* x[r] holds row r; afterwards x[c] holds column c. */
ALWAYS void v_square(vf x[VN])
{
#define STEP(d)                                                                                    \
    UNROLL                                                                                         \
    for (int r = 0; r < VN; r++)                                                                   \
        if (!(r & (d))) {                                                                          \
            const vf low = SWAP_LOW(x[r], x[r + (d)], d), high = SWAP_HIGH(x[r], x[r + (d)], d);   \
            x[r] = low;                                                                            \
            x[r + (d)] = high;                                                                     \
        }
    STEPS(STEP)
#undef STEP
}
#undef L
#undef H
#undef STEPS
#endif

/* At most VN x VN of it. Rows past `height` read the last one, and are not written. */
ALWAYS void transpose_square(float *out, int64_t out_row, const float *in, int64_t in_row,
                             const int height, const int width)
{
    vf x[VN];
    UNROLL
    for (int r = 0; r < VN; r++)
        x[r] = load_columns(in + (r < height ? r : height - 1) * in_row, width);
    v_square(x);
    UNROLL
    for (int c = 0; c < VN; c++)
        if (c < width)
            store_columns(out + c * out_row, x[c], height);
}

/* out[c * out_row + r] = in[r * in_row + c] for r < rows, c < cols. */
static void transpose(float *out, int64_t out_row, const float *in, int64_t in_row, int64_t rows,
                      int64_t cols)
{
    for (int64_t r = 0; r < rows; r += VN)
        for (int64_t c = 0; c < cols; c += VN) {
            const int height = rows - r < VN ? (int)(rows - r) : VN;
            const int width = cols - c < VN ? (int)(cols - c) : VN;
            float *to = out + c * out_row + r;
            const float *from = in + r * in_row + c;
            if (height == MR && width == VN) /* A, laid out for tiles */
                transpose_square(to, out_row, from, in_row, MR, VN);
            else if (height == VN && width == VN)
                transpose_square(to, out_row, from, in_row, VN, VN);
            else if (width == VN)
                transpose_square(to, out_row, from, in_row, height, VN);
            else
                transpose_square(to, out_row, from, in_row, height, width);
        }
}

/* out[r * out_row + c] = in[r * in_row + c]; cols is small: a panel's width. */
static void copy_block(float *out, int64_t out_row, const float *in, int64_t in_row, int64_t rows,
                       int64_t cols)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c += VN)
            put(out + r * out_row, c, cols - c, at(in + r * in_row, c, cols - c, 1));
}
