/* build.c: what all schedulers do alike while they fill a schedule. */
#include "vision/sample/build.h"

#include "base/str.h"

const char *const beta_schedule_words[] = {"linear", "scaled_linear", "squaredcos_cap_v2", NULL};
const char *const beta_schedule_words_exp[] = {"linear", "scaled_linear", "squaredcos_cap_v2",
                                               "exp", NULL};
const char *const spacing_words[] = {"linspace", "leading", "trailing", NULL};
const char *const final_sigmas_words[] = {"zero", "sigma_min", NULL};

const dio_value *config_place(const struct dio_schedule_build *b, const char *key)
{
    const dio_value *v = dio_map_get(b->json, key);
    return v ? v : b->json;
}

void *build_memory(struct dio_schedule_build *b, int count, size_t size, dio_error *err)
{
    size_t bytes;
    void *p = dio_mul_size((size_t)count, size, &bytes) ? dio_arena_try(b->arena, bytes) : NULL;
    if (!p)
        dio_fail_memory(err, "a schedule");
    return p;
}

/* Steps that image to image leaves out. */
static int left_out(int n, double strength, bool floor_rest)
{
    double taken = n * strength;
    return floor_rest ? (int)(n - taken) : n - (int)taken;
}

bool build_rows(struct dio_schedule_build *b, int count, bool floor_rest, dio_error *err)
{
    dio_schedule *s = b->s;
    s->first = left_out(b->n, b->o->strength, floor_rest) * s->scheduler->order;
    s->count = count;
    if (s->first >= count)
        return dio_fail(err,
                        "strength: %g of %d steps leaves none to take: raise strength, or the "
                        "number of steps",
                        b->o->strength, b->n);
    s->rows = build_memory(b, count, sizeof *s->rows, err);
    for (int i = 0; s->rows && i < count; i++)
        s->rows[i].input = 1;
    s->init_sigma = 1;
    return s->rows != NULL;
}

bool build_sigmas(struct dio_schedule_build *b, const double *sigmas, int count, dio_error *err)
{
    dio_schedule *s = b->s;
    s->sigmas = build_memory(b, count, sizeof *s->sigmas, err);
    for (int i = 0; s->sigmas && i < count; i++)
        s->sigmas[i] = (float)sigmas[i];
    s->n_sigmas = count;
    return s->sigmas != NULL;
}

void build_clip(struct dio_schedule_build *b)
{
    const struct scheduler_config *c = b->c;
    if (c->thresholding) {
        b->s->clip = DIO_CLIP_QUANTILE;
        b->s->clip_limit = c->sample_max_value;
        b->s->clip_ratio = c->dynamic_thresholding_ratio;
    } else if (c->clip_sample) {
        b->s->clip = DIO_CLIP_RANGE;
        b->s->clip_limit = c->clip_sample_range;
    }
}
