/* type.c: element types, shapes, and the half-precision conversions. */
#include "tensor/tensor.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const struct {
    const char *name;
    size_t size;
    bool is_float;
} dtypes[DIO_DTYPES] = {
    [DIO_F32] = {"f32", 4, true},  [DIO_BF16] = {"bf16", 2, true}, [DIO_F16] = {"f16", 2, true},
    [DIO_I32] = {"i32", 4, false}, [DIO_U8] = {"u8", 1, false},    [DIO_I64] = {"i64", 8, false},
    [DIO_F64] = {"f64", 8, true},  [DIO_I8] = {"i8", 1, false},
};

size_t dio_dtype_size(dio_dtype t)
{
    return dtypes[t].size;
}

const char *dio_dtype_name(dio_dtype t)
{
    return dtypes[t].name;
}

bool dio_dtype_is_float(dio_dtype t)
{
    return dtypes[t].is_float;
}

dio_type dio_type_make(dio_dtype dtype, int nd, const int64_t *dim)
{
    dio_type t = {dtype, nd, {0}};
    for (int i = 0; i < nd && i < DIO_MAX_DIMS; i++)
        t.dim[i] = dim[i];
    return t;
}

dio_type dio_type_1d(dio_dtype dtype, int64_t a)
{
    return dio_type_make(dtype, 1, (int64_t[]){a});
}

dio_type dio_type_2d(dio_dtype dtype, int64_t a, int64_t b)
{
    return dio_type_make(dtype, 2, (int64_t[]){a, b});
}

dio_type dio_type_3d(dio_dtype dtype, int64_t a, int64_t b, int64_t c)
{
    return dio_type_make(dtype, 3, (int64_t[]){a, b, c});
}

dio_type dio_type_4d(dio_dtype dtype, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return dio_type_make(dtype, 4, (int64_t[]){a, b, c, d});
}

bool dio_type_equal(const dio_type *a, const dio_type *b)
{
    if (a->dtype != b->dtype || a->nd != b->nd)
        return false;
    for (int i = 0; i < a->nd; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

int64_t dio_type_count(const dio_type *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->nd; i++)
        n *= t->dim[i];
    return n;
}

size_t dio_type_bytes(const dio_type *t)
{
    return (size_t)dio_type_count(t) * dio_dtype_size(t->dtype);
}

bool dio_type_check(const dio_type *t, dio_error *err)
{
    char text[DIO_TYPE_TEXT];
    size_t n = 1;
    if (t->nd < 0 || t->nd > DIO_MAX_DIMS)
        return dio_fail(err, "a shape of %d dimensions: at most %d are possible", t->nd,
                        DIO_MAX_DIMS);
    for (int i = 0; i < t->nd; i++) {
        if (t->dim[i] < 0)
            return dio_fail(err, "%s: dimension %d is negative", dio_type_text(t, text), i);
        if (!dio_mul_size(n, (size_t)t->dim[i], &n))
            return dio_fail(err, "%s: the number of elements overflows", dio_type_text(t, text));
    }
    if (!dio_mul_size(n, dio_dtype_size(t->dtype), &n) || n > (size_t)1 << 48)
        return dio_fail(err, "%s: more bytes than any machine holds", dio_type_text(t, text));
    return true;
}

const char *dio_type_text(const dio_type *t, char out[DIO_TYPE_TEXT])
{
    int n = snprintf(out, DIO_TYPE_TEXT, "%s[", dio_dtype_name(t->dtype));
    for (int i = 0; i < t->nd && n < DIO_TYPE_TEXT; i++)
        n += snprintf(out + n, (size_t)(DIO_TYPE_TEXT - n), "%s%lld", i ? "," : "",
                      (long long)t->dim[i]);
    if (n < DIO_TYPE_TEXT)
        snprintf(out + n, (size_t)(DIO_TYPE_TEXT - n), "]");
    return out;
}

float dio_bf16_to_f32(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

uint16_t dio_f32_to_bf16(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u) /* NaN: keep it one */
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

float dio_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 1023;
    uint32_t bits;
    if (exponent == 31) {
        bits = sign | 0x7f800000u | mantissa << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | mantissa << 13;
    } else {
        float f = (float)mantissa * 0x1p-24f;
        return sign ? -f : f;
    }
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

uint16_t dio_f32_to_f16(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00);
    if (rest >= 0x477ff000u) /* 65520 and above rounds to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (rest < 0x38800000u) { /* below 2^-14: a multiple of 2^-24, rounded by the addition */
        float magnitude;
        memcpy(&magnitude, &rest, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&rest, &magnitude, sizeof rest);
        return (uint16_t)(sign | (rest - 0x3f000000u));
    }
    rest += 0xfffu + (rest >> 13 & 1);
    return (uint16_t)(sign | ((rest - 0x38000000u) >> 13));
}
