#pragma once
/* diffuse.h: private to vision/: from noise to latents, whatever the model.
 *
 * The loop knows a schedule, guidance and what inpainting puts back; what answers is a function.
 * So the loop is proven on models with a closed form, and the diffuser lends it its UNet. Rounding
 * to float32 is where diffusers' pipelines round.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "vision/sample/sampling.h"

/* Answers for rows of latents: input [rows, channels + beside_channels, H, W], output
 * [rows, channels, H, W]. With guidance rows is 2 * batch: those under the negative prompt first.
 */
typedef struct dio_diffuse_model {
    void *user;
    bool (*run)(void *user, const float *input, int rows, double timestep, float *output,
                dio_error *err);
} dio_diffuse_model;

typedef struct dio_diffuse {
    const dio_schedule *schedule;
    int batch, channels, height, width; /* of the latents */
    bool guided;                        /* both passes; else the answer is taken as it is */
    double guidance;                    /* negative + guidance * (prompt - negative) */
    double rescale; /* 0..1: how far the spread is brought back to that of the prompt's answer */
    const float *normals; /* [B,C,H,W] what it begins with */
    const float *picture; /* [B,C,H,W] latents of a given picture; NULL: none */
    bool from_noise;      /* begins with noise alone all the same: inpainting at full strength */
    const float *mask;   /* [H,W] 1 where it is painted; elsewhere `picture` is put back after every
                            call; NULL: everywhere */
    const float *beside; /* [B,n,H,W] what the model sees beside the sample */
    int beside_channels;
    /* After every call; `clean` [B,C,H,W] is the picture it points at. False ends the run. */
    bool (*watch)(void *user, int done, int total, const float *clean, dio_error *err);
    void *user;
} dio_diffuse;

/* Latents [B,C,H,W] into `out`. `noise` has given `normals` already; ancestral schedulers draw on.
 */
bool dio_diffuse_run(const dio_diffuse *d, const dio_diffuse_model *m, dio_noise *noise, float *out,
                     dio_error *err);

/* out = guided answer of [2,batch,size]; may be its first half. */
void dio_diffuse_guide(const float *answers, int batch, size_t size, double guidance,
                       double rescale, float *out);
