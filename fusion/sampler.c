/* sampler.c: weights once a frame, then rows.
 * A row of the picture's 16-bit numbers is mixed down its columns first, in long vectors; what
 * comes out lies in the first cache when its pixels are mixed along the row. */
#include "fusion/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rows.h"
#include "vision/resize.h"

typedef float vec4 __attribute__((vector_size(16)));
typedef int32_t mask4 __attribute__((vector_size(16)));

/* Catmull and Rom 1974: cubic through its points; zero from 2 on. */
static double cubic(double x)
{
    x = fabs(x);
    return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/* ---- weights ---- */

static bool make_room(dio_axis *a, size_t n, size_t taps, dio_error *err)
{
    if (a->firsts < n) {
        free(a->first);
        a->firsts = 0;
        if (!(a->first = malloc(n * sizeof *a->first)))
            return dio_fail_memory(err, "a frame's weights");
        a->firsts = n;
    }
    if (a->weights < n * taps) {
        free(a->weight);
        a->weights = 0;
        if (!(a->weight = malloc(n * taps * sizeof *a->weight)))
            return dio_fail_memory(err, "a frame's weights");
        a->weights = n * taps;
    }
    return true;
}

/* How many pixels the widened cubic reaches over. */
static int reach(double stretch)
{
    return 2 * (int)ceil(2 * stretch - 1e-9);
}

/* Weights of one pixel about `centre`; those beyond the edge go to the pixel at the edge. */
static void weigh(dio_axis *a, int i, double centre, double stretch, int source, float cover)
{
    int wide = reach(stretch), begin = (int)floor(centre - 0.5) - wide / 2 + 1;
    int first = begin < 0 ? 0 : begin + a->taps > source ? source - a->taps : begin;
    float *w = a->weight + (size_t)i * (size_t)a->taps;
    double sum = 0, exact[4 * DIO_AXIS_MOST + 2];
    memset(exact, 0, (size_t)a->taps * sizeof *exact);
    for (int k = begin; k < begin + wide; k++) {
        double v = cubic((k + 0.5 - centre) / stretch);
        exact[(k < 0 ? 0 : k >= source ? source - 1 : k) - first] += v;
        sum += v;
    }
    for (int k = 0; k < a->taps; k++)
        w[k] = (float)(exact[k] / sum) * cover;
    a->first[i] = first;
}

/* True when pixels meet pixels: then one tap does. */
static bool meets(int source, double start, double end)
{
    return fabs(start - rint(start)) < 1e-4 && fabs(end - start - source) < 1e-4;
}

bool dio_axis_set(dio_axis *a, int source, double start, double end, int least, int limit,
                  dio_error *err)
{
    double step = source / (end - start), stretch = step > 1 ? step : 1;
    a->plain = meets(source, start, end);
    if (a->plain) {
        start = rint(start);
        end = start + source;
    }
    least = least > limit ? limit : least;
    a->from = start <= least ? least : start >= limit ? limit : (int)floor(start);
    a->to = end >= limit ? limit : end <= least ? least : (int)ceil(end);
    a->taps = a->plain ? 1 : reach(fmin(stretch, DIO_AXIS_MOST));
    a->taps = a->taps < source ? a->taps : source;
    a->whole = true;
    a->low = source;
    a->high = 0;
    if (a->to <= a->from)
        return true;
    if (!(stretch <= DIO_AXIS_MOST))
        return dio_fail(err, "a picture of %d pixels is shown on %.1f; %d to 1 is the most", source,
                        end - start, DIO_AXIS_MOST);
    if (!make_room(a, (size_t)(a->to - a->from), (size_t)a->taps, err))
        return false;
    for (int x = a->from; x < a->to; x++) {
        double cover = fmin(x + 1, end) - fmax(x, start);
        if (cover > 1 - 1e-4)
            cover = 1;
        a->whole = a->whole && cover == 1;
        int i = x - a->from;
        if (a->plain) {
            a->first[i] = x - (int)start;
            a->weight[i] = 1;
        } else {
            double centre = (x + 0.5 - start) * step;
            centre = fmin(fmax(centre, 0.5), source - 0.5);
            weigh(a, i, centre, stretch, source, (float)cover);
        }
        a->low = a->first[i] < a->low ? a->first[i] : a->low;
        a->high = a->first[i] + a->taps > a->high ? a->first[i] + a->taps : a->high;
    }
    return true;
}

void dio_axis_deinit(dio_axis *a)
{
    free(a->first);
    free(a->weight);
    *a = (dio_axis){0};
}

/* ---- rows ---- */

size_t dio_sample_scratch(const dio_axis *x)
{
    return 4 * (size_t)(x->high > x->low ? x->high - x->low : 0);
}

#define INLINE static inline __attribute__((always_inline))

/* out[n] = sum over rows of weight times row; `more` adds to what is there. */
INLINE void mix_rows(const uint16_t *const *row, const float *w, int rows, bool more, size_t n,
                     float *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        float v = more ? out[i] : 0;
        for (int k = 0; k < rows; k++)
            v += w[k] * (float)row[k][i];
        out[i] = v;
    }
}

DIO_WIDE static void down(const uint16_t *const *row, const float *w, int rows, size_t n,
                          float *restrict out)
{
    switch (rows) {
    case 1:
        mix_rows(row, w, 1, false, n, out);
        return;
    case 4:
        mix_rows(row, w, 4, false, n, out);
        return;
    case 6:
        mix_rows(row, w, 6, false, n, out);
        return;
    default:
        break;
    }
    int done = 0;
    for (; done + 4 <= rows; done += 4)
        mix_rows(row + done, w + done, 4, done > 0, n, out);
    for (; done < rows; done++)
        mix_rows(row + done, w + done, 1, done > 0, n, out);
}

