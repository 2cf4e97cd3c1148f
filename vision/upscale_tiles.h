/* upscale_tiles.h: one stage of an upscaler over a whole map, tile by tile. Private to vision/. */
#pragma once
#include "tensor/plan.h"
#include "vision/upscaler.h"

/* Numbers of a picture between stages: [C,H,W]. */
typedef struct dio_map {
    float *data;
    int64_t channels, h, w;
} dio_map;

typedef struct dio_tiles {
    const dio_upscaler *upscaler;
    dio_device *device;
    int stage;
    const dio_map *x, *skip; /* skip: what the first stage gave; NULL unless the stage wants it */
    dio_map *out;            /* [out, H*scale, W*scale] */
    bool wrap_x, wrap_y;
    int64_t tile;  /* pixels of the map a side, without what overlaps; 0: as `budget` allows */
    size_t budget; /* bytes that a plan may take */
    /* Tells what is done of this stage; false stops. */
    bool (*progress)(void *user, double done, dio_error *err);
    void *user;
} dio_tiles;

bool dio_tiles_run(const dio_tiles *t, dio_error *err);
