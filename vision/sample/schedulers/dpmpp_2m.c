/* dpmpp_2m.c: DPM-Solver++, which follows the clean picture over several calls (Lu et al.,
 * "DPM-Solver++", arXiv 2211.01095; with noise, the SDE form of its appendix; diffusers'
 * scheduling_dpmsolver_multistep.py). The usual "DPM++ 2M" is solver_order 2, "2M Karras" that with
 * use_karras_sigmas, "2M SDE" algorithm_type sde-dpmsolver++.
 *
 * With lambda = log(signal / noise), h its growth over a step, and D0, D1, D2 the clean picture and
 * its divided differences over the last calls:
 *
 *   next = noise'/noise * sample - signal' (e^-h - 1) * (D0 + D1/2)            midpoint, order 2
 *
 * Traps
 *  - the first call is of order 1, and so is the last one when the run ends at sigma 0; runs of
 *    fewer than 15 steps go down to order 2, then 1 (lower_order_final);
 *  - lambda is a difference of float32 logarithms there; h inherits that rounding, and so it does
 *    here;
 *  - a run takes steps + 1 timesteps of linspace and leading spacing, without the last;
 *  - Karras levels are rounded to whole timesteps, other spreads are cut to them.
 */
#include <math.h>

#include "vision/sample/build.h"

enum { PLUSPLUS, SDE_PLUSPLUS };
enum { MIDPOINT, HEUN };
static const char *const algorithm_words[] = {"dpmsolver++", "sde-dpmsolver++", NULL};
static const char *const solver_words[] = {"midpoint", "heun", NULL};

static const dio_field config[] = {
    CONFIG_BETAS("0.0001", "0.02", "linear", beta_schedule_words),
    CONFIG_PREDICTION,
    CONFIG_SPACING("linspace"),
    CONFIG_SIGMAS,
    CONFIG(use_lu_lambdas, "false", 0, 0, "levels even in log sigma, at whole timesteps"),
    CONFIG(use_flow_sigmas, "false", 0, 0, "for flow matching models: must be false"),
    CONFIG_WORDS(final_sigmas_type, "zero", final_sigmas_words, "where a run ends"),
    CONFIG_RESCALE,
    CONFIG(solver_order, "2", 1, 3, "calls of the model that a step looks at"),
    CONFIG_WORDS(algorithm_type, "dpmsolver++", algorithm_words, "without or with fresh noise"),
    CONFIG_WORDS(solver_type, "midpoint", solver_words, "form of the second order"),
    CONFIG(lower_order_final, "true", 0, 0, "short runs end with lower orders"),
    CONFIG(euler_at_final, "false", 0, 0, "the last step is of order 1"),
    CONFIG(lambda_min_clipped, "", 0, 0, "leave out levels below this log signal to noise"),
    CONFIG(variance_type, "", 0, 0, "for models that answer with a variance: must be null"),
    CONFIG_THRESHOLD,
    {0},
};

/* --- which levels --- */

static float lambda_of(float alpha)
{
    return (float)log((double)sqrtf(alpha)) - (float)log((double)sqrtf(1 - alpha));
}

/* One above the last timestep whose lambda is at least lambda_min_clipped. */
static bool top_timestep(struct dio_schedule_build *b, int *top, dio_error *err)
{
    const dio_value *v = b->c->lambda_min_clipped;
    *top = b->c->num_train_timesteps;
    if (!v)
        return true;
    if (v->kind != DIO_INT && v->kind != DIO_REAL)
        return dio_value_fail(v, err, "lambda_min_clipped: expected a number, found %s",
                              dio_kind_name(v->kind));
    float least = v->kind == DIO_INT ? (float)v->integer : (float)v->real;
    while (*top > 1 && lambda_of(b->alphas[*top - 1]) < least)
        --*top;
    return true;
}

static int spaced(const struct dio_schedule_build *b, int top, double *t)
{
    int n = b->n, train = b->c->num_train_timesteps, ratio = top / (n + 1);
    if (b->c->timestep_spacing == SPACE_TRAILING)
        return trailing(top, (double)train / n, t, n + 1);
    for (int i = 0; i < n; i++)
        t[i] = b->c->timestep_spacing == SPACE_LINSPACE
                   ? rint(linspace(0, top - 1, n + 1, n - i))
                   : (double)(n - i) * ratio + b->c->steps_offset;
    return n;
}

static int spread(const struct dio_schedule_build *b, double *t, double *sigmas)
{
    const struct scheduler_config *c = b->c;
    bool rounded =
        (c->use_karras_sigmas || c->use_lu_lambdas) && c->beta_schedule != BETA_SQUAREDCOS;
    double high = (double)table_sigma(b, c->num_train_timesteps - 1);
    respread(c, high, (double)table_sigma(b, 0), b->n, sigmas);
    for (int i = 0; i < b->n; i++) {
        double at = timestep_of(b, sigmas[i]);
        t[i] = rounded ? rint(at) : trunc(at);
    }
    return b->n;
}

/* Sets timesteps in *t, and the schedule's sigmas. */
static bool visit(struct dio_schedule_build *b, double **t, int *count, dio_error *err)
{
    int top;
    double *sigmas = build_memory(b, b->n + 2, sizeof *sigmas, err);
    if (!sigmas || !top_timestep(b, &top, err))
        return false;
    if (b->o->n_timesteps) {
        if (!given_timesteps(b, true, t, count, err))
            return false;
    } else {
        *t = build_memory(b, b->n + 1, sizeof **t, err);
        if (!*t)
            return false;
        *count = spaced(b, top, *t);
    }
    if (has_spread(b->c))
        *count = spread(b, *t, sigmas);
    else
        for (int i = 0; i < *count; i++)
            sigmas[i] = sigma_at(b, (*t)[i]);
    sigmas[*count] = b->c->final_sigmas_type ? (double)table_sigma(b, 0) : 0;
    return check_timesteps(b, *t, *count, err) && build_sigmas(b, sigmas, *count + 1, err);
}

