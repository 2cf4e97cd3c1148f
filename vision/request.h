#pragma once
/* request.h: parts of a request for pictures as people write them, on a command line or in a
 * pipeline. `what` stands before the message: "size". */
#include "base/arena.h"
#include "vision/maker.h"
#include "vision/quantise.h"

/* "512x768", or "512" for a square; "" leaves both at 0. */
bool dio_request_size(const char *what, const char *text, int *width, int *height, dio_error *err);
/* "3,5" or "3x5"; "" leaves both as they are. */
bool dio_request_pair(const char *what, const char *text, int *a, int *b, dio_error *err);
/* A number, or "" for DIO_USUAL. */
bool dio_request_usual(const char *what, const char *text, double *out, dio_error *err);
/* "x", "y", "xy" or "". */
bool dio_request_tile(const char *what, const char *text, bool *x, bool *y, dio_error *err);
/* "#ff8800,#204060" (the # may be left out), at most DIO_PALETTE_MOST; "" gives none. */
bool dio_request_palette(dio_arena *a, const char *what, const char *text, uint8_t (**out)[3],
                         int *count, dio_error *err);
/* "none", "ordered" or "diffusion". */
bool dio_request_dither(const char *what, const char *text, dio_dither *out, dio_error *err);
/* "style.safetensors:0.8"; without a number the scale is 1. */
bool dio_request_lora(dio_arena *a, const char *what, const char *text, dio_lora_file *out,
                      dio_error *err);
/* "auto", "f32", "f16" or "bf16": what weights are kept in. */
bool dio_request_keep(const char *what, const char *text, dio_dtype *out, dio_error *err);
/* Sets "use_karras_sigmas=true" in a map of scheduler_config.json's keys. */
bool dio_request_schedule(dio_arena *a, const char *what, const char *text, dio_value *map,
                          dio_error *err);
