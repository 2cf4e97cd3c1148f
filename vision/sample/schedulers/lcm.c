/* lcm.c: sampling of latent consistency models (Luo et al., arXiv 2310.04378; diffusers'
 * scheduling_lcm.py).
 *
 * Every call jumps to the clean picture, and fresh noise brings it back up to the next level:
 *
 *   denoised = out(t) * clean + skip(t) * sample
 *   next = sqrt(a') * denoised + sqrt(1 - a') * normal, and at the last call denoised itself
 *
 * The timesteps are a selection of the original_inference_steps that the model was distilled on;
 * out and skip make the model the identity at t = 0 (sigma_data 0.5).
 */
#include <math.h>

#include "vision/sample/build.h"

static const dio_field config[] = {
    CONFIG_BETAS("0.00085", "0.012", "scaled_linear", beta_schedule_words),
    CONFIG_PREDICTION,
    CONFIG_RESCALE,
    CONFIG(original_inference_steps, "50", 1, MAX_TRAIN_STEPS, "steps of the distillation"),
    CONFIG(timestep_scaling, "10.0", 1e-6, 1e6, "how fast out and skip leave t = 0"),
    CONFIG_CLIP("false"),
    CONFIG_THRESHOLD,
    {0},
};

static bool select_timesteps(struct dio_schedule_build *b, double **out, dio_error *err)
{
    const struct scheduler_config *c = b->c;
    int original = b->o->original_steps ? b->o->original_steps : c->original_inference_steps;
    if (original < 1 || original > c->num_train_timesteps)
        return dio_value_fail(config_place(b, "original_inference_steps"), err,
                              "original_inference_steps: %d is outside 1 to %d, "
                              "num_train_timesteps",
                              original, c->num_train_timesteps);
    if (b->n > original)
        return dio_fail(err,
                        "steps: %d is above %d, the original_inference_steps that lcm selects from",
                        b->n, original);
    double *t = *out = build_memory(b, b->n, sizeof *t, err);
    int stride = c->num_train_timesteps / original;
    double skip = (double)original / b->n;
    for (int i = 0; t && i < b->n; i++)
        t[i] = (double)(original - (int)floor(i * skip)) * stride - 1;
    return t != NULL;
}

static void fill(dio_schedule_row *row, double scaled, double a_next, bool last)
{
    double skip = 0.25 / (scaled * scaled + 0.25), out = scaled / sqrt(scaled * scaled + 0.25);
    double signal = last ? 1 : sqrt(a_next);
    row->next[DIO_TERM_CLEAN] = signal * out;
    row->next[DIO_TERM_SAMPLE] = signal * skip;
    row->next[DIO_TERM_NOISE] = last ? 0 : sqrt(1 - a_next);
    row->draws = !last;
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    double *t;
    int count = b->n;
    if (!(b->o->n_timesteps ? given_timesteps(b, true, &t, &count, err)
                            : select_timesteps(b, &t, err)) ||
        !build_rows(b, count, false, err))
        return false;
    for (int i = 0; i < count; i++) {
        dio_schedule_row *row = &b->s->rows[i];
        double a = (double)b->alphas[(int)t[i]];
        bool last = i + 1 == count;
        row->timestep = t[i];
        row_clean(row, (enum prediction)b->c->prediction_type, sqrt(a), sqrt(1 - a));
        fill(row, t[i] * b->c->timestep_scaling, last ? 1 : (double)b->alphas[(int)t[i + 1]], last);
    }
    build_clip(b);
    return true;
}

const dio_scheduler dio_scheduler_lcm = {
    .name = "lcm",
    .class_name = "LCMScheduler",
    .doc = "for latent consistency models and LoRAs: 1 to 8 steps",
    .config = config,
    .order = 1,
    .takes = DIO_TAKES_TIMESTEPS | DIO_TAKES_ORIGINAL,
    .build = build,
};
