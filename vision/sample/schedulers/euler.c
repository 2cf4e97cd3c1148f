/* euler.c: Euler steps along the probability flow (Karras et al., arXiv 2206.00364, algorithm 2
 * without churn; diffusers' scheduling_euler_discrete.py).
 *
 *   next = sample + (sigma' - sigma) * (sample - clean) / sigma
 *
 * Traps
 *  - a run from noise begins at sqrt(sigma^2 + 1) when spacing is leading, and at sigma otherwise;
 *  - interpolation_type log_linear makes steps + 1 levels of its own, so that the run ends at the
 *    smallest of them, not at 0;
 *  - with one step, linspace visits timestep 0 only.
 */
#include <math.h>

#include "vision/sample/build.h"

enum { INTERPOLATE_LINEAR, INTERPOLATE_LOG };
enum { TIME_DISCRETE, TIME_CONTINUOUS };
static const char *const interpolation_words[] = {"linear", "log_linear", NULL};
static const char *const time_words[] = {"discrete", "continuous", NULL};

static const dio_field config[] = {
    CONFIG_BETAS("0.0001", "0.02", "linear", beta_schedule_words),
    CONFIG_PREDICTION,
    CONFIG_SPACING("linspace"),
    CONFIG_SIGMAS,
    CONFIG(sigma_min, "0", 0, 1e6, "smallest level of the spreads; 0: the model's"),
    CONFIG(sigma_max, "0", 0, 1e6, "largest"),
    CONFIG_WORDS(interpolation_type, "linear", interpolation_words, "between timesteps"),
    CONFIG_WORDS(timestep_type, "discrete", time_words, "continuous: ln(sigma) / 4, of EDM"),
    CONFIG_WORDS(final_sigmas_type, "zero", final_sigmas_words, "where a run ends"),
    CONFIG_RESCALE,
    {0},
};

/* `*sigmas` of the timesteps, without the last; log_linear returns n + 1 of them. */
static bool levels(struct dio_schedule_build *b, double *t, int *count, double *sigmas,
                   dio_error *err)
{
    const struct scheduler_config *c = b->c;
    int n = b->n, last = c->num_train_timesteps - 1;
    if (c->interpolation_type == INTERPOLATE_LOG) {
        float high = (float)log((double)table_sigma(b, last));
        float low = (float)log((double)table_sigma(b, 0)), step = (low - high) / (float)n;
        for (int i = 0; i <= n; i++) /* torch.linspace in float32 */
            sigmas[i] =
                (double)(float)exp((double)(i < (n + 1) / 2 ? fmaf(step, (float)i, high)
                                                            : fmaf(-step, (float)(n - i), low)));
        *count = n + 1;
    } else {
        for (int i = 0; i < *count; i++)
            sigmas[i] = sigma_at(b, t[i]);
    }
    if (!has_spread(c))
        return true;
    respread(c, sigmas[0], sigmas[*count - 1], n, sigmas);
    for (int i = 0; i < n; i++)
        t[i] = timestep_of(b, sigmas[i]);
    *count = n;
    return check_timesteps(b, t, n, err);
}

/* Fills t and sigmas, the last of which ends the run. *count: of t. */
static bool visit(struct dio_schedule_build *b, double **t, int *count, dio_error *err)
{
    const dio_schedule_options *o = b->o;
    double *sigmas = build_memory(b, b->n + 3, sizeof *sigmas, err);
    if (!sigmas)
        return false;
    if (o->n_sigmas) {
        *count = --b->n; /* a level to end at is no step */
        *t = build_memory(b, o->n_sigmas, sizeof **t, err);
        for (int i = 0; *t && i < o->n_sigmas; i++) {
            sigmas[i] = (double)(float)o->sigmas[i];
            (*t)[i] = timestep_of(b, sigmas[i]);
        }
        return *t && build_sigmas(b, sigmas, o->n_sigmas, err);
    }
    if (!(o->n_timesteps ? given_timesteps(b, false, t, count, err)
                         : spaced_timesteps(b, false, t, count, err)))
        return false;
    int n = *count;
    if (!levels(b, *t, &n, sigmas, err))
        return false;
    if (has_spread(b->c)) /* which has its own timesteps */
        *count = n;
    sigmas[n++] = b->c->final_sigmas_type ? (double)table_sigma(b, 0) : 0;
    return build_sigmas(b, sigmas, n, err);
}

static bool check(struct dio_schedule_build *b, dio_error *err)
{
    bool continuous = b->c->timestep_type == TIME_CONTINUOUS;
    if (b->o->n_sigmas == 1)
        return dio_fail(err, "sigmas: one level alone is no step: give where it ends, too");
    if (continuous && b->c->prediction_type == PREDICT_V && b->o->n_timesteps)
        return dio_value_fail(config_place(b, "timestep_type"), err,
                              "timestep_type: continuous contradicts the timesteps that were "
                              "given: give sigmas");
    return true;
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    double *t;
    int count;
    lift_last_alpha(b);
    if (!check(b, err) || !visit(b, &t, &count, err))
        return false;
    const float *sigmas = b->s->sigmas;
    enum prediction kind = (enum prediction)b->c->prediction_type;
    /* Continuous time is diffusers' for v_prediction alone, and has a row for every level. */
    bool continuous = b->c->timestep_type == TIME_CONTINUOUS && kind == PREDICT_V;
    if (continuous)
        count = b->s->n_sigmas - 1;
    if (!build_rows(b, count, false, err))
        return false;
    for (int i = 0; i < count; i++) {
        dio_schedule_row *row = &b->s->rows[i];
        double sigma = (double)sigmas[i], share = ((double)sigmas[i + 1] - sigma) / sigma;
        row_sigma(row, kind, sigma);
        row->timestep = continuous ? (double)(0.25f * (float)log(sigma)) : (double)(float)t[i];
        row->next[DIO_TERM_SAMPLE] = 1 + share;
        row->next[DIO_TERM_CLEAN] = -share;
    }
    b->s->init_sigma = start_sigma(b);
    return true;
}

const dio_scheduler dio_scheduler_euler = {
    .name = "euler",
    .class_name = "EulerDiscreteScheduler",
    .doc = "plain and dependable; the default of SDXL and of the turbo models",
    .config = config,
    .order = 1,
    .takes = DIO_TAKES_TIMESTEPS | DIO_TAKES_SIGMAS,
    .build = build,
};
