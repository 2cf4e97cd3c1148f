#pragma once
/* onnx.h: what an .onnx file holds, as far as weights and their places go.
 *
 * Not an engine: the nodes with their names, inputs and plain attributes, and where the tensors
 * lie. The tensors themselves come by dio_weights_open, whose reader stands on this walk. The file
 * is hostile until it has been walked whole; sub-graphs, external data and what is not weights are
 * passed over.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DIO_ONNX_INTS = 16 };

typedef struct dio_onnx_attribute {
    const char *name;
    float real;
    int64_t integer;
    int64_t ints[DIO_ONNX_INTS]; /* the first of them */
    int n_ints;
} dio_onnx_attribute;

typedef struct dio_onnx_node {
    const char *name, *op; /* "" where there is none */
    const char **inputs;   /* "" for an absent one */
    int n_inputs;
    dio_onnx_attribute *attributes;
    int n_attributes;
} dio_onnx_node;

typedef struct dio_onnx_tensor {
    const char *name;
    dio_type type; /* dtype DIO_DTYPES: one that weights do not have */
    size_t offset; /* of its numbers in the file; bytes 0: not in the form of bytes */
    size_t bytes;
} dio_onnx_tensor;

typedef struct dio_onnx {
    dio_onnx_node *nodes;
    dio_onnx_tensor *tensors;
    int n_nodes, n_tensors;
} dio_onnx;

/* Walks the whole file; everything lies in the arena. */
bool dio_onnx_walk(const void *data, size_t size, dio_arena *a, dio_onnx *out, dio_error *err);

/* The attribute of this name, or NULL. */
const dio_onnx_attribute *dio_onnx_attribute_of(const dio_onnx_node *n, const char *name);

#ifdef __cplusplus
}
#endif
