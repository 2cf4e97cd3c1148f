/* walk.c: the list of a model's weights, and the simple things that follow from it.
 * Loading is in walk_load.c. */
#include "tensor/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/rng.h"
#include "base/room.h"

bool dio_walk_init(dio_walk *w, dio_walk_fn *fn, void *model, const dio_lora_spec *lora,
                   dio_error *err)
{
    memset(w, 0, sizeof *w);
    w->lora = lora;
    w->arena = dio_arena_create();
    if (!w->arena)
        return dio_fail_memory(err, "the list of weights");
    fn(w, model);
    if (!w->failed && !dio_arena_failed(w->arena))
        return true;
    dio_walk_deinit(w);
    return dio_fail_memory(err, "the list of weights");
}

void dio_walk_deinit(dio_walk *w)
{
    dio_arena_destroy(w->arena);
    memset(w, 0, sizeof *w);
}

void dio_walk_enter(dio_walk *w, const char *format, ...)
{
    size_t at = strlen(w->prefix);
    if (w->depth == DIO_WALK_DEPTH) {
        w->failed = true;
        return;
    }
    w->lengths[w->depth++] = (int)at;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(w->prefix + at, sizeof w->prefix - at, format, args);
    va_end(args);
    if (n < 0 || at + (size_t)n + 2 > sizeof w->prefix) {
        w->failed = true;
        return;
    }
    if (n > 0)
        strcat(w->prefix, ".");
}

void dio_walk_leave(dio_walk *w)
{
    if (w->depth > 0)
        w->prefix[w->lengths[--w->depth]] = '\0';
}

void dio_walk_weight(dio_walk *w, dio_tensor **slot, const char *name, dio_init init,
                     unsigned flags, int nd, const int64_t *dim)
{
    if (!dio_arena_grow(w->arena, &w->items, w->count, &w->cap, sizeof *w->items)) {
        w->failed = true;
        return;
    }
    w->items[w->count++] =
        (dio_weight){.name = dio_arena_printf(w->arena, "%s%s", w->prefix, name),
                     .slot = slot,
                     .type = dio_type_make(DIO_F32, nd, dim),
                     .init = init,
                     /* Vectors in half precision would cost accuracy and save nothing. */
                     .flags = flags | (nd < 2 ? DIO_WEIGHT_NO_DECAY | DIO_WEIGHT_F32 : 0)};
}

void dio_walk_ignore(dio_walk *w, const char *ending)
{
    if (w->n_ignored == DIO_WALK_IGNORED)
        w->failed = true;
    else
        w->ignored[w->n_ignored++] = dio_arena_strdup(w->arena, ending);
}

void dio_walk_base(dio_walk *w, const char *prefix)
{
    w->base_prefix = dio_arena_strdup(w->arena, prefix);
}

static bool is_target(const dio_lora_spec *lora, const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *last = dot ? dot + 1 : name;
    for (int i = 0; i < lora->n_targets; i++)
        if (strcmp(lora->targets[i], last) == 0)
            return true;
    return false;
}

int dio_walk_lora(const dio_walk *w, const char *name, float *scale)
{
    const dio_lora_spec *lora = w->lora;
    char full[DIO_WALK_NAME];
    *scale = 1;
    if (lora && lora->rank_of) {
        snprintf(full, sizeof full, "%s%s", w->prefix, name);
        return lora->rank_of(lora->user, full);
    }
    if (!lora || !is_target(lora, name))
        return 0;
    *scale = lora->alpha / (float)lora->rank;
    return lora->rank;
}

dio_dtype dio_walk_dtype(const dio_weight *it, dio_dtype dtype, dio_dtype stored)
{
    if (it->flags & DIO_WEIGHT_F32)
        return DIO_F32;
    if (dtype != DIO_DTYPES)
        return dtype;
    return stored == DIO_F64 ? DIO_F32 : stored;
}

bool dio_walk_chosen(const dio_weight *it, unsigned flags)
{
    return (it->flags & DIO_WEIGHT_LORA) == (flags & DIO_WEIGHT_LORA);
}

/* --- drawing --- */

/* A stream of random numbers for each name: adding a layer changes no other weight. */
static uint64_t stream_of(const char *name)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a, 64 bits */
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

/* A weight at work; an item is a span of it, so that the gang draws what one thread would. */
struct drawing {
    const dio_weight *it;
    uint64_t seed, stream;
    int64_t count;
    float *out;
};

enum { SPAN = 1 << 16 };

static void draw_span(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct drawing *d = user;
    const dio_init *init = &d->it->init;
    const int64_t from = item * SPAN, to = d->count - from < SPAN ? d->count : from + SPAN;
    if (init->kind == DIO_INIT_NORMAL)
        dio_normal(d->seed, d->stream, (uint64_t)from, d->out + from, (size_t)(to - from));
    for (int64_t i = from; i < to; i++)
        switch (init->kind) {
        case DIO_INIT_FILL:
            d->out[i] = init->a;
            break;
        case DIO_INIT_NORMAL:
            d->out[i] *= init->a;
            break;
        case DIO_INIT_UNIFORM:
            d->out[i] = init->a * (2 * dio_uniform(d->seed, d->stream, (uint64_t)i) - 1);
            break;
        }
}

static void draw(const dio_weight *it, uint64_t seed, float *out)
{
    struct drawing d = {it, seed, stream_of(it->name), dio_type_count(&it->type), out};
    dio_gang_run((d.count + SPAN - 1) / SPAN, draw_span, &d);
}

