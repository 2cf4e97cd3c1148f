/* onnx.c: the tensors of an .onnx file, under the names that its graph gives them.
 * Constants that are not kept as bytes, or of types that weights do not have, are left out. */
#include <string.h>

#include "tensor/onnx.h"
#include "tensor/weights.h"

/* ir_version, then producer_name: what exporters write first. */
static bool magic(const uint8_t *b, size_t n)
{
    return n >= 8 && b[0] == 0x08 && b[1] >= 3 && b[1] <= 20 && b[2] == 0x12 && b[3] > 0 &&
           b[3] < 0x80 && b[4] >= ' ' && b[4] < 0x7f && b[5] >= ' ' && b[5] < 0x7f;
}

static bool read(dio_weights *w, const char *path, dio_map_file *file, dio_error *err)
{
    dio_onnx onnx;
    if (!dio_onnx_walk(dio_map_data(file), dio_map_size(file), dio_weights_arena(w), &onnx, err))
        return dio_error_at(err, path, 0, 0);
    for (int i = 0; i < onnx.n_tensors; i++) {
        const dio_onnx_tensor *t = &onnx.tensors[i];
        if (!*t->name || !t->bytes || t->type.dtype == DIO_DTYPES)
            continue;
        if (!dio_weights_add(w, t->name, &t->type, file, t->offset, err))
            return dio_error_at(err, path, 0, 0);
    }
    return true;
}

const dio_weights_reader dio_weights_reader_onnx = {
    .name = "onnx",
    .doc = "ONNX: the tensors of a graph",
    .suffix = ".onnx",
    .magic = magic,
    .read = read,
};
