/* conv.c: convolution as matrix products over unfolded columns.
 *
 * The columns of a group are [K, P]: K = c*kh*kw taps, P = oh*ow places. Forward is w [o,K] x
 * columns, the data's gradient folds w^T x y back. Columns are made for a block of places at a
 * time, which keeps them in cache and bounds the scratch; the blocks follow from the shape alone
 * and every sum runs in rising order, so neither threads nor the batch change a bit. Groups of a
 * few channels go to conv_direct.c, signals to line.c, 3x3 kernels of stride 1 to winograd.c, other
 * kernels over pictures of many channels to oneDNN; the kernel's gradient is in conv_weights.c. */
#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/conv_span.h"
#include "tensor/cpu/gemm.h"
#include "tensor/cpu/line.h"
#include "tensor/cpu/onednn.h"
#include "tensor/cpu/toom.h"
#include "tensor/cpu/winograd.h"

/* Floats of columns made at a time: 4 MB, so that the packed copy and the columns share L2 + L3. */
enum { BLOCK_FLOATS = 1 << 20, BLOCK_PLACES = 64, IMAGES = 32, DIRECT = 16 };

/* Depthwise and its like: too few channels a group to fill a matrix product. */
static bool is_direct(const dio_conv_shape *s)
{
    return s->groups > 1 && s->c * s->o <= DIRECT;
}

/* 3x3 with stride 1 is a product of transforms: forward, and to the data with the kernel's taps in
 * reverse and its channels exchanged. */
static bool is_three(const dio_conv_shape *s)
{
    return s->groups == 1 && s->kh == 3 && s->kw == 3 && s->sh == 1 && s->sw == 1 && s->dh == 1 &&
           s->dw == 1;
}

static bool is_wino(const dio_conv_shape *s, bool back)
{
    if (!is_three(s))
        return false;
    return back ? dio_wino_tile(s->o, s->c, s->h, s->w) : dio_wino_tile(s->c, s->o, s->oh, s->ow);
}

static bool is_wino_weights(const dio_conv_shape *s)
{
    return is_three(s) && dio_wino_weights_serve(s->c, s->o, s->oh, s->ow);
}

static dio_wino wino_of(const dio_conv_shape *s, bool back)
{
    if (back)
        return (dio_wino){.batch = s->batch,
                          .c = s->o,
                          .o = s->c,
                          .h = s->oh,
                          .w = s->ow,
                          .oh = s->h,
                          .ow = s->w,
                          .py = 2 - s->ph,
                          .px = 2 - s->pw,
                          .lane = 9,
                          .channel = s->c * 9,
                          .flip = true,
                          .dtype = s->kernel};
    return (dio_wino){.batch = s->batch,
                      .c = s->c,
                      .o = s->o,
                      .h = s->h,
                      .w = s->w,
                      .oh = s->oh,
                      .ow = s->ow,
                      .py = s->ph,
                      .px = s->pw,
                      .lane = s->c * 9,
                      .channel = 9,
                      .dtype = s->kernel};
}

/* A 1x1 kernel that moves nothing: x is its own columns. */
static bool is_pointwise(const dio_conv_shape *s)
{
    return s->kh == 1 && s->kw == 1 && s->sh == 1 && s->sw == 1 && s->ph == 0 && s->pw == 0;
}

/* Signals, but for those that are their own columns: a matrix product takes them as they are. */
bool dio_conv_by_line(const dio_conv_shape *s)
{
    return !is_pointwise(s) && !is_direct(s) && dio_line_serves(s);
}

static int64_t block_places(const dio_conv_shape *s)
{
    int64_t all = s->oh * s->ow, k = taps(s);
    int64_t fit = k ? BLOCK_FLOATS / k / BLOCK_PLACES * BLOCK_PLACES : all;
    if (fit < BLOCK_PLACES)
        fit = BLOCK_PLACES;
    return fit < all ? fit : all;
}

/* Images whose columns are made together, when one image does not fill a block. */
static int64_t block_images(const dio_conv_shape *s)
{
    int64_t columns = taps(s) * s->oh * s->ow;
    int64_t n = columns ? BLOCK_FLOATS / columns : 1;
    n = n < 1 ? 1 : n > IMAGES ? IMAGES : n;
    return n < s->batch ? n : s->batch;
}

