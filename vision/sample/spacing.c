/* spacing.c: which timesteps a run visits.
 * The three spacings are those of table 2 of arXiv 2305.08891. numpy computes them in double, and
 * a rounding to whole timesteps follows, so its order of operations is kept: another order moves
 * some timesteps by one. Timesteps fall. */
#include <math.h>

#include "vision/sample/build.h"

double linspace(double start, double stop, int n, int i)
{
    if (n > 1 && i == n - 1)
        return stop;
    return n > 1 ? i * ((stop - start) / (n - 1)) + start : start;
}

int trailing(double start, double step, double *out, int cap)
{
    int count = (int)ceil(start / step);
    double stride = (start - step) - start; /* as numpy fills: not always -step */
    for (int i = 0; i < count && i < cap; i++)
        out[i] = rint(start + i * stride) - 1;
    return count < cap ? count : cap;
}

bool check_timesteps(struct dio_schedule_build *b, const double *t, int count, dio_error *err)
{
    int last = b->c->num_train_timesteps - 1;
    for (int i = 0; i < count; i++)
        if (!(t[i] >= 0 && t[i] <= last))
            return dio_value_fail(config_place(b, "steps_offset"), err,
                                  "%d steps with steps_offset %d ask for timestep %g; the model "
                                  "knows 0 to %d: take fewer steps",
                                  b->n, b->c->steps_offset, t[i], last);
    return true;
}

bool spaced_timesteps(struct dio_schedule_build *b, bool whole, double **out, int *count,
                      dio_error *err)
{
    int train = b->c->num_train_timesteps, n = b->n, ratio = train / n;
    double *t = build_memory(b, n + 1, sizeof *t, err);
    if (!t)
        return false;
    *out = t;
    *count = n;
    switch ((enum spacing)b->c->timestep_spacing) {
    case SPACE_LINSPACE:
        for (int i = 0; i < n; i++) {
            double at = linspace(0, train - 1, n, n - 1 - i);
            t[i] = whole ? rint(at) : (double)(float)at;
        }
        break;
    case SPACE_LEADING:
        for (int i = 0; i < n; i++)
            t[i] = (double)(n - 1 - i) * ratio + b->c->steps_offset;
        break;
    case SPACE_TRAILING: /* rounding may give one more than n */
        *count = trailing(train, (double)train / n, t, n + 1);
        break;
    }
    return check_timesteps(b, t, *count, err);
}

bool given_timesteps(struct dio_schedule_build *b, bool whole, double **out, int *count,
                     dio_error *err)
{
    int n = b->o->n_timesteps, last = b->c->num_train_timesteps - 1;
    double *t = build_memory(b, n, sizeof *t, err);
    if (!t)
        return false;
    for (int i = 0; i < n; i++) {
        t[i] = b->o->timesteps[i];
        if (!(t[i] >= 0 && t[i] <= last))
            return dio_fail(err, "timesteps: %g is outside 0 to %d, which the model knows", t[i],
                            last);
        if (i > 0 && t[i] >= t[i - 1])
            return dio_fail(err, "timesteps: %g does not lie below %g, the one before it", t[i],
                            t[i - 1]);
        if (whole && t[i] != floor(t[i]))
            return dio_fail(err, "timesteps: %s takes whole ones only, not %g",
                            b->s->scheduler->name, t[i]);
    }
    *out = t;
    *count = n;
    return true;
}
