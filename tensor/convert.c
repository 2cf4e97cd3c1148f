/* convert.c: tensors from one element type to another; one pair of loops over get and put. */
#include <stdint.h>
#include <string.h>

#include "tensor/tensor.h"

static double get(const void *data, dio_dtype t, int64_t i)
{
    switch (t) {
    case DIO_F32:
        return ((const float *)data)[i];
    case DIO_BF16:
        return dio_bf16_to_f32(((const uint16_t *)data)[i]);
    case DIO_F16:
        return dio_f16_to_f32(((const uint16_t *)data)[i]);
    case DIO_I32:
        return ((const int32_t *)data)[i];
    case DIO_U8:
        return ((const uint8_t *)data)[i];
    case DIO_I64:
        return (double)((const int64_t *)data)[i];
    case DIO_F64:
        return ((const double *)data)[i];
    case DIO_I8:
        return ((const int8_t *)data)[i];
    default:
        return 0;
    }
}

static void put(void *data, dio_dtype t, int64_t i, double x)
{
    switch (t) {
    case DIO_F32:
        ((float *)data)[i] = (float)x;
        break;
    case DIO_BF16:
        ((uint16_t *)data)[i] = dio_f32_to_bf16((float)x);
        break;
    case DIO_F16:
        ((uint16_t *)data)[i] = dio_f32_to_f16((float)x);
        break;
    default: /* dio_tensor_convert has refused the rest */
        ((int32_t *)data)[i] = (int32_t)x;
        break;
    }
}

dio_tensor *dio_tensor_convert(const dio_tensor *t, dio_dtype to, dio_error *err)
{
    if (to != DIO_F32 && to != DIO_BF16 && to != DIO_F16 && to != DIO_I32) {
        dio_fail(err, "tensor \"%s\": no conversion to %s", t->name, dio_dtype_name(to));
        return NULL;
    }
    dio_type type = t->type;
    type.dtype = to;
    dio_tensor *fresh = dio_tensor_create(t->name, &type, err);
    if (!fresh)
        return NULL;
    const void *from = dio_tensor_data(t);
    void *into = dio_tensor_data(fresh);
    int64_t n = dio_type_count(&type);
    if (to == t->type.dtype) {
        memcpy(into, from, dio_type_bytes(&type));
        return fresh;
    }
    for (int64_t i = 0; i < n; i++)
        put(into, to, i, get(from, t->type.dtype, i));
    return fresh;
}
