/* resize.c: two passes of weighted means: along rows, then along columns.
 *
 * A row of the first pass and a row of the second each depend on nothing but their inputs, and a
 * sum runs over its taps in rising order: threads change nothing. The weights of a pass are
 * computed once, in double, and normalised; the first pass goes by pixels, the second by rows. */
#include "vision/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/str.h"
#include "vision/pixels.h"

/* ---- weights ---- */

/* For each place of the result `count[i]` weights from source place `first[i]` on; places may lie
 * outside when the picture wraps. */
struct taps {
    int length, most; /* of the result; weights a place */
    int *first, *count;
    float *weight; /* [length][most] */
};

static double sinc(double x)
{
    const double pi = 3.14159265358979323846;
    return x == 0 ? 1 : sin(pi * x) / (pi * x);
}

enum { LOBES = 3 };

/* Lanczos, "Applied Analysis", 1956: sinc, itself windowed by sinc's middle lobe. */
static double lanczos(double x)
{
    return fabs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

/* The part of source pixel `at` that lies within a..b. */
static double covered(int at, double a, double b)
{
    double from = at > a ? at : a, to = at + 1 < b ? at + 1 : b;
    return to > from ? to - from : 0;
}

/* The window of one place of the result, in source pixels. */
struct window {
    double centre, reach, stretch;
    bool area;
};

static double weigh(const struct window *w, int at)
{
    return w->area ? covered(at, w->centre - w->reach, w->centre + w->reach)
                   : lanczos((at + 0.5 - w->centre) / w->stretch);
}

static void find_taps(struct taps *t, int i, int source, bool area, bool wrap)
{
    double scale = (double)source / t->length, stretch = scale > 1 ? scale : 1;
    struct window w = {(i + 0.5) * scale, area ? scale / 2 : LOBES * stretch, stretch, area};
    int first = (int)floor(w.centre - w.reach), last = (int)ceil(w.centre + w.reach);
    if (!wrap) {
        first = first < 0 ? 0 : first;
        last = last > source ? source : last;
    }
    double sum = 0;
    float *out = t->weight + (size_t)i * (size_t)t->most;
    for (int at = first; at < last; at++)
        sum += weigh(&w, at);
    for (int at = first; at < last; at++)
        *out++ = (float)(weigh(&w, at) / sum);
    t->first[i] = first;
    t->count[i] = last - first;
}

static void free_taps(struct taps *t)
{
    free(t->first);
    free(t->count);
    free(t->weight);
}

static bool make_taps(struct taps *t, int source, int length, const dio_resize *how, bool wrap,
                      dio_error *err)
{
    bool area = how->filter == DIO_FILTER_AREA;
    double scale = (double)source / length;
    size_t bytes;
    t->length = length;
    /* From the floor of one end to the ceiling of the other, and rounding on both sides. */
    t->most = (int)ceil(area ? scale : 2 * LOBES * (scale > 1 ? scale : 1)) + 3;
    t->first = calloc((size_t)length, sizeof *t->first);
    t->count = calloc((size_t)length, sizeof *t->count);
    if (dio_mul_size((size_t)length * sizeof *t->weight, (size_t)t->most, &bytes))
        t->weight = malloc(bytes);
    if (!t->first || !t->count || !t->weight)
        return dio_fail_memory(err, "a picture's new size");
    for (int i = 0; i < length; i++)
        find_taps(t, i, source, area, wrap);
    return true;
}

/* ---- passes ---- */

struct pass {
    dio_pixels pixels;
    const dio_image *from;
    dio_image *middle; /* [H, new W], floats */
    dio_image *to;
    struct taps across, down;
    bool wrap_y;
    float *line; /* a source row a thread, with what lies beyond its ends */
    size_t line_floats;
    int before, after; /* how far rows are carried on at each end */
};

static int modulo(int a, int n)
{
    int m = a % n;
    return m < 0 ? m + n : m;
}

static void read_row(const struct pass *p, int y, float *line)
{
    int channels = p->from->form.channels, width = p->from->width;
    size_t size = dio_image_row_bytes(p->from) / (size_t)width;
    const unsigned char *row = dio_image_row(p->from, y);
    float *at = line + (size_t)p->before * (size_t)channels;
    for (int x = 0; x < width; x += DIO_SPAN) {
        int n = width - x < DIO_SPAN ? width - x : DIO_SPAN;
        dio_pixels_read(&p->pixels, &p->from->form, row + (size_t)x * size, n, &p->middle->form,
                        at + (size_t)x * (size_t)channels);
    }
    size_t pixel = (size_t)channels * sizeof *line;
    for (int x = -p->before; x < 0; x++)
        memcpy(at + (ptrdiff_t)x * channels, at + (size_t)modulo(x, width) * (size_t)channels,
               pixel);
    for (int x = width; x < width + p->after; x++)
        memcpy(at + (size_t)x * (size_t)channels, at + (size_t)modulo(x, width) * (size_t)channels,
               pixel);
}

/* The compiler makes one of these for each number of channels. */
static inline void across(const struct taps *t, const float *line, int before, int channels,
                          float *out)
{
    for (int i = 0; i < t->length; i++, out += channels) {
        const float *weight = t->weight + (size_t)i * (size_t)t->most;
        const float *in = line + (size_t)(t->first[i] + before) * (size_t)channels;
        float sum[4] = {0};
        for (int k = 0; k < t->count[i]; k++, in += channels)
            for (int c = 0; c < channels; c++)
                sum[c] += weight[k] * in[c];
        memcpy(out, sum, (size_t)channels * sizeof *out);
    }
}

static void across_row(void *user, int64_t y, int thread)
{
    const struct pass *p = user;
    float *line = p->line + (size_t)thread * p->line_floats;
    float *out = dio_image_row(p->middle, (int)y);
    read_row(p, (int)y, line);
    switch (p->from->form.channels) {
    case 1:
        across(&p->across, line, p->before, 1, out);
        break;
    case 2:
        across(&p->across, line, p->before, 2, out);
        break;
    case 3:
        across(&p->across, line, p->before, 3, out);
        break;
    default:
        across(&p->across, line, p->before, 4, out);
    }
}

static void down_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct pass *p = user;
    int y = (int)item, channels = p->to->form.channels, width = p->to->width;
    size_t size = dio_image_row_bytes(p->to) / (size_t)width;
    const float *weight = p->down.weight + (size_t)y * (size_t)p->down.most;
    unsigned char *row = dio_image_row(p->to, y);
    float sum[DIO_SPAN * 4];
    for (int x = 0; x < width; x += DIO_SPAN) {
        int n = width - x < DIO_SPAN ? width - x : DIO_SPAN;
        memset(sum, 0, sizeof sum);
        for (int k = 0; k < p->down.count[y]; k++) {
            int at = p->down.first[y] + k;
            at = p->wrap_y ? modulo(at, p->middle->height) : at;
            const float *in =
                (const float *)dio_image_row(p->middle, at) + (size_t)x * (size_t)channels;
            for (int i = 0; i < n * channels; i++)
                sum[i] += weight[k] * in[i];
        }
        dio_pixels_write(&p->pixels, &p->middle->form, sum, n, &p->to->form,
                         row + (size_t)x * size);
    }
}

