#pragma once
/* stripes.h: runs a list of stages over one picture, stripe by stripe, in bounded memory.
 *
 * Every stage's result is made in stripes of rows, whose height follows from the stage's own sizes
 * alone; each stripe is one run of one plan. A stripe is dropped as soon as every stage that reads
 * it has passed it, so a chain of stages flows through a few stripes each.
 *
 * A group norm stops the flow: it needs the whole picture's moments. What comes before it then runs
 * to its end, taking moments, and is either kept, when it fits in memory, or computed anew on the
 * way to the next norm. Moments are taken stripe by stripe and joined in the stripes' order. So
 * what is kept, and with it the memory limit, decides only how often a stripe is made, never its
 * bits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/device.h"
#include "vision/stages.h"
#include "vision/vae.h"

typedef struct dio_stripes {
    const dio_stages *stages;
    dio_device *device;
    const float *in; /* [C,h,w] */
    int64_t h, w;
    float *out; /* of the last stage, [C,H,W] */
    size_t memory_limit;
    size_t stripe_bytes; /* of one stripe's rows; 0: as pictures have it. Moments depend on it */
    bool tile_x, tile_y;
    bool (*progress)(void *user, double done);
    void *user;
    dio_vae_report *report; /* peak and whole: the larger stays; flops and once: added to */
} dio_stripes;

bool dio_stripes_run(const dio_stripes *job, dio_error *err);
