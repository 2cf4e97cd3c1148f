/* betas.c: how much of the picture is left at every timestep of the training.
 * alphas[t] is the product of 1 - beta up to t. A user's seed gives the picture they know only if
 * these have the bits that torch gives them: 1 - alphas[0] is 1e-3, and one unit in the last place
 * of alphas[0] is 1e-4 of the smallest sigma. So every operation here rounds where torch's does. */
#include <math.h>

#include "vision/sample/build.h"

/* torch.linspace in float32, on a CPU with fused multiply-add: from both ends to the middle. */
static float torch_linspace(float start, float end, int n, int i)
{
    float step = (end - start) / (float)(n - 1);
    return i < n / 2 ? fmaf(step, (float)i, start) : fmaf(-step, (float)(n - 1 - i), end);
}

static double alpha_bar(int schedule, double t)
{
    if (schedule == BETA_EXP)
        return exp(t * -12.0);
    double c = cos((t + 0.008) / 1.008 * M_PI / 2);
    return c * c;
}

static float beta_at(const struct scheduler_config *c, int i)
{
    int n = c->num_train_timesteps;
    float root;
    switch ((enum beta_schedule)c->beta_schedule) {
    case BETA_LINEAR:
        return torch_linspace((float)c->beta_start, (float)c->beta_end, n, i);
    case BETA_SCALED_LINEAR:
        root = torch_linspace((float)sqrt(c->beta_start), (float)sqrt(c->beta_end), n, i);
        return root * root;
    case BETA_SQUAREDCOS:
    case BETA_EXP:
        break;
    }
    double now = alpha_bar(c->beta_schedule, (double)i / n);
    return (float)fmin(1 - alpha_bar(c->beta_schedule, (double)(i + 1) / n) / now, 0.999);
}

static bool read_trained(struct dio_schedule_build *b, float *betas, dio_error *err)
{
    const dio_value *list = b->c->trained_betas;
    int n = b->c->num_train_timesteps;
    if (list->kind != DIO_LIST || list->list.count != n)
        return dio_value_fail(list, err,
                              "trained_betas: expected a list of as many numbers as "
                              "num_train_timesteps says, %d",
                              n);
    for (int i = 0; i < n; i++) {
        const dio_value *v = list->list.items[i];
        double beta = v->kind == DIO_REAL ? v->real : -1;
        if (!(beta > 0 && beta < 1))
            return dio_value_fail(v, err, "trained_betas: expected a number between 0 and 1");
        betas[i] = (float)beta;
    }
    return true;
}

/* torch.cumprod on a CPU: the product is kept in double, every element rounded. */
static void products(const float *betas, int n, float *alphas)
{
    double product = 1;
    for (int i = 0; i < n; i++) {
        product *= (double)(1 - betas[i]);
        alphas[i] = (float)product;
    }
}

/* Algorithm 1 of arXiv 2305.08891: sqrt(alphas) shifted to end at 0 and stretched to begin as it
 * did; then back to betas, whose products are taken anew. */
static void rescale(float *betas, int n, float *alphas)
{
    products(betas, n, alphas);
    float first = sqrtf(alphas[0]), last = sqrtf(alphas[n - 1]);
    float stretch = first / (first - last);
    for (int i = 0; i < n; i++) {
        float root = (sqrtf(alphas[i]) - last) * stretch;
        alphas[i] = root * root;
    }
    for (int i = n - 1; i > 0; i--)
        betas[i] = 1 - alphas[i] / alphas[i - 1];
    betas[0] = 1 - alphas[0];
}

bool build_alphas(struct dio_schedule_build *b, dio_error *err)
{
    const struct scheduler_config *c = b->c;
    int n = c->num_train_timesteps;
    float *betas = build_memory(b, n, sizeof *betas, err);
    float *alphas = betas ? build_memory(b, n, sizeof *alphas, err) : NULL;
    if (!alphas)
        return false;
    if (c->trained_betas) {
        if (!read_trained(b, betas, err))
            return false;
    } else {
        if (c->beta_schedule <= BETA_SCALED_LINEAR && c->beta_end < c->beta_start)
            return dio_value_fail(config_place(b, "beta_end"), err,
                                  "beta_end: %g is below beta_start, %g: noise must grow",
                                  c->beta_end, c->beta_start);
        for (int i = 0; i < n; i++)
            betas[i] = beta_at(c, i);
    }
    if (c->rescale_betas_zero_snr)
        rescale(betas, n, alphas);
    products(betas, n, alphas);
    b->alphas = alphas;
    return true;
}

void lift_last_alpha(struct dio_schedule_build *b)
{
    float *alphas = (float *)b->alphas;
    if (b->c->rescale_betas_zero_snr)
        alphas[b->c->num_train_timesteps - 1] = 0x1p-24f;
}
