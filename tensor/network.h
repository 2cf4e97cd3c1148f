#pragma once
/* network.h: a built model and its weights: opened, made anew, saved, closed.
 *
 * Whoever owns networks of one kind (language models, UNets, upscalers) describes them once, in a
 * dio_network_kind. The owner's struct begins with a dio_network and lies in its arena; beside it
 * stand the family's functions and the shape, with their types.
 *
 *     typedef struct dio_unet {
 *         dio_network net;
 *         const dio_unet_ops *ops;
 *         dio_unet_shape shape;
 *     } dio_unet;
 *
 *     static void ready(void *owner)
 *     {
 *         dio_unet *u = owner;
 *         u->ops = u->net.family->ops;
 *         u->ops->shape(u->net.model, &u->shape);
 *     }
 *     static const dio_network_kind kind = {
 *         .what = "a UNet", .kind = "unet", .families = &dio_vision_models,
 *         .size = sizeof(dio_unet), .ready = ready, .finite = true};
 *
 *     dio_unet *u = dio_network_open(&kind, "models/sd15/unet", DIO_DTYPES, err);
 *
 * An owner whose files are in no common form stands on the pieces at the end.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "tensor/model.h"
#include "tensor/walk.h"
#include "tensor/weights.h"

/* What is the same for all networks of one owner. */
typedef struct dio_network_kind {
    const char *what; /* "a UNet": for messages */
    const char *kind; /* what dio_model.kind must be */
    const dio_model_set *families;
    size_t size; /* bytes of the owner's struct, which begins with a dio_network */
    /* Called with the owner's struct when family and model are known; NULL: nothing is to do. */
    void (*ready)(void *owner);
    bool finite; /* weights that are not finite are refused when loaded, at the cost of reading all
                  */
    bool weight_norm; /* files may hold layers under weight normalisation: dio_weights_folded */
    const char *const *configs; /* names that the config may have; NULL: config.json */
    /* Said of files without a config that no family knows by their tensors; NULL: a config is
     * needed. */
    const char *unknown;
} dio_network_kind;

typedef struct dio_network {
    const dio_network_kind *kind;
    const dio_model *family;
    void *model;             /* the family's struct */
    const dio_value *config; /* config.json; in the arena */
    dio_walk walk;           /* every weight: names, slots, kinds */
    dio_arena *arena;        /* the owner's struct lies in it, too */
} dio_network;

/* Each gives the owner's struct, to be closed with dio_network_close, or NULL with a message.
 * keep: what weights are kept in, as dio_walk_load says (DIO_DTYPES: as they are). */

/* A folder with a config and weights, or a file of weights that a family knows by itself. */
void *dio_network_open(const dio_network_kind *kind, const char *path, dio_dtype keep,
                       dio_error *err);
/* From parts that somebody else has opened; both may be gone afterwards. NULL for either fails with
 * whatever err holds already. */
void *dio_network_build(const dio_network_kind *kind, const dio_value *config,
                        const dio_weights *from, dio_dtype keep, dio_error *err);
/* With drawn weights. `config` may be gone afterwards. */
void *dio_network_create(const dio_network_kind *kind, const dio_value *config, uint64_t seed,
                         dio_dtype keep, dio_error *err);
void dio_network_close(void *owner); /* NULL is fine */

/* Writes config.json and model.safetensors, weights in dtype (DIO_DTYPES: as they are). `text` is
 * what config.json will hold; NULL: there was no memory for it. */
bool dio_network_save(const dio_network *n, const char *dir, dio_dtype dtype, dio_error *err);
bool dio_network_save_as(const dio_network *n, const char *text, const char *dir, dio_dtype dtype,
                         dio_error *err);

/* --- pieces --- */

/* The owner's struct, all zero but for kind and arena; NULL without memory. */
void *dio_network_begin(const dio_network_kind *kind, dio_error *err);
/* The owner's struct when ok; else it is closed, and NULL. Ask once, last: when the arena has run
 * dry, what was read and what was said may be torn, and a message about memory takes its place. */
void *dio_network_end(void *owner, bool ok, dio_error *err);
/* The config in the folder; NULL with a message. */
const dio_value *dio_network_config(dio_network *n, const char *dir, dio_error *err);
/* Family and model, with a copy of the config. Mistakes are said at their place in `config`. */
bool dio_network_make(dio_network *n, const dio_value *config, dio_error *err);
/* Lists the model's weights, so that they can be filled. */
bool dio_network_list(dio_network *n, dio_error *err);
/* Fills the weights that are listed (folded before, where the kind says so), and lets the family
 * compute what follows from them. */
bool dio_network_load(dio_network *n, const dio_weights *from, dio_dtype keep, dio_error *err);
