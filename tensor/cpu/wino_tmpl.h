/* wino_tmpl.h: Winograd's transforms of pictures and results, for tiles of 4x4 and of 2x2; those of
 * kernels, and of what trains them, are in wino_kernel_tmpl.h.
 *
 * F(4,3) interpolates at 0, +-s, +-1/s and infinity with s = sqrt(1/2): by these points its error
 * is 1.7 times that of the plain sum; by the usual 0, +-1, +-2 it is 4 times. F(2,3) takes 0, +-1.
 *
 * Lanes are tiles. A row of four vectors holds VN tiles of 4 columns; v_fours turns them into one
 * vector a column, in which lane 4 q + i is tile i * VN / 4 + q, and turns results back. So lanes
 * of a strip are always the tiles in this order, and nobody else needs to know it. */

#define WINO_S  0.70710678118654752f
#define WINO_S3 0.35355339059327376f
#define WINO_R  1.41421356237309505f
#define WINO_R3 2.82842712474619010f

enum {
    QUADS = VN / 4,
    WIDE = 8 * VN, /* columns of a strip at most: VN runs of one tile, each with what it reaches */
};

/* --- one dimension --- */

ALWAYS void in_six(const vf d[6], vf v[6])
{
    const vf p = v_fma(v_set(-2.0f), d[2], d[4]), q = v_fma(v_set(-2.0f), d[1], d[3]);
    const vf r = v_fma(v_set(-0.5f), d[2], d[4]), s = v_fma(v_set(-0.5f), d[1], d[3]);
    v[0] = v_fma(v_set(-2.5f), d[2], d[0]) + d[4];
    v[1] = v_fma(v_set(WINO_S), q, p);
    v[2] = v_fma(v_set(-WINO_S), q, p);
    v[3] = v_fma(v_set(WINO_R), s, r);
    v[4] = v_fma(v_set(-WINO_R), s, r);
    v[5] = v_fma(v_set(-2.5f), d[3], d[1]) + d[5];
}

ALWAYS void in_four(const vf d[4], vf v[4])
{
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
}

ALWAYS void out_six(const vf m[6], vf y[4])
{
    const vf a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
    y[0] = (m[0] + a) + c;
    y[1] = v_fma(v_set(WINO_S), b, v_set(WINO_R) * d);
    y[2] = v_fma(v_set(0.5f), a, v_set(2.0f) * c);
    y[3] = v_fma(v_set(WINO_S3), b, v_fma(v_set(WINO_R3), d, m[5]));
}

ALWAYS void out_four(const vf m[4], vf y[2])
{
    y[0] = (m[0] + m[1]) + m[2];
    y[1] = (m[1] - m[2]) - m[3];
}

/* --- the picture --- */

/* Where each tile's columns begin in a strip's rows, and how many columns those have. */
static int wino_columns(const dio_wino_in *p, int at[VN])
{
    int col = 0;
    for (int t = 0; t < VN; t++)
        at[t] = 0;
    for (int i = 0; i < p->runs; i++) {
        for (int t = 0; t < p->run[i].count; t++)
            at[p->run[i].first + t] = col + t * p->m;
        col += p->run[i].count * p->m + (p->m == 4 ? 4 : 2);
    }
    return col;
}

/* Columns x0.. of a row, zeros beside the picture. */
ALWAYS void wino_row(float *to, const float *row, int64_t x0, int64_t w, int64_t count,
                     const int doubled)
{
    int64_t first = x0 < 0 ? -x0 : 0, last = w - x0 < count ? w - x0 : count;
    if (!row || last < first)
        first = last = 0;
    for (int64_t i = 0; i < first; i += VN)
        put(to, i, first - i, v_set(0.0f));
    if (doubled)
        for (int64_t i = first; i < last; i++)
            to[i] = row[(x0 + i) >> 1];
    else
        for (int64_t i = first; i < last; i += VN)
            put(to, i, last - i, at(row + x0, i, last - i, 1));
    for (int64_t i = last; i < count; i += VN)
        put(to, i, count - i, v_set(0.0f));
}

