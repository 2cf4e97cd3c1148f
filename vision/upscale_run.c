/* upscale_run.c: a picture through an upscaler: alpha, then colours, each as maps of floats.
 *
 * The network is given sRGB, straight, 0..1. A grey picture goes in thrice, and what comes out is
 * weighed into one by luma, as Real-ESRGAN's own program does; so is alpha. Sides that the network
 * cannot fold are made longer by a mirror at their far edge, and the result is cut. */
#include <math.h>
#include <stdlib.h>

#include "base/gang.h"
#include "base/room.h"
#include "vision/pixels.h"
#include "vision/upscale_tiles.h"

enum { USUAL_LIMIT = 2000000000 };

struct run {
    const dio_upscaler *u;
    dio_device *device;
    const dio_upscaler_options *o;
    const dio_image *in;
    int64_t h, w;       /* of the picture, with what was added to fold it */
    size_t limit, held; /* bytes for maps and plans; of maps that wait */
    int passes, pass;
    double weight, before, running; /* of all stages, those done, the running one */
};

/* --- maps --- */

static size_t map_bytes(const dio_map *m)
{
    return m->data ? (size_t)(m->channels * m->h * m->w) * sizeof *m->data : 0;
}

static bool map_init(struct run *r, dio_map *m, int64_t channels, int64_t h, int64_t w,
                     dio_error *err)
{
    size_t bytes = (size_t)(channels * h * w) * sizeof *m->data;
    if (r->held + bytes > r->limit)
        return dio_fail_retry(err,
                              "making %dx%d pixels larger takes %.1f MB for the network's features "
                              "and the limit is %.1f MB: cut the picture, or allow more",
                              r->in->width, r->in->height, (double)(r->held + bytes) / 1e6,
                              (double)r->limit / 1e6);
    *m = (dio_map){.data = malloc(bytes), .channels = channels, .h = h, .w = w};
    if (!m->data)
        return dio_fail_memory(err, "a picture's features");
    r->held += bytes;
    return true;
}

static void map_deinit(struct run *r, dio_map *m)
{
    r->held -= map_bytes(m);
    free(m->data);
    *m = (dio_map){0};
}

/* --- pixels to a map --- */

