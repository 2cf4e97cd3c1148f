#pragma once
/* tensor.h: numbers with a shape, in memory that is shared by reference.
 *
 * Shape letters everywhere: B batch, T tokens or frames, C channels, H W pixels, K heads,
 * D head size, S samples. A tensor is dense and row-major; strided views exist only inside a
 * running plan.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_dtype {
    DIO_F32,
    DIO_BF16,
    DIO_F16,
    DIO_I32,
    DIO_U8,
    DIO_I64, /* the last three are read from files and converted; no operator computes in them */
    DIO_F64,
    DIO_I8,
    DIO_DTYPES,
} dio_dtype;

size_t dio_dtype_size(dio_dtype t);
const char *dio_dtype_name(dio_dtype t); /* "f32", "bf16", ... */
bool dio_dtype_is_float(dio_dtype t);

enum { DIO_MAX_DIMS = 6 };

typedef struct dio_type {
    dio_dtype dtype;
    int nd; /* 0: a scalar */
    int64_t dim[DIO_MAX_DIMS];
} dio_type;

dio_type dio_type_make(dio_dtype dtype, int nd, const int64_t *dim);
dio_type dio_type_1d(dio_dtype dtype, int64_t a);
dio_type dio_type_2d(dio_dtype dtype, int64_t a, int64_t b);
dio_type dio_type_3d(dio_dtype dtype, int64_t a, int64_t b, int64_t c);
dio_type dio_type_4d(dio_dtype dtype, int64_t a, int64_t b, int64_t c, int64_t d);
bool dio_type_equal(const dio_type *a, const dio_type *b);
int64_t dio_type_count(const dio_type *t); /* elements; dims are known to be sane */
size_t dio_type_bytes(const dio_type *t);
/* False when a dim is negative or elements or bytes overflow 2^48: for types that files give. */
bool dio_type_check(const dio_type *t, dio_error *err);
/* "f32[2,3,4]" in out, for messages. */
enum { DIO_TYPE_TEXT = 128 };
const char *dio_type_text(const dio_type *t, char out[DIO_TYPE_TEXT]);

/* Where bytes live. Implemented by tensor/cpu and tensor/cuda; see device.h. */
typedef struct dio_device dio_device;

/* Bytes shared by reference count; freed by whoever made them. */
typedef struct dio_buffer dio_buffer;
dio_buffer *dio_buffer_create(size_t bytes, dio_error *err);                 /* zeroed, CPU */
dio_buffer *dio_buffer_map(dio_map_file *file, size_t offset, size_t bytes); /* read-only view */
dio_buffer *dio_buffer_ref(dio_buffer *b);
void dio_buffer_unref(dio_buffer *b);
void *dio_buffer_data(const dio_buffer *b);
size_t dio_buffer_bytes(const dio_buffer *b);
/* The bytes will not be read again soon: pages of a mapped file leave our memory. */
void dio_buffer_release(const dio_buffer *b);
/* Whether the bytes lie in a file, so that they are not yet memory of ours. */
bool dio_buffer_mapped(const dio_buffer *b);

/* A dense tensor in CPU memory, reference-counted. The name is the weight's, or "". */
typedef struct dio_tensor {
    int refs;
    dio_type type;
    dio_buffer *buffer;
    size_t offset; /* bytes */
    char *name;
} dio_tensor;

dio_tensor *dio_tensor_create(const char *name, const dio_type *type, dio_error *err); /* zeroed */
dio_tensor *dio_tensor_wrap(const char *name, const dio_type *type, dio_buffer *buffer,
                            size_t offset, dio_error *err); /* takes a reference of its own */
dio_tensor *dio_tensor_ref(dio_tensor *t);
void dio_tensor_unref(dio_tensor *t); /* NULL is fine */
void *dio_tensor_data(const dio_tensor *t);
/* A new tensor of dtype `to` (F32, BF16, F16, I32 from any); rounding is to nearest even. */
dio_tensor *dio_tensor_convert(const dio_tensor *t, dio_dtype to, dio_error *err);

/* Scalar conversions, rounding to nearest even. */
float dio_bf16_to_f32(uint16_t h);
uint16_t dio_f32_to_bf16(float f);
float dio_f16_to_f32(uint16_t h);
uint16_t dio_f32_to_f16(float f);

#ifdef __cplusplus
}
#endif
