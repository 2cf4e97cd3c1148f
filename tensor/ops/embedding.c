/* embedding.c: rows of a table, by number or by position, and the sums that are their gradients.
 *
 * Kernels cannot fail, so a row outside the table reads as zeros and takes no gradient; whoever
 * feeds ids checks them. Gradients add up in the order of the ids, cut by columns: the same bits
 * for any number of threads.
 */
#include <string.h>

#include "tensor/cpu/cpu.h"
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

/* embedding's gradient and embedding_range both must be told one size. */
struct attrs {
    int64_t size; /* rows of the table (gradients), or positions (embedding_range) */
};

extern const dio_op dio_op_embedding_grad, dio_op_embedding_range, dio_op_embedding_range_grad;

static bool want_table(const dio_type *t, dio_error *err)
{
    if (!dio_want_dims(t, 2, 2, "the table", err))
        return false;
    if (t->dtype != DIO_F32 && t->dtype != DIO_BF16 && t->dtype != DIO_F16)
        return dio_fail(err, "the table must be f32, bf16 or f16, not %s",
                        dio_dtype_name(t->dtype));
    return true;
}

static bool want_i32(const dio_type *t, const char *what, dio_error *err)
{
    if (t->nd >= 0 && t->dtype == DIO_I32)
        return true;
    return dio_fail(err, "%s must be i32, not %s", what,
                    t->nd < 0 ? "absent" : dio_dtype_name(t->dtype));
}

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    if (!want_table(&in[0], err) || !want_i32(&in[1], "the ids", err) ||
        !dio_want_dims(&in[1], 0, DIO_MAX_DIMS - 1, "the ids", err))
        return false;
    out[0] = in[1];
    out[0].dtype = DIO_F32;
    out[0].dim[out[0].nd++] = in[0].dim[1];
    return true;
}

static bool range_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                        dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!want_table(&in[0], err) || !want_i32(&in[1], "the starts", err) ||
        !dio_want_dims(&in[1], 1, 1, "the starts", err))
        return false;
    if (a->size < 0 || a->size > in[0].dim[0])
        return dio_fail(err, "%lld positions do not fit a table of %lld", (long long)a->size,
                        (long long)in[0].dim[0]);
    out[0] = dio_type_3d(DIO_F32, in[1].dim[0], a->size, in[0].dim[1]);
    return true;
}

/* The row of the table that item `i` of the output names; -1 for none. With `count` positions for
 * each start, or ids one by one (count 0). */
static int64_t row_of(const dio_view *ids, int64_t i, int64_t count, int64_t rows)
{
    const int64_t at = count ? i / count : i;
    const int64_t id =
        ((const int32_t *)ids->data)[dio_view_offset(ids, at)] + (count ? i % count : 0);
    return id >= 0 && id < rows ? id : -1;
}

static int64_t count_of(const dio_call *c)
{
    return c->op == &dio_op_embedding_range ? ((const struct attrs *)c->attrs)->size : 0;
}

static void reference(const dio_call *c)
{
    int64_t width, n = dio_view_rows(&c->out[0], &width);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = row_of(&c->in[1], i, count_of(c), c->in[0].dim[0]);
        for (int64_t k = 0; k < width; k++)
            dio_view_set(&c->out[0], i * width + k,
                         row < 0 ? 0 : dio_view_get(&c->in[0], row * width + k));
    }
}

struct job {
    const dio_call *c;
    int64_t n, width, block;
};

static void copy_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_view *table = &j->c->in[0];
    const size_t size = dio_dtype_size(table->dtype);
    const int64_t end = (item + 1) * j->block < j->n ? (item + 1) * j->block : j->n;
    for (int64_t i = item * j->block; i < end; i++) {
        const int64_t row = row_of(&j->c->in[1], i, count_of(j->c), table->dim[0]);
        float *y = (float *)j->c->out[0].data + i * j->width;
        const char *x = (const char *)table->data + (size_t)(row * j->width) * size;
        if (row < 0)
            memset(y, 0, (size_t)j->width * sizeof *y);
        else if (table->dtype == DIO_F32)
            memcpy(y, x, (size_t)j->width * sizeof *y);
        else
            j->c->cpu->to_f32(y, x, table->dtype, j->width);
    }
}

