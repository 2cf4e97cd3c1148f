/* flow_euler.c: Euler steps of flow matching models (Lipman et al., arXiv 2210.02747; shifts: Esser
 * et al., "Scaling Rectified Flow Transformers", arXiv 2403.03206; diffusers'
 * scheduling_flow_match_euler_discrete.py).
 *
 * A sample is (1 - sigma) * picture + sigma * normal, the model answers with normal - picture, and
 *
 *   next = sample + (sigma' - sigma) * output
 *
 * Large pictures need more noise to hide as much: `shift` moves levels up, by a fixed factor or by
 * the number of latent patches (use_dynamic_shifting).
 *
 * Trap: the ends of the run come from levels that were shifted already, so the lowest is shifted
 * twice.
 */
#include <math.h>

#include "vision/sample/build.h"

enum { SHIFT_EXPONENTIAL, SHIFT_LINEAR };
static const char *const shift_words[] = {"exponential", "linear", NULL};

static const dio_field config[] = {
    CONFIG(num_train_timesteps, "1000", 2, MAX_TRAIN_STEPS, "timestep of pure noise"),
    CONFIG(shift, "1.0", 1e-3, 1e3, "how far levels are moved up; 1: not"),
    CONFIG(use_dynamic_shifting, "false", 0, 0, "the shift follows the picture's size"),
    CONFIG(base_shift, "0.5", -100, 100, "logarithm of the shift of the smallest picture"),
    CONFIG(max_shift, "1.15", -100, 100, "and of the largest"),
    CONFIG(base_image_seq_len, "256", 1, 1e9, "patches of the smallest picture"),
    CONFIG(max_image_seq_len, "4096", 1, 1e9, "and of the largest"),
    CONFIG(shift_terminal, "0", 0, 0.999, "stretch the levels to end here; 0: not"),
    CONFIG_WORDS(time_shift_type, "exponential", shift_words, "form of the dynamic shift"),
    CONFIG_SIGMAS,
    CONFIG(invert_sigmas, "false", 0, 0, "levels count from the picture's side"),
    CONFIG(stochastic_sampling, "false", 0, 0, "fresh noise at every step"),
    {0},
};

static double shifted(double shift, double sigma)
{
    return shift * sigma / (1 + (shift - 1) * sigma);
}

/* The shift by the number of patches, linear between the two that the config gives. */
static double dynamic_mu(const struct scheduler_config *c, const dio_schedule_options *o)
{
    if (!o->tokens)
        return o->mu;
    double m = (c->max_shift - c->base_shift) / (c->max_image_seq_len - c->base_image_seq_len);
    return o->tokens * m + (c->base_shift - m * c->base_image_seq_len);
}

static double dynamic(const struct scheduler_config *c, double mu, double sigma)
{
    double e = c->time_shift_type == SHIFT_LINEAR ? mu : exp(mu);
    return e / (e + (1 / sigma - 1));
}

/* The levels before they are shifted, as given or even between the ends of the training. */
static void plain(struct dio_schedule_build *b, double *sigmas)
{
    const struct scheduler_config *c = b->c;
    const dio_schedule_options *o = b->o;
    float train = (float)c->num_train_timesteps, high = 1, low = 1 / train;
    if (!c->use_dynamic_shifting) {
        float shift = (float)c->shift, less = (float)(c->shift - 1);
        high = shift * high / (1 + less * high);
        low = shift * low / (1 + less * low);
    }
    for (int i = 0; i < b->n; i++) {
        double at = linspace((double)high * (double)train, (double)low * (double)train, b->n, i);
        sigmas[i] = o->n_sigmas      ? (double)(float)o->sigmas[i]
                    : o->n_timesteps ? (double)(float)o->timesteps[i] / (double)train
                                     : at / (double)train;
    }
}

