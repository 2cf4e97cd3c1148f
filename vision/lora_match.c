/* lora_match.c: which weights a LoRA's layers mean.
 *
 * The targets' own names, without dots, are put into one table: of a UNet also as the first release
 * named them, which is what kohya's scripts train SDXL on; of a text encoder also without
 * "text_model". A layer that is not in it belongs to no model at hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "vision/keymap.h"
#include "vision/lora_impl.h"

struct entry {
    const char *part, *name;
    int target, item;
};

struct table {
    struct entry *entries;
    int count, cap;
    dio_arena *arena;
};

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int d = strcmp(x->name, y->name);
    return d ? d : strcmp(x->part, y->part);
}

static void put(struct table *t, const char *part, const char *name, int target, int item)
{
    char *flat = lora_flat(t->arena, name);
    if (flat && dio_arena_grow(t->arena, &t->entries, t->count, &t->cap, sizeof *t->entries))
        t->entries[t->count++] = (struct entry){part, flat, target, item};
}

/* "x" of the weight "x.weight", or NULL for any other, a vector, or an adapter's own. */
static const char *module_of(dio_arena *a, const dio_weight *it)
{
    size_t n = strlen(it->name);
    bool matrix = it->type.nd >= 2 && !(it->flags & DIO_WEIGHT_LORA);
    return matrix && n > 7 && strcmp(it->name + n - 7, ".weight") == 0
               ? dio_arena_strndup(a, it->name, n - 7)
               : NULL;
}

static bool put_target(struct table *t, const dio_lora_target *target, int index, dio_error *err)
{
    bool unet = strcmp(target->part, "unet") == 0;
    dio_unet_layout layout = {0};
    dio_keymap map = {.arena = t->arena};
    for (int i = 0; unet && i < target->walk->count; i++)
        dio_unet_layout_see(&layout, target->walk->items[i].name);
    if (unet && !dio_keymap_unet(&map, &layout, t->arena, err))
        return false;
    for (int i = 0; i < target->walk->count; i++) {
        const char *name = module_of(t->arena, &target->walk->items[i]);
        const char *theirs = name && unet ? dio_keymap_theirs(&map, name) : NULL;
        if (!name)
            continue;
        put(t, target->part, name, index, i);
        if (theirs)
            put(t, target->part, theirs, index, i);
        if (!unet && strncmp(name, "text_model.", 11) == 0)
            put(t, target->part, name + 11, index, i);
    }
    return true;
}

static const struct entry *find(const struct table *t, const struct lora_layer *layer)
{
    struct entry key = {.part = layer->part, .name = layer->name};
    return t->count ? bsearch(&key, t->entries, (size_t)t->count, sizeof key, compare) : NULL;
}

/* --- alpha --- */

static bool number(const dio_value *v, double *out)
{
    if (!v || (v->kind != DIO_INT && v->kind != DIO_REAL))
        return false;
    *out = v->kind == DIO_INT ? (double)v->integer : v->real;
    return true;
}

/* What diffusers writes beside PEFT's names: "unet.lora_alpha", with exceptions by layer. */
static bool alpha_of_meta(const dio_lora *l, const struct lora_layer *layer, int rank,
                          double *alpha, dio_arena *a, dio_error *err)
{
    const dio_value *kind = dio_map_get(l->meta, dio_arena_printf(a, "%s.use_rslora", layer->part));
    const dio_value *dora = dio_map_get(l->meta, dio_arena_printf(a, "%s.use_dora", layer->part));
    const dio_value *some =
        dio_map_get(l->meta, dio_arena_printf(a, "%s.alpha_pattern", layer->part));
    if (dora && dora->kind == DIO_BOOL && dora->boolean)
        return dio_value_fail(dora, err, "use_dora: DoRA is not supported (LoRA is)");
    number(dio_map_get(l->meta, dio_arena_printf(a, "%s.lora_alpha", layer->part)), alpha);
    for (int i = 0; some && some->kind == DIO_MAP && i < some->map.count; i++) {
        const char *end = lora_flat(a, some->map.keys[i]->string.text);
        size_t n = strlen(layer->name), m = end ? strlen(end) : n + 1;
        if (n >= m && strcmp(layer->name + n - m, end) == 0 &&
            (n == m || layer->name[n - m - 1] == '_'))
            number(some->map.items[i], alpha);
    }
    if (kind && kind->kind == DIO_BOOL && kind->boolean)
        *alpha *= sqrt((double)rank); /* over sqrt(rank), and not over rank */
    return true;
}

