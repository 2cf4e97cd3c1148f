#pragma once
/* unet.h: the network that takes the noise out of latents, as diffusers' UNet2DConditionModel.
 *
 * Stable Diffusion 1.x, 2.x, SDXL, what was made from them by fewer blocks, and their inpainting
 * forms, as config.json says. The graph takes latents that the schedule has already scaled.
 *
 *     dio_unet *u = dio_unet_open("models/sd15/unet", DIO_DTYPES, err);
 *     dio_unet_io io = {
 *         .sample = dio_input(g, "sample", dio_type_4d(DIO_F32, 2, u->shape.in_channels, 64, 64)),
 *         .timestep = dio_input(g, "timestep", dio_type_1d(DIO_F32, 2)),
 *         .context = dio_input(g, "encoder_hidden_states", dio_type_3d(DIO_F32, 2, 77, 768)),
 *     };
 *     dio_unet_forward(g, u, &io);       // io.out [2,4,64,64]
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/graph.h"
#include "tensor/network.h"

/* What a UNet's config comes down to for those who use it. */
typedef struct dio_unet_shape {
    int in_channels, out_channels; /* 4 and 4; 9 in for inpainting, 8 for editing */
    int context;                   /* width of the text's hidden states */
    int sample_size;   /* latents a side it was trained on; 0: the config does not say */
    int step;          /* halvings: sizes that it divides need no odd upsampling */
    bool text_time;    /* SDXL: pooled and time_ids are needed */
    int pooled;        /* their width when there are six time_ids; 0: none */
    int time_id_width; /* what each of time_ids becomes */
    int added_width;   /* of pooled and all time_ids together */
    int guidance;      /* width of the guidance embedding; 0: none is taken */
} dio_unet_shape;

/* One call: what goes in, then what comes out. Fields that the shape does not ask for are not
 * looked at. */
typedef struct dio_unet_io {
    dio_val sample;   /* [B,Cin,H,W] */
    dio_val timestep; /* f32 [B] */
    dio_val context;  /* [B,T,C] */
    dio_val pooled;   /* text_time: [B,P] */
    dio_val time_ids; /* text_time: f32 [B,N]: original size, crop, target size, in pixels */
    dio_val guidance; /* guidance: f32 [B], the guidance scale that the model was distilled for */
    bool tile_x, tile_y; /* convolutions see the picture go on at the other side */

    dio_val out; /* [B,Cout,H,W] */
} dio_unet_io;

/* What a family of kind "unet" can do: dio_model.ops. */
typedef struct dio_unet_ops {
    void (*shape)(const void *model, dio_unet_shape *out);
    /* Fills io->out. Taps: the official module names, "down_blocks.0.resnets.0". */
    void (*forward)(dio_graph *g, const void *model, dio_unet_io *io);
} dio_unet_ops;

typedef struct dio_unet {
    dio_network net;
    const dio_unet_ops *ops;
    dio_unet_shape shape;
} dio_unet;

/* A folder "unet" of diffusers: config.json and its weights. keep: what weights are kept in, as
 * dio_walk_load says (DIO_DTYPES: as they are). NULL with a message. */
dio_unet *dio_unet_open(const char *dir, dio_dtype keep, dio_error *err);
/* From parts that somebody else has opened; both may be gone afterwards. NULL for either fails with
 * whatever err holds already: what dio_bundle_weights said. */
dio_unet *dio_unet_build(const dio_value *config, const dio_weights *from, dio_dtype keep,
                         dio_error *err);
/* With drawn weights: for tests and measurements. */
dio_unet *dio_unet_create(const dio_value *config, uint64_t seed, dio_dtype keep, dio_error *err);
void dio_unet_close(dio_unet *u); /* NULL is fine */

/* Appends the network to g and fills io->out. What the shape asks for and io does not have, or has
 * in another size, poisons g. */
void dio_unet_forward(dio_graph *g, const dio_unet *u, dio_unet_io *io);