static float luma(const float rgb[3])
{
    return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

struct read {
    const struct run *r;
    dio_map *to;
    dio_pixels pixels;
    bool alpha; /* is what is read */
};

/* Rows and columns beyond the far edge mirror those before it. */
static int64_t mirror(int64_t at, int64_t size)
{
    int64_t back = 2 * size - 2 - at;
    return at < size ? at : back > 0 ? back : 0;
}

/* Where number (c, y, x) of the picture lies: folding puts fold x fold pixels side by side as
 * channels, in the order of torch's pixel_unshuffle. */
static float *place(const dio_map *m, int fold, int64_t c, int64_t y, int64_t x)
{
    int64_t channel = (c * fold + y % fold) * fold + x % fold;
    return m->data + (channel * m->h + y / fold) * m->w + x / fold;
}

static float number_of(const struct read *d, const float v[4], int c)
{
    if (d->alpha)
        return v[3];
    return d->r->u->shape.channels == 1 ? luma(v) : v[c];
}

static void read_row(void *user, int64_t y, int thread)
{
    (void)thread;
    static const dio_form rgba = {DIO_DEPTH_F32, DIO_CURVE_SRGB, 4, false};
    const struct read *d = user;
    const dio_image *in = d->r->in;
    const dio_upscaler_shape *s = &d->r->u->shape;
    const char *row = dio_image_row(in, (int)mirror(y, in->height));
    size_t pixel = (size_t)in->form.channels * dio_depth_bytes(in->form.depth);
    float span[4 * DIO_SPAN];
    for (int x = 0; x < in->width; x += DIO_SPAN) {
        int n = in->width - x < DIO_SPAN ? in->width - x : DIO_SPAN;
        dio_pixels_read(&d->pixels, &in->form, row + (size_t)x * pixel, n, &rgba, span);
        for (int i = 0; i < n; i++)
            for (int c = 0; c < s->channels; c++)
                *place(d->to, s->multiple, c, y, x + i) = number_of(d, span + 4 * i, c);
    }
    for (int64_t x = in->width; x < d->r->w; x++)
        for (int c = 0; c < s->channels; c++)
            *place(d->to, s->multiple, c, y, x) =
                *place(d->to, s->multiple, c, y, mirror(x, in->width));
}

static bool read_map(struct run *r, dio_map *m, bool alpha, dio_error *err)
{
    const dio_upscaler_shape *s = &r->u->shape;
    int64_t fold = s->multiple;
    if (!map_init(r, m, s->channels * fold * fold, r->h / fold, r->w / fold, err))
        return false;
    struct read d = {.r = r, .to = m, .alpha = alpha};
    dio_srgb_bytes_init(&d.pixels.bytes);
    dio_gang_run(r->h, read_row, &d);
    return true;
}

/* --- maps to pixels --- */

struct write {
    dio_image *to;
    const dio_map *colours, *alpha; /* alpha has no data where nothing shows through */
    dio_pixels pixels;
};

static float limited(float v)
{
    return v > 0 ? v < 1 ? v : 1 : 0;
}

/* RGB of pixel i of a map; a grey network's number thrice. */
static void colour_at(const dio_map *m, int64_t i, float v[3])
{
    for (int c = 0; c < 3; c++)
        v[c] = limited(m->data[(m->channels == 1 ? 0 : c) * m->h * m->w + i]);
}

static float grey_at(const dio_map *m, int64_t i)
{
    float v[3];
    colour_at(m, i, v);
    return m->channels == 1 ? v[0] : luma(v);
}

static void write_row(void *user, int64_t y, int thread)
{
    (void)thread;
    const struct write *d = user;
    const dio_form *form = &d->to->form;
    bool grey = form->channels < 3;
    dio_form as = {DIO_DEPTH_F32, DIO_CURVE_SRGB, grey ? 2 : 4, false};
    char *row = dio_image_row(d->to, (int)y);
    size_t pixel = (size_t)form->channels * dio_depth_bytes(form->depth);
    float span[4 * DIO_SPAN];
    for (int x = 0; x < d->to->width; x += DIO_SPAN) {
        int n = d->to->width - x < DIO_SPAN ? d->to->width - x : DIO_SPAN;
        for (int i = 0; i < n; i++) {
            int64_t at = y * d->colours->w + x + i;
            float *v = span + as.channels * i;
            if (grey)
                v[0] = grey_at(d->colours, at);
            else
                colour_at(d->colours, at, v);
            v[as.channels - 1] = d->alpha->data ? grey_at(d->alpha, at) : 1;
        }
        dio_pixels_write(&d->pixels, &as, span, n, form, row + (size_t)x * pixel);
    }
}

/* --- stages --- */

/* Work of a stage, roughly: layers, at how many pixels. */
static double weight_of(const struct run *r, int i)
{
    dio_upscaler_stage s;
    double sum = 0;
    r->u->ops->stage(r->u->net.model, i, &s);
    for (int k = 0; k <= DIO_UPSCALER_DOUBLINGS; k++)
        sum += s.layers[k] * pow(4, k);
    return sum;
}

static bool tell(void *user, double done, dio_error *err)
{
    const struct run *r = user;
    double all = (r->before + r->running * done) / r->weight;
    if (!r->o->progress || r->o->progress(r->o->user, (r->pass + all) / r->passes))
        return true;
    return dio_fail_retry(err, "stopped");
}

static bool run_stage(struct run *r, int i, dio_map *x, const dio_map *first, dio_map *out,
                      dio_error *err)
{
    dio_upscaler_stage s;
    r->u->ops->stage(r->u->net.model, i, &s);
    if (!map_init(r, out, s.out, x->h * s.scale, x->w * s.scale, err))
        return false;
    dio_tiles t = {.upscaler = r->u,
                   .device = r->device,
                   .stage = i,
                   .x = x,
                   .skip = s.first ? first : NULL,
                   .out = out,
                   .wrap_x = r->o->tile_x,
                   .wrap_y = r->o->tile_y,
                   .tile = r->o->tile / r->u->shape.multiple,
                   .budget = r->limit - r->held,
                   .progress = tell,
                   .user = r};
    r->running = weight_of(r, i);
    if (r->o->tile && !t.tile)
        t.tile = 1;
    if (!t.budget)
        t.budget = 1;
    bool ok = dio_tiles_run(&t, err);
    r->before += r->running;
    return ok;
}

/* The picture's colours or alpha through all stages. */
static bool pass(struct run *r, bool alpha, dio_map *out, dio_error *err)
{
    dio_map x = {0}, first = {0};
    bool ok = read_map(r, &x, alpha, err);
    r->before = 0;
    for (int i = 0; ok && i < r->u->shape.stages; i++) {
        dio_map next = {0};
        ok = run_stage(r, i, &x, &first, &next, err);
        if (x.data != first.data)
            map_deinit(r, &x);
        x = next;
        if (i == 0)
            first = next; /* one map under two names, until the next stage is through */
    }
    if (first.data != x.data)
        map_deinit(r, &first);
    r->pass++;
    if (ok)
        *out = x;
    else
        map_deinit(r, &x);
    return ok;
}

/* --- the whole --- */

static bool check(struct run *r, dio_error *err)
{
    const dio_upscaler_shape *s = &r->u->shape;
    const dio_image *in = r->in;
    int fold = s->multiple;
    if (!dio_image_size_check((int64_t)in->width * s->scale, (int64_t)in->height * s->scale, err))
        return dio_error_prefix(err, "made larger");
    if ((r->o->tile_x && in->width % fold) || (r->o->tile_y && in->height % fold))
        return dio_fail(err,
                        "a picture of %dx%d pixels that goes on at its other side: this network "
                        "needs multiples of %d",
                        in->width, in->height, fold);
    r->h = (in->height + fold - 1) / fold * fold;
    r->w = (in->width + fold - 1) / fold * fold;
    r->limit = r->o->memory_limit;
    if (!r->limit) {
        size_t half = dio_room_memory() / 2;
        r->limit = half < USUAL_LIMIT ? half : USUAL_LIMIT;
    }
    for (int i = 0; i < s->stages; i++)
        r->weight += weight_of(r, i);
    return true;
}

bool dio_upscaler_run(const dio_upscaler *u, dio_device *device, dio_image *in,
                      const dio_upscaler_options *options, dio_image **out, dio_error *err)
{
    static const dio_upscaler_options usual;
    struct run r = {.u = u, .device = device, .o = options ? options : &usual, .in = in};
    dio_map colours = {0}, alpha = {0};
    bool ok = check(&r, err), through = ok && !dio_image_opaque(in);
    r.passes = through ? 2 : 1;
    ok = ok && (!through || pass(&r, true, &alpha, err)) && pass(&r, false, &colours, err);
    dio_image *image = ok ? dio_image_like(in, in->width * u->shape.scale,
                                           in->height * u->shape.scale, &in->form, err)
                          : NULL;
    if (image) {
        struct write d = {.to = image, .colours = &colours, .alpha = &alpha};
        dio_srgb_bytes_init(&d.pixels.bytes);
        dio_gang_run(image->height, write_row, &d);
        *out = image;
    }
    map_deinit(&r, &alpha);
    map_deinit(&r, &colours);
    return image != NULL;
}
