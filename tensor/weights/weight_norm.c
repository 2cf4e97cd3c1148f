/* weight_norm.c: kernels that files keep as a direction and a length, made whole.
 *
 * Under weight normalisation (arXiv:1602.07868) a layer stores g and v, and w = g v / ||v||, the
 * norm taken over the axes of which g has one number only (torch: all but the first, which of a
 * transposed convolution are its inputs). torch has spelled the pair in two ways; a layer that was
 * saved after its norm was removed has its plain weight, and one file may hold all three. */
#include <math.h>
#include <string.h>

#include "tensor/weights.h"

struct spelling {
    const char *length, *direction; /* endings of names */
};

static const struct spelling spellings[] = {
    {".weight_g", ".weight_v"},
    {".parametrizations.weight.original0", ".parametrizations.weight.original1"},
};
enum { SPELLINGS = sizeof spellings / sizeof spellings[0] };

static bool ends_in(const char *name, const char *ending, size_t *stem)
{
    size_t n = strlen(name), m = strlen(ending);
    *stem = n > m ? n - m : 0;
    return n > m && strcmp(name + *stem, ending) == 0;
}

/* g has v's number, or 1, along every axis. */
static bool spreads(const dio_type *g, const dio_type *v)
{
    bool fits = g->nd == v->nd && v->nd > 0;
    for (int i = 0; fits && i < v->nd; i++)
        fits = g->dim[i] == v->dim[i] || g->dim[i] == 1;
    return fits;
}

/* Which number of g a number of v is scaled by. */
static int64_t place_of(const dio_type *g, const dio_type *v, int64_t flat)
{
    int64_t place = 0, step = 1;
    for (int i = v->nd - 1; i >= 0; i--) {
        if (g->dim[i] != 1) {
            place += flat % v->dim[i] * step;
            step *= g->dim[i];
        }
        flat /= v->dim[i];
    }
    return place;
}

/* sums[place]: what every number is to be multiplied by, from the squares of v. */
static void scales(const dio_tensor *g, const dio_tensor *v, double *scale)
{
    int64_t n = dio_type_count(&v->type), places = dio_type_count(&g->type);
    const float *x = dio_tensor_data(v), *length = dio_tensor_data(g);
    for (int64_t i = 0; i < n; i++)
        scale[place_of(&g->type, &v->type, i)] += (double)x[i] * (double)x[i];
    for (int64_t i = 0; i < places; i++)
        scale[i] = (double)length[i] / sqrt(scale[i]);
}

static dio_tensor *multiply(const char *name, const dio_tensor *g, const dio_tensor *v,
                            dio_error *err)
{
    dio_type row = dio_type_1d(DIO_F64, dio_type_count(&g->type));
    dio_tensor *scale = dio_tensor_create("", &row, err);
    dio_tensor *w = scale ? dio_tensor_create(name, &v->type, err) : NULL;
    if (w) {
        const float *x = dio_tensor_data(v);
        const double *by = dio_tensor_data(scale);
        float *to = dio_tensor_data(w);
        scales(g, v, dio_tensor_data(scale));
        for (int64_t i = 0, n = dio_type_count(&v->type); i < n; i++)
            to[i] = (float)(by[place_of(&g->type, &v->type, i)] * (double)x[i]);
    }
    dio_tensor_unref(scale);
    return w;
}

/* Adds the layer's weight; `stem` bytes of g's name are the layer's own. */
static bool fold(dio_weights *to, const dio_weights *from, const dio_tensor *g, size_t stem,
                 const struct spelling *s, dio_error *err)
{
    char a[DIO_TYPE_TEXT], b[DIO_TYPE_TEXT];
    dio_arena *arena = dio_weights_arena(to);
    const char *other = dio_arena_printf(arena, "%.*s%s", (int)stem, g->name, s->direction);
    const char *name = dio_arena_printf(arena, "%.*s.weight", (int)stem, g->name);
    const dio_tensor *v = dio_weights_find(from, other);
    if (!v)
        return dio_fail(err, "tensor \"%.200s\" has no direction beside it, \"%.200s\"", g->name,
                        other);
    if (!dio_dtype_is_float(g->type.dtype) || !dio_dtype_is_float(v->type.dtype) ||
        !spreads(&g->type, &v->type))
        return dio_fail(err, "tensor \"%.200s\" of %s is no length of \"%.200s\", %s", g->name,
                        dio_type_text(&g->type, a), other, dio_type_text(&v->type, b));
    dio_tensor *length = dio_tensor_convert(g, DIO_F32, err);
    dio_tensor *direction = length ? dio_tensor_convert(v, DIO_F32, err) : NULL;
    dio_tensor *w = direction ? multiply(name, length, direction, err) : NULL;
    bool ok = w && dio_weights_put(to, w, err);
    dio_tensor_unref(w);
    dio_tensor_unref(direction);
    dio_tensor_unref(length);
    return ok;
}

/* One tensor of `from`: a length brings its layer's weight, a direction was taken with its length,
 * all others stay. */
static bool take(dio_weights *to, const dio_weights *from, dio_tensor *t, dio_error *err)
{
    size_t stem;
    for (int i = 0; i < SPELLINGS; i++) {
        if (ends_in(t->name, spellings[i].length, &stem))
            return fold(to, from, t, stem, &spellings[i], err);
        if (!ends_in(t->name, spellings[i].direction, &stem))
            continue;
        const char *length = dio_arena_printf(dio_weights_arena(to), "%.*s%s", (int)stem, t->name,
                                              spellings[i].length);
        return dio_weights_find(from, length) ||
               dio_fail(err, "tensor \"%.200s\" has no length beside it, \"%.200s\"", t->name,
                        length);
    }
    return dio_weights_put(to, t, err);
}

dio_weights *dio_weights_folded(const dio_weights *from, dio_error *err)
{
    dio_weights *to = dio_weights_like(from, err);
    bool ok = to != NULL;
    for (int i = 0; ok && i < dio_weights_count(from); i++)
        ok = take(to, from, dio_weights_at(from, i), err);
    if (to && !ok) {
        dio_error_at(err, dio_weights_path(from), 0, 0);
        dio_weights_close(to);
        to = NULL;
    }
    return to;
}
