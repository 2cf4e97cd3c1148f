/* ddim.c: DDIM (Song et al., "Denoising Diffusion Implicit Models", arXiv 2010.02502, formulas 12
 * and 16; diffusers' scheduling_ddim.py).
 *
 *   next = sqrt(a') * clean + sqrt(1 - a' - s^2) * epsilon + s * normal,
 *   s = eta * sqrt((1 - a') / (1 - a)) * sqrt(1 - a / a')
 *
 * Traps
 *  - the level before t is always t - num_train_timesteps / steps, whatever the spacing visits
 * next;
 *  - before timestep 0 comes a = 1, or with set_alpha_to_one false (Stable Diffusion) alphas[0];
 *  - epsilon is what the model said, also where the clip changed the clean picture.
 */
#include <math.h>

#include "vision/sample/build.h"

static const dio_field config[] = {
    CONFIG_BETAS("0.0001", "0.02", "linear", beta_schedule_words),
    CONFIG_PREDICTION,
    CONFIG_SPACING("leading"),
    CONFIG_RESCALE,
    CONFIG(set_alpha_to_one, "true", 0, 0, "before the first level comes the picture itself"),
    CONFIG_CLIP("true"),
    CONFIG_THRESHOLD,
    {0},
};

static void fill(dio_schedule_row *row, enum prediction kind, double a, double a_next, double eta)
{
    double signal = sqrt(a), noise = sqrt(1 - a);
    double spread = eta * sqrt((1 - a_next) / (1 - a) * (1 - a / a_next));
    double direction = sqrt(fmax(1 - a_next - spread * spread, 0));
    row_clean(row, kind, signal, noise);
    row->next[DIO_TERM_CLEAN] = sqrt(a_next);
    row->next[DIO_TERM_NOISE] = spread;
    row->draws = eta > 0;
    switch (kind) {
    case PREDICT_EPSILON:
        row->next[DIO_TERM_OUTPUT] = direction;
        break;
    case PREDICT_V:
        row->next[DIO_TERM_OUTPUT] = direction * signal;
        row->next[DIO_TERM_SAMPLE] = direction * noise;
        break;
    case PREDICT_SAMPLE:
        row->next[DIO_TERM_SAMPLE] = direction / noise;
        row->next[DIO_TERM_OUTPUT] = -direction * signal / noise;
        break;
    }
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    const struct scheduler_config *c = b->c;
    double *t;
    int count, stride = c->num_train_timesteps / b->n;
    if (!spaced_timesteps(b, true, &t, &count, err) || !build_rows(b, count, false, err))
        return false;
    double before = c->set_alpha_to_one ? 1 : (double)b->alphas[0];
    for (int i = 0; i < count; i++) {
        int at = (int)t[i], next = at - stride;
        b->s->rows[i].timestep = t[i];
        fill(&b->s->rows[i], (enum prediction)c->prediction_type, (double)b->alphas[at],
             next >= 0 ? (double)b->alphas[next] : before, b->o->eta);
    }
    build_clip(b);
    return true;
}

const dio_scheduler dio_scheduler_ddim = {
    .name = "ddim",
    .class_name = "DDIMScheduler",
    .doc = "the first fast sampler; eta adds fresh noise",
    .config = config,
    .order = 1,
    .takes = DIO_TAKES_ETA,
    .build = build,
};