static size_t columns_bytes(const dio_conv_shape *s)
{
    size_t floats = (size_t)(taps(s) * block_places(s) * block_images(s));
    return (floats * sizeof(float) + 63) / 64 * 64;
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Of the products over columns, either way. */
static size_t product_work(const dio_cpu *cpu, const dio_conv_shape *s)
{
    int64_t k = taps(s), p = block_places(s);
    dio_gemm forward = {.m = s->o, .n = p, .k = k, .a_row = k, .a_col = 1, .b_row = p, .b_col = 1};
    dio_gemm data = {.m = k, .n = p, .k = s->o, .a_row = 1, .a_col = k, .b_row = p, .b_col = 1};
    return columns_bytes(s) + largest(dio_gemm_work(cpu, &forward), dio_gemm_work(cpu, &data));
}

static size_t line_work(const dio_cpu *cpu, const dio_conv_shape *s)
{
    const dio_line forward = {.s = s}, data = {.s = s, .back = true};
    const size_t tiles = dio_toom_serves(s) ? dio_toom_work(cpu, &forward) : 0;
    return largest(tiles, largest(dio_line_work(cpu, &forward), dio_line_work(cpu, &data)));
}

size_t dio_conv_work(const dio_cpu *cpu, const dio_conv_shape *s)
{
    if (is_direct(s))
        return (size_t)(s->kernel == DIO_F32 ? 0 : s->groups * s->o * taps(s)) * sizeof(float);
    size_t most = dio_conv_by_line(s) ? line_work(cpu, s) : product_work(cpu, s);
    most = largest(most, dio_conv_weights_work(cpu, s));
    for (int back = 0; back < 2; back++)
        if (is_wino(s, back)) {
            const dio_wino wino = wino_of(s, back);
            most = largest(most, dio_wino_work(cpu, &wino));
        }
    if (is_wino_weights(s)) {
        const dio_wino wino = wino_of(s, false);
        most = largest(most, dio_wino_weights_work(cpu, &wino));
    }
    const bool all_wino = is_wino(s, false) && is_wino(s, true);
    return !all_wino && dio_onednn_serves(cpu, s) ? largest(most, dio_onednn_work(s)) : most;
}

/* --- columns --- */

struct unfold {
    const dio_cpu *cpu;
    const dio_conv_shape *s;
    const float *from; /* x of the first image and group */
    float *to;         /* of the same, when folding */
    float *columns;    /* [images][K][to - from] */
    int64_t first, last;
};

static void unfold_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct unfold *u = user;
    const dio_conv_shape *s = u->s;
    int64_t image = item / taps(s), places = u->last - u->first;
    struct tap t = tap_of(s, item % taps(s));
    const float *x = u->from + image * image_floats(s) + t.channel * s->h * s->w;
    float *row = u->columns + item * places;
    unfold_tap(s, &t, x, u->first, u->last, row);
}

/* One channel takes back what its taps hold, in the taps' order. */
static void fold_channel(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct unfold *u = user;
    const dio_conv_shape *s = u->s;
    int64_t image = item / s->c, channel = item % s->c, places = u->last - u->first;
    float *x = u->to + image * image_floats(s) + channel * s->h * s->w;
    int64_t first = channel * s->kh * s->kw;
    for (int64_t k = first; k < first + s->kh * s->kw; k++) {
        struct tap t = tap_of(s, k);
        const float *row = u->columns + (image * taps(s) + k) * places;
        for (int64_t oy = u->first / s->ow; oy * s->ow < u->last; oy++) {
            struct span p = span_of(s, &t, oy, u->first, u->last);
            if (p.count && s->sw == 1)
                u->cpu->add(x + p.in, x + p.in, row + p.out, p.count, 1, 1);
            else
                for (int64_t i = 0; i < p.count; i++)
                    x[p.in + i * s->sw] += row[p.out + i];
        }
    }
}

/* --- filling with the bias --- */

struct fill {
    const float *bias; /* [channels] or NULL for zeros */
    float *to;
    int64_t channels, size;
};

static void fill_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct fill *f = user;
    float *to = f->to + item * f->size;
    float b = f->bias ? f->bias[item % f->channels] : 0;
    for (int64_t i = 0; i < f->size; i++)
        to[i] = b;
}

static void fill_bias(const float *bias, float *to, int64_t batch, int64_t channels, int64_t size)
{
    struct fill f = {bias, to, channels, size};
    dio_gang_run(batch * channels, fill_plane, &f);
}

