/* fir.c: a separable filter over pictures between two rates ("upfirdn"), as StyleGAN2 resamples.
 *
 * Every plane is stuffed with zeros `up` times as wide and high, laid out, filtered in both axes by
 * the same taps, and thinned out. A result's row is made in short pieces: first the sum of the rows
 * that its window covers, then that of the columns, both while the piece is in the first cache. */
#include "tensor/ops/fir.h"

#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/cpu.h"
#include "tensor/op.h"
#include "tensor/ops.h"

static int64_t size_after(const dio_fir_attrs *a, int64_t size)
{
    return (size * a->up + a->before + a->after - a->taps) / a->down + 1;
}

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const dio_fir_attrs *a = attrs;
    if (!dio_want_float(&in[0], "x", err) || !dio_want_dims(&in[0], 4, 4, "x", err))
        return false;
    if (a->up < 1 || a->down < 1 || a->up > 16 || a->down > 16 || a->taps < 1 ||
        a->taps > DIO_FIR_TAPS)
        return dio_fail(err, "up %d, down %d, %d taps: 1 to 16 each", a->up, a->down, a->taps);
    *out = in[0];
    for (int i = 2; i < 4; i++) {
        int64_t wide = in[0].dim[i] * a->up + a->before + a->after;
        if (wide < a->taps || a->before < -(1 << 20) || a->before > 1 << 20)
            return dio_fail(err, "dimension %d of %lld numbers is too small for %d taps", i,
                            (long long)in[0].dim[i], a->taps);
        out->dim[i] = size_after(a, in[0].dim[i]);
    }
    return true;
}

/* Where number `at` of the stuffed row comes from; -1: it is a zero. */
static int64_t source(const dio_fir_attrs *a, int64_t at, int64_t size)
{
    int64_t i = at - a->before;
    return i < 0 || i % a->up || i / a->up >= size ? -1 : i / a->up;
}

static double reference_at(const dio_call *c, int64_t plane, int64_t oy, int64_t ox)
{
    const dio_fir_attrs *a = c->attrs;
    int64_t h = c->in[0].dim[2], w = c->in[0].dim[3];
    double sum = 0;
    for (int i = 0; i < a->taps; i++)
        for (int j = 0; j < a->taps; j++) {
            int64_t y = source(a, oy * a->down + i, h), x = source(a, ox * a->down + j, w);
            if (y >= 0 && x >= 0)
                sum += (double)DIO_FIR_TAP(a, i) * DIO_FIR_TAP(a, j) *
                       dio_view_get(&c->in[0], (plane * h + y) * w + x);
        }
    return sum;
}

static void reference(const dio_call *c)
{
    int64_t oh = c->out[0].dim[2], ow = c->out[0].dim[3];
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, reference_at(c, i / (oh * ow), i / ow % oh, i % ow));
}

enum { PIECE = 512 }; /* results made at a time */

/* Numbers from..to of the rows of the window at oy, summed: of the picture's own columns. */
static void sum_rows(const dio_call *c, const float *plane, int64_t oy, int64_t from, int64_t n,
                     float *sum)
{
    const dio_fir_attrs *a = c->attrs;
    int64_t h = c->in[0].dim[2], w = c->in[0].dim[3];
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int k = 0; k < a->taps; k++) {
        int64_t y = source(a, oy * a->down + k, h);
        if (y >= 0)
            c->cpu->fma_span(sum, plane + y * w + from, n, DIO_FIR_TAP(a, k));
    }
}

/* Stuffed columns at..at+n-1 of the summed rows, zeros where there is none. */
static void stuff(const dio_call *c, const float *plane, int64_t oy, int64_t at, int64_t n,
                  float *stuffed)
{
    const dio_fir_attrs *a = c->attrs;
    float sum[PIECE * 16 + DIO_FIR_TAPS];
    int64_t w = c->in[0].dim[3], first = at - a->before, last = at + n - 1 - a->before;
    first = first <= 0 ? 0 : (first + a->up - 1) / a->up;
    last = last < 0 ? -1 : last / a->up < w - 1 ? last / a->up : w - 1;
    memset(stuffed, 0, (size_t)n * sizeof *stuffed);
    if (last < first)
        return;
    float *to = stuffed + first * a->up + a->before - at;
    if (a->up == 1) {
        sum_rows(c, plane, oy, first, last - first + 1, to);
        return;
    }
    sum_rows(c, plane, oy, first, last - first + 1, sum);
    for (int64_t i = 0; i <= last - first; i++)
        to[i * a->up] = sum[i];
}

