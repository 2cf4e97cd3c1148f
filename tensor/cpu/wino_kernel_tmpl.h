/* wino_kernel_tmpl.h: Winograd's transforms of kernels, and of results' gradients for the kernels'.
 * The one-dimensional ones are the transposes of wino_tmpl.h's, by the same points. */

ALWAYS void kernel_six(const vf g[3], vf u[6])
{
    const vf e = v_fma(v_set(-1.0f / 3), g[2], v_set(-2.0f / 3) * g[0]);
    const vf f = v_fma(v_set(1.0f / 3), g[2], v_set(1.0f / 6) * g[0]);
    u[0] = g[0];
    u[1] = v_fma(v_set(-WINO_S * 2 / 3), g[1], e);
    u[2] = v_fma(v_set(WINO_S * 2 / 3), g[1], e);
    u[3] = v_fma(v_set(WINO_R / 6), g[1], f);
    u[4] = v_fma(v_set(-WINO_R / 6), g[1], f);
    u[5] = g[2];
}

ALWAYS void kernel_four(const vf g[3], vf u[4])
{
    const vf half = v_set(0.5f), e = half * (g[0] + g[2]);
    u[0] = g[0];
    u[1] = v_fma(half, g[1], e);
    u[2] = v_fma(-half, g[1], e);
    u[3] = g[2];
}

/* --- the kernel --- */

/* n numbers (at most VN) of any type, the rest zero. */
ALWAYS vf wino_load(const void *w, int64_t i, int64_t n, const int dtype)
{
    if (n <= 0)
        return v_set(0.0f);
    if (dtype == DIO_F32)
        return load_columns((const float *)w + i, n < VN ? (int)n : VN);
    const uint16_t *p = (const uint16_t *)w + i;
    uint16_t tail[VN] = {0};
    if (n < VN)
        p = memcpy(tail, p, (size_t)n * sizeof *p);
    return dtype == DIO_BF16 ? v_from_bf16(p) : v_from_f16(p);
}

/* Channels from `k` on, `count` of them (at most VN), as [9 count][VN]: lanes beside each other. */
ALWAYS void wino_taps(const dio_wino_kernel *p, int64_t k, int64_t count, float *room,
                      const int dtype)
{
    if (p->channel ==
        9) { /* a lane's numbers are neighbours; lanes past the last repeat the first */
        const int64_t all = 9 * count, lane = p->lane;
        const int lanes = p->lanes;
        for (int64_t i = 0; i < all; i += VN) {
            const int64_t at = k * 9 + i, left = all - i;
            vf x[VN];
            UNROLL
            for (int r = 0; r < VN; r++) {
                const int64_t from = (r < lanes ? r : 0) * lane + at;
                v_prefetch((const char *)p->w + (from + 9 * VN) * (dtype == DIO_F32 ? 4 : 2));
                x[r] = wino_load(p->w, from, left < VN ? left : VN, dtype);
            }
            v_square(x);
            UNROLL
            for (int r = 0; r < VN; r++)
                v_store(room + (i + r) * VN, x[r]);
        }
        return;
    }
    for (int64_t i = 0; i < count; i++)
        for (int r = 0; r < VN; r++)
            for (int t = 0; t < 9; t++) {
                const int64_t from = r * p->lane + (k + i) * p->channel + t;
                room[(i * 9 + t) * VN + r] =
                    r < p->lanes ? wino_load(p->w, from, 1, dtype)[0] : 0.0f;
            }
}

ALWAYS void wino_kernels(const dio_wino_kernel *p, const float *room, int64_t k, int64_t count,
                         const int n)
{
    const int64_t step = p->u_step;
    const bool flip = p->flip;
    float *u_at = p->u + k * MR;
    for (int64_t i = 0; i < count; i++, u_at += MR) {
        const float *taps = room + i * 9 * VN;
        vf mid[6][3];
        UNROLL
        for (int x = 0; x < 3; x++) {
            vf g[3], u[6];
            UNROLL
            for (int y = 0; y < 3; y++)
                g[y] = v_load(taps + (flip ? 8 - (y * 3 + x) : y * 3 + x) * VN);
            n == 6 ? kernel_six(g, u) : kernel_four(g, u);
            UNROLL
            for (int r = 0; r < n; r++)
                mid[r][x] = u[r];
        }
        UNROLL
        for (int r = 0; r < n; r++) {
            vf u[6];
            n == 6 ? kernel_six(mid[r], u) : kernel_four(mid[r], u);
            UNROLL
            for (int x = 0; x < n; x++)
                v_store(u_at + (r * n + x) * step, u[x]);
        }
    }
}

static void wino_kernel(const dio_wino_kernel *p)
{
    float room[9 * VN * VN];
    for (int64_t k = 0; k < p->channels; k += VN) {
        const int64_t count = p->channels - k < VN ? p->channels - k : VN;
        if (p->dtype == DIO_F32)
            wino_taps(p, k, count, room, DIO_F32);
        else if (p->dtype == DIO_F16)
            wino_taps(p, k, count, room, DIO_F16);
        else
            wino_taps(p, k, count, room, DIO_BF16);
        if (p->m == 4)
            wino_kernels(p, room, k, count, 6);
        else
            wino_kernels(p, room, k, count, 4);
    }
}

/* --- the results' gradients, for the kernel's --- */

ALWAYS void slope_six(const vf d[4], vf v[6])
{
    const vf a = v_fma(v_set(0.5f), d[2], d[0]), c = v_fma(v_set(2.0f), d[2], d[0]);
    const vf b = v_fma(v_set(WINO_S3), d[3], v_set(WINO_S) * d[1]);
    const vf e = v_fma(v_set(WINO_R3), d[3], v_set(WINO_R) * d[1]);
    v[0] = d[0];
    v[1] = a + b;
    v[2] = a - b;
    v[3] = c + e;
    v[4] = c - e;
    v[5] = d[3];
}

/* Four rows of a strip, zeros beside the picture. Tiles do not overlap: lanes are in order. */
static void wino_rows(const dio_wino_in *p, const float *x, float *room)
{
    for (int i = 0; i < p->runs; i++) {
        const dio_tile_run *run = &p->run[i];
        const float *plane = x + run->image * p->image;
        for (int r = 0; r < 4; r++)
            wino_row(room + r * 4 * VN + run->first * 4,
                     run->y + r < p->h ? plane + (run->y + r) * p->row : NULL, run->x, p->w,
                     run->count * 4, 0);
    }
}

static void wino_slope(const dio_wino_in *p)
{
    float room[4 * 4 * VN] = {0};
    for (int64_t c = 0; c < p->channels; c++) {
        vf mid[4][6];
        wino_rows(p, p->x + c * p->plane, room);
        UNROLL
        for (int r = 0; r < 4; r++) {
            vf d[4];
            UNROLL
            for (int i = 0; i < 4; i++)
                d[i] = v_load(room + r * 4 * VN + i * VN);
            v_fours(d);
            slope_six(d, mid[r]);
        }
        UNROLL
        for (int k = 0; k < 6; k++) {
            const vf column[4] = {mid[0][k], mid[1][k], mid[2][k], mid[3][k]};
            vf v[6];
            slope_six(column, v);
            UNROLL
            for (int r = 0; r < 6; r++)
                v_store(p->v + c * NR + (r * 6 + k) * p->v_step, v[r]);
        }
    }
}
