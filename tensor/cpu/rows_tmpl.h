/* rows_tmpl.h: spans of two operands, reductions of a row, norms of a row, conversions.
 *
 * A sum runs in four vectors of partial sums over chunks of CHUNK elements; chunks add up in
 * double. The order is a function of n alone.
 */
#include "tensor/cpu/vec_math.h"

enum { CHUNK = 4096 };

/* A span's vector at i: whole, the tail's `left` lanes, or one element everywhere. */
static inline vf at(const float *x, int64_t i, int64_t left, int step)
{
    if (step == 0)
        return v_set(x[0]);
    return left >= VN ? v_load(x + i) : v_load_n(x + i, (int)left);
}

static inline void put(float *y, int64_t i, int64_t left, vf x)
{
    if (left >= VN)
        v_store(y + i, x);
    else
        v_store_n(y + i, x, (int)left);
}

#define SPAN(name, expression)                                                                     \
    static void span_##name(float *z, const float *x, const float *y, int64_t n, int x_step,       \
                            int y_step)                                                            \
    {                                                                                              \
        for (int64_t i = 0; i < n; i += VN) {                                                      \
            vf a = at(x, i, n - i, x_step), b = at(y, i, n - i, y_step);                           \
            put(z, i, n - i, expression);                                                          \
        }                                                                                          \
    }
SPAN(add, a + b)
SPAN(sub, a - b)
SPAN(mul, a *b)
SPAN(div, a / b)
/* NaN on either side comes through. */
SPAN(max, v_pick(a != a, a, v_max(a, b)))
SPAN(min, v_pick(a != a, a, v_min(a, b)))
#undef SPAN

static void span_axpb(float *y, const float *x, int64_t n, float a, float b)
{
    for (int64_t i = 0; i < n; i += VN)
        put(y, i, n - i, v_fma(v_set(a), at(x, i, n - i, 1), v_set(b)));
}

static void span_fma(float *y, const float *x, int64_t n, float a)
{
    for (int64_t i = 0; i < n; i += VN)
        put(y, i, n - i, v_fma(v_set(a), at(x, i, n - i, 1), at(y, i, n - i, 1)));
}

/* Sums an expression in i and left over the row; lanes past the end must add zero. */
#define ROW_SUM(total, n, expression)                                                              \
    do {                                                                                           \
        for (int64_t from = 0; from < (n); from += CHUNK) {                                        \
            int64_t end = from + CHUNK < (n) ? from + CHUNK : (n), i = from;                       \
            vf sum[4] = {v_set(0), v_set(0), v_set(0), v_set(0)};                                  \
            for (; i + 4 * VN <= end; i += 4 * VN)                                                 \
                for (int u = 0; u < 4; u++)                                                        \
                    sum[u] = expression(i + u * VN, VN, sum[u]);                                   \
            for (int u = 0; i < end; i += VN, u++)                                                 \
                sum[u] = expression(i, end - i, sum[u]);                                           \
            (total) += (double)v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));                       \
        }                                                                                          \
    } while (0)

static float row_sum(const float *x, int64_t n)
{
    double total = 0;
#define TERM(i, left, s) ((s) + at(x, i, left, 1))
    ROW_SUM(total, n, TERM);
#undef TERM
    return (float)total;
}

static double square_sum(const float *x, int64_t n)
{
    double total = 0;
#define TERM(i, left, s) v_fma(at(x, i, left, 1), at(x, i, left, 1), s)
    ROW_SUM(total, n, TERM);
#undef TERM
    return total;
}

static float row_sum_squares(const float *x, int64_t n)
{
    return (float)square_sum(x, n);
}

static float row_dot(const float *x, const float *y, int64_t n)
{
    double total = 0;
#define TERM(i, left, s) v_fma(at(x, i, left, 1), at(y, i, left, 1), s)
    ROW_SUM(total, n, TERM);
#undef TERM
    return (float)total;
}