static void shift_all(struct dio_schedule_build *b, double *sigmas)
{
    const struct scheduler_config *c = b->c;
    int n = b->n;
    double mu = dynamic_mu(c, b->o);
    for (int i = 0; i < n; i++)
        sigmas[i] =
            c->use_dynamic_shifting ? dynamic(c, mu, sigmas[i]) : shifted(c->shift, sigmas[i]);
    if (c->shift_terminal > 0) {
        double scale = (1 - sigmas[n - 1]) / (1 - c->shift_terminal);
        for (int i = 0; i < n; i++)
            sigmas[i] = 1 - (1 - sigmas[i]) / scale;
    }
    if (has_spread(c))
        respread(c, sigmas[0], sigmas[n - 1], n, sigmas);
}

static bool check(struct dio_schedule_build *b, dio_error *err)
{
    const struct scheduler_config *c = b->c;
    const dio_schedule_options *o = b->o;
    for (int i = 0; i < o->n_sigmas; i++)
        if (!(o->sigmas[i] > 0 && o->sigmas[i] <= 1))
            return dio_fail(err, "sigmas: %g is not above 0 and at most 1", o->sigmas[i]);
    for (int i = 0; i < o->n_timesteps; i++)
        if (!(o->timesteps[i] > 0 && o->timesteps[i] <= c->num_train_timesteps) ||
            (i > 0 && o->timesteps[i] >= o->timesteps[i - 1]))
            return dio_fail(err,
                            "timesteps: %g is not a number above 0 and at most %d, below the one "
                            "before it",
                            o->timesteps[i], c->num_train_timesteps);
    if (o->tokens < 0)
        return dio_fail(err, "tokens: %d is below 0", o->tokens);
    if (c->use_dynamic_shifting && c->max_image_seq_len <= c->base_image_seq_len)
        return dio_value_fail(config_place(b, "max_image_seq_len"), err,
                              "max_image_seq_len: %d is not above base_image_seq_len, %d",
                              c->max_image_seq_len, c->base_image_seq_len);
    if (c->use_dynamic_shifting && c->time_shift_type == SHIFT_LINEAR && dynamic_mu(c, o) <= 0)
        return dio_fail(err, "mu: a linear shift must be above 0, not %g", dynamic_mu(c, o));
    return true;
}

static void fill(dio_schedule_row *row, const struct scheduler_config *c, double sigma, double next)
{
    row->signal = 1 - sigma;
    row->noise = sigma;
    row->clean[DIO_TERM_SAMPLE] = 1;
    row->clean[DIO_TERM_OUTPUT] = -sigma;
    row->next[DIO_TERM_SAMPLE] = 1;
    row->next[DIO_TERM_OUTPUT] = next - sigma;
    if (c->stochastic_sampling) {
        row->next[DIO_TERM_SAMPLE] = row->next[DIO_TERM_OUTPUT] = 0;
        row->next[DIO_TERM_CLEAN] = 1 - next;
        row->next[DIO_TERM_NOISE] = next;
        row->draws = true;
    }
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    const struct scheduler_config *c = b->c;
    int n = b->n;
    double *sigmas = check(b, err) ? build_memory(b, n + 1, sizeof *sigmas, err) : NULL;
    if (!sigmas)
        return false;
    plain(b, sigmas);
    shift_all(b, sigmas);
    for (int i = 0; c->invert_sigmas && i <= n; i++)
        sigmas[i] = (double)(1 - (i < n ? (float)sigmas[i] : 0));
    if (!build_sigmas(b, sigmas, n + 1, err) || !build_rows(b, n, true, err))
        return false;
    const float *s = b->s->sigmas;
    for (int i = 0; i < n; i++) {
        dio_schedule_row *row = &b->s->rows[i];
        row->timestep = (double)(s[i] * (float)c->num_train_timesteps);
        if (b->o->n_timesteps && !c->invert_sigmas) /* given ones are not shifted */
            row->timestep = (double)(float)b->o->timesteps[i];
        fill(row, c, (double)s[i], (double)s[i + 1]);
    }
    return true;
}

const dio_scheduler dio_scheduler_flow_euler = {
    .name = "flow_euler",
    .class_name = "FlowMatchEulerDiscreteScheduler",
    .doc = "for models trained by flow matching",
    .config = config,
    .order = 1,
    .takes = DIO_TAKES_TIMESTEPS | DIO_TAKES_SIGMAS,
    .build = build,
};
