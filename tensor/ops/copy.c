/* copy.c: a strided view made dense. The plan puts it in; models never ask for it. */
#include <string.h>

#include "tensor/cpu/cpu.h"
#include "tensor/ops/spans.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    (void)err;
    out[0] = in[0];
    return true;
}

static void reference(const dio_call *c)
{
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, dio_view_get(&c->in[0], i));
}

static void copy_row(unsigned char *to, const unsigned char *from, int64_t n, int64_t stride,
                     size_t size)
{
    if (stride == 1) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    int64_t step = stride * (int64_t)size;
    if (size == 4)
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * 4, from + i * step, 4);
    else
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * (int64_t)size, from + i * step, size);
}

struct job {
    const dio_call *c;
    int64_t rows, width, block;
};

static void copy_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_view *in = &j->c->in[0];
    size_t size = dio_dtype_size(in->dtype);
    int64_t end = (item + 1) * j->block < j->rows ? (item + 1) * j->block : j->rows;
    unsigned char *to = j->c->out[0].data;
    const unsigned char *from = in->data;
    int64_t stride = in->nd ? in->stride[in->nd - 1] : 1;
    for (int64_t r = item * j->block; r < end; r++)
        copy_row(to + (size_t)(r * j->width) * size, from + dio_row_offset(in, r) * (int64_t)size,
                 j->width, stride, size);
}

/* Rows of the result that lie beside each other in the view: columns of its planes. */
enum { TURN = 64 };

static bool is_turned(const dio_view *in)
{
    return in->nd > 1 && dio_dtype_size(in->dtype) == 4 && in->stride[in->nd - 2] == 1 &&
           in->stride[in->nd - 1] > 1;
}

static void turn_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_view *in = &j->c->in[0];
    const int64_t height = in->dim[in->nd - 2], parts = (height + TURN - 1) / TURN;
    const int64_t first = item % parts * TURN, row = item / parts * height + first;
    const int64_t rows = height - first < TURN ? height - first : TURN;
    j->c->cpu->transpose((float *)j->c->out[0].data + row * j->width, j->width,
                         (const float *)in->data + dio_row_offset(in, row), in->stride[in->nd - 1],
                         j->width, rows);
}

static void cpu(const dio_call *c)
{
    struct job j = {.c = c};
    j.rows = dio_view_rows(&c->in[0], &j.width);
    j.block = dio_row_block(j.width);
    if (j.rows && j.width && is_turned(&c->in[0])) {
        const int64_t height = c->in[0].dim[c->in[0].nd - 2];
        dio_gang_run(j.rows / height * ((height + TURN - 1) / TURN), turn_rows, &j);
    } else if (j.rows && j.width)
        dio_gang_run((j.rows + j.block - 1) / j.block, copy_rows, &j);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    (void)g;
    (void)n;
    gin[0] = gout[0];
}

const dio_op dio_op_copy = {
    .name = "copy",
    .doc = "y = x, dense",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_STRIDED,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 5, 7)}, .n_in = 1},
            {.in = {DIO_T(DIO_F32, 1, 1)}, .n_in = 1},
            {.in = {DIO_T(DIO_I32, 4, 3)}, .n_in = 1, .below = 9},
            {0},
        },
};