static void cpu(const dio_call *c)
{
    struct job j = {.c = c};
    j.n = dio_view_rows(&c->out[0], &j.width);
    j.block = dio_row_block(j.width);
    dio_gang_run((j.n + j.block - 1) / j.block, copy_rows, &j);
}

static dio_cost cost(const dio_call *c)
{
    const double n = (double)dio_view_count(&c->out[0]);
    return (dio_cost){0, n * (4 + (double)dio_dtype_size(c->in[0].dtype))};
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const dio_type table = dio_type_of(g, n->in[0]);
    const struct attrs a = {table.dim[0]};
    if (table.dtype == DIO_F32)
        gin[0] = dio_emit1(g, &dio_op_embedding_grad, &a, (dio_val[]){gout[0], n->in[1]}, 2);
}

static void range_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const dio_type table = dio_type_of(g, n->in[0]);
    const struct attrs a = {table.dim[0]};
    if (table.dtype == DIO_F32)
        gin[0] = dio_emit1(g, &dio_op_embedding_range_grad, &a, (dio_val[]){gout[0], n->in[1]}, 2);
}

/* dy [..,C], ids [..] -> [rows, C] */
static bool grad_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!dio_want_float(&in[0], "the gradient", err) || !want_i32(&in[1], "the ids", err) ||
        !dio_want_dims(&in[0], in[1].nd + 1, in[1].nd + 1, "the gradient", err))
        return false;
    for (int i = 0; i < in[1].nd; i++)
        if (!dio_want_dim(&in[0], i, in[1].dim[i], "the gradient", err))
            return false;
    out[0] = dio_type_2d(DIO_F32, a->size, in[0].dim[in[0].nd - 1]);
    return true;
}

/* dy [B,T,C], starts [B] -> [rows, C] */
static bool range_grad_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                             dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!dio_want_float(&in[0], "the gradient", err) || !want_i32(&in[1], "the starts", err) ||
        !dio_want_dims(&in[0], 3, 3, "the gradient", err) ||
        !dio_want_dims(&in[1], 1, 1, "the starts", err) ||
        !dio_want_dim(&in[0], 0, in[1].dim[0], "the gradient", err))
        return false;
    out[0] = dio_type_2d(DIO_F32, a->size, in[0].dim[2]);
    return true;
}

static int64_t grad_count(const dio_call *c)
{
    return c->op == &dio_op_embedding_range_grad ? c->in[0].dim[1] : 0;
}

static void grad_reference(const dio_call *c)
{
    int64_t width, n = dio_view_rows(&c->in[0], &width), rows = c->out[0].dim[0];
    for (int64_t k = 0; k < width; k++)
        for (int64_t r = 0; r < rows; r++) {
            double sum = 0;
            for (int64_t i = 0; i < n; i++)
                if (row_of(&c->in[1], i, grad_count(c), rows) == r)
                    sum += dio_view_get(&c->in[0], i * width + k);
            dio_view_set(&c->out[0], r * width + k, sum);
        }
}

enum { COLUMNS = 64 }; /* an item's share of every row: four cache lines */

static void add_columns(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_view *out = &j->c->out[0];
    const int64_t at = item * COLUMNS, left = j->width - at, n = left < COLUMNS ? left : COLUMNS;
    float *into = (float *)out->data + at;
    for (int64_t r = 0; r < out->dim[0]; r++)
        memset(into + r * j->width, 0, (size_t)n * sizeof *into);
    for (int64_t i = 0; i < j->n; i++) {
        const int64_t row = row_of(&j->c->in[1], i, grad_count(j->c), out->dim[0]);
        float *y = into + row * j->width;
        if (row >= 0)
            j->c->cpu->add(y, y, (const float *)j->c->in[0].data + i * j->width + at, n, 1, 1);
    }
}

static void grad_cpu(const dio_call *c)
{
    struct job j = {.c = c};
    j.n = dio_view_rows(&c->in[0], &j.width);
    dio_gang_run((j.width + COLUMNS - 1) / COLUMNS, add_columns, &j);
}

