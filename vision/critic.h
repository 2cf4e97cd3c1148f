#pragma once
/* critic.h: what a generator learns against: a network that scores how real a picture seems.
 *
 *     dio_critic *c = dio_critic_create(config, seed, err);
 *     dio_val score = dio_critic_forward(g, c, pixels, label);   // [B], larger for real ones
 *
 * Families' operators have second derivatives, so that a penalty on the score's gradient (R1) can
 * be trained.
 */
#include "base/error.h"
#include "base/value.h"
#include "tensor/graph.h"
#include "tensor/network.h"

typedef struct dio_critic_shape {
    int channels, size; /* of the pictures, which are squares */
    int labels;         /* numbers of the label; 0: it takes none */
} dio_critic_shape;

/* What a family of kind "critic" can do: dio_model.ops. */
typedef struct dio_critic_ops {
    void (*shape)(const void *model, dio_critic_shape *out);
    dio_val (*forward)(dio_graph *g, const void *model, dio_val pixels, dio_val label);
} dio_critic_ops;

typedef struct dio_critic {
    dio_network net;
    const dio_critic_ops *ops;
    dio_critic_shape shape;
} dio_critic;

/* A fresh one with drawn weights in f32. `config` is copied. NULL with a message. */
dio_critic *dio_critic_create(const dio_value *config, uint64_t seed, dio_error *err);
void dio_critic_close(dio_critic *c); /* NULL is fine */

/* pixels [B,C,S,S] in -1..1, label f32 [B,L] (not looked at without labels) -> [B]. */
dio_val dio_critic_forward(dio_graph *g, const dio_critic *c, dio_val pixels, dio_val label);