static void add_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct fill *f = user;
    float *to = f->to + item * f->size, b = f->bias[item % f->channels];
    for (int64_t i = 0; i < f->size; i++)
        to[i] += b;
}

static void add_bias(const float *bias, float *to, int64_t batch, int64_t channels, int64_t size)
{
    struct fill f = {bias, to, channels, size};
    if (bias)
        dio_gang_run(batch * channels, add_plane, &f);
}

/* --- by matrix products --- */

/* One step of the walk over groups, images and places. */
struct step {
    int64_t group, image, images, first, last;
};

typedef void step_fn(void *user, const struct step *step);

static void walk(const dio_conv_shape *s, step_fn *fn, void *user)
{
    int64_t places = s->oh * s->ow, block = block_places(s), images = block_images(s);
    if (!places || !taps(s))
        return;
    for (int64_t group = 0; group < s->groups; group++)
        for (int64_t image = 0; image < s->batch; image += images)
            for (int64_t first = 0; first < places; first += block) {
                int64_t last = first + block < places ? first + block : places;
                int64_t n = s->batch - image < images ? s->batch - image : images;
                struct step step = {group, image, n, first, last};
                fn(user, &step);
            }
}

struct product {
    const dio_cpu *cpu;
    const dio_conv_shape *s;
    const float *x, *y, *bias;
    const void *w;
    float *out;
    float *columns;
    void *gemm_work;
};

static struct product product_of(const dio_cpu *cpu, const dio_conv_shape *s, void *work)
{
    return (struct product){
        .cpu = cpu, .s = s, .columns = work, .gemm_work = (char *)work + columns_bytes(s)};
}

static int64_t x_at(const dio_conv_shape *s, const struct step *t)
{
    return t->image * image_floats(s) + t->group * s->c * s->h * s->w;
}

static int64_t y_at(const dio_conv_shape *s, const struct step *t, int64_t i)
{
    return ((t->image + i) * s->groups + t->group) * s->o * s->oh * s->ow + t->first;
}

/* The kernel of a step's group. */
static const void *kernel_of(const struct product *p, const struct step *t)
{
    const size_t size = dio_dtype_size(p->s->kernel);
    return (const char *)p->w + (size_t)(t->group * p->s->o * taps(p->s)) * size;
}

/* The columns of image i of a step and the distance of their rows. */
static const float *columns_of(const struct product *p, const struct step *t, int64_t i,
                               int64_t *row)
{
    const dio_conv_shape *s = p->s;
    if (is_pointwise(s)) {
        *row = s->h * s->w;
        return p->x + x_at(s, t) + i * image_floats(s) + t->first;
    }
    *row = t->last - t->first;
    return p->columns + i * taps(s) * *row;
}

static void unfold(const struct product *p, const struct step *t)
{
    struct unfold u = {.cpu = p->cpu,
                       .s = p->s,
                       .from = p->x + x_at(p->s, t),
                       .columns = p->columns,
                       .first = t->first,
                       .last = t->last};
    if (!is_pointwise(p->s))
        dio_gang_run(t->images * taps(p->s), unfold_row, &u);
}

static void step_forward(void *user, const struct step *t)
{
    const struct product *p = user;
    const dio_conv_shape *s = p->s;
    dio_gemm g[IMAGES];
    unfold(p, t);
    for (int64_t i = 0; i < t->images; i++) {
        int64_t row;
        const float *b = columns_of(p, t, i, &row);
        g[i] = (dio_gemm){.m = s->o,
                          .n = t->last - t->first,
                          .k = taps(s),
                          .a = kernel_of(p, t),
                          .a_dtype = s->kernel,
                          .a_row = taps(s),
                          .a_col = 1,
                          .b = b,
                          .b_dtype = DIO_F32,
                          .b_row = row,
                          .b_col = 1,
                          .c = p->out + y_at(s, t, i),
                          .c_row = s->oh * s->ow,
                          .row_bias = p->bias ? p->bias + t->group * s->o : NULL};
    }
    dio_gemm_run(p->cpu, g, (int)t->images, p->gemm_work);
}

