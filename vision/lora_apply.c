/* lora_apply.c: changes into the weights, or beside them.
 *
 * Merged, W + sum of scale * up down is computed in f32 and rounded once to the weight's own type:
 * afterwards a pass costs what it did. Attached, the layers compute up (down x) besides: weights
 * may stay in their file and scales may change, for a little more work a pass. Several changes to
 * one layer are one of their ranks together, their scales folded into up. */
#include <string.h>

#include "base/gang.h"
#include "vision/lora_impl.h"

static void free_all(dio_tensor **tensors, int n)
{
    for (int i = 0; i < n; i++)
        dio_tensor_unref(tensors[i]);
}

/* --- merged --- */

struct merge {
    const struct lora_changes *changes;
    int item;
    float *w;
    int64_t in;
};

/* One row of the weight. */
static void merge_row(void *user, int64_t row, int thread)
{
    (void)thread;
    const struct merge *m = user;
    float *w = m->w + row * m->in;
    for (int i = 0; i < m->changes->count; i++) {
        const struct lora_change *c = &m->changes->change[i];
        if (c->item != m->item)
            continue;
        for (int r = 0; r < c->rank; r++) {
            float factor = c->scale * c->up[row * c->rank + r];
            const float *down = c->down + (int64_t)r * c->in;
            for (int64_t k = 0; k < m->in; k++)
                w[k] += factor * down[k];
        }
    }
}

static dio_tensor *merged(const struct lora_changes *changes, int item, const dio_tensor *t,
                          dio_error *err)
{
    dio_tensor *f = dio_tensor_convert(t, DIO_F32, err);
    if (!f)
        return NULL;
    struct merge m = {changes, item, dio_tensor_data(f), 0};
    m.in = dio_type_count(&f->type) / f->type.dim[0];
    dio_gang_run(f->type.dim[0], merge_row, &m);
    if (t->type.dtype == DIO_F32)
        return f;
    dio_tensor *own = dio_tensor_convert(f, t->type.dtype, err);
    dio_tensor_unref(f);
    return own;
}

/* What the items that change come to, in `fresh` by item; others stay NULL. */
static bool merge_target(const struct lora_changes *changes, const dio_walk *walk,
                         dio_tensor **fresh, dio_error *err)
{
    for (int i = 0; i < changes->count; i++) {
        int item = changes->change[i].item;
        const dio_weight *it = &walk->items[item];
        if (fresh[item])
            continue;
        if (!*it->slot)
            return dio_fail(err, "weight \"%s\" has no value yet and cannot be changed", it->name);
        fresh[item] = merged(changes, item, *it->slot, err);
        if (!fresh[item])
            return false;
    }
    return true;
}

bool dio_lora_merge(const dio_lora_use *uses, int n, const dio_lora_target *targets, int n_targets,
                    dio_error *err)
{
    dio_arena *a = dio_arena_create();
    struct lora_changes *changes =
        a ? dio_arena_try(a, (size_t)(n_targets + 1) * sizeof *changes) : NULL;
    dio_tensor ***fresh = a ? dio_arena_try(a, (size_t)(n_targets + 1) * sizeof *fresh) : NULL;
    bool ok = changes && fresh;
    for (int i = 0; ok && i < n_targets; i++) {
        fresh[i] = dio_arena_try(a, (size_t)(targets[i].walk->count + 1) * sizeof **fresh);
        ok = fresh[i] != NULL;
    }
    ok = ok ? lora_match(changes, uses, n, targets, n_targets, a, err)
            : dio_fail_memory(err, "a LoRA");
    for (int i = 0; ok && i < n_targets; i++)
        ok = merge_target(&changes[i], targets[i].walk, fresh[i], err);
    for (int i = 0; fresh && i < n_targets && fresh[i]; i++)
        for (int k = 0; k < targets[i].walk->count; k++) {
            dio_tensor **slot = targets[i].walk->items[k].slot, *old = *slot;
            if (!fresh[i][k])
                continue;
            if (ok)
                *slot = fresh[i][k];
            dio_tensor_unref(ok ? old : fresh[i][k]);
        }
    dio_arena_destroy(a);
    return ok;
}

/* --- attached --- */

/* Ranks by layer, for the walk that makes the slots. */
struct ranks {
    const struct lora_changes *changes;
    const dio_walk *walk; /* as it was: items are its own */
};

