/* line_tmpl.h: the inner loop of convolutions along a signal; see line.c.
 *
 * As tile_tmpl.h, with MR x NR accumulators in registers; but a row of the right operand is read
 * once for each tap, a few places on, from where it lies.
 */

ALWAYS void line_rows(const dio_line_tile *t, const int rows, const int wide)
{
    const float *w = t->w, *x = t->x;
    const int64_t *const at = t->at, *const end = at + t->taps;
    const int64_t x_row = t->x_row;
    vf sum[MR][2];
    UNROLL
    for (int r = 0; r < rows; r++) {
        const float *y = t->y + r * t->y_row;
        UNROLL
        for (int v = 0; v < wide; v++)
            sum[r][v] = t->accumulate ? load_columns(y + v * VN, t->cols - v * VN)
                                      : v_set(t->bias ? t->bias[r] : 0.0f);
    }
    for (int64_t c = t->channels; c > 0; c--) {
        for (const int64_t *tap = at; tap < end; tap++) {
            vf p[2];
            UNROLL
            for (int v = 0; v < wide; v++)
                p[v] = v_load(x + *tap + v * VN);
            UNROLL
            for (int r = 0; r < rows; r++) {
                const vf k = v_set(w[r]);
                UNROLL
                for (int v = 0; v < wide; v++)
                    sum[r][v] = v_fma(k, p[v], sum[r][v]);
            }
            w += rows;
        }
        x += x_row;
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        const float *add = t->add ? t->add + r * t->y_row : NULL;
        float *y = t->y + r * t->y_row;
        UNROLL
        for (int v = 0; v < wide; v++) {
            const int cols = t->cols - v * VN;
            if (add)
                sum[r][v] = sum[r][v] + load_columns(add + v * VN, cols);
            store_columns(y + v * VN, sum[r][v], cols);
        }
    }
}

#define LINE(R)                                                                                    \
    static void line_##R(const dio_line_tile *t)                                                   \
    {                                                                                              \
        if (t->cols > VN)                                                                          \
            line_rows(t, R, 2);                                                                    \
        else                                                                                       \
            line_rows(t, R, 1);                                                                    \
    }
TILE_ROWS(LINE)
#undef LINE

static void line(const dio_line_tile *t)
{
#define LINE(R) line_##R,
    static void (*const by_rows[MR])(const dio_line_tile *t) = {TILE_ROWS(LINE)};
#undef LINE
    by_rows[t->rows - 1](t);
}
