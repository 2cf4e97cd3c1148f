/* wavenet_draw.c: samples drawn one after the other, each from what the network says after those
 * before it.
 *
 * Every dilated convolution keeps its last inputs in a ring, so that a sample costs one row of each
 * layer and no more, whatever the network has seen: the sums are those of the whole pass over all
 * samples (`teach` in wavenet.c), in another order. Weights lie [in,out], so that a row's sum runs
 * along memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/models/wavenet.h"
#include "base/rng.h"

enum { STREAM = 0x77617665 };

static const double nearly = 1e-5; /* draws lie that far from 0 and 1, as the authors' */
static const float emphasis = 0.85f;

struct matrix {
    float *w; /* [in][out] */
    const float *b;
    int in, out;
};

struct row {
    struct matrix *taps; /* [kernel_size] */
    struct matrix cond, out, skip;
    float *ring; /* [size][residual_channels] */
    int64_t size;
};

struct drawing {
    const struct wavenet *m;
    const dio_vocoder_draft *d;
    struct matrix first, last[2];
    struct row row[WAVENET_LAYERS];
    float *x, *gate, *skip, *hidden, *said;
    float emphasised; /* the last sample that postprocess gave */
    dio_error *err;
};

/* --- room --- */

static float *room(struct drawing *s, int64_t count)
{
    float *p = calloc((size_t)count + 1, sizeof *p);
    if (!p)
        dio_fail_memory(s->err, "a WaveNet's samples");
    return p;
}

/* One tap of a convolution. */
static bool matrix_init(struct drawing *s, struct matrix *m, const dio_nn_conv1d *c, int tap)
{
    const int64_t *dim = c->w->type.dim;
    const float *from = dio_tensor_data(c->w);
    *m = (struct matrix){.in = (int)dim[1],
                         .out = (int)dim[0],
                         .b = c->b && tap == 0 ? dio_tensor_data(c->b) : NULL,
                         .w = room(s, dim[0] * dim[1])};
    for (int o = 0; m->w && o < m->out; o++)
        for (int i = 0; i < m->in; i++)
            m->w[i * m->out + o] = from[(o * dim[1] + i) * dim[2] + tap];
    return m->w != NULL;
}

static bool row_init(struct drawing *s, int i)
{
    const struct wavenet_layer *l = &s->m->layer[i];
    struct row *r = &s->row[i];
    int kernel = s->m->c.kernel_size;
    r->size = (int64_t)(kernel - 1) * wavenet_dilation(s->m, i) + 1;
    r->taps = calloc((size_t)kernel, sizeof *r->taps);
    if (!r->taps)
        return dio_fail_memory(s->err, "a WaveNet's samples");
    for (int k = 0; k < kernel; k++)
        if (!matrix_init(s, &r->taps[k], &l->conv, k))
            return false;
    r->ring = room(s, r->size * s->m->c.residual_channels);
    return r->ring && matrix_init(s, &r->cond, &l->cond, 0) &&
           matrix_init(s, &r->out, &l->out, 0) && matrix_init(s, &r->skip, &l->skip, 0);
}

static bool drawing_init(struct drawing *s)
{
    const struct wavenet *m = s->m;
    bool ok = matrix_init(s, &s->first, &m->first, 0) &&
              matrix_init(s, &s->last[0], &m->last[0], 0) &&
              matrix_init(s, &s->last[1], &m->last[1], 0);
    for (int i = 0; ok && i < m->c.layers; i++)
        ok = row_init(s, i);
    return ok && (s->x = room(s, m->c.residual_channels)) &&
           (s->gate = room(s, m->c.gate_channels)) && (s->skip = room(s, m->c.skip_out_channels)) &&
           (s->hidden = room(s, m->c.skip_out_channels)) && (s->said = room(s, m->c.out_channels));
}

static void drawing_deinit(struct drawing *s)
{
    for (int i = 0; i < s->m->c.layers; i++) {
        struct row *r = &s->row[i];
        for (int k = 0; r->taps && k < s->m->c.kernel_size; k++)
            free(r->taps[k].w);
        free(r->taps);
        free(r->cond.w);
        free(r->out.w);
        free(r->skip.w);
        free(r->ring);
    }
    free(s->first.w);
    free(s->last[0].w);
    free(s->last[1].w);
    free(s->x);
    free(s->gate);
    free(s->skip);
    free(s->hidden);
    free(s->said);
}

/* --- one sample --- */

static void begin(const struct matrix *m, float *y)
{
    if (m->b)
        memcpy(y, m->b, (size_t)m->out * sizeof *y);
    else
        memset(y, 0, (size_t)m->out * sizeof *y);
}

static void add(const struct matrix *m, const float *x, float *y)
{
    for (int i = 0; i < m->in; i++) {
        const float *w = m->w + (int64_t)i * m->out, factor = x[i];
#pragma omp simd
        for (int o = 0; o < m->out; o++)
            y[o] += w[o] * factor;
    }
}

/* The first layer's input: the sample before, or its class's column. */
static void take(struct drawing *s, float before)
{
    int at = s->m->classes ? (int)before : 0;
    float factor = s->m->classes ? 1 : before;
    begin(&s->first, s->x);
    for (int o = 0; o < s->first.out; o++)
        s->x[o] += s->first.w[at * s->first.out + o] * factor;
}

