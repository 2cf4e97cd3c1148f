/* conv_direct.c: convolutions of a few channels a group, depthwise above all.
 * There a matrix product would have one row: instead a plane of the result is a sum of shifted
 * rows, each added by one vector kernel. Planes (or filters) are the items of work; what happens
 * inside one has one order. */
#include "base/gang.h"
#include "tensor/cpu/conv_span.h"

struct direct {
    const dio_cpu *cpu;
    const dio_conv_shape *s;
    const float *x, *y, *w;
    float *out;
};

/* One output plane, over a bias that is already there. */
static void direct_forward(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct direct *d = user;
    const dio_conv_shape *s = d->s;
    int64_t group = item / s->o % s->groups, image = item / s->o / s->groups;
    const float *x = d->x + image * image_floats(s) + group * s->c * s->h * s->w;
    const float *w = d->w + item % (s->groups * s->o) * taps(s);
    float *y = d->out + item * s->oh * s->ow;
    for (int64_t k = 0; k < taps(s); k++) {
        struct tap t = tap_of(s, k);
        const float *plane = x + t.channel * s->h * s->w;
        for (int64_t oy = 0; oy < s->oh; oy++) {
            struct span p = span_of(s, &t, oy, 0, s->oh * s->ow);
            if (p.count && s->sw == 1)
                d->cpu->fma_span(y + p.out, plane + p.in, p.count, w[k]);
            else
                for (int64_t i = 0; i < p.count; i++)
                    y[p.out + i] += w[k] * plane[p.in + i * s->sw];
        }
    }
}

/* One input plane. */
static void direct_data(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct direct *d = user;
    const dio_conv_shape *s = d->s;
    int64_t channel = item % s->c, group = item / s->c % s->groups;
    int64_t image = item / s->c / s->groups, window = s->kh * s->kw;
    float *x = d->out + item * s->h * s->w;
    for (int64_t o = 0; o < s->o; o++) {
        const float *w = d->w + (group * s->o + o) * taps(s) + channel * window;
        const float *y = d->y + ((image * s->groups + group) * s->o + o) * s->oh * s->ow;
        for (int64_t k = 0; k < window; k++) {
            struct tap t = tap_of(s, k);
            for (int64_t oy = 0; oy < s->oh; oy++) {
                struct span p = span_of(s, &t, oy, 0, s->oh * s->ow);
                if (p.count && s->sw == 1)
                    d->cpu->fma_span(x + p.in, y + p.out, p.count, w[k]);
                else
                    for (int64_t i = 0; i < p.count; i++)
                        x[p.in + i * s->sw] += w[k] * y[p.out + i];
            }
        }
    }
}

/* The filter of one output channel: sums over images and rows, in their order. */
static void direct_weights(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct direct *d = user;
    const dio_conv_shape *s = d->s;
    int64_t group = item / s->o;
    for (int64_t k = 0; k < taps(s); k++) {
        struct tap t = tap_of(s, k);
        double sum = 0;
        for (int64_t image = 0; image < s->batch; image++) {
            const float *x =
                d->x + image * image_floats(s) + (group * s->c + t.channel) * s->h * s->w;
            const float *y = d->y + (image * s->groups * s->o + item) * s->oh * s->ow;
            for (int64_t oy = 0; oy < s->oh; oy++) {
                struct span p = span_of(s, &t, oy, 0, s->oh * s->ow);
                if (p.count && s->sw == 1)
                    sum += d->cpu->dot(y + p.out, x + p.in, p.count);
                else
                    for (int64_t i = 0; i < p.count; i++)
                        sum += (double)y[p.out + i] * x[p.in + i * s->sw];
            }
        }
        d->out[item * taps(s) + k] = (float)sum;
    }
}

void dio_conv_direct_forward(const dio_cpu *cpu, const dio_conv_shape *s, const float *x,
                             const float *w, float *y)
{
    struct direct d = {.cpu = cpu, .s = s, .x = x, .w = w, .out = y};
    dio_gang_run(s->batch * s->groups * s->o, direct_forward, &d);
}

void dio_conv_direct_data(const dio_cpu *cpu, const dio_conv_shape *s, const float *y,
                          const float *w, float *x)
{
    struct direct d = {.cpu = cpu, .s = s, .y = y, .w = w, .out = x};
    dio_gang_run(s->batch * s->groups * s->c, direct_data, &d);
}

void dio_conv_direct_weights(const dio_cpu *cpu, const dio_conv_shape *s, const float *x,
                             const float *y, float *w)
{
    struct direct d = {.cpu = cpu, .s = s, .x = x, .y = y, .out = w};
    dio_gang_run(s->groups * s->o, direct_weights, &d);
}
