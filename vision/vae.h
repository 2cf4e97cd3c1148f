#pragma once
/* vae.h: the autoencoder between pictures and latents: diffusers' AutoencoderKL (Stable Diffusion
 * 1.x, 2.x, SDXL) and AutoencoderTiny (TAESD).
 *
 *     dio_vae *vae = dio_vae_open("models/sd15/vae", DIO_F32, err);
 *     // latent [1,4,64,64], divided by vae->shape.scaling_factor (and the shift added) already
 *     float *rgb = malloc(3 * 512 * 512 * sizeof *rgb);
 *     dio_vae_decode(vae, device, latent, 1, 64, 64, NULL, rgb, err);  // -1..1 and a little beyond
 *
 * A picture is worked on in stripes of each layer, so that its size does not decide what memory it
 * takes: see dio_vae_options.memory_limit. Numbers do not depend on that limit, nor on the batch or
 * the threads. One graph of the whole network, with taps, is there for `probe` and for training.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/graph.h"
#include "tensor/network.h"

enum { DIO_VAE_LATENTS = 64 }; /* the most latent channels a config may have */

/* What an autoencoder's config comes down to for those who use it. */
typedef struct dio_vae_shape {
    int image_channels;  /* 3 */
    int latent_channels; /* 4; 16 in later models */
    int scale;           /* pixels a latent, each way: 8 */
    /* A diffusion model sees (raw - shift_factor) * scaling_factor, or, where there are means,
     * (raw - mean[c]) / std[c] * scaling_factor. */
    float scaling_factor, shift_factor;
    bool standardised; /* latents_mean and latents_std were given */
    float mean[DIO_VAE_LATENTS], std[DIO_VAE_LATENTS];
    bool force_upcast;     /* its numbers leave half precision's range; we compute in f32 anyway */
    bool tiny;             /* TAESD: no spread, and latents are what the diffusion model sees */
    bool encodes, decodes; /* which halves the weights hold */
} dio_vae_shape;

/* One way through the network as a graph: what goes in, then what comes out. */
typedef struct dio_vae_io {
    dio_val in;          /* decode: latents [B,C,h,w]; encode: pictures [B,3,H,W] in -1..1 */
    bool tile_x, tile_y; /* convolutions see the picture go on at the other side */

    dio_val out;         /* decode: pictures; encode: the mean of the latents */
    dio_val logvar, std; /* encode, unless tiny: log variance within -30..20, and its root */
} dio_vae_io;

struct dio_stages; /* stages.h */

/* What a family of kind "vae" can do: dio_model.ops. */
typedef struct dio_vae_ops {
    void (*shape)(const void *model, dio_vae_shape *out);
    /* Called before weights are listed: which halves the files hold, and how they name them. */
    bool (*look)(void *model, const dio_weights *const *from, int n, dio_error *err);
    /* The layers of one half, in order. */
    void (*encoder)(const void *model, struct dio_stages *out);
    void (*decoder)(const void *model, struct dio_stages *out);
} dio_vae_ops;

typedef struct dio_vae {
    dio_network net;
    const dio_vae_ops *ops;
    dio_vae_shape shape;
} dio_vae;

/* A folder "vae" of diffusers (config.json and diffusion_pytorch_model.*), or a file of weights as
 * TAESD's author publishes them (taesd_decoder.pth; taesd_encoder.* beside it is read too). keep:
 * what weights are kept in, as dio_walk_load says. NULL with a message. */
dio_vae *dio_vae_open(const char *path, dio_dtype keep, dio_error *err);
/* From parts that somebody else has opened; both may be gone afterwards. */
dio_vae *dio_vae_build(const dio_value *config, const dio_weights *from, dio_dtype keep,
                       dio_error *err);
/* With drawn weights: for tests and measurements. */
dio_vae *dio_vae_create(const dio_value *config, uint64_t seed, dio_dtype keep, dio_error *err);
void dio_vae_close(dio_vae *vae); /* NULL is fine */

/* --- pictures --- */

typedef struct dio_vae_report {
    size_t peak;        /* the most memory that was held beside weights, latents and picture */
    size_t whole;       /* what it would have been without a limit */
    double flops, once; /* multiplications and additions; what they are without a limit */
} dio_vae_report;

typedef struct dio_vae_options {
    /* Bytes that may be held beside weights, latents and pictures; 0: three quarters of what is
     * free. When whole layers do not fit, they are computed anew from the last one that does: the
     * same bytes, later. Too small a limit is refused with the least that will do; with tile_y
     * that is more, since the first rows then wait for the last. */
    size_t memory_limit;
    bool tile_x, tile_y;                       /* the picture goes on at the other side */
    bool (*progress)(void *user, double done); /* 0..1; false stops with an error; or NULL */
    void *user;
    dio_vae_report *report; /* filled when not NULL */
} dio_vae_options;

/* latent [batch,C,h,w], raw -> out [batch,3,scale*h,scale*w], about -1..1 (TAESD too). options:
 * NULL for zeros. False for latents that are not finite, sizes beyond the limits, weights that lead
 * to numbers that are not finite, and lack of memory. */
bool dio_vae_decode(const dio_vae *vae, dio_device *device, const float *latent, int batch, int h,
                    int w, const dio_vae_options *options, float *out, dio_error *err);
/* image [batch,3,H,W] in -1..1, sides multiples of scale -> mean and std [batch,C,H/scale,W/scale];
 * std may be NULL (TAESD's is 0). */
bool dio_vae_encode(const dio_vae *vae, dio_device *device, const float *image, int batch, int h,
                    int w, const dio_vae_options *options, float *mean, float *std, dio_error *err);
/* out = mean + std * noise, count numbers each: a sample of the latents. */
void dio_vae_sample(const float *mean, const float *std, const float *noise, size_t count,
                    float *out);

/* --- graphs; taps have diffusers' module names --- */

void dio_vae_decode_forward(dio_graph *g, const dio_vae *vae, dio_vae_io *io);
void dio_vae_encode_forward(dio_graph *g, const dio_vae *vae, dio_vae_io *io);