static void run_row(struct drawing *s, int i, int64_t t, const float *heard)
{
    struct row *r = &s->row[i];
    const struct wavenet_config *c = &s->m->c;
    int width = c->residual_channels, half = c->gate_channels / 2;
    int dilation = wavenet_dilation(s->m, i);
    memcpy(r->ring + t % r->size * width, s->x, (size_t)width * sizeof *s->x);
    begin(&r->taps[0], s->gate);
    for (int k = 0; k < c->kernel_size; k++) {
        int64_t at = t - (int64_t)(c->kernel_size - 1 - k) * dilation;
        if (at >= 0)
            add(&r->taps[k], r->ring + at % r->size * width, s->gate);
    }
    add(&r->cond, heard, s->gate);
    for (int k = 0; k < half; k++)
        s->gate[k] = tanhf(s->gate[k]) / (1 + expf(-s->gate[half + k]));
    for (int k = 0; k < r->skip.out; k++)
        s->skip[k] += r->skip.b[k];
    add(&r->skip, s->gate, s->skip);
    for (int k = 0; k < width; k++)
        s->x[k] += r->out.b[k];
    add(&r->out, s->gate, s->x);
    for (int k = 0; k < width; k++)
        s->x[k] *= sqrtf(0.5f);
}

static void relu(float *x, int count, float scale)
{
    for (int i = 0; i < count; i++)
        x[i] = fmaxf(x[i] * scale, 0);
}

static void say(struct drawing *s, int64_t t, float before)
{
    const struct wavenet_config *c = &s->m->c;
    const float *heard = s->d->heard + t * c->cin_channels;
    memset(s->skip, 0, (size_t)c->skip_out_channels * sizeof *s->skip);
    take(s, before);
    for (int i = 0; i < c->layers; i++)
        run_row(s, i, t, heard);
    relu(s->skip, c->skip_out_channels, sqrtf(1 / (float)c->layers));
    begin(&s->last[0], s->hidden);
    add(&s->last[0], s->skip, s->hidden);
    relu(s->hidden, c->skip_out_channels, 1);
    begin(&s->last[1], s->said);
    add(&s->last[1], s->hidden, s->said);
}

/* --- what is drawn --- */

static float uniform_at(const struct drawing *s, int64_t t, int i)
{
    int draws = s->m->classes ? 1 : s->m->c.out_channels / 3 + 1;
    if (s->d->uniforms)
        return s->d->uniforms[t * draws + i];
    double u = dio_uniform53(s->d->seed, STREAM, (uint64_t)(t * draws + i));
    return (float)(nearly + (1 - 2 * nearly) * u);
}

/* A component by its weight (the largest of weights with Gumbel noise), then a logistic. */
static float draw_logistic(const struct drawing *s, int64_t t)
{
    int n = s->m->c.out_channels / 3, best = 0;
    float most = -HUGE_VALF;
    for (int i = 0; i < n; i++) {
        float weight = s->said[i] - logf(-logf(uniform_at(s, t, i)));
        if (weight > most) {
            most = weight;
            best = i;
        }
    }
    float u = uniform_at(s, t, n), scale = expf(s->said[2 * n + best]);
    float x = s->said[n + best] + scale * (logf(u) - logf(1 - u));
    return fminf(fmaxf(x, -1), 1);
}

/* The class in whose share of the cumulated weights the draw falls. */
static float draw_class(const struct drawing *s, int64_t t)
{
    int n = s->m->c.out_channels;
    float most = s->said[0];
    double all = 0, sum = 0;
    for (int i = 1; i < n; i++)
        most = fmaxf(most, s->said[i]);
    for (int i = 0; i < n; i++)
        all += exp((double)(s->said[i] - most));
    double target = (double)uniform_at(s, t, 0) * all;
    for (int i = 0; i < n; i++) {
        sum += exp((double)(s->said[i] - most));
        if (sum > target)
            return (float)i;
    }
    return (float)(n - 1);
}

/* What was drawn as a sample to be heard. */
static float heard_of(struct drawing *s, float drawn)
{
    const struct wavenet_config *c = &s->m->c;
    double y = (double)drawn, mu = c->quantize_channels - 1;
    if (s->m->classes)
        y = 2 * y / mu - 1;
    if (s->m->mulaw)
        y = copysign(1, y) / mu * (pow(1 + mu, fabs(y)) - 1);
    if (strcmp(c->postprocess, "inv_preemphasis") == 0)
        y = (double)(s->emphasised = (float)y + emphasis * s->emphasised);
    return (float)(c->global_gain_scale > 0 ? y / (double)c->global_gain_scale : y);
}

bool wavenet_generate(const void *model, const dio_vocoder_draft *d, dio_error *err)
{
    const struct wavenet *m = model;
    struct drawing s = {.m = m, .d = d, .err = err};
    int width = m->c.out_channels;
    float before = m->classes ? (float)((m->c.quantize_channels - 1) / 2) : 0;
    bool ok = drawing_init(&s);
    for (int64_t t = 0; ok && t < d->count; t++) {
        say(&s, t, before);
        before = m->classes ? draw_class(&s, t) : draw_logistic(&s, t);
        if (d->said)
            memcpy(d->said + t * width, s.said, (size_t)width * sizeof(float));
        float y = heard_of(&s, before);
        ok = d->sample(d->user, t, before, y);
    }
    drawing_deinit(&s);
    return ok;
}
