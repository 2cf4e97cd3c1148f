#pragma once
/* upscaler.h: pictures made larger by a network: RRDBNet (ESRGAN, Real-ESRGAN) and SRVGGNetCompact.
 *
 * Weights come as published: a .pth or .safetensors whose shapes say all there is to know, or a
 * folder with a config.json beside them. A picture of any size runs in bounded memory: it is cut
 * into tiles, each computed with as much around it as the layers can see.
 *
 *     dio_upscaler *u = dio_upscaler_open("RealESRGAN_x4plus.pth", err);
 *     bool ok = dio_upscaler_run(u, device, picture, NULL, &larger, err);
 *
 * What is exact. SRVGG sees num_conv + 2 pixels far, so its tiles overlap by that. RRDBNet sees 350
 * (23 blocks), which no overlap can pay for: its blocks, that see 15 far, go over the whole picture
 * one after the other, and maps of features wait in memory in between. So tiles give the picture
 * that no tiles would have given, bit for bit, whatever their size; where even the maps do not fit
 * memory_limit the picture is refused, with what it would take.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/graph.h"
#include "tensor/network.h"
#include "vision/image.h"

enum { DIO_UPSCALER_DOUBLINGS = 4 };

typedef struct dio_upscaler_shape {
    int scale;    /* 1, 2, 4, ...: how many times as wide */
    int multiple; /* sizes that the network takes: it begins by folding so many pixels into one */
    int channels; /* of its pictures: 3 RGB, 1 grey */
    int stages;
} dio_upscaler_shape;

/* One part of the network, which runs over the whole picture before the next part does. Maps are
 * counted in folded pixels (multiple of them to one of the picture). */
typedef struct dio_upscaler_stage {
    /* Convolutions of 3x3 one after the other, at 1, 2, 4, ... times the size of its input. */
    int layers[DIO_UPSCALER_DOUBLINGS + 1];
    int channels; /* of its input */
    int out;      /* channels of its output */
    int scale;    /* of its output to its input */
    bool first;   /* reads the map after the first stage as well, as `skip` */
} dio_upscaler_stage;

/* What a family of kind "upscaler" can do: dio_model.ops. */
typedef struct dio_upscaler_ops {
    void (*shape)(const void *model, dio_upscaler_shape *out);
    void (*stage)(const void *model, int i, dio_upscaler_stage *out);
    /* x [B,channels,H,W] to [B,out,H*scale,W*scale]. Taps under the official names. */
    dio_val (*forward)(dio_graph *g, const void *model, int stage, dio_val x, dio_val skip);
} dio_upscaler_ops;

typedef struct dio_upscaler {
    dio_network net;
    const dio_upscaler_ops *ops;
    dio_upscaler_shape shape;
} dio_upscaler;

/* A file of weights, or a folder. NULL with a message. */
dio_upscaler *dio_upscaler_open(const char *path, dio_error *err);
/* With drawn weights: for tests and measurements. */
dio_upscaler *dio_upscaler_create(const dio_value *config, uint64_t seed, dio_error *err);
void dio_upscaler_close(dio_upscaler *u); /* NULL is fine */

/* The whole network over one batch: x [B,C,H,W] of 0..1, sizes multiples of shape.multiple, to
 * [B,C,H*scale,W*scale]. */
dio_val dio_upscaler_forward(dio_graph *g, const dio_upscaler *u, dio_val x);

/* All zero is what most want. */
typedef struct dio_upscaler_options {
    int tile;            /* pixels a side without what overlaps; 0: as memory_limit allows */
    bool tile_x, tile_y; /* the picture goes on at its other side */
    size_t memory_limit; /* bytes; 0: 2 GB, or half of what is free where that is less */
    /* Called between tiles with what is done of 1; false stops. */
    bool (*progress)(void *user, double done);
    void *user;
} dio_upscaler_options;

/* `in` made shape.scale times as large, in the same form and depth, clamped to 0..1; with the notes
 * of `in`. Networks of this kind know sRGB; alpha goes through as a grey picture of its own. Caller
 * unrefs *out. What would be larger than image.h's limits is refused before memory is taken. */
bool dio_upscaler_run(const dio_upscaler *u, dio_device *device, dio_image *in,
                      const dio_upscaler_options *options, dio_image **out, dio_error *err);
