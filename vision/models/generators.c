/* generators.c: what generators' configs spell alike. */
#include "vision/models/generators.h"

bool read_widths(const dio_value *list, const dio_value *json, const char *key, int *out, int most,
                 int *count, dio_error *err)
{
    const dio_value *at = list ? list : json;
    if (!list || list->kind != DIO_LIST || list->list.count < 1 || list->list.count > most)
        return dio_value_fail(at, err, "%s: a list of 1 to %d numbers of channels is needed", key,
                              most);
    *count = list->list.count;
    for (int i = 0; i < *count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_INT || v->integer < 1 || v->integer > MAX_CHANNELS)
            return dio_value_fail(v, err, "%s: each is a number of 1 to %d", key, MAX_CHANNELS);
        out[i] = (int)v->integer;
    }
    return true;
}
