#pragma once
/* plans.h: what a model runs by, kept from one clip to the next.
 *
 * A plan costs time besides running: its graph is built, weights are laid out for products, memory
 * is touched for the first time. Whoever makes many clips with one model keeps these: the latest
 * plans, weights as they were laid out for any of them, and one memory that all work in.
 *
 *     dio_plans *plans = dio_plans_create(device, err);
 *     dio_chunks_options o = {.plans = plans};
 *     ... dio_vocoder_run(v, device, &in, &o, &clip, err), as often as one likes
 *     dio_plans_destroy(plans);
 *
 * They belong to one model on one device, may outlive the model but not the device, and serve one
 * run at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/device.h"
#include "tensor/plan.h"

typedef struct dio_plans dio_plans;

dio_plans *dio_plans_create(dio_device *device, dio_error *err);
void dio_plans_destroy(dio_plans *p); /* NULL is fine */

enum { DIO_PLANS_OUTPUTS = 4 };

/* A plan, by what distinguishes it from others of the same model. */
typedef struct dio_plans_wish {
    const char *stage;   /* "decode" */
    int64_t variant;     /* a speaker, a count of codebooks: what `build` knows besides */
    dio_type type;       /* of what goes in */
    size_t memory_limit; /* bytes; 0: half of what is free */
    /* Fills outputs and says how many they are. */
    int (*build)(dio_graph *g, const void *user, dio_val outputs[DIO_PLANS_OUTPUTS]);
    const void *user;
} dio_plans_wish;

/* The plan, kept or made, ready to run until another is asked for. NULL with a message; the error
 * is of kind DIO_ERROR_RETRY when it takes more memory than the limit. */
dio_plan *dio_plans_get(dio_plans *p, const dio_plans_wish *wish, dio_error *err);
/* Whether they were made for this device; says so when not. */
bool dio_plans_check(const dio_plans *p, const dio_device *device, dio_error *err);