/* Overshoot of the cubic goes no further than black: what is added later must stay light. */
INLINE vec4 positive(vec4 v)
{
    const vec4 zero = {0, 0, 0, 0};
    return (vec4)((mask4)v & (v > zero));
}

INLINE void mix_pixels(const float *row, const int *first, const float *w, int taps, int n,
                       float *restrict out)
{
    for (int x = 0; x < n; x++, w += taps) {
        const float *p = row + 4 * (ptrdiff_t)first[x];
        vec4 sum = {0, 0, 0, 0};
        for (int k = 0; k < taps; k++) {
            vec4 v;
            memcpy(&v, p + 4 * k, sizeof v);
            sum += v * w[k];
        }
        sum = positive(sum);
        memcpy(out + 4 * (size_t)x, &sum, sizeof sum);
    }
}

DIO_WIDE static void along(const float *row, const int *first, const float *w, int taps, int n,
                           float *restrict out)
{
    if (taps == 4)
        mix_pixels(row, first, w, 4, n, out);
    else if (taps == 6)
        mix_pixels(row, first, w, 6, n, out);
    else if (taps == 8)
        mix_pixels(row, first, w, 8, n, out);
    else
        mix_pixels(row, first, w, taps, n, out);
}

enum { AT_ONCE = 32 }; /* rows of the picture mixed in one go; a multiple of four */

void dio_sample_row(const dio_image *light, const dio_axis *x, const dio_axis *rows, int y,
                    float *scratch, float *out)
{
    int i = y - rows->from, n = x->to - x->from;
    bool plain = x->plain;
    size_t wide = plain ? 4 * (size_t)n : dio_sample_scratch(x);
    const uint16_t *row[AT_ONCE];
    float w[AT_ONCE], *to = plain ? out : scratch;
    for (int done = 0; done < rows->taps; done += AT_ONCE) {
        int count = rows->taps - done < AT_ONCE ? rows->taps - done : AT_ONCE;
        for (int k = 0; k < count; k++) {
            row[k] = (const uint16_t *)dio_image_row(light, rows->first[i] + done + k) +
                     4 * (size_t)(plain ? x->first[0] : x->low);
            w[k] = rows->weight[(size_t)i * (size_t)rows->taps + (size_t)(done + k)] / 65535;
        }
        if (!done)
            down(row, w, count, wide, to);
        for (int k = 0; done && k < count; k++)
            mix_rows(row + k, w + k, 1, true, wide, to);
    }
    if (!plain)
        along(scratch - 4 * (ptrdiff_t)x->low, x->first, x->weight, x->taps, n, out);
    else if (rows->taps > 1)
        for (size_t k = 0; k < wide; k++)
            out[k] = out[k] > 0 ? out[k] : 0;
}

/* ---- turned ---- */

/* Weights of at most eight pixels from *first on, zero where the picture is not. */
static int point_weights(double at, double stretch, int source, int *first, float w[8])
{
    int taps = stretch > 1.5 ? 8 : stretch > 1 ? 6 : 4, begin = (int)floor(at - 0.5) - taps / 2 + 1;
    double sum = 0, exact[8];
    for (int k = 0; k < taps; k++)
        sum += exact[k] = cubic((begin + k + 0.5 - at) / stretch);
    for (int k = 0; k < taps; k++)
        w[k] = begin + k < 0 || begin + k >= source ? 0 : (float)(exact[k] / sum);
    *first = begin;
    return taps;
}

static vec4 point(const dio_image *light, double u, double v, double su, double sv)
{
    float wu[8], wv[8];
    int x, y, nx = point_weights(u, su, light->width, &x, wu);
    int ny = point_weights(v, sv, light->height, &y, wv);
    vec4 sum = {0, 0, 0, 0};
    for (int i = 0; i < ny; i++) {
        if (wv[i] == 0)
            continue;
        const uint16_t *row = dio_image_row(light, y + i);
        for (int k = 0; k < nx; k++) {
            if (wu[k] == 0)
                continue;
            const uint16_t *p = row + 4 * (ptrdiff_t)(x + k);
            vec4 q = {p[0], p[1], p[2], p[3]};
            sum += q * (wu[k] * wv[i]);
        }
    }
    return positive(sum * (1.0f / 65535));
}

void dio_sample_turned(const dio_image *light, const dio_turned *t, int x, int y, int n, float *out)
{
    double su = fmin(fmax(hypot(t->a, t->b), 1), 2), sv = fmin(fmax(hypot(t->d, t->e), 1), 2);
    for (int i = 0; i < n; i++, out += 4) {
        double px = x + i + 0.5, py = y + 0.5;
        double u = t->a * px + t->b * py + t->c, v = t->d * px + t->e * py + t->f;
        vec4 p = {0, 0, 0, 0};
        if (u > -4 && v > -4 && u < light->width + 4 && v < light->height + 4)
            p = point(light, u, v, su, sv);
        memcpy(out, &p, sizeof p);
    }
}

bool dio_light_levels(dio_image *light, int levels, dio_image *out[DIO_LEVELS], dio_error *err)
{
    const dio_resize mean = {.filter = DIO_FILTER_AREA};
    out[0] = dio_image_ref(light);
    for (int i = 1; i < levels; i++) {
        int w = (out[i - 1]->width + 1) / 2, h = (out[i - 1]->height + 1) / 2;
        if (!(out[i] = dio_image_resize(out[i - 1], w, h, &mean, err)))
            return false;
    }
    return true;
}
