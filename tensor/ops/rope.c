/* rope.c: rotary position embedding (arXiv:2104.09864): pairs of a head's numbers turn by an angle
 * that grows with the position.
 *
 * The angle is position * inv_freq rounded to float, as the published models were trained and run;
 * at position 100000 the exact product would differ by thousandths of a radian. Its sine and
 * cosine are then taken exactly. The gradient is the rotation back.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/cpu/cpu.h"
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    bool interleaved; /* pairs (2i, 2i+1); else (i, i + R/2) */
    bool back;        /* turn the other way */
    float factor;     /* multiplies cos and sin */
};

extern const dio_op dio_op_rope;

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    if (!dio_want_float(&in[0], "the input", err) ||
        !dio_want_dims(&in[0], 4, 4, "the input", err) ||
        !dio_want_dims(&in[1], 1, 1, "the starts", err) ||
        !dio_want_dim(&in[1], 0, in[0].dim[0], "the starts", err) ||
        !dio_want_float(&in[2], "the frequencies", err) ||
        !dio_want_dims(&in[2], 1, 1, "the frequencies", err))
        return false;
    if (in[1].dtype != DIO_I32)
        return dio_fail(err, "the starts must be i32, not %s", dio_dtype_name(in[1].dtype));
    if (2 * in[2].dim[0] > in[0].dim[3])
        return dio_fail(err, "%lld frequencies turn %lld numbers, a head has %lld",
                        (long long)in[2].dim[0], (long long)(2 * in[2].dim[0]),
                        (long long)in[0].dim[3]);
    out[0] = in[0];
    return true;
}

/* Where pair i's two numbers are in a head. */
static void pair_of(const dio_call *c, int64_t i, int64_t *first, int64_t *second)
{
    const struct attrs *a = c->attrs;
    *first = a->interleaved ? 2 * i : i;
    *second = a->interleaved ? 2 * i + 1 : i + c->in[2].dim[0];
}

static float angle_of(const dio_call *c, int64_t row, int64_t i)
{
    const int64_t time = c->in[0].dim[1];
    const int32_t *start = c->in[1].data;
    const float *inv_freq = c->in[2].data;
    return (float)(start[row / time * c->in[1].stride[0]] + row % time) *
           inv_freq[i * c->in[2].stride[0]];
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    const int64_t rows = c->in[0].dim[0] * c->in[0].dim[1], heads = c->in[0].dim[2];
    const int64_t size = c->in[0].dim[3];
    for (int64_t h = 0; h < rows * heads; h++) {
        for (int64_t k = 0; k < size; k++)
            dio_view_set(&c->out[0], h * size + k, dio_view_get(&c->in[0], h * size + k));
        for (int64_t i = 0; i < c->in[2].dim[0]; i++) {
            const double angle = (double)angle_of(c, h / heads, i) * (a->back ? -1 : 1);
            const double cosine = cos(angle) * (double)a->factor;
            const double sine = sin(angle) * (double)a->factor;
            int64_t first, second;
            pair_of(c, i, &first, &second);
            const double x = dio_view_get(&c->in[0], h * size + first);
            const double y = dio_view_get(&c->in[0], h * size + second);
            dio_view_set(&c->out[0], h * size + first, x * cosine - y * sine);
            dio_view_set(&c->out[0], h * size + second, y * cosine + x * sine);
        }
    }
}

enum { FREQUENCIES = 128 }; /* pairs turned at a time; a head of 256 has that many */

static void turn(float *y, const float *x, const float *cosine, const float *sine, int64_t n,
                 int64_t first, int64_t second, int64_t step)
{
    for (int64_t i = 0; i < n; i++) {
        const float p = x[first + i * step], q = x[second + i * step];
        y[first + i * step] = p * cosine[i] - q * sine[i];
        y[second + i * step] = q * cosine[i] + p * sine[i];
    }
}

/* All heads of one position. */
static void do_row(void *user, int64_t row, int thread)
{
    (void)thread;
    const dio_call *c = user;
    const struct attrs *a = c->attrs;
    const int64_t heads = c->in[0].dim[2], size = c->in[0].dim[3], pairs = c->in[2].dim[0];
    const float *x = (const float *)c->in[0].data + row * heads * size;
    float *y = (float *)c->out[0].data + row * heads * size;
    float angle[FREQUENCIES], cosine[FREQUENCIES], sine[FREQUENCIES];
    if (y != x)
        memcpy(y, x, (size_t)(heads * size) * sizeof *y);
    for (int64_t at = 0; at < pairs; at += FREQUENCIES) {
        const int64_t n = pairs - at < FREQUENCIES ? pairs - at : FREQUENCIES;
        for (int64_t i = 0; i < n; i++)
            angle[i] = angle_of(c, row, at + i);
        c->cpu->unary[DIO_U_COS](cosine, angle, n, 0, 0);
        c->cpu->unary[DIO_U_SIN](sine, angle, n, 0, 0);
        c->cpu->axpb(cosine, cosine, n, a->factor, 0);
        c->cpu->axpb(sine, sine, n, a->back ? -a->factor : a->factor, 0);
        int64_t first, second;
        pair_of(c, at, &first, &second);
        for (int64_t h = 0; h < heads; h++)
            turn(y + h * size, y + h * size, cosine, sine, n, first, second,
                 a->interleaved ? 2 : 1);
    }
}

