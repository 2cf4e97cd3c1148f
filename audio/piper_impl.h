#pragma once
/* piper_impl.h: what piper*.c share. */
#include "audio/piper.h"
#include "tensor/onnx.h"

enum { DIO_PIPER_NAME = 256, DIO_PIPER_NUMBER = 9999 };

typedef struct dio_piper_reader {
    dio_onnx onnx;
    dio_weights *file; /* as they are called there */
    dio_weights *out;  /* as transformers calls them */
    dio_arena *arena;
    bool drawn; /* durations are */
    dio_error *err;
} dio_piper_reader;

const dio_onnx_node *dio_piper_node(const dio_piper_reader *r, const char *name);

/* What shapes and nodes say of the network, and NAME.onnx.json of how it is used. */
bool dio_piper_config(dio_piper_reader *r, const dio_value *json, dio_value *map);
