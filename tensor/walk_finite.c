/* walk_finite.c: whether weights are numbers. One NaN makes every pixel of a picture NaN, and
 * nothing later could say where it came from. */
#include "tensor/walk.h"

/* Exponents of all ones: infinities and NaN. */
static bool wide_is_finite(const uint32_t *x, int64_t n)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < n; i++)
        bad |= (x[i] & 0x7f800000u) == 0x7f800000u;
    return !bad;
}

static bool half_is_finite(const uint16_t *x, int64_t n, uint16_t exponent)
{
    uint16_t bad = 0;
    for (int64_t i = 0; i < n; i++)
        bad |= (x[i] & exponent) == exponent;
    return !bad;
}

static bool is_finite(const dio_tensor *t, int64_t from, int64_t n)
{
    if (t->type.dtype == DIO_F32)
        return wide_is_finite((const uint32_t *)dio_tensor_data(t) + from, n);
    return half_is_finite((const uint16_t *)dio_tensor_data(t) + from, n,
                          t->type.dtype == DIO_BF16 ? 0x7f80 : 0x7c00);
}

static bool check(const dio_weight *it, dio_error *err)
{
    const dio_tensor *t = *it->slot;
    int64_t n = t ? dio_type_count(&t->type) : 0;
    if (!t || is_finite(t, 0, n))
        return true;
    int64_t at = 0;
    while (is_finite(t, at, 1))
        at++;
    return dio_fail(err,
                    "%s: number %lld of %lld is not finite: the file is damaged, or training "
                    "went astray",
                    it->name, (long long)at, (long long)n);
}

bool dio_walk_finite(const dio_walk *w, dio_error *err)
{
    for (int i = 0; i < w->count; i++)
        if (!check(&w->items[i], err))
            return false;
    return true;
}