/* Sums are linear: the gradient of the gradient is the lookup. */
static void grad_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = dio_embedding(g, gout[0], n->in[1]);
}

static void range_grad_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = dio_embedding_range(g, gout[0], n->in[1], dio_dim(g, n->in[0], 1));
}

const dio_op dio_op_embedding = {
    .name = "embedding",
    .doc = "y = table[ids]: table [V,C] f32/bf16/f16, ids i32 [..] -> [..,C]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cost = cost,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 9, 5), DIO_T(DIO_I32, 2, 7)}, .n_in = 2, .below = 9},
            {.in = {DIO_T(DIO_BF16, 4, 70), DIO_T(DIO_I32, 3)}, .n_in = 2, .below = 4},
            {.in = {DIO_T(DIO_F16, 1, 1), DIO_T(DIO_I32, 1)}, .n_in = 2, .below = 1},
            {.in = {DIO_T(DIO_F32, 3, 4), DIO_T(DIO_I32, 20)}, .n_in = 2, .below = 7},
            {.in = {DIO_T(DIO_I32, 9, 5), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .refused = "the table must be f32, bf16 or f16, not i32"},
            {.in = {DIO_T(DIO_F32, 9, 5), DIO_T(DIO_F32, 2)},
             .n_in = 2,
             .refused = "the ids must be i32, not f32"},
            {0},
        },
};

const dio_op dio_op_embedding_grad = {
    .name = "embedding_grad",
    .doc = "sums rows of dy [..,C] by ids into [V,C]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = grad_infer,
    .reference = grad_reference,
    .cpu = grad_cpu,
    .grad = grad_grad,
    .tol = 6.4e-7f, /* measured 1.6e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 7, 5), DIO_T(DIO_I32, 2, 7)},
             .n_in = 2,
             .below = 9,
             .attrs = &(struct attrs){6}},
            {.in = {DIO_T(DIO_F32, 30, 131), DIO_T(DIO_I32, 30)},
             .n_in = 2,
             .below = 3,
             .attrs = &(struct attrs){3}},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .attrs = &(struct attrs){6},
             .refused = "the gradient must have size 2"},
            {0},
        },
};

const dio_op dio_op_embedding_range = {
    .name = "embedding_range",
    .doc = "y[b,t] = table[start[b] + t]: table [P,C] -> [B,T,C]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = range_infer,
    .reference = reference,
    .cpu = cpu,
    .grad = range_grad,
    .cost = cost,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 9, 5), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .below = 6,
             .attrs = &(struct attrs){4}},
            {.in = {DIO_T(DIO_BF16, 4, 70), DIO_T(DIO_I32, 1)},
             .n_in = 2,
             .below = 1,
             .attrs = &(struct attrs){4}},
            {.in = {DIO_T(DIO_F32, 4, 7), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .below = 1,
             .attrs = &(struct attrs){5},
             .refused = "5 positions do not fit a table of 4"},
            {0},
        },
};

const dio_op dio_op_embedding_range_grad = {
    .name = "embedding_range_grad",
    .doc = "sums dy [B,T,C] at rows start[b] + t into [P,C]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = range_grad_infer,
    .reference = grad_reference,
    .cpu = grad_cpu,
    .grad = range_grad_grad,
    .tol = 1e-7f, /* measured 0 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 4, 66), DIO_T(DIO_I32, 3)},
             .n_in = 2,
             .below = 3,
             .attrs = &(struct attrs){6}},
            {.in = {DIO_T(DIO_F32, 3, 4), DIO_T(DIO_I32, 3)},
             .n_in = 2,
             .attrs = &(struct attrs){6},
             .refused = "the gradient must have 3 dimensions"},
            {0},
        },
};

dio_val dio_embedding(dio_graph *g, dio_val table, dio_val ids)
{
    return dio_emit1(g, &dio_op_embedding, NULL, (dio_val[]){table, ids}, 2);
}

dio_val dio_embedding_range(dio_graph *g, dio_val table, dio_val start, int64_t count)
{
    return dio_emit1(g, &dio_op_embedding_range, &(struct attrs){count}, (dio_val[]){table, start},
                     2);
}
