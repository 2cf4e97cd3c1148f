/* generators.c: what generators' configs spell alike. */
#include "vision/models/generators.h"

#include <math.h>

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

bool read_taps(const dio_value *list, const dio_value *json, const char *key, float *out, int most,
               int *count, dio_error *err)
{
    double sum = 0;
    if (!list || list->kind != DIO_LIST || list->list.count < 2 || list->list.count > most)
        return dio_value_fail(list ? list : json, err, "%s: a list of 2 to %d numbers is needed",
                              key, most);
    *count = list->list.count;
    for (int i = 0; i < *count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_INT && v->kind != DIO_REAL)
            return dio_value_fail(v, err, "%s: a number is needed", key);
        out[i] = (float)(v->kind == DIO_INT ? (double)v->integer : v->real);
        sum += (double)out[i];
    }
    if (!(fabs(sum) > 1e-6 && fabs(sum) < 1e6))
        return dio_value_fail(list, err, "%s: its numbers add up to nothing usable", key);
    for (int i = 0; i < *count; i++)
        out[i] = (float)(2 * (double)out[i] / sum);
    return true;
}