bool dio_walk_fits(int64_t bytes, dio_error *err)
{
    double room = (double)dio_room_memory() * 0.75;
    if ((double)bytes <= room)
        return true;
    return dio_fail_retry(
        err,
        "the model's weights need %.1f MB of memory and the limit is %.1f MB: use "
        "a smaller model",
        (double)bytes / 1e6, room / 1e6);
}

/* What drawing takes: the weights, and the largest once more while it is f32. */
static int64_t drawn_bytes(const dio_walk *w, dio_dtype dtype, unsigned flags)
{
    int64_t sum = 0, largest = 0;
    for (int i = 0; i < w->count; i++) {
        const dio_weight *it = &w->items[i];
        if (!dio_walk_chosen(it, flags))
            continue;
        int64_t n = dio_type_count(&it->type);
        sum += n * (int64_t)dio_dtype_size(dio_walk_dtype(it, dtype, DIO_F32));
        largest = n > largest ? n : largest;
    }
    return sum + largest * (int64_t)sizeof(float);
}

bool dio_walk_draw(dio_walk *w, uint64_t seed, dio_dtype dtype, unsigned flags, dio_error *err)
{
    if (!dio_walk_fits(drawn_bytes(w, dtype, flags), err))
        return false;
    for (int i = 0; i < w->count; i++) {
        const dio_weight *it = &w->items[i];
        if (!dio_walk_chosen(it, flags))
            continue;
        dio_tensor *t = dio_tensor_create(it->name, &it->type, err);
        if (!t)
            return false;
        draw(it, seed, dio_tensor_data(t));
        dio_dtype to = dio_walk_dtype(it, dtype, DIO_F32);
        if (to != DIO_F32) {
            dio_tensor *half = dio_tensor_convert(t, to, err);
            dio_tensor_unref(t);
            t = half;
            if (!t)
                return false;
        }
        dio_tensor_unref(*it->slot);
        *it->slot = t;
    }
    return true;
}

/* --- saving, converting, counting --- */

bool dio_walk_save(const dio_walk *w, const char *path, dio_dtype dtype, unsigned flags,
                   const char *prefix, const dio_weights_meta *meta, int n_meta, dio_error *err)
{
    bool ok = true;
    int n = 0;
    dio_arena *a = dio_arena_create();
    dio_tensor **tensors = a ? dio_arena_try(a, (size_t)(w->count + 1) * sizeof *tensors) : NULL;
    const char **names = a ? dio_arena_try(a, (size_t)(w->count + 1) * sizeof *names) : NULL;
    if (!tensors || !names)
        ok = dio_fail_memory(err, path);
    for (int i = 0; ok && i < w->count; i++) {
        const dio_weight *it = &w->items[i];
        if (!dio_walk_chosen(it, flags))
            continue;
        dio_tensor *t = *it->slot;
        if (!t)
            ok = dio_fail(err, "weight \"%s\" has no value yet and cannot be saved", it->name);
        else if (dtype == DIO_DTYPES || t->type.dtype == dtype)
            tensors[n] = dio_tensor_ref(t);
        else
            ok = (tensors[n] = dio_tensor_convert(t, dtype, err)) != NULL;
        if (ok)
            names[n++] = dio_arena_printf(a, "%s%s", prefix, it->name);
    }
    ok = ok && dio_weights_write(path, tensors, names, n, meta, n_meta, err);
    for (int i = 0; i < n; i++)
        dio_tensor_unref(tensors[i]);
    dio_arena_destroy(a);
    return ok;
}

/* What of the weights is in a file still, once it is read into memory. */
static int64_t mapped_bytes(const dio_walk *w, dio_dtype dtype)
{
    int64_t sum = 0;
    for (int i = 0; i < w->count; i++) {
        const dio_tensor *t = *w->items[i].slot;
        if (t && dio_buffer_mapped(t->buffer))
            sum += dio_type_count(&t->type) *
                   (int64_t)dio_dtype_size(dio_walk_dtype(&w->items[i], dtype, t->type.dtype));
    }
    return sum;
}

bool dio_walk_convert(dio_walk *w, dio_dtype dtype, dio_error *err)
{
    if (!dio_walk_fits(mapped_bytes(w, dtype), err))
        return false;
    for (int i = 0; i < w->count; i++) {
        dio_tensor **slot = w->items[i].slot;
        if (!*slot)
            continue;
        dio_tensor *own = dio_tensor_convert(
            *slot, dio_walk_dtype(&w->items[i], dtype, (*slot)->type.dtype), err);
        if (!own)
            return false;
        dio_tensor_unref(*slot);
        *slot = own;
    }
    return true;
}

int64_t dio_walk_parameters(const dio_walk *w)
{
    int64_t n = 0;
    for (int i = 0; i < w->count; i++)
        n += dio_type_count(&w->items[i].type);
    return n;
}

int64_t dio_walk_bytes(const dio_walk *w)
{
    int64_t n = 0;
    for (int i = 0; i < w->count; i++)
        if (*w->items[i].slot)
            n += (int64_t)dio_type_bytes(&(*w->items[i].slot)->type);
    return n;
}

void dio_walk_clear(dio_walk *w)
{
    for (int i = 0; i < w->count; i++) {
        dio_tensor_unref(*w->items[i].slot);
        *w->items[i].slot = NULL;
    }
}