static bool scale_of(const dio_lora *l, const struct lora_layer *layer, int rank, float *scale,
                     dio_arena *a, dio_error *err)
{
    double alpha = rank;
    if (layer->alpha) {
        if (dio_type_count(&layer->alpha->type) != 1)
            return dio_fail(err, "%.200s is not one number", layer->alpha->name);
        dio_tensor *f = dio_tensor_convert(layer->alpha, DIO_F32, err);
        if (!f)
            return false;
        alpha = (double)*(const float *)dio_tensor_data(f);
        dio_tensor_unref(f);
    } else if (l->meta && !alpha_of_meta(l, layer, rank, &alpha, a, err)) {
        return false;
    }
    if (!isfinite(alpha))
        return dio_fail(err, "%.200s: alpha is not a finite number", layer->key);
    *scale *= (float)(alpha / rank);
    return true;
}

/* --- the matrices --- */

static float *floats_of(dio_arena *a, const dio_tensor *t, dio_error *err)
{
    size_t bytes, n = (size_t)dio_type_count(&t->type);
    float *out = dio_mul_size(n, sizeof *out, &bytes) ? dio_arena_try(a, bytes) : NULL;
    dio_tensor *f = out ? dio_tensor_convert(t, DIO_F32, err) : NULL;
    if (!f) {
        dio_fail_memory(err, "a LoRA");
        return NULL;
    }
    memcpy(out, dio_tensor_data(f), bytes);
    dio_tensor_unref(f);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(out[i])) {
            dio_fail(err, "%.200s: number %zu of %zu is not finite", t->name, i, n);
            return NULL;
        }
    return out;
}

/* LoCon's third factor [r,s,kh,kw] goes into the first: down' [r,in,kh,kw] = sum_s mid down [s,in].
 */
static float *with_mid(dio_arena *a, const struct lora_layer *y, const float *down, int64_t in,
                       dio_error *err)
{
    const dio_type *m = &y->mid->type;
    int64_t rank = m->dim[0], inner = m->dim[1], kernel = m->dim[2] * m->dim[3];
    float *mid = floats_of(a, y->mid, err);
    float *out = dio_arena_try(a, (size_t)(rank * in * kernel) * sizeof *out);
    if (!mid || !out) {
        dio_fail_memory(err, "a LoRA");
        return NULL;
    }
    for (int64_t r = 0; r < rank; r++)
        for (int64_t s = 0; s < inner; s++)
            for (int64_t i = 0; i < in; i++)
                for (int64_t k = 0; k < kernel; k++)
                    out[(r * in + i) * kernel + k] +=
                        mid[(r * inner + s) * kernel + k] * down[s * in + i];
    return out;
}

/* dims [a,b] or [a,b,1,1]. */
static bool is_matrix(const dio_type *t, int64_t a, int64_t b)
{
    return (t->nd == 2 || (t->nd == 4 && t->dim[2] == 1 && t->dim[3] == 1)) &&
           (a < 0 || t->dim[0] == a) && (b < 0 || t->dim[1] == b);
}