static float row_max(const float *x, int64_t n)
{
    vf top = v_set(-INFINITY);
    int64_t i = 0;
    for (; i + VN <= n; i += VN)
        top = v_max(top, v_load(x + i));
    float most = v_top(top);
    for (; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

static inline vf exp_store(float *y, const float *x, int64_t i, int64_t left, vf m, vf sum)
{
    vf e = v_exp(at(x, i, left, 1) - m);
    put(y, i, left, e);
    return sum + (left >= VN ? e : v_load_n(y + i, (int)left));
}

static float row_exp_sum(float *y, const float *x, int64_t n, float m)
{
    double total = 0;
    vf shift = v_set(m);
#define TERM(i, left, s) exp_store(y, x, i, left, shift, s)
    ROW_SUM(total, n, TERM);
#undef TERM
    return (float)total;
}

/* Deviations are squared after the mean is known: no cancellation, whatever the mean. */
static inline vf deviation(const float *x, int64_t i, int64_t left, vf mean, vf sum)
{
    vf d = at(x, i, left, 1) - mean;
    if (left < VN) {
        float lane[VN];
        v_store(lane, d);
        d = v_load_n(lane, (int)left);
    }
    return v_fma(d, d, sum);
}

static void row_layer_norm(float *y, const float *x, const float *w, const float *b, int64_t n,
                           float eps, float stats[2])
{
    const float mean = (float)((double)row_sum(x, n) / (double)n);
    const vf middle = v_set(mean);
    double total = 0;
#define TERM(i, left, s) deviation(x, i, left, middle, s)
    ROW_SUM(total, n, TERM);
#undef TERM
    const float scale = (float)(1.0 / sqrt(total / (double)n + (double)eps));
    for (int64_t i = 0; i < n; i += VN) {
        vf z = (at(x, i, n - i, 1) - middle) * v_set(scale);
        if (w)
            z = z * at(w, i, n - i, 1);
        if (b)
            z = z + at(b, i, n - i, 1);
        put(y, i, n - i, z);
    }
    if (stats) {
        stats[0] = mean;
        stats[1] = scale;
    }
}

static void row_rms_norm(float *y, const float *x, const float *w, int64_t n, float eps,
                         float stats[1])
{
    const float scale = (float)(1.0 / sqrt(square_sum(x, n) / (double)n + (double)eps));
    for (int64_t i = 0; i < n; i += VN) {
        vf z = at(x, i, n - i, 1) * v_set(scale);
        put(y, i, n - i, w ? z * at(w, i, n - i, 1) : z);
    }
    if (stats)
        stats[0] = scale;
}

static inline vf norm_slope(const dio_norm_row *r, int64_t i, int64_t left)
{
    vf g = at(r->dy, i, left, 1);
    return r->w ? g * at(r->w, i, left, 1) : g;
}

static inline vf norm_hat(const dio_norm_row *r, int64_t i, int64_t left)
{
    return (at(r->x, i, left, 1) - v_set(r->mean)) * v_set(r->scale);
}

static void row_norm_grad(const dio_norm_row *r)
{
    const int64_t n = r->n;
    double slopes = 0, along = 0;
    /* Past the end dy reads as zero, so every term there is zero. */
#define TERM(i, left, s) ((s) + norm_slope(r, i, left))
    if (r->centred)
        ROW_SUM(slopes, n, TERM);
#undef TERM
#define TERM(i, left, s) v_fma(norm_slope(r, i, left), norm_hat(r, i, left), s)
    ROW_SUM(along, n, TERM);
#undef TERM
    const vf m0 = v_set((float)(slopes / (double)n)), m1 = v_set((float)(along / (double)n));
    for (int64_t i = 0; i < n; i += VN) {
        const vf hat = norm_hat(r, i, n - i), dy = at(r->dy, i, n - i, 1);
        if (r->dx)
            put(r->dx, i, n - i, v_set(r->scale) * v_fma(-hat, m1, norm_slope(r, i, n - i) - m0));
        if (r->dw)
            put(r->dw, i, n - i, v_fma(dy, hat, at(r->dw, i, n - i, 1)));
        if (r->db)
            put(r->db, i, n - i, at(r->db, i, n - i, 1) + dy);
    }
}

/* A row's tail of halves goes through a whole vector's worth of them. */
static void row_to_f32(float *y, const void *from, int dtype, int64_t n)
{
    const uint16_t *x = (const uint16_t *)from;
    for (int64_t i = 0; i < n; i += VN) {
        int left = n - i < VN ? (int)(n - i) : VN;
        uint16_t tail[VN] = {0};
        const uint16_t *p = x + i;
        if (left < VN)
            p = memcpy(tail, p, (size_t)left * sizeof *p);
        put(y, i, left, dtype == DIO_BF16 ? v_from_bf16(p) : v_from_f16(p));
    }
}

static void row_from_f32(void *to, const float *x, int dtype, int64_t n)
{
    uint16_t *y = (uint16_t *)to;
    for (int64_t i = 0; i < n; i += VN) {
        int left = n - i < VN ? (int)(n - i) : VN;
        uint16_t tail[VN], *p = left < VN ? tail : y + i;
        if (dtype == DIO_BF16)
            v_to_bf16(p, at(x, i, left, 1));
        else
            v_to_f16(p, at(x, i, left, 1));
        if (left < VN)
            memcpy(y + i, tail, (size_t)left * sizeof *y);
    }
}
