/* diffuse.c: the loop over a schedule: model input, both passes in one batch, guidance, step.
 * Pictures of a batch never meet: k seeds together give the bytes of k runs. */
#include "vision/diffuse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* One run's memory. */
struct work {
    size_t plane, size, n; /* numbers of a plane, a picture, all pictures */
    int rows;              /* what the model is asked for at once */
    float *memory, *scaled, *input, *answer, *level;
};

static bool work_init(struct work *w, const dio_diffuse *d, dio_error *err)
{
    size_t all, bytes;
    w->rows = d->guided ? 2 * d->batch : d->batch;
    w->plane = (size_t)d->height * (size_t)d->width;
    w->size = (size_t)d->channels * w->plane;
    w->n = (size_t)d->batch * w->size;
    size_t seen = (size_t)(d->channels + d->beside_channels) * w->plane;
    /* scaled, level: one each a picture; input and answer: one a row */
    bool fits = dio_mul_size((size_t)w->rows, seen + w->size, &all) &&
                dio_add_size(all, 2 * w->n, &all) && dio_mul_size(all, sizeof(float), &bytes);
    w->memory = fits ? malloc(bytes) : NULL;
    if (!w->memory)
        return dio_fail_memory(err, "the latents of a run");
    w->scaled = w->memory;
    w->level = w->scaled + w->n;
    w->answer = w->level + w->n;
    w->input = w->answer + (size_t)w->rows * w->size;
    return true;
}

/* Standard deviation as torch.std has it: divided by n - 1. */
static double spread(const float *x, size_t n)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    return sqrt(squares / (double)(n - 1));
}

void dio_diffuse_guide(const float *answers, int batch, size_t size, double guidance,
                       double rescale, float *out)
{
    for (int b = 0; b < batch; b++) {
        const float *negative = answers + (size_t)b * size;
        const float *prompt = answers + (size_t)(batch + b) * size;
        float *to = out + (size_t)b * size, scale = (float)guidance;
        for (size_t i = 0; i < size; i++)
            to[i] = negative[i] + scale * (prompt[i] - negative[i]);
        if (rescale <= 0)
            continue;
        /* Lin et al., arXiv 2305.08891, section 3.4: strong guidance overexposes. */
        float back = (float)(spread(prompt, size) / spread(to, size)), part = (float)rescale;
        for (size_t i = 0; i < size; i++)
            to[i] = part * (to[i] * back) + (1 - part) * to[i];
    }
}

static void begin(const dio_diffuse *d, const struct work *w, float *out)
{
    const dio_schedule *s = d->schedule;
    if (d->picture && !d->from_noise) {
        dio_schedule_mix(s, s->first, d->picture, d->normals, out, w->n);
        return;
    }
    for (size_t i = 0; i < w->n; i++)
        out[i] = (float)((double)d->normals[i] * s->init_sigma);
}

/* The model's rows: every picture's sample and, beside it, what else it sees. */
static void fill_input(const dio_diffuse *d, struct work *w)
{
    size_t beside = (size_t)d->beside_channels * w->plane;
    float *to = w->input;
    for (int row = 0; row < w->rows; row++) {
        size_t b = (size_t)(row % d->batch);
        memcpy(to, w->scaled + b * w->size, w->size * sizeof *to);
        to += w->size;
        if (beside)
            memcpy(to, d->beside + b * beside, beside * sizeof *to);
        to += beside;
    }
}

/* Outside of the mask the picture comes back, at the level of noise that the run has reached. */
static void put_back(const dio_diffuse *d, struct work *w, int at, float *sample)
{
    dio_schedule_mix(d->schedule, at, d->picture, d->normals, w->level, w->n);
    for (size_t i = 0; i < w->n; i++) {
        float m = d->mask[i % w->plane];
        sample[i] = (1 - m) * w->level[i] + m * sample[i];
    }
}

static bool call(const dio_diffuse *d, const dio_diffuse_model *m, dio_sampling *r, struct work *w,
                 dio_noise *noise, float *sample, dio_error *err)
{
    dio_sampling_input(r, sample, w->scaled);
    fill_input(d, w);
    if (!m->run(m->user, w->input, w->rows, dio_sampling_row(r)->timestep, w->answer, err))
        return false;
    if (d->guided)
        dio_diffuse_guide(w->answer, d->batch, w->size, d->guidance, d->rescale, w->answer);
    if (!dio_sampling_step(r, w->answer, sample, noise, err))
        return false;
    if (d->mask)
        put_back(d, w, dio_sampling_at(r), sample);
    int total = d->schedule->count - d->schedule->first;
    return !d->watch || d->watch(d->user, dio_sampling_at(r) - d->schedule->first, total,
                                 dio_sampling_clean(r), err);
}

bool dio_diffuse_run(const dio_diffuse *d, const dio_diffuse_model *m, dio_noise *noise, float *out,
                     dio_error *err)
{
    struct work w = {0};
    if (!work_init(&w, d, err))
        return false;
    dio_sampling *r = dio_sampling_create(d->schedule, d->batch, w.size, err);
    bool ok = r != NULL;
    if (ok)
        begin(d, &w, out);
    while (ok && !dio_sampling_done(r))
        ok = call(d, m, r, &w, noise, out, err);
    dio_sampling_destroy(r);
    free(w.memory);
    return ok;
}
