#pragma once
/* config.h: what configs of sound models spell alike. */
#include "base/value.h"

/* A list of 1 to `most` whole numbers of lo..hi; said at its place, under `key`. */
bool dio_config_ints(const dio_value *list, const char *key, int lo, int hi, int *out, int most,
                     int *count, dio_error *err);