static bool prepare(struct pass *p, const dio_resize *how, int width, int height, dio_error *err)
{
    const dio_image *from = p->from;
    dio_form form = {DIO_DEPTH_F32, how->coded ? from->form.curve : DIO_CURVE_LINEAR,
                     from->form.channels, true};
    p->wrap_y = how->wrap_y;
    if (!make_taps(&p->across, from->width, width, how, how->wrap_x, err) ||
        !make_taps(&p->down, from->height, height, how, how->wrap_y, err))
        return false;
    for (int i = 0; i < width; i++) {
        int first = p->across.first[i], last = first + p->across.count[i] - from->width;
        p->before = -first > p->before ? -first : p->before;
        p->after = last > p->after ? last : p->after;
    }
    p->line_floats = (size_t)(p->before + from->width + p->after) * (size_t)form.channels;
    p->line = malloc((size_t)dio_gang_size() * p->line_floats * sizeof *p->line);
    if (!p->line)
        return dio_fail_memory(err, "a picture's new size");
    p->middle = dio_image_create(width, from->height, &form, err);
    return p->middle != NULL;
}

/* ---- nearest ---- */

static void nearest_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct pass *p = user;
    const dio_image *from = p->from, *to = p->to;
    size_t size = dio_image_row_bytes(to) / (size_t)to->width;
    int64_t y = (2 * item + 1) * from->height / (2 * (int64_t)to->height);
    const unsigned char *in = dio_image_row(from, (int)y);
    unsigned char *out = dio_image_row(to, (int)item);
    for (int64_t i = 0; i < to->width; i++)
        memcpy(out + (size_t)i * size,
               in + (size_t)((2 * i + 1) * from->width / (2 * (int64_t)to->width)) * size, size);
}

dio_image *dio_image_resize(dio_image *image, int width, int height, const dio_resize *how,
                            dio_error *err)
{
    static const dio_resize plain;
    how = how ? how : &plain;
    struct pass p = {.from = image};
    if (width == image->width && height == image->height)
        return dio_image_ref(image);
    p.to = dio_image_like(image, width, height, &image->form, err);
    bool ok = p.to != NULL;
    if (ok && how->filter == DIO_FILTER_NEAREST) {
        dio_gang_run(height, nearest_row, &p);
    } else if (ok && (ok = prepare(&p, how, width, height, err))) {
        dio_srgb_bytes_init(&p.pixels.bytes);
        dio_gang_run(image->height, across_row, &p);
        dio_gang_run(height, down_row, &p);
    }
    free_taps(&p.across);
    free_taps(&p.down);
    free(p.line);
    dio_image_unref(p.middle);
    if (ok)
        return p.to;
    dio_image_unref(p.to);
    return NULL;
}
