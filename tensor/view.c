/* view.c: operands with strides: how references walk them, and the sentences of inference. */
#include <string.h>

#include "tensor/op.h"

int64_t dio_view_count(const dio_view *v)
{
    int64_t n = 1;
    for (int i = 0; i < v->nd; i++)
        n *= v->dim[i];
    return n;
}

bool dio_view_is_dense(const dio_view *v)
{
    int64_t step = 1;
    for (int i = v->nd - 1; i >= 0; i--) {
        if (v->dim[i] != 1 && v->stride[i] != step)
            return false;
        step *= v->dim[i];
    }
    return true;
}

int64_t dio_view_rows(const dio_view *v, int64_t *width)
{
    *width = v->nd ? v->dim[v->nd - 1] : 1;
    int64_t rows = 1;
    for (int i = 0; i + 1 < v->nd; i++)
        rows *= v->dim[i];
    return rows;
}

int64_t dio_view_offset(const dio_view *v, int64_t flat)
{
    int64_t at = 0;
    for (int i = v->nd - 1; i >= 0; i--) {
        at += flat % v->dim[i] * v->stride[i];
        flat /= v->dim[i];
    }
    return at;
}

double dio_view_get(const dio_view *v, int64_t flat)
{
    int64_t at = dio_view_offset(v, flat);
    switch (v->dtype) {
    case DIO_F32:
        return ((const float *)v->data)[at];
    case DIO_BF16:
        return dio_bf16_to_f32(((const uint16_t *)v->data)[at]);
    case DIO_F16:
        return dio_f16_to_f32(((const uint16_t *)v->data)[at]);
    case DIO_I32:
        return ((const int32_t *)v->data)[at];
    case DIO_U8:
        return ((const uint8_t *)v->data)[at];
    default:
        return 0; /* inference lets no other type near a kernel */
    }
}

void dio_view_set(const dio_view *v, int64_t flat, double x)
{
    int64_t at = dio_view_offset(v, flat);
    switch (v->dtype) {
    case DIO_F32:
        ((float *)v->data)[at] = (float)x;
        break;
    case DIO_BF16:
        ((uint16_t *)v->data)[at] = dio_f32_to_bf16((float)x);
        break;
    case DIO_F16:
        ((uint16_t *)v->data)[at] = dio_f32_to_f16((float)x);
        break;
    case DIO_I32:
        ((int32_t *)v->data)[at] = (int32_t)x;
        break;
    case DIO_U8:
        ((uint8_t *)v->data)[at] = (uint8_t)x;
        break;
    default:
        break;
    }
}

bool dio_want_float(const dio_type *t, const char *what, dio_error *err)
{
    if (t->nd >= 0 && t->dtype == DIO_F32)
        return true;
    return dio_fail(err, "%s must be f32, not %s", what,
                    t->nd < 0 ? "absent" : dio_dtype_name(t->dtype));
}

bool dio_want_dims(const dio_type *t, int lo, int hi, const char *what, dio_error *err)
{
    char text[DIO_TYPE_TEXT];
    if (t->nd >= lo && t->nd <= hi)
        return true;
    if (lo == hi)
        return dio_fail(err, "%s must have %d dimensions, not %s", what, lo,
                        dio_type_text(t, text));
    return dio_fail(err, "%s must have %d to %d dimensions, not %s", what, lo, hi,
                    dio_type_text(t, text));
}

bool dio_want_dim(const dio_type *t, int axis, int64_t size, const char *what, dio_error *err)
{
    char text[DIO_TYPE_TEXT];
    int at = axis < 0 ? axis + t->nd : axis;
    if (at >= 0 && at < t->nd && t->dim[at] == size)
        return true;
    return dio_fail(err, "%s must have size %lld in dimension %d, not %s", what, (long long)size,
                    axis, dio_type_text(t, text));
}

bool dio_want_same(const dio_type *a, const dio_type *b, const char *what, dio_error *err)
{
    char left[DIO_TYPE_TEXT], right[DIO_TYPE_TEXT];
    if (dio_type_equal(a, b))
        return true;
    return dio_fail(err, "%s differ: %s and %s", what, dio_type_text(a, left),
                    dio_type_text(b, right));
}