/* --- one step --- */

struct level {
    float signal, noise, lambda;
};

static struct level level_of(float sigma)
{
    float signal = 1 / sqrtf(sigma * sigma + 1), noise = sigma * signal;
    return (struct level){signal, noise, (float)log((double)signal) - (float)log((double)noise)};
}

/* Weights of D0, D1 and D2 in next, by order; [0] alone is of order 1. */
static void weights(const struct scheduler_config *c, int order, double signal, double h, double *w)
{
    bool sde = c->algorithm_type == SDE_PLUSPLUS;
    double g = sde ? 2 * h : h, e = exp(-g) - 1; /* noise makes the picture count twice */
    w[0] = -signal * e;
    w[1] = w[2] = 0;
    if (order == 2 && c->solver_type == MIDPOINT)
        w[1] = -0.5 * signal * e;
    else if (order > 1)
        w[1] = signal * (e / g + 1);
    if (order == 3)
        w[2] = sde ? signal * ((-e - g) / (g * g) - 0.5) : -signal * ((e + g) / (g * g) - 0.5);
}

/* D0 = m0; D1 and D2 are differences of m0, m1 = PAST, m2 = PAST + 1 at distances h0, h1. */
static void spend(dio_schedule_row *row, int order, const double *w, double r0, double r1)
{
    double *next = row->next;
    next[DIO_TERM_CLEAN] = w[0];
    if (order == 2) {
        next[DIO_TERM_CLEAN] += w[1] / r0;
        next[DIO_TERM_PAST] = -w[1] / r0;
    } else if (order == 3) {
        double late = w[1] * (1 + r0 / (r0 + r1)) + w[2] / (r0 + r1); /* of (m0 - m1) / r0 */
        double early = w[1] - late;                                   /* of (m1 - m2) / r1 */
        next[DIO_TERM_CLEAN] += late / r0;
        next[DIO_TERM_PAST] = -late / r0 + early / r1;
        next[DIO_TERM_PAST + 1] = -early / r1;
    }
}

/* s points at the sigma of this call; the one after it and those before it lie beside it. */
static void fill(dio_schedule_row *row, const struct scheduler_config *c, const float *s, int order)
{
    struct level to = level_of(s[1]), at = level_of(s[0]);
    double w[3], r0 = 1, r1 = 1, h = (double)(to.lambda - at.lambda);
    bool sde = c->algorithm_type == SDE_PLUSPLUS;
    if (order > 1)
        r0 = (double)(at.lambda - level_of(s[-1]).lambda) / h;
    if (order > 2)
        r1 = (double)(level_of(s[-1]).lambda - level_of(s[-2]).lambda) / h;
    row_clean(row, (enum prediction)c->prediction_type, (double)at.signal, (double)at.noise);
    weights(c, order, (double)to.signal, h, w);
    spend(row, order, w, r0, r1);
    row->next[DIO_TERM_SAMPLE] = (double)(to.noise / at.noise) * (sde ? exp(-h) : 1);
    row->next[DIO_TERM_NOISE] = sde ? (double)to.noise * sqrt(1 - exp(-2 * h)) : 0;
    row->draws = sde;
    row->keep[0][DIO_TERM_CLEAN] = 1;
    row->keeps = c->solver_order > 1;
}

static int order_at(const struct scheduler_config *c, int i, int first, int count)
{
    bool brief = c->lower_order_final && count < 15;
    int order = c->solver_order, taken = i - first;
    if (i == count - 1 && (c->euler_at_final || brief || c->final_sigmas_type == 0))
        return 1;
    if (i == count - 2 && brief && order > 2)
        order = 2;
    return order < taken + 1 ? order : taken + 1;
}

static bool check(struct dio_schedule_build *b, dio_error *err)
{
    if (b->c->use_flow_sigmas)
        return dio_value_fail(config_place(b, "use_flow_sigmas"), err,
                              "use_flow_sigmas: not supported by dpmpp_2m: flow matching models "
                              "run with flow_euler");
    if (b->c->variance_type[0])
        return dio_value_fail(config_place(b, "variance_type"), err,
                              "variance_type: \"%.40s\" is not supported: the model must answer "
                              "without a variance",
                              b->c->variance_type);
    return true;
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    double *t;
    int count;
    lift_last_alpha(b);
    if (!check(b, err) || !visit(b, &t, &count, err) || !build_rows(b, count, false, err))
        return false;
    for (int i = 0; i < count; i++) {
        dio_schedule_row *row = &b->s->rows[i];
        row->timestep = t[i];
        if (i >= b->s->first)
            fill(row, b->c, b->s->sigmas + i, order_at(b->c, i, b->s->first, count));
    }
    b->s->pasts = b->c->solver_order - 1;
    build_clip(b);
    return true;
}

const dio_scheduler dio_scheduler_dpmpp_2m = {
    .name = "dpmpp_2m",
    .class_name = "DPMSolverMultistepScheduler",
    .doc = "DPM++ 2M, Karras and SDE by its config: good pictures in 15 to 25 steps",
    .config = config,
    .order = 1,
    .takes = DIO_TAKES_TIMESTEPS,
    .build = build,
};
