/* sum.c: sums over any axes, and means from them.
 *
 * Every output is one sum in a fixed order: over contiguous inner elements by the row kernel's
 * tree, over outer ones from the first to the last. Work is cut by outputs alone. */
#include <string.h>

#include "tensor/cpu/cpu.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    unsigned axes;
    bool keep;
    bool mean;
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!dio_want_float(&in[0], "the operand", err))
        return false;
    if (a->axes >> in[0].nd)
        return dio_fail(err, "axes 0x%x are outside the %d dimensions", a->axes, in[0].nd);
    out[0] = (dio_type){DIO_F32, 0, {0}};
    for (int i = 0; i < in[0].nd; i++)
        if (!(a->axes >> i & 1))
            out[0].dim[out[0].nd++] = in[0].dim[i];
        else if (a->keep)
            out[0].dim[out[0].nd++] = 1;
    return true;
}

/* Kept dims first, then the summed ones, as one view each with the input's strides. */
static void split(const dio_call *c, dio_view *kept, dio_view *summed)
{
    const struct attrs *a = c->attrs;
    *kept = *summed = (dio_view){.data = c->in[0].data, .dtype = DIO_F32};
    for (int i = 0; i < c->in[0].nd; i++) {
        dio_view *v = a->axes >> i & 1 ? summed : kept;
        v->dim[v->nd] = c->in[0].dim[i];
        v->stride[v->nd++] = c->in[0].stride[i];
    }
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    dio_view kept, summed;
    split(c, &kept, &summed);
    int64_t n = dio_view_count(&summed);
    for (int64_t o = 0; o < dio_view_count(&kept); o++) {
        const float *from = (const float *)kept.data + dio_view_offset(&kept, o);
        double s = 0;
        for (int64_t i = 0; i < n; i++)
            s += from[dio_view_offset(&summed, i)];
        ((float *)c->out[0].data)[o] = (float)(a->mean ? s / (double)n : s);
    }
}

struct job {
    const dio_call *c;
    dio_view kept, summed;
    int64_t outputs, n; /* outputs in all; elements in each */
    int64_t block;      /* outputs an item */
};

/* The last summed dim is contiguous: rows by the tree, their sums one after the other. */
static void sum_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t width = j->summed.nd ? j->summed.dim[j->summed.nd - 1] : 1;
    int64_t rows = width ? j->n / width : 0;
    int64_t end = (item + 1) * j->block < j->outputs ? (item + 1) * j->block : j->outputs;
    float scale = ((const struct attrs *)j->c->attrs)->mean ? 1 / (float)j->n : 1;
    for (int64_t o = item * j->block; o < end; o++) {
        const float *from = (const float *)j->kept.data + dio_view_offset(&j->kept, o);
        double s = 0;
        for (int64_t r = 0; r < rows; r++)
            s += j->c->cpu->sum(from + dio_row_offset(&j->summed, r), width);
        ((float *)j->c->out[0].data)[o] = (float)s * scale;
    }
}

/* The last kept dim is contiguous: whole rows are added up, each column on its own. */
static void sum_columns(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t width = j->kept.dim[j->kept.nd - 1];
    int64_t per_row = (width + j->block - 1) / j->block;
    int64_t row = item / per_row, at = item % per_row * j->block;
    int64_t n = width - at < j->block ? width - at : j->block;
    const float *from = (const float *)j->kept.data + dio_row_offset(&j->kept, row) + at;
    float *to = (float *)j->c->out[0].data + row * width + at;
    memset(to, 0, (size_t)n * sizeof *to);
    for (int64_t i = 0; i < j->n; i++)
        j->c->cpu->add(to, to, from + dio_view_offset(&j->summed, i), n, 1, 1);
    if (((const struct attrs *)j->c->attrs)->mean)
        j->c->cpu->axpb(to, to, n, 1 / (float)j->n, 0);
}

static void cpu(const dio_call *c)
{
    struct job j = {.c = c};
    split(c, &j.kept, &j.summed);
    j.outputs = dio_view_count(&j.kept);
    j.n = dio_view_count(&j.summed);
    if (!j.outputs || !j.n) {
        memset(c->out[0].data, 0, (size_t)j.outputs * sizeof(float));
        return;
    }
    bool rows =
        !j.summed.nd || j.summed.stride[j.summed.nd - 1] == 1 || j.summed.dim[j.summed.nd - 1] == 1;
    bool columns = j.kept.nd && j.kept.stride[j.kept.nd - 1] == 1;
    if (rows && j.summed.nd) {
        j.block = dio_row_block(j.n);
        dio_gang_run((j.outputs + j.block - 1) / j.block, sum_rows, &j);
    } else if (columns) {
        j.block = 256;
        int64_t width = j.kept.dim[j.kept.nd - 1];
        dio_gang_run(j.outputs / width * ((width + j.block - 1) / j.block), sum_columns, &j);
    } else {
        reference(c);
    }
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    dio_type t = dio_type_of(g, n->in[0]), kept = t;
    double count = 1;
    for (int i = 0; i < t.nd; i++)
        if (a->axes >> i & 1) {
            count *= (double)t.dim[i];
            kept.dim[i] = 1;
        }
    dio_val v = a->mean ? dio_axpb(g, gout[0], (float)(1 / count), 0) : gout[0];
    gin[0] = dio_expand(g, dio_reshape(g, v, kept.nd, kept.dim), t.nd, t.dim);
}

#define CASES(mean_)                                                                               \
    (const dio_op_case[])                                                                          \
    {                                                                                              \
        {.in = {DIO_T(DIO_F32, 3, 5, 37)}, .n_in = 1, .attrs = &(struct attrs){4, false, mean_}},  \
            {.in = {DIO_T(DIO_F32, 3, 5, 37)},                                                     \
             .n_in = 1,                                                                            \
             .attrs = &(struct attrs){3, true, mean_}},                                            \
            {.in = {DIO_T(DIO_F32, 3, 5, 7)},                                                      \
             .n_in = 1,                                                                            \
             .attrs = &(struct attrs){5, false, mean_}},                                           \
            {.in = {DIO_T(DIO_F32, 300)}, .n_in = 1, .attrs = &(struct attrs){1, false, mean_}},   \
            {.in = {DIO_T(DIO_F32, 2, 3)}, .n_in = 1, .attrs = &(struct attrs){0, false, mean_}},  \
            {.in = {DIO_T(DIO_F32, 2, 3)},                                                         \
             .n_in = 1,                                                                            \
             .attrs = &(struct attrs){8, false, mean_},                                            \
             .refused = "outside the 2 dimensions"},                                               \
            {0},                                                                                   \
    }

const dio_op dio_op_sum = {
    .name = "sum",
    .doc = "sum over a set of axes",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_STRIDED,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .tol = 5e-7f, /* measured 1.3e-7 */
    .cases = CASES(false),
};

const dio_op dio_op_mean = {
    .name = "mean",
    .doc = "mean over a set of axes",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_STRIDED,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .tol = 1.2e-7f, /* measured 2.9e-8 */
    .cases = CASES(true),
};

dio_val dio_sum(dio_graph *g, dio_val x, unsigned axes, bool keep)
{
    return dio_emit1(g, &dio_op_sum, &(struct attrs){axes, keep, false}, &x, 1);
}

dio_val dio_mean(dio_graph *g, dio_val x, unsigned axes, bool keep)
{
    return dio_emit1(g, &dio_op_mean, &(struct attrs){axes, keep, true}, &x, 1);
}
