/* heun.c: Heun's second order steps (Karras et al., arXiv 2206.00364, algorithm 1 without churn;
 * diffusers' scheduling_heun_discrete.py).
 *
 * Every level but the first is called twice: an Euler step to it, then the mean of both slopes,
 * taken from where the Euler step began. What is kept in between is that begin with half of the
 * first slope's move, so the second call needs only to add the other half.
 *
 *   timesteps t0 t1 t1 t2 t2 ...; sigmas s0 s1 s1 s2 s2 ... 0
 */
#include <math.h>

#include "vision/sample/build.h"

static const dio_field config[] = {
    CONFIG_BETAS("0.00085", "0.012", "linear", beta_schedule_words_exp),
    CONFIG_PREDICTION,
    CONFIG_SPACING("linspace"),
    CONFIG_SIGMAS,
    CONFIG_CLIP("false"),
    {0},
};

/* The n levels of the run, before they are doubled; sigmas[n] is 0. */
static bool visit(struct dio_schedule_build *b, double **t, double **sigmas, int *n, dio_error *err)
{
    if (!(b->o->n_timesteps ? given_timesteps(b, false, t, n, err)
                            : spaced_timesteps(b, false, t, n, err)))
        return false;
    double *s = *sigmas = build_memory(b, *n + 1, sizeof *s, err);
    if (!s)
        return false;
    for (int i = 0; i < *n; i++)
        s[i] = sigma_at(b, (*t)[i]);
    if (has_spread(b->c)) {
        respread(b->c, s[0], s[*n - 1], b->n, s);
        *n = b->n;
        for (int i = 0; i < *n; i++)
            (*t)[i] = timestep_of(b, s[i]);
        s[*n] = 0;
    }
    return true;
}

static void first_half(dio_schedule_row *row, double sigma, double next)
{
    double share = (next - sigma) / sigma; /* of (sample - clean) */
    row->next[DIO_TERM_SAMPLE] = 1 + share;
    row->next[DIO_TERM_CLEAN] = -share;
    row->keep[0][DIO_TERM_SAMPLE] = 1 + share / 2;
    row->keep[0][DIO_TERM_CLEAN] = -share / 2;
    row->keeps = 1;
}

static void second_half(dio_schedule_row *row, double sigma, double next)
{
    double share = (next - sigma) / 2 / next;
    row->next[DIO_TERM_PAST] = 1;
    row->next[DIO_TERM_SAMPLE] = share;
    row->next[DIO_TERM_CLEAN] = -share;
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    double *t, *levels, *doubled;
    int n;
    if (!visit(b, &t, &levels, &n, err) || !build_rows(b, 2 * n - 1, false, err))
        return false;
    doubled = build_memory(b, 2 * n, sizeof *doubled, err);
    for (int i = 0; doubled && i < 2 * n; i++)
        doubled[i] = levels[(i + 1) / 2];
    if (!doubled || !build_sigmas(b, doubled, 2 * n, err))
        return false;
    for (int i = 0; i < b->s->count; i++) {
        dio_schedule_row *row = &b->s->rows[i];
        const float *s = b->s->sigmas + i;
        row->timestep = (double)(float)t[(i + 1) / 2];
        row_sigma(row, (enum prediction)b->c->prediction_type, (double)s[0]);
        if (i % 2 == 0)
            first_half(row, (double)s[0], (double)s[1]);
        else
            second_half(row, (double)s[-1], (double)s[0]);
    }
    b->s->pasts = 1;
    b->s->init_sigma = start_sigma(b);
    build_clip(b);
    return true;
}

const dio_scheduler dio_scheduler_heun = {
    .name = "heun",
    .class_name = "HeunDiscreteScheduler",
    .doc = "second order: two calls of the model a step",
    .config = config,
    .order = 2,
    .takes = DIO_TAKES_TIMESTEPS,
    .build = build,
};
