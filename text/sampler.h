#pragma once
/* sampler.h: from scores to the next id.
 *
 * The order is fixed: bans, repetition, presence and frequency penalties, then (unless greedy)
 * temperature, top-k, top-p, min-p, and one draw. Each filter sees what the one before it left,
 * as in transformers' chain of warpers. The draw is Philox at (seed, variant, position): which
 * other variants run beside it does not matter.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct dio_sampler_params {
    double temperature;        /* 0: greedy */
    int top_k;                 /* the k best stay; 0: all */
    double top_p;              /* the fewest whose chances add up to p stay; 1: all */
    double min_p;              /* at least this share of the best one's chance; 0: all */
    double repetition_penalty; /* scores of ids seen in prompt or text: /r when > 0, else *r */
    double presence_penalty;   /* subtracted once from ids of the text so far */
    double frequency_penalty;  /* subtracted for each time an id came in the text so far */
} dio_sampler_params;

typedef struct dio_sampler dio_sampler;

/* Scratch for `vocab` scores. */
dio_sampler *dio_sampler_create(const dio_sampler_params *params, int vocab, uint64_t seed,
                                dio_error *err);
void dio_sampler_destroy(dio_sampler *s);

/* One text's past: how often each id came. Counts are kept by the caller, [vocab] each. */
typedef struct dio_sampler_past {
    const uint16_t *prompt; /* times in the prompt; NULL: not needed */
    const uint16_t *text;   /* times in what was written */
} dio_sampler_past;

/* The next id of `variant` at `position`. banned: ids that must not come. *logprob is the natural
 * log of the id's chance under the raw scores, before any filter. A tie goes to the lower id.
 * False when no id is left, or scores are not numbers. */
bool dio_sampler_next(dio_sampler *s, const float *logits, dio_sampler_past past,
                      const int32_t *banned, int n_banned, uint64_t variant, uint64_t position,
                      int32_t *id, double *logprob, dio_error *err);

/* The chances that the draw was made with, in ascending id: for tests and for `--verbose`.
 * Valid after dio_sampler_next; zeros where an id was filtered out. */
void dio_sampler_chances(const dio_sampler *s, double *out);
