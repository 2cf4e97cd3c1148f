#pragma once
/* walk.h: a model's weights listed once.
 *
 * Each family has one function that names every weight with its shape and how a fresh one is
 * drawn. Loading, counting, drawing, saving, the optimiser's list and LoRA all follow from that
 * list; no other place of the tree knows a weight's name.
 *
 *     static void walk(dio_walk *w, void *model)
 *     {
 *         struct model *m = model;
 *         DIO_WEIGHT(w, &m->embed, "embed.weight", dio_init_normal(0.02f), m->c.vocab, m->c.width);
 *         for (int i = 0; i < m->c.layers; i++) {
 *             dio_walk_enter(w, "layers.%d", i);
 *             dio_nn_rms_norm_walk(w, &m->layer[i].norm, "norm", m->c.width);
 *             dio_walk_leave(w);
 *         }
 *     }
 *
 * A slot of the model is a `dio_tensor *` that starts as NULL and owns a reference when filled.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "tensor/tensor.h"
#include "tensor/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a fresh weight is drawn. */
typedef enum dio_init_kind {
    DIO_INIT_FILL,    /* all `a` */
    DIO_INIT_NORMAL,  /* mean 0, standard deviation `a` */
    DIO_INIT_UNIFORM, /* -a..a */
} dio_init_kind;

typedef struct dio_init {
    dio_init_kind kind;
    float a;
} dio_init;

static inline dio_init dio_init_fill(float value)
{
    dio_init i = {DIO_INIT_FILL, value};
    return i;
}
static inline dio_init dio_init_normal(float std)
{
    dio_init i = {DIO_INIT_NORMAL, std};
    return i;
}
static inline dio_init dio_init_uniform(float bound)
{
    dio_init i = {DIO_INIT_UNIFORM, bound};
    return i;
}

enum {
    DIO_WEIGHT_LORA = 1,     /* part of an adapter, not of the model */
    DIO_WEIGHT_NO_DECAY = 2, /* norms and biases: weight decay leaves them alone */
    DIO_WEIGHT_F32 = 4,      /* its operator reads f32 only; vectors always have this */
};

/* One line of the list. */
typedef struct dio_weight {
    const char *name; /* in full: "model.layers.3.mlp.up_proj.weight" */
    dio_tensor **slot;
    dio_type type; /* dtype F32: what is computed in; a file's may differ */
    dio_init init;
    unsigned flags;
} dio_weight;

/* Which layers an adapter wraps, and how. Names are the last part of a layer's name. */
typedef struct dio_lora_spec {
    int rank;
    float alpha; /* the adapter's product is scaled by alpha / rank */
    const char *const *targets;
    int n_targets;
    /* Where each layer has a rank of its own (0: it is not wrapped), this says it in place of all
     * the above; alpha is the rank then. */
    int (*rank_of)(const void *user, const char *layer); /* the layer's name in full, or NULL */
    const void *user;
} dio_lora_spec;

enum { DIO_WALK_NAME = 512, DIO_WALK_DEPTH = 16, DIO_WALK_IGNORED = 16 };

typedef struct dio_walk {
    dio_weight *items;
    int count, cap;
    const char *base_prefix; /* files may lack it: "model.", "transformer."; or NULL */
    const char *ignored[DIO_WALK_IGNORED]; /* endings of names in files that are no weights */
    int n_ignored;
    const dio_lora_spec *lora; /* NULL: no adapter */
    /* private */
    dio_arena *arena;
    char prefix[DIO_WALK_NAME];
    int depth, lengths[DIO_WALK_DEPTH];
    bool failed;
} dio_walk;

typedef void dio_walk_fn(dio_walk *w, void *model);

/* Runs fn over the model and keeps the list in w, until dio_walk_deinit. */
bool dio_walk_init(dio_walk *w, dio_walk_fn *fn, void *model, const dio_lora_spec *lora,
                   dio_error *err);
void dio_walk_deinit(dio_walk *w);

/* --- for families and layer blocks --- */

void dio_walk_enter(dio_walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void dio_walk_leave(dio_walk *w);
void dio_walk_weight(dio_walk *w, dio_tensor **slot, const char *name, dio_init init,
                     unsigned flags, int nd, const int64_t *dim);
/* Tensors of files that end in this are passed over in silence: buffers, not weights. */
void dio_walk_ignore(dio_walk *w, const char *ending);
/* Published files of the bare model leave this first part of every name out. */
void dio_walk_base(dio_walk *w, const char *prefix);
/* The rank of the adapter that wraps the layer of this name here, and its scale; 0: none does. */
int dio_walk_lora(const dio_walk *w, const char *name, float *scale);

#define DIO_WEIGHT(w, slot, name, init, ...)                                                       \
    dio_walk_weight((w), (slot), (name), (init), 0,                                                \
                    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                     \
                    (int64_t[]){__VA_ARGS__})

/* --- what follows from the list --- */

/* `flags` below: DIO_WEIGHT_LORA does the adapter's weights, 0 all the others.
 *
 * Fills slots from `from`, where every name stands behind `prefix` ("" for models). dtype: what
 * weights are kept in: F32 or BF16, or DIO_DTYPES to keep the file's own (f32, bf16 and f16 stay
 * mapped; wider ones become f32). One-dimensional weights (norms, biases) are always f32. Missing,
 * misshapen and unused tensors are all named in one error; runs of layers are written as
 * "layers.0-31.". `report`, when not NULL, gets a line for each. */
bool dio_walk_load(dio_walk *w, const dio_weights *from, dio_dtype dtype, unsigned flags,
                   const char *prefix, dio_str *report, dio_error *err);
/* Fills slots anew: numbers depend on (seed, name) alone. */
bool dio_walk_draw(dio_walk *w, uint64_t seed, dio_dtype dtype, unsigned flags, dio_error *err);
/* Writes slots as safetensors, all in `dtype` or (DIO_DTYPES) as they are. `prefix` goes before
 * every name (PEFT's "base_model.model."), or "". */
bool dio_walk_save(const dio_walk *w, const char *path, dio_dtype dtype, unsigned flags,
                   const char *prefix, const dio_weights_meta *meta, int n_meta, dio_error *err);
/* What the weight is kept in when the model is kept in `dtype` (DIO_DTYPES: as `stored`). */
dio_dtype dio_walk_dtype(const dio_weight *it, dio_dtype dtype, dio_dtype stored);
/* Whether weights of so many bytes fit in the memory that is left; else says so. */
bool dio_walk_fits(int64_t bytes, dio_error *err);
/* Whether all numbers of the slots are finite; else names the first that is not. Reads them all. */
bool dio_walk_finite(const dio_walk *w, dio_error *err);
/* Whether `flags` means this weight. */
bool dio_walk_chosen(const dio_weight *it, unsigned flags);
/* Makes all slots float tensors of our own memory in `dtype`, for training. */
bool dio_walk_convert(dio_walk *w, dio_dtype dtype, dio_error *err);
/* Numbers in all the weights; bytes as they are stored now. */
int64_t dio_walk_parameters(const dio_walk *w);
int64_t dio_walk_bytes(const dio_walk *w);
/* Empties every slot. */
void dio_walk_clear(dio_walk *w);

#ifdef __cplusplus
}
#endif