static void cpu(const dio_call *c)
{
    dio_gang_run(c->in[0].dim[0] * c->in[0].dim[1], do_row, (void *)(uintptr_t)c);
}

static dio_cost cost(const dio_call *c)
{
    const double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){3 * n, 8 * n};
}

/* A part [B,T,K,R/2] of a head's numbers: the first or second of every pair. */
static dio_val part(dio_graph *g, dio_val v, const struct attrs *a, int64_t pairs, int second)
{
    return a->interleaved ? dio_slice(g, v, 3, second, pairs, 2)
                          : dio_slice(g, v, 3, second * pairs, pairs, 1);
}

/* d(angle_i) = sum dy2 y1 - dy1 y2 (the sign of the turn), and angle_i = position * inv_freq_i. */
static dio_val frequency_grad(dio_graph *g, const dio_node *n, dio_val dy)
{
    const struct attrs *a = n->attrs;
    const int64_t pairs = dio_dim(g, n->in[2], 0), batch = dio_dim(g, n->in[0], 0);
    const int64_t time = dio_dim(g, n->in[0], 1);
    const dio_val y = n->out[0];
    const dio_val cross = dio_sub(g, dio_mul(g, part(g, dy, a, pairs, 1), part(g, y, a, pairs, 0)),
                                  dio_mul(g, part(g, dy, a, pairs, 0), part(g, y, a, pairs, 1)));
    float *count = malloc((size_t)(time + 1) * sizeof *count);
    if (!count)
        return dio_graph_fail(g, "out of memory for the positions of a rope's gradient");
    for (int64_t t = 0; t < time; t++)
        count[t] = (float)t;
    const dio_val steps = dio_const(g, dio_type_2d(DIO_F32, 1, time), count);
    free(count);
    const dio_val start = dio_reshape2(g, dio_cast(g, n->in[1], DIO_F32), batch, 1);
    const dio_val position = dio_reshape4(g, dio_add(g, steps, start), batch, time, 1, 1);
    return dio_axpb(g, dio_sum(g, dio_mul(g, cross, position), 7, false), a->back ? -1 : 1, 0);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    struct attrs back = *(const struct attrs *)n->attrs;
    back.back = !back.back;
    gin[0] = dio_emit1(g, &dio_op_rope, &back, (dio_val[]){gout[0], n->in[1], n->in[2]}, 3);
    gin[2] = frequency_grad(g, n, gout[0]);
}

#define ATTRS(...)                                                                                 \
    .attrs = &(struct attrs)                                                                       \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

const dio_op dio_op_rope = {
    .name = "rope",
    .doc = "turns pairs of x [B,T,K,D] by (start[b] + t) * inv_freq: start i32 [B], inv_freq [R/2]",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out = 1,
    .flags = DIO_OP_INPLACE,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cost = cost,
    .tol = 2.4e-7f, /* measured 5.7e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 2, 8), DIO_T(DIO_I32, 2), DIO_T(DIO_F32, 4)},
             .n_in = 3,
             .below = 5,
             ATTRS(false, false, 1)},
            {.in = {DIO_T(DIO_F32, 2, 3, 2, 8), DIO_T(DIO_I32, 2), DIO_T(DIO_F32, 3)},
             .n_in = 3,
             .below = 5,
             ATTRS(true, false, 1.25f)},
            {.in = {DIO_T(DIO_F32, 1, 4, 3, 7), DIO_T(DIO_I32, 1), DIO_T(DIO_F32, 2)},
             .n_in = 3,
             .below = 3,
             ATTRS(false, true, 1)},
            {.in = {DIO_T(DIO_F32, 1, 2, 1, 600), DIO_T(DIO_I32, 1), DIO_T(DIO_F32, 300)},
             .n_in = 3,
             .below = 100000,
             ATTRS(false, false, 1),
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 1, 1, 1, 2), DIO_T(DIO_I32, 1), DIO_T(DIO_F32, 1)},
             .n_in = 3,
             .below = 100,
             ATTRS(true, false, 1),
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 2, 3, 2, 8), DIO_T(DIO_I32, 2), DIO_T(DIO_F32, 5)},
             .n_in = 3,
             ATTRS(false, false, 1),
             .refused = "5 frequencies turn 10 numbers, a head has 8"},
            {.in = {DIO_T(DIO_F32, 2, 3, 2, 8), DIO_T(DIO_I32, 3), DIO_T(DIO_F32, 4)},
             .n_in = 3,
             ATTRS(false, false, 1),
             .refused = "the starts must have size 2"},
            {.in = {DIO_T(DIO_F32, 3, 2, 8), DIO_T(DIO_I32, 3), DIO_T(DIO_F32, 4)},
             .n_in = 3,
             ATTRS(false, false, 1),
             .refused = "the input must have 4 dimensions"},
            {0},
        },
};

dio_val dio_rope(dio_graph *g, dio_val x, dio_val start, dio_val inv_freq, bool interleaved,
                 float factor)
{
    return dio_emit1(g, &dio_op_rope, &(struct attrs){interleaved, false, factor},
                     (dio_val[]){x, start, inv_freq}, 3);
}