/* Rows of the strip's reach in one channel. */
static void wino_stage(const dio_wino_in *p, const float *x, float *room)
{
    const int n = p->m + 2;
    int col = 0;
    for (int i = 0; i < p->runs; i++) {
        const dio_tile_run *run = &p->run[i];
        const int64_t x0 = run->x - p->px, count = run->count * p->m + 2;
        const float *plane = x + run->image * p->image;
        for (int r = 0; r < n; r++) {
            const int64_t y = run->y - p->py + r;
            const float *row = y >= 0 && y < p->h ? plane + (y >> p->doubled) * p->row : NULL;
            if (p->doubled)
                wino_row(room + r * WIDE + col, row, x0, p->w, count, 1);
            else
                wino_row(room + r * WIDE + col, row, x0, p->w, count, 0);
        }
        col += run->count * p->m + (p->m == 4 ? 4 : 2);
    }
}

/* One whole run inside the picture: its rows are read where they are. */
static bool wino_inside(const dio_wino_in *p)
{
    const dio_tile_run *run = p->run;
    const int64_t y = run->y - p->py, x = run->x - p->px;
    return p->m == 4 && p->runs == 1 && run->count == VN && !p->doubled && y >= 0 &&
           y + 6 <= p->h && x >= 0 && x + 4 * VN + 4 <= p->w;
}

/* Down the columns of [6][..] rows `step` apart. */
ALWAYS void down_six(const float *rows, int64_t step, int columns, float *mid)
{
    for (int i = 0; i < columns; i += VN) {
        vf d[6], v[6];
        UNROLL
        for (int r = 0; r < 6; r++)
            d[r] = load_columns(rows + r * step + i, columns - i);
        in_six(d, v);
        UNROLL
        for (int r = 0; r < 6; r++)
            v_store(mid + r * WIDE + i, v[r]);
    }
}

ALWAYS void across_six(const float *mid, const int *at, const bool single, float *v, int64_t step)
{
    for (int r = 0; r < 6; r++) {
        const float *row = mid + r * WIDE;
        vf a[4], b[4], d[6], out[6];
        UNROLL
        for (int i = 0; i < 4; i++) {
            a[i] = single ? v_load(row + i * VN) : v_quads(row, at + i * QUADS);
            b[i] = single ? v_load(row + i * VN + 4) : v_quads(row + 4, at + i * QUADS);
        }
        v_fours(a);
        v_fours(b);
        d[0] = a[0], d[1] = a[1], d[2] = a[2], d[3] = a[3], d[4] = b[0], d[5] = b[1];
        in_six(d, out);
        UNROLL
        for (int k = 0; k < 6; k++)
            v_store(v + (r * 6 + k) * step, out[k]);
    }
}

static void wino_in_six(const dio_wino_in *p)
{
    float room[6 * WIDE] = {0}, mid[6 * WIDE];
    int at[VN];
    const bool inside = wino_inside(p), single = p->runs == 1;
    int columns = wino_columns(p, at);
    columns = single ? 4 * VN + 4 : columns;
    for (int64_t c = 0; c < p->channels; c++) {
        const float *x = p->x + c * p->plane;
        if (inside) {
            x += p->run->image * p->image + (p->run->y - p->py) * p->row + p->run->x - p->px;
            down_six(x, p->row, columns, mid);
        } else {
            wino_stage(p, x, room);
            down_six(room, WIDE, (columns + VN - 1) / VN * VN, mid);
        }
        if (single)
            across_six(mid, at, true, p->v + c * NR, p->v_step);
        else
            across_six(mid, at, false, p->v + c * NR, p->v_step);
    }
}

static void wino_in_four(const dio_wino_in *p)
{
    float room[4 * WIDE] = {0};
    int at[VN];
    wino_columns(p, at);
    for (int64_t c = 0; c < p->channels; c++) {
        vf d[4][4], mid[4][4];
        wino_stage(p, p->x + c * p->plane, room);
        for (int r = 0; r < 4; r++) {
            for (int i = 0; i < 4; i++)
                d[r][i] = v_quads(room + r * WIDE, at + i * QUADS);
            v_fours(d[r]);
            in_four(d[r], mid[r]);
        }
        for (int k = 0; k < 4; k++) {
            const vf column[4] = {mid[0][k], mid[1][k], mid[2][k], mid[3][k]};
            vf v[4];
            in_four(column, v);
            for (int r = 0; r < 4; r++)
                v_store(p->v + c * NR + (r * 4 + k) * p->v_step, v[r]);
        }
    }
}

