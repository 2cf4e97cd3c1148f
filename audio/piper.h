#pragma once
/* piper.h: Piper's voices (github.com/rhasspy/piper): NAME.onnx as the voice's config and weights.
 *
 * A Piper voice is a VITS that was exported as a graph. Nothing of the graph is run: its weights
 * are mapped to the names of transformers' VITS by the nodes that read them, and what the graph
 * says of shapes, strides and slopes becomes a config. */
#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "tensor/weights.h"

/* From NAME.onnx and what NAME.onnx.json holds (`json`). The config lies in the arena; the caller
 * closes *weights. False with a message. */
bool dio_piper_read(const char *path, const dio_value *json, dio_arena *a, dio_value **config,
                    dio_weights **weights, dio_error *err);
