/* sigmas.c: noise levels as sigma = noise / signal, and the spreads that replace the model's own.
 * Tables are float32 as in torch; what numpy does between them is double. */
#include <math.h>

#include "vision/sample/build.h"

float table_sigma(const struct dio_schedule_build *b, int t)
{
    return sqrtf((1 - b->alphas[t]) / b->alphas[t]);
}

static float table_log(const struct dio_schedule_build *b, int t)
{
    return (float)log((double)table_sigma(b, t));
}

double sigma_at(const struct dio_schedule_build *b, double t)
{
    int last = b->c->num_train_timesteps - 1;
    if (t <= 0)
        return (double)table_sigma(b, 0);
    if (t >= last)
        return (double)table_sigma(b, last);
    int low = (int)t;
    double left = (double)table_sigma(b, low), right = (double)table_sigma(b, low + 1);
    return (right - left) * (t - low) + left;
}

/* Sigmas rise with t; between two of them the logarithm is taken to be linear. */
double timestep_of(const struct dio_schedule_build *b, double sigma)
{
    double at = log(fmax(sigma, 1e-10));
    int low = 0, end = b->c->num_train_timesteps; /* table_log(low) <= at, or low is 0 */
    while (end - low > 1) {
        int mid = low + (end - low) / 2;
        if (at >= (double)table_log(b, mid))
            low = mid;
        else
            end = mid;
    }
    if (low > b->c->num_train_timesteps - 2)
        low = b->c->num_train_timesteps - 2;
    float left = table_log(b, low), right = table_log(b, low + 1);
    double w = ((double)left - at) / (double)(left - right);
    w = fmin(fmax(w, 0), 1);
    return (1 - w) * low + w * (low + 1);
}

double start_sigma(const struct dio_schedule_build *b)
{
    float most = 0;
    for (int i = 0; i < b->s->n_sigmas; i++)
        most = fmaxf(most, b->s->sigmas[i]);
    if (b->c->timestep_spacing == SPACE_LEADING)
        most = sqrtf(most * most + 1);
    return (double)most;
}

bool has_spread(const struct scheduler_config *c)
{
    return c->use_karras_sigmas || c->use_exponential_sigmas || c->use_beta_sigmas ||
           c->use_lu_lambdas;
}

bool check_spread(struct dio_schedule_build *b, dio_error *err)
{
    const struct scheduler_config *c = b->c;
    const struct {
        const char *key;
        bool on;
    } spreads[] = {{"use_karras_sigmas", c->use_karras_sigmas},
                   {"use_exponential_sigmas", c->use_exponential_sigmas},
                   {"use_beta_sigmas", c->use_beta_sigmas},
                   {"use_lu_lambdas", c->use_lu_lambdas}};
    const char *chosen = NULL;
    for (int i = 0; i < 4; i++) {
        if (spreads[i].on && chosen)
            return dio_value_fail(config_place(b, spreads[i].key), err,
                                  "%s contradicts %s: at most one may be true", spreads[i].key,
                                  chosen);
        if (spreads[i].on)
            chosen = spreads[i].key;
    }
    if (c->sigma_max > 0 && c->sigma_min >= c->sigma_max)
        return dio_value_fail(config_place(b, "sigma_min"), err,
                              "sigma_min: %g is not below sigma_max, %g", c->sigma_min,
                              c->sigma_max);
    if (chosen && (b->o->n_timesteps || b->o->n_sigmas))
        return dio_value_fail(config_place(b, chosen), err,
                              "%s contradicts the %s that were given: set it to false, or give a "
                              "number of steps",
                              chosen, b->o->n_timesteps ? "timesteps" : "sigmas");
    return true;
}

/* arXiv 2206.00364, equation 5, with rho = 7. */
static double karras(double high, double low, int n, int i)
{
    double a = pow(high, 1 / 7.0), b = pow(low, 1 / 7.0);
    return pow(a + linspace(0, 1, n, i) * (b - a), 7.0);
}

void respread(const struct scheduler_config *c, double high, double low, int n, double *out)
{
    high = c->sigma_max > 0 ? c->sigma_max : high;
    low = c->sigma_min > 0 ? c->sigma_min : low;
    for (int i = 0; i < n; i++) {
        if (c->use_karras_sigmas)
            out[i] = karras(high, low, n, i);
        else if (c->use_beta_sigmas)
            out[i] = low + beta_quantile(1 - linspace(0, 1, n, i), 0.6) * (high - low);
        else
            out[i] = exp(linspace(log(high), log(low), n, i));
    }
}
