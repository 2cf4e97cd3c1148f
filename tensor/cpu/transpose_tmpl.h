/* transpose_tmpl.h: rows become columns, VN x VN numbers at a time in registers, or are copied.
 * Laying out operands for products is mostly this.
 */
#include "tensor/cpu/vec.h"

#if V_REGISTERS == 32
/* Neighbours at distance d change places: lanes with bit d of their number set come from the
 * other vector. Four such steps transpose 16 x 16. */
#define SWAP_LOW(a, b, d)                                                                          \
    __builtin_shufflevector(a, b, L(0, d), L(1, d), L(2, d), L(3, d), L(4, d), L(5, d), L(6, d),   \
                            L(7, d), L(8, d), L(9, d), L(10, d), L(11, d), L(12, d), L(13, d),     \
                            L(14, d), L(15, d))
#define SWAP_HIGH(a, b, d)                                                                         \
    __builtin_shufflevector(a, b, H(0, d), H(1, d), H(2, d), H(3, d), H(4, d), H(5, d), H(6, d),   \
                            H(7, d), H(8, d), H(9, d), H(10, d), H(11, d), H(12, d), H(13, d),     \
                            H(14, d), H(15, d))
#define STEPS(X) X(8) X(4) X(2) X(1)
#elif V_REGISTERS == 16
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
ALWAYS void square(vf x[VN])
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

/* out[c * out_row + r] = in[r * in_row + c] for r < rows, c < cols. */
static void transpose(float *out, int64_t out_row, const float *in, int64_t in_row, int64_t rows,
                      int64_t cols)
{
    for (int64_t r0 = 0; r0 < rows; r0 += VN)
        for (int64_t c0 = 0; c0 < cols; c0 += VN) {
            const int height = rows - r0 < VN ? (int)(rows - r0) : VN;
            const int width = cols - c0 < VN ? (int)(cols - c0) : VN;
            const float *from = in + r0 * in_row + c0;
            vf x[VN];
            if (height == VN && width == VN) {
                UNROLL
                for (int r = 0; r < VN; r++)
                    x[r] = v_load(from + r * in_row);
            } else {
                UNROLL
                for (int r = 0; r < VN; r++)
                    x[r] = r < height ? load_columns(from + r * in_row, width) : v_set(0.0f);
            }
            square(x);
            float *to = out + c0 * out_row + r0;
            UNROLL
            for (int c = 0; c < VN; c++)
                if (c < width)
                    store_columns(to + c * out_row, x[c], height);
        }
}
#undef L
#undef H
#undef STEPS

/* out[r * out_row + c] = in[r * in_row + c]; cols is small: a panel's width. */
static void copy_block(float *out, int64_t out_row, const float *in, int64_t in_row, int64_t rows,
                       int64_t cols)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c += VN)
            put(out + r * out_row, c, cols - c, at(in + r * in_row, c, cols - c, 1));
}
