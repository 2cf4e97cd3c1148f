#pragma once
/* painter_net.h: the house painter's two networks. Private to vision/; painter.h is for users.
 *
 * The autoencoder ("picture-autoencoder") brings RGBA pictures to latents an eighth of their
 * size, and back at that size or at twice it. The flow ("scene-flow") brings noise to latents,
 * guided by what is wanted (a vector), by where things are (a map), and by the latents of an
 * underpainting (scenes/underpaint.h).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/graph.h"
#include "tensor/network.h"

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
    int channels; /* of latents */
    int map;      /* numbers that say where a place is */
    int wish;     /* numbers that say what is wanted */
} dio_flow_shape;

typedef struct dio_flow_io {
    dio_val x;     /* [B,C,h,w]: t latents + (1 - t) noise */
    dio_val t;     /* [B] */
    dio_val wish;  /* [B,W] */
    dio_val map;   /* [B,M,h,w] */
    dio_val under; /* [B,C,h,w]: the underpainting's latents, as the flow sees latents */
    unsigned wrap;

    dio_val out; /* [B,C,h,w]: the latents, as far as can be said */
} dio_flow_io;

typedef struct dio_flow_ops {
    void (*shape)(const void *model, dio_flow_shape *out);
    void (*forward)(dio_graph *g, const void *model, dio_flow_io *io);
} dio_flow_ops;

/* Each is a dio_network and no more: family->ops are the functions above. */
extern const dio_network_kind dio_painter_autoencoder, dio_painter_flow;

/* RGBA bytes [plane,4], colours multiplied by alpha, as the encoder takes them: [4,plane]. */
void dio_encoder_pixels(const uint8_t *rgba, size_t plane, float *out);
