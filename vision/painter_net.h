#pragma once
/* painter_net.h: the house painter's two networks. Private to vision/; painter.h is for users.
 *
 * The autoencoder ("picture-autoencoder") brings RGBA pictures to latents an eighth of their
 * size, and back at that size or at twice it. The flow ("scene-flow") brings noise to latents,
 * guided by what is wanted (a vector) and by where things are (a map).
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/graph.h"
#include "tensor/model.h"
#include "tensor/walk.h"

typedef struct dio_autoencoder_shape {
    int channels; /* of latents */
    int scale;    /* pixels a latent, each way; the large decoder gives twice as many */
} dio_autoencoder_shape;

typedef struct dio_autoencoder_ops {
    void (*shape)(const void *model, dio_autoencoder_shape *out);
    /* x [B,4,H,W], -1..1, colours multiplied by alpha -> latents [B,C,H/scale,W/scale] within
     * -3..3, of which the flow sees (z - mean) / spread. */
    dio_val (*encode)(dio_graph *g, const void *model, dio_val x, unsigned wrap);
    /* Latents -> [B,4,..]; *large (or NULL): twice the size. */
    dio_val (*decode)(dio_graph *g, const void *model, dio_val z, unsigned wrap, dio_val *large);
    /* The weights that hold each channel's mean and spread over training pictures, f32 [C]. */
    void (*moments)(const void *model, dio_tensor **mean, dio_tensor **spread);
} dio_autoencoder_ops;

typedef struct dio_flow_shape {
    int channels;         /* of latents */
    int map;              /* numbers that say where a place is */
    int wish;             /* numbers that say what is wanted */
    int tiles, tile_side; /* learned pictures of subjects: so many of so many places a side */
} dio_flow_shape;

typedef struct dio_flow_io {
    dio_val x;      /* [B,C,h,w]: t latents + (1 - t) noise */
    dio_val t;      /* [B] */
    dio_val wish;   /* [B,W] */
    dio_val map;    /* [B,M,h,w] */
    dio_val places; /* i32 [B,h*w,4]: places of the learned pictures, and how much of each: */
    dio_val shares; /* [B,h*w,4] */
    unsigned wrap;

    dio_val out; /* [B,C,h,w]: the latents, as far as can be said */
} dio_flow_io;

typedef struct dio_flow_ops {
    void (*shape)(const void *model, dio_flow_shape *out);
    void (*forward)(dio_graph *g, const void *model, dio_flow_io *io);
} dio_flow_ops;

typedef struct dio_painter_net {
    const dio_model *family;
    const void *ops; /* by kind */
    void *model;
    const dio_value *config;
    dio_walk walk;
    dio_arena *arena;
} dio_painter_net;

/* `kind` is "autoencoder" or "flow". Weights are kept in `keep` (DIO_DTYPES: as they are). */
dio_painter_net *dio_painter_net_open(const char *dir, const char *kind, dio_dtype keep,
                                      dio_error *err);
dio_painter_net *dio_painter_net_create(const dio_value *config, const char *kind, uint64_t seed,
                                        dio_error *err);
bool dio_painter_net_save(const dio_painter_net *n, const char *dir, dio_dtype dtype,
                          dio_error *err);
void dio_painter_net_close(dio_painter_net *n); /* NULL is fine */