static int rank_of(const void *user, const char *layer)
{
    const struct ranks *r = user;
    size_t n = strlen(layer);
    int sum = 0;
    for (int i = 0; i < r->changes->count; i++) {
        const char *name = r->walk->items[r->changes->change[i].item].name;
        if (strncmp(name, layer, n) == 0 && strcmp(name + n, ".weight") == 0)
            sum += r->changes->change[i].rank;
    }
    return sum;
}

/* down of all changes to one item below each other, and up side by side with its scales. */
static bool stack(const struct lora_changes *changes, int item, float *down, float *up, int total)
{
    int at = 0;
    for (int i = 0; i < changes->count; i++) {
        const struct lora_change *c = &changes->change[i];
        if (c->item != item)
            continue;
        memcpy(down + at * c->in, c->down, (size_t)(c->rank * c->in) * sizeof *down);
        for (int64_t row = 0; row < c->out; row++)
            for (int r = 0; r < c->rank; r++)
                up[row * total + at + r] = c->scale * c->up[row * c->rank + r];
        at += c->rank;
    }
    return at == total;
}

/* The item that "x.weight" is in the walk before, for an adapter's weight "x.lora_A.weight". */
static int item_of(const dio_walk *before, const char *name)
{
    size_t n = strlen(name) - strlen(".lora_A.weight");
    for (int i = 0; i < before->count; i++)
        if (strncmp(before->items[i].name, name, n) == 0 &&
            strcmp(before->items[i].name + n, ".weight") == 0)
            return i;
    return -1;
}

/* Adapters come in pairs, A and B. Fills tensors[] by item of the new walk. */
static bool fill(const struct lora_changes *changes, const dio_walk *before, const dio_walk *walk,
                 dio_tensor **tensors, dio_error *err)
{
    for (int i = 0; i + 1 < walk->count; i++) {
        const dio_weight *a = &walk->items[i], *b = &walk->items[i + 1];
        if (!(a->flags & DIO_WEIGHT_LORA))
            continue;
        tensors[i] = dio_tensor_create(a->name, &a->type, err);
        tensors[i + 1] = tensors[i] ? dio_tensor_create(b->name, &b->type, err) : NULL;
        if (!tensors[i + 1])
            return false;
        if (!stack(changes, item_of(before, a->name), dio_tensor_data(tensors[i]),
                   dio_tensor_data(tensors[i + 1]), (int)a->type.dim[0]))
            return dio_fail(err, "%s: the layers of this model cannot be told apart", a->name);
        i++;
    }
    return true;
}

static void drop_adapters(const dio_walk *w)
{
    for (int i = 0; i < w->count; i++)
        if (w->items[i].flags & DIO_WEIGHT_LORA) {
            dio_tensor_unref(*w->items[i].slot);
            *w->items[i].slot = NULL;
        }
}

static bool attach_target(const struct lora_changes *changes, const dio_lora_target *t,
                          dio_arena *a, dio_error *err)
{
    struct ranks ranks = {changes, t->walk};
    dio_lora_spec spec = {.rank_of = rank_of, .user = &ranks};
    dio_walk walk;
    if (!dio_walk_init(&walk, t->fn, t->model, changes->count ? &spec : NULL, err))
        return false;
    walk.lora = NULL; /* it ends with this call */
    dio_tensor **tensors = dio_arena_try(a, (size_t)(walk.count + 1) * sizeof *tensors);
    bool ok =
        tensors ? fill(changes, t->walk, &walk, tensors, err) : dio_fail_memory(err, "a LoRA");
    if (!ok) {
        if (tensors)
            free_all(tensors, walk.count);
        dio_walk_deinit(&walk);
        return false;
    }
    drop_adapters(t->walk);
    for (int i = 0; i < walk.count; i++)
        if (walk.items[i].flags & DIO_WEIGHT_LORA)
            *walk.items[i].slot = tensors[i];
    dio_walk_deinit(t->walk);
    *t->walk = walk;
    return true;
}

bool dio_lora_attach(const dio_lora_use *uses, int n, const dio_lora_target *targets, int n_targets,
                     dio_error *err)
{
    dio_arena *a = dio_arena_create();
    struct lora_changes *changes =
        a ? dio_arena_try(a, (size_t)(n_targets + 1) * sizeof *changes) : NULL;
    bool ok = changes ? lora_match(changes, uses, n, targets, n_targets, a, err)
                      : dio_fail_memory(err, "a LoRA");
    for (int i = 0; ok && i < n_targets; i++)
        ok = targets[i].fn ? attach_target(&changes[i], &targets[i], a, err)
                           : dio_fail(err, "a LoRA cannot stand beside the weights of %s: merge it",
                                      targets[i].part);
    dio_arena_destroy(a);
    return ok;
}
