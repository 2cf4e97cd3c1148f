/* generators.h: what generators' configs spell alike. Private to vision/models/. */
#pragma once
#include <stdio.h>

#include "tensor/nn.h"
#include "vision/generator.h"

/* Absurd configs are refused long before memory is asked for. */
enum { MAX_SIDE = 4096, MAX_CHANNELS = 8192 };

/* A list of 1 to `most` channel counts. */
bool read_widths(const dio_value *list, const dio_value *json, const char *key, int *out, int most,
                 int *count, dio_error *err);
/* A list of 2 to `most` taps of a filter, brought to a sum of 2: what doubling takes an axis. */
bool read_taps(const dio_value *list, const dio_value *json, const char *key, float *out, int most,
               int *count, dio_error *err);