static void step_data(void *user, const struct step *t)
{
    const struct product *p = user;
    const dio_conv_shape *s = p->s;
    bool direct = is_pointwise(s);
    int64_t places = t->last - t->first;
    dio_gemm g[IMAGES];
    for (int64_t i = 0; i < t->images; i++) {
        float *to = direct ? p->out + x_at(s, t) + i * image_floats(s) + t->first
                           : p->columns + i * taps(s) * places;
        g[i] = (dio_gemm){.m = taps(s),
                          .n = places,
                          .k = s->o,
                          .a = kernel_of(p, t),
                          .a_dtype = s->kernel,
                          .a_row = 1,
                          .a_col = taps(s),
                          .b = p->y + y_at(s, t, i),
                          .b_dtype = DIO_F32,
                          .b_row = s->oh * s->ow,
                          .b_col = 1,
                          .c = to,
                          .c_row = direct ? s->h * s->w : places,
                          .accumulate = direct};
    }
    dio_gemm_run(p->cpu, g, (int)t->images, p->gemm_work);
    struct unfold u = {.cpu = p->cpu,
                       .s = s,
                       .to = p->out + x_at(s, t),
                       .columns = p->columns,
                       .first = t->first,
                       .last = t->last};
    if (!direct)
        dio_gang_run(t->images * s->c, fold_channel, &u);
}

/* --- the three --- */

static void by_wino(const dio_cpu *cpu, dio_wino p, const float *x, const void *w,
                    const float *bias, float *y, void *work)
{
    p.x = x;
    p.kernel = w;
    p.bias = bias;
    p.y = y;
    dio_wino_run(cpu, &p, work);
}

void dio_cpu_conv_line(const dio_cpu *cpu, const dio_line *p, void *work)
{
    if (dio_toom_serves(p->s))
        dio_toom_run(cpu, p, work);
    else
        dio_line_run(cpu, p, work);
}

void dio_cpu_conv(const dio_cpu *cpu, const dio_conv_shape *s, const float *x, const void *w,
                  const float *bias, float *y, void *work)
{
    if (is_wino(s, false)) {
        by_wino(cpu, wino_of(s, false), x, w, bias, y, work);
        return;
    }
    if (dio_conv_by_line(s)) {
        const dio_line line = {.s = s, .x = x, .kernel = w, .bias = bias, .y = y};
        dio_cpu_conv_line(cpu, &line, work);
        return;
    }
    if (dio_onednn_serves(cpu, s) && dio_onednn_conv(s, x, w, bias, y, work))
        return;
    if (is_direct(s) || !taps(s))
        fill_bias(bias, y, s->batch, s->groups * s->o, s->oh * s->ow);
    if (is_direct(s)) {
        if (s->kernel != DIO_F32)
            cpu->to_f32(work, w, (int)s->kernel, s->groups * s->o * taps(s));
        dio_conv_direct_forward(cpu, s, x, s->kernel != DIO_F32 ? work : w, y);
        return;
    }
    struct product p = product_of(cpu, s, work);
    p.x = x, p.w = w, p.bias = bias, p.out = y;
    walk(s, step_forward, &p);
}

void dio_cpu_conv_data(const dio_cpu *cpu, const dio_conv_shape *s, const float *y, const float *w,
                       const float *bias, float *x, void *work)
{
    if (is_wino(s, true)) {
        by_wino(cpu, wino_of(s, true), y, w, bias, x, work);
        return;
    }
    if (dio_conv_by_line(s)) {
        const dio_line line = {.s = s, .back = true, .x = y, .kernel = w, .bias = bias, .y = x};
        dio_line_run(cpu, &line, work);
        return;
    }
    if (dio_onednn_serves(cpu, s) && dio_onednn_conv_data(s, y, w, x, work)) {
        add_bias(bias, x, s->batch, s->groups * s->c, s->h * s->w);
        return;
    }
    fill_bias(bias, x, s->batch, s->groups * s->c, s->h * s->w);
    if (is_direct(s)) {
        dio_conv_direct_data(cpu, s, y, w, x);
        return;
    }
    struct product p = product_of(cpu, s, work);
    p.y = y, p.w = w, p.out = x;
    walk(s, step_data, &p);
}

void dio_cpu_conv_weights(const dio_cpu *cpu, const dio_conv_shape *s, const float *x,
                          const float *y, float *w, void *work)
{
    if (is_direct(s)) {
        dio_conv_direct_weights(cpu, s, x, y, w);
        return;
    }
    if (is_wino_weights(s)) {
        dio_wino p = wino_of(s, false);
        p.x = x;
        p.y = (float *)(uintptr_t)y;
        dio_wino_weights_run(cpu, &p, w, work);
        return;
    }
    dio_conv_weights_run(cpu, s, x, y, w, work);
}
