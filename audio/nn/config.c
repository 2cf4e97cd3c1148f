/* config.c: what configs of sound models spell alike. */
#include "audio/nn/config.h"

bool dio_config_ints(const dio_value *list, const char *key, int lo, int hi, int *out, int most,
                     int *count, dio_error *err)
{
    if (list->kind != DIO_LIST || list->list.count < 1 || list->list.count > most)
        return dio_value_fail(list, err, "%s: a list of 1 to %d numbers is needed", key, most);
    *count = list->list.count;
    for (int i = 0; i < *count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_INT || v->integer < lo || v->integer > hi)
            return dio_value_fail(v, err, "%s: each is a number of %d to %d", key, lo, hi);
        out[i] = (int)v->integer;
    }
    return true;
}