/* Whether the layer's tensors make a change of the weight's shape [out,in] or [out,in,kh,kw]. */
static bool fits(const struct lora_layer *y, const dio_type *w)
{
    const dio_type *d = &y->down->type, *u = &y->up->type;
    bool kernel = w->nd == 4 && w->dim[2] * w->dim[3] > 1;
    int64_t rank = u->nd >= 2 ? u->dim[1] : 0;
    if (rank < 1 || rank > LORA_RANK || !is_matrix(u, w->dim[0], rank))
        return false;
    if (y->mid) {
        const dio_type *m = &y->mid->type;
        return w->nd == 4 && m->nd == 4 && m->dim[0] == rank && m->dim[1] <= LORA_RANK &&
               m->dim[2] == w->dim[2] && m->dim[3] == w->dim[3] &&
               is_matrix(d, m->dim[1], w->dim[1]);
    }
    if (!kernel)
        return is_matrix(d, rank, w->dim[1]);
    return d->nd == 4 && d->dim[0] == rank && d->dim[1] == w->dim[1] && d->dim[2] == w->dim[2] &&
           d->dim[3] == w->dim[3];
}

static bool refuse_shape(const struct lora_layer *y, const dio_weight *it, dio_error *err)
{
    char down[DIO_TYPE_TEXT], up[DIO_TYPE_TEXT], want[DIO_TYPE_TEXT];
    return dio_fail(err,
                    "%.160s: %s and %s make no change of %.160s, %s: this LoRA is for another "
                    "model",
                    y->key, dio_type_text(&y->down->type, down), dio_type_text(&y->up->type, up),
                    it->name, dio_type_text(&it->type, want));
}

static bool add_change(struct lora_changes *c, const dio_lora_use *use, const struct lora_layer *y,
                       const dio_weight *it, int item, dio_arena *a, dio_error *err)
{
    if (!fits(y, &it->type))
        return refuse_shape(y, it, err);
    struct lora_change change = {
        .item = item, .rank = (int)y->up->type.dim[1], .scale = use->scale};
    change.out = it->type.dim[0];
    change.in = dio_type_count(&it->type) / change.out;
    change.down = floats_of(a, y->down, err);
    change.up = change.down ? floats_of(a, y->up, err) : NULL;
    if (change.up && y->mid)
        change.down = with_mid(a, y, change.down, it->type.dim[1], err);
    if (!change.up || !change.down || !scale_of(use->lora, y, change.rank, &change.scale, a, err))
        return false;
    if (!dio_arena_grow(a, &c->change, c->count, &c->cap, sizeof *c->change))
        return dio_fail_memory(err, "a LoRA");
    c->change[c->count++] = change;
    return true;
}

static bool match_one(struct lora_changes *changes, const dio_lora_use *use, const struct table *t,
                      const dio_lora_target *targets, dio_error *err)
{
    for (int i = 0; i < use->lora->count; i++) {
        const struct lora_layer *y = &use->lora->layer[i];
        const struct entry *e = find(t, y);
        if (!e)
            return dio_fail(err,
                            "%.200s: there is no such layer in this model's %s: the LoRA is "
                            "for another kind of model",
                            y->key, y->part);
        if (!add_change(&changes[e->target], use, y, &targets[e->target].walk->items[e->item],
                        e->item, t->arena, err))
            return false;
    }
    return true;
}

bool lora_match(struct lora_changes *changes, const dio_lora_use *uses, int n,
                const dio_lora_target *targets, int n_targets, dio_arena *a, dio_error *err)
{
    struct table t = {.arena = a};
    for (int i = 0; i < n_targets; i++)
        if (!put_target(&t, &targets[i], i, err))
            return false;
    if (dio_arena_failed(a))
        return dio_fail_memory(err, "a LoRA");
    if (t.count)
        qsort(t.entries, (size_t)t.count, sizeof *t.entries, compare);
    for (int i = 0; i < n; i++) {
        if (!isfinite(uses[i].scale))
            return dio_fail(err, "a LoRA's scale must be a finite number");
        if (!match_one(changes, &uses[i], &t, targets, err))
            return dio_error_at(err, dio_weights_path(uses[i].lora->weights), 0, 0);
    }
    return true;
}
