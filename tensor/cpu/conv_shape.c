/* conv_shape.c: the geometry of a convolution, for the three operators that share it. */
#include "tensor/cpu/conv.h"

dio_conv_shape dio_conv_shape_of(const dio_view *x, const dio_view *w, const dio_view *y,
                                 const dio_conv_attrs *a)
{
    int flat = x->nd == 3;
    int vertical = 0, horizontal = flat ? 0 : 1; /* where attrs of H and W stand */
    dio_conv_shape s = {
        .batch = x->dim[0],
        .groups = a->groups,
        .c = x->dim[1] / a->groups,
        .o = y->dim[1] / a->groups,
        .h = flat ? 1 : x->dim[2],
        .w = x->dim[flat ? 2 : 3],
        .oh = flat ? 1 : y->dim[2],
        .ow = y->dim[flat ? 2 : 3],
        .kh = flat ? 1 : w->dim[2],
        .kw = w->dim[flat ? 2 : 3],
        .sh = flat ? 1 : a->stride[vertical],
        .sw = a->stride[horizontal],
        .ph = flat ? 0 : a->pad[vertical],
        .pw = a->pad[horizontal],
        .dh = flat ? 1 : a->dilation[vertical],
        .dw = a->dilation[horizontal],
        .kernel = w->dtype,
        .tiles = a->tiles,
    };
    return s;
}

dio_cost dio_conv_cost(const dio_conv_shape *s)
{
    double taps = (double)s->c * s->kh * s->kw;
    double outputs = (double)s->batch * s->groups * s->o * s->oh * s->ow;
    double inputs = (double)s->batch * s->groups * s->c * s->h * s->w;
    double weights = (double)s->groups * s->o * taps;
    return (dio_cost){2 * outputs * taps,
                      4 * (inputs + outputs) + (double)dio_dtype_size(s->kernel) * weights};
}

/* Far above any real network, far below where sizes could overflow. */
enum { ATTR_MAX = 1 << 20 };

static bool in_range(const int v[2], int lo, const char *name, dio_error *err)
{
    for (int i = 0; i < 2; i++)
        if (v[i] < lo || v[i] > ATTR_MAX)
            return dio_fail(err, "%s %d is outside %d..%d", name, v[i], lo, ATTR_MAX);
    return true;
}

bool dio_conv_check(const dio_type *x, const dio_type *w, bool halves, const dio_conv_attrs *a,
                    dio_error *err)
{
    char text[DIO_TYPE_TEXT];
    const bool half = halves && (w->dtype == DIO_BF16 || w->dtype == DIO_F16);
    if (!dio_want_float(x, "x", err) || (!half && !dio_want_float(w, "the kernel", err)) ||
        !dio_want_dims(x, 3, 4, "x", err))
        return false;
    if (w->nd != x->nd)
        return dio_fail(err, "the kernel %s must have as many dimensions as x, %d",
                        dio_type_text(w, text), x->nd);
    for (int i = 2; i < w->nd; i++)
        if (w->dim[i] < 1 || w->dim[i] > ATTR_MAX)
            return dio_fail(err, "a kernel %lld wide is outside 1..%d", (long long)w->dim[i],
                            ATTR_MAX);
    if (a->groups < 1)
        return dio_fail(err, "groups %d is below 1", a->groups);
    if (w->dim[0] % a->groups || x->dim[1] % a->groups)
        return dio_fail(err,
                        "%lld channels of x and %lld of the kernel do not split into %d groups",
                        (long long)x->dim[1], (long long)w->dim[0], a->groups);
    return in_range(a->stride, 1, "stride", err) && in_range(a->pad, 0, "pad", err) &&
           in_range(a->dilation, 1, "dilation", err);
}

bool dio_conv_check_bias(const dio_type *bias, int64_t channels, dio_error *err)
{
    return bias->nd < 0 ||
           (dio_want_float(bias, "bias", err) && dio_want_dims(bias, 1, 1, "bias", err) &&
            dio_want_dim(bias, 0, channels, "bias", err));
}
