#pragma once
/* schedule.h: a diffusion run as a table, one row for each call of the model.
 *
 * A scheduler turns a published scheduler_config.json and a number of steps into rows: what the
 * timestep is, how the sample is scaled for the model, how much noise the sample holds there, and
 * which weighted sum of sample, model output, noise and earlier values is the next sample. No row
 * depends on the picture, so the whole run is known before it begins. sampling.h carries the rows
 * out on the CPU; a device needs one kernel, a weighted sum, whatever the scheduler.
 *
 *     dio_value *config = dio_schedule_config(a, "scheduler/scheduler_config.json", err);
 *     dio_schedule *s = config ? dio_schedule_create(NULL, config,
 *         &(dio_schedule_options){.steps = 20, .strength = 1}, err) : NULL;
 *
 * The rules are those of diffusers (0.42.1, src/diffusers/schedulers/scheduling_*.py), so that its
 * users meet the same pictures. Where it rounds to float32, so does this. Each scheduler's file
 * names its paper; the noise levels in common:
 *  - beta schedules: Ho et al., "Denoising Diffusion Probabilistic Models", arXiv 2006.11239;
 *    squaredcos_cap_v2: Nichol and Dhariwal, arXiv 2102.09672;
 *  - spacing of timesteps and zero terminal SNR: Lin et al., "Common Diffusion Noise Schedules and
 *    Sample Steps are Flawed", arXiv 2305.08891;
 *  - Karras sigmas: Karras et al., "Elucidating the Design Space", arXiv 2206.00364; beta sigmas:
 *    Lee et al., "Beta Sampling is All You Need", arXiv 2407.12173.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "base/value.h"

/* What a row's sums are made of. PAST is the value kept last, PAST + 1 the one before it. */
enum dio_term {
    DIO_TERM_SAMPLE, /* as it goes into this call (not scaled) */
    DIO_TERM_OUTPUT, /* what the model answered, after guidance */
    DIO_TERM_CLEAN,  /* the picture that the answer points at, clipped where the config says so */
    DIO_TERM_NOISE,  /* fresh normal noise */
    DIO_TERM_PAST,
    DIO_TERM_PASTS = 4,
    DIO_TERMS = DIO_TERM_PAST + DIO_TERM_PASTS,
};

typedef struct dio_schedule_row {
    double timestep;           /* what the model is told */
    double input;              /* the model sees input * sample */
    double signal, noise;      /* here a sample is signal * picture + noise * normal */
    double clean[2];           /* of SAMPLE and OUTPUT; then the clip */
    double next[DIO_TERMS];    /* the next sample */
    double keep[2][DIO_TERMS]; /* sums that are PAST for the rows after this one, keep[0] first */
    int keeps;                 /* how many: 0 to 2 */
    bool draws;                /* noise is drawn, even where its weight is 0, as diffusers does */
} dio_schedule_row;

typedef enum dio_clip_kind {
    DIO_CLIP_NONE,
    DIO_CLIP_RANGE,    /* CLEAN to -limit..limit */
    DIO_CLIP_QUANTILE, /* to the quantile `ratio` of |CLEAN| of each picture, at least 1 and at most
                          limit, then divided by it (Saharia et al., arXiv 2205.11487) */
} dio_clip_kind;

typedef struct dio_scheduler dio_scheduler;

typedef struct dio_schedule {
    const dio_scheduler *scheduler;
    dio_schedule_row *rows; /* [count] */
    int count;              /* calls of the model from noise to picture */
    int first;              /* where an image to image run begins; 0 from noise */
    double init_sigma;      /* a run from noise begins with init_sigma * normal */
    float *sigmas;          /* [n_sigmas] as diffusers' scheduler.sigmas; NULL where it has none */
    int n_sigmas;
    int pasts; /* values of PAST that rows use */
    dio_clip_kind clip;
    double clip_limit, clip_ratio;
    dio_arena *arena; /* holds all of the above */
} dio_schedule;

typedef struct dio_schedule_options {
    int steps;       /* 1 to num_train_timesteps; 0 when timesteps or sigmas are given */
    double strength; /* 1: from noise. Image to image: the share of the steps that are taken, above
                        0 */
    double eta;      /* DDIM: share of fresh noise, 0 to 1 */
    int original_steps;      /* LCM: in place of original_inference_steps; 0: as configured */
    const double *timesteps; /* in place of `steps`, falling; for schedulers that take them */
    int n_timesteps;
    const double *sigmas; /* in place of `steps`, falling; the last one is where the run ends (not
                             for flow matching, which always ends at 0) */
    int n_sigmas;
    int tokens; /* flow matching with use_dynamic_shifting: latent patches of the picture; or */
    double mu;  /* the shift itself, when tokens is 0 */
} dio_schedule_options;

/* Which options a scheduler knows, beside steps and strength. */
enum {
    DIO_TAKES_TIMESTEPS = 1,
    DIO_TAKES_SIGMAS = 2,
    DIO_TAKES_ETA = 4,
    DIO_TAKES_ORIGINAL = 8, /* original_steps */
};

struct dio_schedule_build;

/* A scheduler is one file in schedulers/ that ends in this, and one line in schedulers.def. */
struct dio_scheduler {
    const char *name;        /* "euler": what a user types */
    const char *class_name;  /* "EulerDiscreteScheduler": _class_name of its config */
    const char *doc;         /* one line */
    const dio_field *config; /* the keys it reads; others are left alone, as diffusers does */
    int order;               /* calls of the model a step */
    unsigned takes;          /* DIO_TAKES_* */
    bool (*build)(struct dio_schedule_build *b, dio_error *err);
};

extern const dio_scheduler *const dio_schedulers[];
extern const int dio_schedulers_count;

/* By name or class name; NULL with the list, and the nearest. */
const dio_scheduler *dio_scheduler_find(const char *name, dio_error *err);
/* By the config's _class_name; NULL with the place. */
const dio_scheduler *dio_scheduler_of(const dio_value *config, dio_error *err);

/* Reads a scheduler_config.json of at most 1 MiB. Python writes -Infinity, which JSON lacks, where
 * it means "no limit": it is read as null. */
dio_value *dio_schedule_config(dio_arena *a, const char *path, dio_error *err);

/* The rows of `config` under `scheduler`, or under its own _class_name when that is NULL. As with
 * diffusers' from_config, another scheduler takes the keys that it knows and its own defaults for
 * the rest. Keys may be set first (dio_map_set(a, config, "use_karras_sigmas", ...)). NULL with a
 * message that has the key's place: values out of range, keys that contradict each other or the
 * options, features that are not supported. Free with dio_schedule_destroy (NULL is fine). */
dio_schedule *dio_schedule_create(const dio_scheduler *scheduler, const dio_value *config,
                                  const dio_schedule_options *options, dio_error *err);
void dio_schedule_destroy(dio_schedule *s);

/* out = signal * picture + noise * normal at the level of row i: where image to image begins, and
 * what stands outside the mask when one paints within it. i == count: the picture itself. `out`
 * may be either input. */
void dio_schedule_mix(const dio_schedule *s, int i, const float *picture, const float *normal,
                      float *out, size_t n);
