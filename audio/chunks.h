#pragma once
/* chunks.h: frames to sound in bounded memory, for networks that see a known number of frames.
 *
 * Whoever owns such a network says how a window of frames becomes samples, as a graph; the walk
 * over a clip, its memory and its ends are here. Every chunk's samples are the bits that one pass
 * over all frames gives.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/clip.h"
#include "audio/plans.h"
#include "base/error.h"
#include "tensor/device.h"
#include "tensor/graph.h"

typedef struct dio_chunks_options {
    int64_t chunk; /* frames made at a time; 0: even ones of about four seconds, or what fits */
    size_t memory_limit; /* bytes that a run may work in; 0: half of what is free */
    /* Called with samples as they are made, in their order; false stops. */
    bool (*samples)(void *user, const float *x, int64_t count);
    void *user;
    dio_plans *plans; /* of the model that runs, kept for clips to come; NULL: nothing is kept */
} dio_chunks_options;

typedef struct dio_chunks {
    int rate, hop, trim; /* T frames are T * hop - trim samples */
    int least;           /* frames of the smallest window */
    int before, after;   /* frames beside its own that a sample depends on */
    int step; /* windows begin at a multiple of it, for tiles to fall alike; 0: anywhere */
    /* x f32 [1,W,width] to [1, W * hop - trim]. */
    dio_val (*build)(dio_graph *g, const void *user, dio_val x);
    const void *user;
    int64_t variant; /* see dio_plans_wish */
} dio_chunks;

/* rows [frames][width]. Caller unrefs *out; with out NULL samples only go to o->samples. */
bool dio_chunks_run(const dio_chunks *c, dio_plans *plans, const float *rows, int64_t frames,
                    int64_t width, const dio_chunks_options *o, dio_clip **out, dio_error *err);

/* What must see all of `x`, of this type. */
typedef struct dio_chunks_once {
    const char *stage;
    int64_t variant;
    dio_type type;
    dio_val (*build)(dio_graph *g, const void *user, dio_val x);
    const void *user;
    size_t memory_limit;
} dio_chunks_once;
/* One run over it: its output's copy, malloc'ed, and type in *out. */
float *dio_chunks_run_once(const dio_chunks_once *c, dio_plans *plans, const void *x, dio_type *out,
                           dio_error *err);
