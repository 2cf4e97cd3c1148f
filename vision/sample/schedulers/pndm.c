/* pndm.c: the linear multistep method of PNDM, "PLMS" (Liu et al., "Pseudo Numerical Methods for
 * Diffusion Models on Manifolds", arXiv 2202.09778, formulas 9 and 12; diffusers'
 * scheduling_pndm.py with skip_prk_steps). Stable Diffusion 1.x folders name it.
 *
 * The last four outputs are averaged as Adams and Bashforth do, then one DDIM-like step is taken.
 * To get started, the second level is called twice: the second call takes the mean of both outputs
 * and repeats the first step with it.
 *
 * Traps: a run of n steps calls the model n + 1 times; the level before t is always
 * t - num_train_timesteps / steps; v is turned into epsilon after the averaging, by the sample at
 * hand.
 */
#include <math.h>

#include "vision/sample/build.h"

static const dio_field config[] = {
    CONFIG_BETAS("0.0001", "0.02", "linear", beta_schedule_words),
    CONFIG_PREDICTION,
    CONFIG_SPACING("leading"),
    CONFIG(set_alpha_to_one, "false", 0, 0, "before the first level comes the picture itself"),
    CONFIG(skip_prk_steps, "false", 0, 0, "start without Runge-Kutta steps: must be true"),
    {0},
};

/* Of the output at hand, and of PAST and onwards. */
static const double averages[4][4] = {
    {1, 0, 0, 0},
    {3 / 2.0, -1 / 2.0, 0, 0},
    {23 / 12.0, -16 / 12.0, 5 / 12.0, 0},
    {55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0},
};

/* The second level visited twice, as in t0 t1 t1 t2 ...; one step alone is not repeated. */
static int repeat_second(double *t, int count)
{
    if (count < 2)
        return count;
    for (int i = count; i > 1; i--)
        t[i] = t[i - 1];
    return count + 1;
}

static double alpha_at(const struct dio_schedule_build *b, int t)
{
    if (t >= 0)
        return (double)b->alphas[t];
    return b->c->set_alpha_to_one ? 1 : (double)b->alphas[0];
}

/* next from the average in `mean`, weights of OUTPUT and PAST; base: what the step begins at. */
static void move(dio_schedule_row *row, const double *mean, enum dio_term base, bool v, double a,
                 double a_next)
{
    double scale = a * sqrt(1 - a_next) + sqrt(a * (1 - a) * a_next);
    double pull = -(a_next - a) / scale;
    double epsilon = pull * (v ? sqrt(a) : 1);
    row->next[DIO_TERM_OUTPUT] = epsilon * mean[0];
    for (int i = 1; i < 4; i++)
        row->next[DIO_TERM_PAST + i - 1] = epsilon * mean[i];
    row->next[base] += sqrt(a_next / a) + (v ? pull * sqrt(1 - a) : 0);
}

static void fill(struct dio_schedule_build *b, int i, int stride)
{
    static const double twice[4] = {0.5, 0.5, 0, 0};
    dio_schedule_row *row = &b->s->rows[i];
    int taken = i - b->s->first, t = (int)row->timestep;
    bool v = b->c->prediction_type == PREDICT_V;
    double a = (double)b->alphas[t];
    row_clean(row, (enum prediction)b->c->prediction_type, sqrt(a), sqrt(1 - a));
    if (taken == 1) { /* the first step anew: PAST is its output, PAST + 1 its sample */
        move(row, twice, (enum dio_term)(DIO_TERM_PAST + 1), v, alpha_at(b, t + stride), a);
        return;
    }
    int known = taken < 1 ? 0 : taken - 1; /* outputs before this one: the second call keeps none */
    move(row, averages[known < 3 ? known : 3], DIO_TERM_SAMPLE, v, a, alpha_at(b, t - stride));
    if (taken == 0)
        row->keep[row->keeps++][DIO_TERM_SAMPLE] = 1;
    row->keep[row->keeps++][DIO_TERM_OUTPUT] = 1;
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    const struct scheduler_config *c = b->c;
    double *spaced, *t;
    int count, stride = c->num_train_timesteps / b->n;
    if (!c->skip_prk_steps)
        return dio_value_fail(config_place(b, "skip_prk_steps"), err,
                              "skip_prk_steps: pndm is supported without Runge-Kutta steps only: "
                              "set it to true, as Stable Diffusion does");
    if (!refuse_sample(b, err) || !spaced_timesteps(b, true, &spaced, &count, err))
        return false;
    t = build_memory(b, count + 1, sizeof *t, err);
    for (int i = 0; t && i < count; i++)
        t[i] = spaced[i];
    if (!t)
        return false;
    count = repeat_second(t, count);
    if (!build_rows(b, count, false, err))
        return false;
    for (int i = 0; i < count; i++)
        b->s->rows[i].timestep = t[i];
    for (int i = b->s->first; i < count; i++)
        fill(b, i, stride);
    b->s->pasts = 4;
    return true;
}

const dio_scheduler dio_scheduler_pndm = {
    .name = "pndm",
    .class_name = "PNDMScheduler",
    .doc = "PLMS, the default of Stable Diffusion 1.x: the first level is called twice",
    .config = config,
    .order = 1,
    .build = build,
};
