/* euler_ancestral.c: Euler steps that go further down than the next level and come back up with
 * fresh noise (k-diffusion's sample_euler_ancestral; diffusers'
 * scheduling_euler_ancestral_discrete.py).
 *
 *   up = sqrt(sigma'^2 (sigma^2 - sigma'^2) / sigma^2),  down = sqrt(sigma'^2 - up^2)
 *   next = sample + (down - sigma) * (sample - clean) / sigma + up * normal
 *
 * Traps: noise is drawn at the last call too, where its weight is 0; the smallest share of noise in
 * float32 depends on the order of these operations, so they are done in float32, as there.
 */
#include <math.h>

#include "vision/sample/build.h"

static const dio_field config[] = {
    CONFIG_BETAS("0.0001", "0.02", "linear", beta_schedule_words),
    CONFIG_PREDICTION,
    CONFIG_SPACING("linspace"),
    CONFIG_RESCALE,
    {0},
};

static void fill(dio_schedule_row *row, float from, float to)
{
    float up = sqrtf(to * to * (from * from - to * to) / (from * from));
    float down = sqrtf(to * to - up * up);
    double share = ((double)down - (double)from) / (double)from;
    row->next[DIO_TERM_SAMPLE] = 1 + share;
    row->next[DIO_TERM_CLEAN] = -share;
    row->next[DIO_TERM_NOISE] = (double)up;
    row->draws = true;
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    double *t, *sigmas;
    int count;
    lift_last_alpha(b);
    if (!refuse_sample(b, err) || !spaced_timesteps(b, false, &t, &count, err) ||
        !build_rows(b, count, false, err))
        return false;
    sigmas = build_memory(b, count + 1, sizeof *sigmas, err);
    for (int i = 0; sigmas && i < count; i++)
        sigmas[i] = sigma_at(b, t[i]);
    if (!sigmas || !build_sigmas(b, sigmas, count + 1, err))
        return false;
    for (int i = 0; i < count; i++) {
        dio_schedule_row *row = &b->s->rows[i];
        row->timestep = t[i];
        row_sigma(row, (enum prediction)b->c->prediction_type, (double)b->s->sigmas[i]);
        fill(row, b->s->sigmas[i], b->s->sigmas[i + 1]);
    }
    b->s->init_sigma = start_sigma(b);
    return true;
}

const dio_scheduler dio_scheduler_euler_ancestral = {
    .name = "euler_ancestral",
    .class_name = "EulerAncestralDiscreteScheduler",
    .doc = "Euler with fresh noise at every step: lively, never settles",
    .config = config,
    .order = 1,
    .build = build,
};
