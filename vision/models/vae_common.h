#pragma once
/* vae_common.h: what the configs of autoencoders spell alike. Private to vision/models/. */
#include "vision/stages.h"
#include "vision/vae.h"

/* Where the key stands in the config, for messages; the whole map when it is absent. */
const dio_value *dio_vae_place(const dio_value *json, const char *key);

/* A list of 1..most whole numbers, each within lo..hi. */
bool dio_vae_ints(const dio_value *list, const char *key, int lo, int hi, int most, int *out,
                  int *count, const dio_value *json, dio_error *err);
/* A list of `count` finite numbers. */
bool dio_vae_numbers(const dio_value *list, const char *key, int count, float *out,
                     const dio_value *json, dio_error *err);
/* A list of `count` words that all are `word`. */
bool dio_vae_words(const dio_value *list, const char *key, const char *word, int count,
                   const dio_value *json, dio_error *err);
