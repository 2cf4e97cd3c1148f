/* vae_common.c: lists in an autoencoder's config.json. */
#include "vision/models/vae_common.h"

#include <math.h>
#include <string.h>

const dio_value *dio_vae_place(const dio_value *json, const char *key)
{
    const dio_value *v = dio_map_get(json, key);
    return v ? v : json;
}

bool dio_vae_ints(const dio_value *list, const char *key, int lo, int hi, int most, int *out,
                  int *count, const dio_value *json, dio_error *err)
{
    if (list->kind != DIO_LIST || list->list.count < 1 || list->list.count > most)
        return dio_value_fail(dio_vae_place(json, key), err,
                              "%s must be a list of 1 to %d whole numbers", key, most);
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_INT || v->integer < lo || v->integer > hi)
            return dio_value_fail(v, err, "%s: a whole number from %d to %d is needed", key, lo,
                                  hi);
        out[i] = (int)v->integer;
    }
    *count = list->list.count;
    return true;
}

bool dio_vae_numbers(const dio_value *list, const char *key, int count, float *out,
                     const dio_value *json, dio_error *err)
{
    if (list->kind != DIO_LIST || list->list.count != count)
        return dio_value_fail(dio_vae_place(json, key), err,
                              "%s must be a list of %d numbers, one for each latent channel", key,
                              count);
    for (int i = 0; i < count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_REAL && v->kind != DIO_INT)
            return dio_value_fail(v, err, "%s: a number is needed, not %s", key,
                                  dio_kind_name(v->kind));
        out[i] = v->kind == DIO_INT ? (float)v->integer : (float)v->real;
        if (!isfinite(out[i]))
            return dio_value_fail(v, err, "%s: a finite number is needed", key);
    }
    return true;
}

bool dio_vae_words(const dio_value *list, const char *key, const char *word, int count,
                   const dio_value *json, dio_error *err)
{
    if (list->kind != DIO_LIST || list->list.count != count)
        return dio_value_fail(dio_vae_place(json, key), err,
                              "%s must be a list of %d, one for each of block_out_channels", key,
                              count);
    for (int i = 0; i < count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_STRING || strcmp(v->string.text, word) != 0)
            return dio_value_fail(v, err, "%s: \"%.60s\" is not supported (there is %s)", key,
                                  v->kind == DIO_STRING ? v->string.text : dio_kind_name(v->kind),
                                  word);
    }
    return true;
}
