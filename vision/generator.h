#pragma once
/* generator.h: pictures in one pass from random numbers: StyleGAN2, DCGAN, and a conditional one.
 *
 * A generator carries noise z, and a label where it takes one, to a picture. Labels are numbers:
 * one of a class set to 1, or attributes. The families differ in how a seed becomes z, so that
 * a seed gives the picture that its authors' own program gives.
 *
 *     dio_generator *n = dio_generator_open("models/ffhq", err);
 *     dio_image *picture;
 *     bool ok = dio_generator_paint(n, device, 85, NULL, &picture, err);
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/graph.h"
#include "tensor/network.h"
#include "vision/image.h"

/* How a seed becomes z. */
typedef enum dio_generator_draw {
    DIO_DRAW_TORCH, /* torch.manual_seed(seed); torch.randn(1, z) on the CPU */
    DIO_DRAW_NUMPY, /* numpy.random.RandomState(seed).randn(1, z), as StyleGAN2's generate.py */
} dio_generator_draw;

/* What a generator's config comes down to. */
typedef struct dio_generator_shape {
    int z;             /* numbers of noise */
    int labels;        /* numbers of the label; 0: it takes none */
    int channels;      /* 1 grey, 3 RGB, 4 RGBA */
    int width, height; /* of the picture */
    dio_generator_draw draw;
    bool truncates;     /* psi means something */
    bool premultiplied; /* colours come multiplied by alpha, as 0..1; paint divides it out */
} dio_generator_shape;

/* Noise that StyleGAN2 adds to every layer. */
typedef enum dio_generator_noise {
    DIO_NOISE_CONST, /* the one that was trained: the same in every picture */
    DIO_NOISE_RANDOM,
    DIO_NOISE_NONE,
} dio_generator_noise;

enum { DIO_GENERATOR_RUNNING = 64, DIO_GENERATOR_NOISES = 32 };

/* One call: what goes in, then what comes out. Zero is a fine default for all but z. */
typedef struct dio_generator_io {
    dio_val z;     /* f32 [B,Z] */
    dio_val label; /* f32 [B,L] when the shape has labels; else not looked at */
    /* Batch norms take the batch's own statistics; `running` then says what follows for theirs. */
    bool training;
    dio_generator_noise noise; /* RANDOM makes inputs "noise.0", "noise.1", ... [B,1,h,w] */
    float pull;                /* 1 - psi: how far w is drawn to its mean; 0: not at all */
    int cutoff;                /* of how many ws; 0: of all */

    dio_val out;                           /* [B,C,H,W], -1..1 */
    dio_type noises[DIO_GENERATOR_NOISES]; /* with RANDOM: the inputs' types */
    int n_noises;
    /* In training: this weight, which no gradient moves, is to become that value. */
    struct {
        dio_tensor *weight;
        dio_val value;
    } running[DIO_GENERATOR_RUNNING];
    int n_running;
} dio_generator_io;

/* What a family of kind "generator" can do: dio_model.ops. */
typedef struct dio_generator_ops {
    void (*shape)(const void *model, dio_generator_shape *out);
    /* Fills io->out (and running). Taps under the official names. */
    void (*forward)(dio_graph *g, const void *model, dio_generator_io *io);
} dio_generator_ops;

typedef struct dio_generator {
    dio_network net;
    const dio_generator_ops *ops;
    dio_generator_shape shape;
} dio_generator;

/* A folder with config.json (or stylegan2.json) and weights, or the weights' file of a family that
 * shapes alone describe (DCGAN's state dict). Weights are kept in f32. NULL with a message. */
dio_generator *dio_generator_open(const char *path, dio_error *err);
dio_generator *dio_generator_build(const dio_value *config, const dio_weights *from,
                                   dio_error *err);
/* A fresh one with drawn weights, to be trained. `config` is copied. */
dio_generator *dio_generator_create(const dio_value *config, uint64_t seed, dio_error *err);
/* Writes config.json and model.safetensors (dtype DIO_F32, DIO_F16 or DIO_BF16). */
bool dio_generator_save(const dio_generator *n, const char *dir, dio_dtype dtype, dio_error *err);
void dio_generator_close(dio_generator *n); /* NULL is fine */

/* Appends the network to g and fills io's second half. */
void dio_generator_forward(dio_graph *g, const dio_generator *n, dio_generator_io *io);

/* z of a seed: out[shape.z]. */
void dio_generator_draw_z(const dio_generator *n, uint64_t seed, float *out);

/* All zero is what most want. */
typedef struct dio_generator_options {
    const float *label; /* [shape.labels]; NULL: all zero */
    float pull;         /* 1 - psi */
    int cutoff;
    dio_generator_noise noise;
    size_t memory_limit; /* bytes; 0: what is free */
} dio_generator_options;

/* The picture of one seed, sRGB of 8 bits, straight alpha. Caller unrefs *out. */
bool dio_generator_paint(const dio_generator *n, dio_device *device, uint64_t seed,
                         const dio_generator_options *options, dio_image **out, dio_error *err);
