/* toom_tmpl.h: the transforms of convolutions by tiles along a signal; see toom.c. Lanes are tiles.
 *
 * A polynomial over all points but +-a, times x +- a, is an even part and an odd one: what both
 * points need is computed once. */

/* n numbers of lanes, copied `wide` at a time: up to wide - 1 beyond them are written, too. */
ALWAYS void toom_copy(float *to, const float *from, int64_t n)
{
    if (n <= 4)
        memcpy(to, from, 4 * sizeof *to);
    else if (n <= 8)
        memcpy(to, from, 8 * sizeof *to);
    else
        for (int64_t i = 0; i < n; i += 16)
            memcpy(to + i, from + i, 16 * sizeof *to);
}

/* x[t][i][phase] to parts[i][t][phase], in rising order: what is written too far is overwritten. */
static void toom_split(const dio_toom_in *p, const float *x)
{
    const int64_t d = p->dilation;
    if (d == 1) {
        const vf slope = v_set(p->slope);
        for (int64_t t = 0; t < p->tiles; t += VN) {
            vf part[4];
            v_apart(x + 4 * t, part);
            UNROLL
            for (int i = 0; i < 4; i++)
                v_store(p->parts + i * p->part + t,
                        p->leaky ? f_leaky_relu(part[i], slope, slope) : part[i]);
        }
        return;
    }
    for (int64_t t = 0; t < p->tiles; t++)
        for (int i = 0; i < 4; i++)
            toom_copy(p->parts + i * p->part + t * d, x + (4 * t + i) * d, d);
}

static void toom_join(float *y, const float *add, const float *parts, int64_t part,
                      int64_t dilation, int64_t tiles)
{
    if (dilation == 1) {
        for (int64_t t = 0; t < tiles; t += VN) {
            vf p[4];
            UNROLL
            for (int i = 0; i < 4; i++)
                p[i] = v_load(parts + i * part + t);
            v_together(p);
            UNROLL
            for (int i = 0; i < 4; i++) {
                const int64_t at = 4 * t + i * VN;
                v_store(y + at, add ? p[i] + v_load(add + at) : p[i]);
            }
        }
        return;
    }
    for (int64_t t = 0; t < tiles; t++)
        for (int i = 0; i < 4; i++)
            toom_copy(y + (4 * t + i) * dilation, parts + i * part + t * dilation, dilation);
}

ALWAYS void toom_points(const dio_toom_form *f, const int n, const vf *d, vf *v)
{
    const int h = (n - 1) / 2, zero = n % 2 == 0;
    v[n - 1] = d[2 * h + zero];
    if (zero)
        v[0] = d[2 * h];
    UNROLL
    for (int k = 0; k < h; k++) {
        v[n - 1] = v_fma(v_set(f->all[k]), d[2 * k + zero], v[n - 1]);
        if (zero)
            v[0] = v_fma(v_set(f->all[k]), d[2 * k], v[0]);
    }
    UNROLL
    for (int i = 0; i < h; i++) {
        vf even = d[2 * h - 1 + zero], odd = v_set(f->odd[i][0]) * d[zero];
        UNROLL
        for (int k = 0; k < h - 1; k++) {
            even = v_fma(v_set(f->even[i][k]), d[2 * k + 1 + zero], even);
            odd = v_fma(v_set(f->odd[i][k + 1]), d[2 * k + 2 + zero], odd);
        }
        v[zero + 2 * i] = even + odd;
        v[zero + 2 * i + 1] = even - odd;
    }
}

ALWAYS void toom_in_points(const dio_toom_in *p, const int n)
{
    const int64_t d = p->dilation;
    for (int64_t c = 0; c < p->channels; c++) {
        float *v_at = p->v + c * p->v_row;
        toom_split(p, p->x + c * p->x_row);
        for (int64_t l = 0; l < p->lanes; l += VN) {
            vf x[DIO_TOOM_POINTS], v[DIO_TOOM_POINTS];
            UNROLL
            for (int i = 0; i < n; i++)
                x[i] = v_load(p->parts + i % 4 * p->part + l + i / 4 * d);
            toom_points(p->form, n, x, v);
            UNROLL
            for (int i = 0; i < n; i++)
                v_store(v_at + i * p->v_point + l, v[i]);
        }
    }
}

static void toom_in(const dio_toom_in *p)
{
    switch (p->form->points) {
    case 6:
        toom_in_points(p, 6);
        break;
    case 7:
        toom_in_points(p, 7);
        break;
    case 8:
        toom_in_points(p, 8);
        break;
    default:
        toom_in_points(p, 10);
    }
}

ALWAYS void toom_results(const dio_toom_form *f, const int n, const vf *m, vf y[4])
{
    const int h = (n - 1) / 2, zero = n % 2 == 0;
    y[0] = zero ? m[0] : v_set(0.0f);
    y[1] = y[2] = v_set(0.0f);
    y[3] = m[n - 1];
    UNROLL
    for (int i = 0; i < h; i++) {
        const vf s = m[zero + 2 * i] + m[zero + 2 * i + 1],
                 t = m[zero + 2 * i] - m[zero + 2 * i + 1];
        y[0] = y[0] + s;
        y[1] = v_fma(v_set(f->back[i][1]), t, y[1]);
        y[2] = v_fma(v_set(f->back[i][2]), s, y[2]);
        y[3] = v_fma(v_set(f->back[i][3]), t, y[3]);
    }
}

ALWAYS void toom_out_points(const dio_toom_out *p, const int n)
{
    for (int r = 0; r < p->rows; r++) {
        const vf bias = v_set(p->bias ? p->bias[r] : 0.0f);
        for (int l = 0; l < p->lanes; l += VN) {
            vf m[DIO_TOOM_POINTS], y[4];
            UNROLL
            for (int i = 0; i < n; i++)
                m[i] = v_load(p->sums + i * p->point + r * NR + l);
            toom_results(p->form, n, m, y);
            UNROLL
            for (int i = 0; i < 4; i++)
                v_store(p->y + r * p->y_row + i * p->y_part + l, y[i] + bias);
        }
    }
}

static void toom_out(const dio_toom_out *p)
{
    switch (p->form->points) {
    case 6:
        toom_out_points(p, 6);
        break;
    case 7:
        toom_out_points(p, 7);
        break;
    case 8:
        toom_out_points(p, 8);
        break;
    default:
        toom_out_points(p, 10);
    }
}

/* Rows are lanes. Pieces but the last have four taps; taps past the kernel's end are zero. */
static void toom_kernel(const dio_toom_form *f, const float *w, int64_t channels, int taps,
                        int rows, float *u, int64_t u_point)
{
    for (int64_t c = 0; c < channels; c++, w += taps * rows)
        for (int piece = 0; piece < f->pieces; piece++, u += rows) {
            const int first = piece * 4, most = piece + 1 < f->pieces ? 4 : f->taps;
            const int count = taps - first < most ? taps - first : most;
            vf g[DIO_TOOM_TAPS];
            for (int t = 0; t < count; t++)
                g[t] = load_columns(w + (first + t) * rows, rows);
            for (int k = 0; k < f->points; k++) {
                vf sum = v_set(0.0f);
                for (int t = 0; t < count; t++)
                    sum = v_fma(v_set(f->kernel[k][t]), g[t], sum);
                store_columns(u + k * u_point, sum, rows);
            }
        }
}