static void wino_in(const dio_wino_in *p)
{
    if (p->m == 4)
        wino_in_six(p);
    else
        wino_in_four(p);
}

/* --- the results --- */

/* Rows of whole strips, [m][4 * VN] with m columns a tile, go to their runs' places. */
static void wino_put(const dio_wino_out *p, float *y, const float *room)
{
    for (int i = 0; i < p->runs; i++) {
        const dio_tile_run *run = &p->run[i];
        const int64_t left = p->w - run->x, whole = run->count * p->m;
        const int64_t count = left < whole ? left : whole;
        for (int r = 0; r < p->m && run->y + r < p->h; r++) {
            float *to = y + run->image * p->image + (run->y + r) * p->w + run->x;
            const float *from = room + r * 4 * VN + run->first * p->m;
            for (int64_t k = 0; k < count; k += VN)
                put(to, k, count - k, at(from, k, count - k, 1));
        }
    }
}

static void wino_out_six(const dio_wino_out *p)
{
    const dio_tile_run *run = p->run;
    const bool inside =
        p->runs == 1 && run->count == VN && run->x + 4 * VN <= p->w && run->y + 4 <= p->h;
    const int64_t place = inside ? run->image * p->image + run->y * p->w + run->x : 0;
    for (int64_t c = 0; c < p->channels; c++) {
        float room[4 * 4 * VN];
        vf z[4][6];
        const vf bias = v_set(p->bias ? p->bias[c] : 0.0f);
        const float *m_at = p->m_at + c * p->m_row;
        UNROLL
        for (int k = 0; k < 6; k++) {
            vf m[6], y[4];
            UNROLL
            for (int r = 0; r < 6; r++)
                m[r] = v_load(m_at + (r * 6 + k) * p->m_step);
            out_six(m, y);
            UNROLL
            for (int r = 0; r < 4; r++)
                z[r][k] = y[r];
        }
        UNROLL
        for (int r = 0; r < 4; r++) {
            vf y[4];
            out_six(z[r], y);
            UNROLL
            for (int k = 0; k < 4; k++)
                y[k] = y[k] + bias;
            v_fours(y);
            float *to = inside ? p->y + c * p->plane + place + r * p->w : room + r * 4 * VN;
            UNROLL
            for (int k = 0; k < 4; k++)
                v_store(to + k * VN, y[k]);
        }
        if (!inside)
            wino_put(p, p->y + c * p->plane, room);
    }
}

static void wino_out_four(const dio_wino_out *p)
{
    for (int64_t c = 0; c < p->channels; c++) {
        float room[4 * 4 * VN], quads[4 * VN];
        vf z[2][4];
        const vf bias = v_set(p->bias ? p->bias[c] : 0.0f);
        const float *m_at = p->m_at + c * p->m_row;
        for (int k = 0; k < 4; k++) {
            vf m[4], y[2];
            for (int r = 0; r < 4; r++)
                m[r] = v_load(m_at + (r * 4 + k) * p->m_step);
            out_four(m, y);
            z[0][k] = y[0];
            z[1][k] = y[1];
        }
        for (int r = 0; r < 2; r++) {
            vf y[4];
            out_four(z[r], y);
            y[2] = y[0] = y[0] + bias;
            y[3] = y[1] = y[1] + bias;
            v_fours(y);
            for (int k = 0; k < 4; k++)
                v_store(quads + k * VN, y[k]);
            for (int t = 0; t < VN; t++) {
                room[r * 4 * VN + 2 * t] = quads[4 * t];
                room[r * 4 * VN + 2 * t + 1] = quads[4 * t + 1];
            }
        }
        wino_put(p, p->y + c * p->plane, room);
    }
}

static void wino_out(const dio_wino_out *p)
{
    if (p->m == 4)
        wino_out_six(p);
    else
        wino_out_four(p);
}
