/* cast.c: the same numbers in another element type; halves round to nearest even. */
#include "tensor/cpu/cpu.h"
#include "tensor/ops/spans.h"

struct attrs {
    dio_dtype to;
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (a->to > DIO_U8)
        return dio_fail(err, "no operator computes in %s", dio_dtype_name(a->to));
    out[0] = in[0];
    out[0].dtype = a->to;
    return true;
}

static void reference(const dio_call *c)
{
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, dio_view_get(&c->in[0], i));
}

static void span(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    int64_t n = dio_span_length(dio_view_count(&c->out[0]), item), at = item * DIO_SPAN;
    size_t size_in = dio_dtype_size(c->in[0].dtype), size_out = dio_dtype_size(c->out[0].dtype);
    const unsigned char *from = (const unsigned char *)c->in[0].data + (size_t)at * size_in;
    unsigned char *to = (unsigned char *)c->out[0].data + (size_t)at * size_out;
    if (c->out[0].dtype == DIO_F32)
        c->cpu->to_f32((float *)to, from, (int)c->in[0].dtype, n);
    else
        c->cpu->from_f32(to, (const float *)from, (int)c->out[0].dtype, n);
}

static bool is_half(dio_dtype t)
{
    return t == DIO_BF16 || t == DIO_F16;
}

static void cpu(const dio_call *c)
{
    dio_dtype from = c->in[0].dtype, to = c->out[0].dtype;
    if ((from == DIO_F32 && is_half(to)) || (to == DIO_F32 && is_half(from)))
        dio_gang_run(dio_span_count(dio_view_count(&c->out[0])), span, (void *)(uintptr_t)c);
    else
        reference(c);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_dtype from = dio_type_of(g, n->in[0]).dtype;
    if (dio_dtype_is_float(from))
        gin[0] = dio_cast(g, gout[0], from);
}

const dio_op dio_op_cast = {
    .name = "cast",
    .doc = "x in another element type",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 33)},
             .n_in = 1,
             .attrs = &(struct attrs){DIO_BF16},
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 70)},
             .n_in = 1,
             .attrs = &(struct attrs){DIO_F16},
             .no_grad = true},
            {.in = {DIO_T(DIO_BF16, 35)},
             .n_in = 1,
             .attrs = &(struct attrs){DIO_F32},
             .no_grad = true},
            {.in = {DIO_T(DIO_I32, 5)}, .n_in = 1, .attrs = &(struct attrs){DIO_F32}, .below = 9},
            {.in = {DIO_T(DIO_F32, 5)},
             .n_in = 1,
             .attrs = &(struct attrs){DIO_I64},
             .refused = "computes in i64"},
            {0},
        },
};

dio_val dio_cast(dio_graph *g, dio_val x, dio_dtype to)
{
    if (dio_type_of(g, x).dtype == to)
        return x;
    return dio_emit1(g, &dio_op_cast, &(struct attrs){to}, &x, 1);
}