static void filter_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    const dio_fir_attrs *a = c->attrs;
    int64_t oh = c->out[0].dim[2], ow = c->out[0].dim[3];
    const float *plane =
        (const float *)c->in[0].data + item / oh * c->in[0].dim[2] * c->in[0].dim[3];
    float *to = (float *)c->out[0].data + item * ow, stuffed[PIECE * 16 + DIO_FIR_TAPS];
    for (int64_t ox = 0; ox < ow; ox += PIECE) {
        int64_t n = ow - ox < PIECE ? ow - ox : PIECE;
        stuff(c, plane, item % oh, ox * a->down, (n - 1) * a->down + a->taps, stuffed);
        memset(to + ox, 0, (size_t)n * sizeof *to);
        for (int k = 0; k < a->taps; k++) {
            if (a->down == 1)
                c->cpu->fma_span(to + ox, stuffed + k, n, DIO_FIR_TAP(a, k));
            else
                for (int64_t i = 0; i < n; i++)
                    to[ox + i] += DIO_FIR_TAP(a, k) * stuffed[i * a->down + k];
        }
    }
}

static void cpu(const dio_call *c)
{
    dio_call *call = (dio_call *)c; /* items only read it */
    dio_gang_run(c->out[0].dim[0] * c->out[0].dim[1] * c->out[0].dim[2], filter_row, call);
}

/* The same filter the other way: rates exchanged, taps turned round. */
static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_fir_attrs a = *(const dio_fir_attrs *)n->attrs, back = a;
    int64_t h = dio_dim(g, n->in[0], 2), w = dio_dim(g, n->in[0], 3);
    int64_t oh = dio_dim(g, gout[0], 2), ow = dio_dim(g, gout[0], 3);
    back.up = a.down;
    back.down = a.up;
    back.flip = !a.flip;
    back.before = a.taps - a.before - 1;
    int64_t after_h = h * a.up - oh * a.down + a.before - a.up + 1;
    int64_t after_w = w * a.up - ow * a.down + a.before - a.up + 1;
    back.after = (int)(after_h > after_w ? after_h : after_w);
    dio_val d = dio_emit1(g, n->op, &back, gout, 1);
    gin[0] = dio_slice(g, dio_slice(g, d, 2, 0, h, 1), 3, 0, w, 1);
}

static dio_cost cost(const dio_call *c)
{
    const dio_fir_attrs *a = c->attrs;
    double in = (double)dio_view_count(&c->in[0]), out = (double)dio_view_count(&c->out[0]);
    return (dio_cost){4.0 * a->taps / a->up * out, 4 * (in + out)};
}

#define ATTRS(...)                                                                                 \
    .attrs = &(dio_fir_attrs)                                                                      \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

const dio_op dio_op_fir = {
    .name = "fir",
    .doc = "[B,C,H,W] stuffed with zeros up times, padded, filtered in both axes by one list of "
           "taps, one of down kept",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(dio_fir_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cost = cost,
    .tol = 5e-7f, /* measured 1.2e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 7, 9)},
             .n_in = 1,
             ATTRS(1, 1, 1, 1, 4, false, {1, 3, 3, 1})},
            {.in = {DIO_T(DIO_F32, 1, 2, 5, 6)},
             .n_in = 1,
             ATTRS(2, 1, 2, 1, 4, false, {1, 2, 3, 4})},
            {.in = {DIO_T(DIO_F32, 1, 2, 9, 8)},
             .n_in = 1,
             ATTRS(1, 2, 1, 1, 4, true, {1, 2, 3, 4})},
            {.in = {DIO_T(DIO_F32, 1, 2, 6, 7)},
             .n_in = 1,
             ATTRS(3, 2, -1, 2, 3, false, {1, -2, 3})},
            {.in = {DIO_T(DIO_F32, 1, 1, 3, 700)},
             .n_in = 1,
             ATTRS(2, 1, 2, 1, 4, false, {1, 3, 3, 1}),
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 1, 1, 1, 1)}, .n_in = 1, ATTRS(1, 1, 0, 0, 1, false, {2})},
            {.in = {DIO_T(DIO_F32, 1, 1, 2, 2)},
             .n_in = 1,
             ATTRS(1, 1, 0, 0, 4, false, {1, 3, 3, 1}),
             .refused = "dimension 2 of 2 numbers is too small for 4 taps"},
            {.in = {DIO_T(DIO_F32, 1, 1, 2, 2)},
             .n_in = 1,
             ATTRS(0, 1, 0, 0, 1, false, {1}),
             .refused = "up 0, down 1, 1 taps: 1 to 16 each"},
            {0},
        },
};

dio_val dio_fir(dio_graph *g, dio_val x, const float *taps, int count, int up, int down, int before,
                int after)
{
    dio_fir_attrs a = {.up = up, .down = down, .before = before, .after = after, .taps = count};
    if (count < 1 || count > DIO_FIR_TAPS)
        return dio_graph_fail(g, "fir: %d taps: 1 to %d are possible", count, DIO_FIR_TAPS);
    memcpy(a.f, taps, (size_t)count * sizeof *taps);
    return dio_emit1(g, &dio_op_fir, &a, &x, 1);
}
