/* sampling.c: rows of a schedule as loops over numbers.
 * Every number of the next sample is its own weighted sum in double, rounded once; the clean
 * picture is rounded before it is used, for the clip lies in between. */
#include "vision/sample/sampling.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct dio_sampling {
    const dio_schedule *s;
    int at, batch;
    size_t size, n; /* of one picture; of all */
    float *memory;
    float *clean, *noise, *sorted; /* sorted: of one picture, for the quantile */
    float
        *past[DIO_TERM_PASTS + 2]; /* newest first; two more, to keep into before the rest moves */
    int pasts;
};

/* Hands out parts of one allocation. */
static float *take(float **rest, size_t n)
{
    float *p = *rest;
    *rest += n;
    return p;
}

dio_sampling *dio_sampling_create(const dio_schedule *s, int batch, size_t size, dio_error *err)
{
    size_t n, bytes;
    dio_sampling *r = calloc(1, sizeof *r);
    int pasts = s->pasts ? s->pasts + 2 : 0;
    bool fits = batch > 0 && size > 0 && dio_mul_size((size_t)batch, size, &n) &&
                dio_mul_size(n, (size_t)(3 + pasts) * sizeof(float), &bytes);
    float *rest = r && fits ? malloc(bytes) : NULL;
    if (!rest) {
        free(r);
        dio_fail_memory(err, "the samples of a run");
        return NULL;
    }
    *r = (dio_sampling){.s = s, .at = s->first, .batch = batch, .size = size, .n = n};
    r->memory = rest;
    r->pasts = pasts;
    r->clean = take(&rest, n);
    r->noise = take(&rest, n);
    r->sorted = take(&rest, n);
    for (int i = 0; i < pasts; i++)
        r->past[i] = take(&rest, n);
    return r;
}

void dio_sampling_destroy(dio_sampling *r)
{
    if (r)
        free(r->memory);
    free(r);
}

bool dio_sampling_done(const dio_sampling *r)
{
    return r->at == r->s->count;
}

int dio_sampling_at(const dio_sampling *r)
{
    return r->at;
}

const dio_schedule_row *dio_sampling_row(const dio_sampling *r)
{
    return &r->s->rows[r->at];
}

const float *dio_sampling_clean(const dio_sampling *r)
{
    return r->clean;
}

void dio_sampling_input(const dio_sampling *r, const float *sample, float *input)
{
    double scale = dio_sampling_row(r)->input;
    for (size_t i = 0; i < r->n; i++)
        input[i] = (float)(scale * (double)sample[i]);
}

/* --- the clip --- */

static int rising(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* torch.quantile: linear between the two nearest. */
static double quantile(float *sorted, size_t n, double ratio)
{
    qsort(sorted, n, sizeof *sorted, rising);
    double rank = ratio * (double)(n - 1);
    size_t low = (size_t)rank, high = low + 1 < n ? low + 1 : low;
    double a = (double)sorted[low], b = (double)sorted[high];
    return a + (rank - (double)low) * (b - a);
}

static void clip_to(float *x, size_t n, double limit, double divisor)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(fmax(fmin((double)x[i], limit), -limit) / divisor);
}

static void clip(dio_sampling *r)
{
    const dio_schedule *s = r->s;
    if (s->clip == DIO_CLIP_RANGE)
        clip_to(r->clean, r->n, s->clip_limit, 1);
    for (int b = 0; s->clip == DIO_CLIP_QUANTILE && b < r->batch; b++) {
        float *x = r->clean + (size_t)b * r->size;
        for (size_t i = 0; i < r->size; i++)
            r->sorted[i] = fabsf(x[i]);
        double limit = quantile(r->sorted, r->size, s->clip_ratio);
        limit = fmin(fmax(limit, 1), s->clip_limit);
        clip_to(x, r->size, limit, limit);
    }
}

/* --- one step --- */

/* The terms of a sum that have weight, so that the loop looks at no others. */
struct sum {
    int count;
    const float *term[DIO_TERMS];
    double weight[DIO_TERMS];
};

static struct sum sum_of(const double *weights, const float *const *terms)
{
    struct sum sum = {0};
    for (int i = 0; i < DIO_TERMS; i++)
        if (weights[i] != 0) {
            sum.term[sum.count] = terms[i];
            sum.weight[sum.count++] = weights[i];
        }
    return sum;
}

/* out may be one of the terms: a number is read before it is written. False when one is not
 * finite. */
static bool add_up(const struct sum *sum, float *out, size_t n)
{
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        double v = 0;
        for (int k = 0; k < sum->count; k++)
            v += sum->weight[k] * (double)sum->term[k][i];
        out[i] = (float)v;
        finite &= isfinite(out[i]) != 0;
    }
    return finite;
}

/* The last buffer becomes the first. */
static float *push(dio_sampling *r)
{
    float *oldest = r->past[r->pasts - 1];
    memmove(r->past + 1, r->past, (size_t)(r->pasts - 1) * sizeof *r->past);
    return r->past[0] = oldest;
}

static bool not_finite(const dio_sampling *r, dio_error *err)
{
    return dio_fail(err,
                    "call %d of %d, at timestep %g, gave numbers that are not finite: the model's "
                    "output overflowed or is not a number",
                    r->at + 1, r->s->count, dio_sampling_row(r)->timestep);
}

bool dio_sampling_step(dio_sampling *r, const float *output, float *sample, dio_noise *noise,
                       dio_error *err)
{
    const dio_schedule_row *row = dio_sampling_row(r);
    const float *terms[DIO_TERMS] = {sample, output, r->clean, r->noise};
    for (int i = 0; i < r->s->pasts; i++)
        terms[DIO_TERM_PAST + i] = r->past[i];
    double clean[DIO_TERMS] = {row->clean[0], row->clean[1]};
    struct sum sum = sum_of(clean, terms);
    if (!add_up(&sum, r->clean, r->n))
        return not_finite(r, err);
    clip(r);
    if (row->draws) {
        assert(noise && dio_noise_batch(noise) == r->batch);
        dio_noise_draw(noise, r->noise, r->size);
    }
    /* What is kept is of this call: it is taken before `sample` moves on. Pushing leaves the
     * buffers that terms point at as they are, for there are two to spare. */
    struct sum keep[2] = {sum_of(row->keep[0], terms), sum_of(row->keep[1], terms)};
    struct sum next = sum_of(row->next, terms);
    for (int i = 0; i < row->keeps; i++)
        add_up(&keep[i], push(r), r->n);
    if (!add_up(&next, sample, r->n))
        return not_finite(r, err);
    r->at++;
    return true;
}
