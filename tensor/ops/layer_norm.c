/* layer_norm.c: each row to mean 0 and variance 1, then a weight and a bias (arXiv:1607.06450).
 * The forward leaves mean and 1/std of every row as a second output, for the backward. */
#include <math.h>

#include "tensor/cpu/cpu.h"
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/ops/norm_rows.h"
#include "tensor/ops/spans.h"

struct attrs {
    float eps;
};

extern const dio_op dio_op_layer_norm_grad;

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    const dio_type absent = {.nd = -1};
    (void)attrs;
    out[0] = out[1] = in[0];
    if (!dio_norm_infer(&in[0], n_in > 1 ? &in[1] : &absent, n_in > 2 ? &in[2] : &absent, err))
        return false;
    out[1].dim[out[1].nd - 1] = 2;
    return true;
}

static void reference(const dio_call *c)
{
    const double eps = (double)((const struct attrs *)c->attrs)->eps;
    int64_t width, rows = dio_view_rows(&c->in[0], &width);
    for (int64_t i = 0; i < rows; i++) {
        double mean = 0, var = 0;
        for (int64_t k = 0; k < width; k++)
            mean += dio_view_get(&c->in[0], i * width + k) / (double)width;
        for (int64_t k = 0; k < width; k++)
            var += pow(dio_view_get(&c->in[0], i * width + k) - mean, 2) / (double)width;
        const double scale = 1 / sqrt(var + eps);
        for (int64_t k = 0; k < width; k++) {
            const double hat = (dio_view_get(&c->in[0], i * width + k) - mean) * scale;
            const double w = c->in[1].data ? dio_view_get(&c->in[1], k) : 1;
            const double b = c->in[2].data ? dio_view_get(&c->in[2], k) : 0;
            dio_view_set(&c->out[0], i * width + k, hat * w + b);
        }
        if (c->out[1].data) {
            dio_view_set(&c->out[1], 2 * i, mean);
            dio_view_set(&c->out[1], 2 * i + 1, scale);
        }
    }
}

static void do_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    const float eps = ((const struct attrs *)c->attrs)->eps;
    int64_t width, rows = dio_view_rows(&c->in[0], &width), block = dio_row_block(width);
    float *stats = c->out[1].data;
    for (int64_t i = item * block; i < (item + 1) * block && i < rows; i++)
        c->cpu->layer_norm((float *)c->out[0].data + i * width,
                           (const float *)c->in[0].data + i * width, c->in[1].data, c->in[2].data,
                           width, eps, stats ? stats + 2 * i : NULL);
}

static void cpu(const dio_call *c)
{
    int64_t width, rows = dio_view_rows(&c->in[0], &width), block = dio_row_block(width);
    dio_gang_run((rows + block - 1) / block, do_rows, (void *)(uintptr_t)c);
}

static dio_cost cost(const dio_call *c)
{
    const double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){8 * n, 8 * n};
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const dio_val w = n->n_in > 1 ? n->in[1] : DIO_NONE;
    const bool has_b = n->n_in > 2 && n->in[2] != DIO_NONE;
    dio_val out[3];
    dio_emit(g, &dio_op_layer_norm_grad, NULL, (dio_val[]){gout[0], n->in[0], n->out[1], w}, 4,
             out);
    gin[0] = out[0];
    if (w != DIO_NONE)
        gin[1] = out[1];
    if (has_b)
        gin[2] = out[2];
}

/* dy, x, stats, w -> dx, dw, db */
static bool grad_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    const dio_type absent = {.nd = -1};
    (void)attrs;
    if (!dio_norm_infer(&in[1], n_in > 3 ? &in[3] : &absent, &absent, err) ||
        !dio_want_same(&in[0], &in[1], "the gradient and the input", err) ||
        !dio_want_float(&in[2], "the statistics", err) ||
        !dio_want_dims(&in[2], in[1].nd, in[1].nd, "the statistics", err) ||
        !dio_want_dim(&in[2], -1, 2, "the statistics", err))
        return false;
    out[0] = in[1];
    out[1] = out[2] = dio_type_1d(DIO_F32, in[1].dim[in[1].nd - 1]);
    return true;
}

static dio_norm_grad job_of(const dio_call *c)
{
    return (dio_norm_grad){.c = c,
                           .dy = c->in[0],
                           .x = c->in[1],
                           .stats = c->in[2],
                           .w = c->in[3],
                           .dx = c->out[0].data,
                           .dw = c->out[1].data,
                           .db = c->out[2].data,
                           .centred = true};
}

static void grad_reference(const dio_call *c)
{
    const dio_norm_grad j = job_of(c);
    dio_norm_grad_reference(&j);
}

static void grad_cpu(const dio_call *c)
{
    const dio_norm_grad j = job_of(c);
    dio_norm_grad_cpu(&j);
}

static size_t grad_workspace(const dio_call *c)
{
    return dio_norm_grad_work(&c->in[1]);
}

#define ATTRS                                                                                      \
    .attrs = &(struct attrs)                                                                       \
    {                                                                                              \
        1e-5f                                                                                      \
    }

const dio_op dio_op_layer_norm = {
    .name = "layer_norm",
    .doc = "y = (x - mean) / sqrt(var + eps) * w + b over the last axis",
    .n_in_min = 1,
    .n_in_max = 3,
    .n_out = 2,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cost = cost,
    .tol = 3.5e-7f, /* measured 8.7e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 21), DIO_T(DIO_F32, 21), DIO_T(DIO_F32, 21)},
             .n_in = 3,
             ATTRS},
            {.in = {DIO_T(DIO_F32, 70, 9), DIO_T(DIO_F32, 9)}, .n_in = 2, ATTRS},
            {.in = {DIO_T(DIO_F32, 3, 1000)}, .n_in = 1, ATTRS, .no_grad = true},
            {.in = {DIO_T(DIO_F32, 64)}, .n_in = 1, ATTRS},
            {.in = {DIO_T(DIO_F32, 3, 1), DIO_T(DIO_F32, 1), DIO_T(DIO_F32, 1)}, .n_in = 3, ATTRS},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 4)},
             .n_in = 2,
             ATTRS,
             .refused = "the weight must have size 5"},
            {.in = {DIO_T_SCALAR},
             .n_in = 1,
             ATTRS,
             .refused = "the input must have 1 to 6 dimensions"},
            {0},
        },
};

const dio_op dio_op_layer_norm_grad = {
    .name = "layer_norm_grad",
    .doc = "dx, dw, db of layer_norm from dy, x, its statistics and w",
    .n_in_min = 3,
    .n_in_max = 4,
    .n_out = 3,
    .flags = DIO_OP_NODIFF,
    .infer = grad_infer,
    .reference = grad_reference,
    .cpu = grad_cpu,
    .workspace = grad_workspace,
    .tol = 5e-7f, /* measured 1.2e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 5, 8, 21), DIO_T(DIO_F32, 5, 8, 21), DIO_T(DIO_F32, 5, 8, 2),
                    DIO_T(DIO_F32, 21)},
             .n_in = 4},
            {.in = {DIO_T(DIO_F32, 1, 1), DIO_T(DIO_F32, 1, 1), DIO_T(DIO_F32, 1, 2)}, .n_in = 3},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 3, 1)},
             .n_in = 3,
             .refused = "the statistics must have size 2"},
            {0},
        },
};

dio_val dio_layer_norm(dio_graph *g, dio_val x, dio_val w, dio_val b, float eps)
{
    dio_val out[2];
    dio_emit(g, &dio_op_layer_norm, &(struct attrs){eps}, (dio_val[]){x, w, b}, 3, out);
    return out[0];
}
