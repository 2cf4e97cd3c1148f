/* form.c: what numbers mean, changed.
 * The one order that is right: colours are freed of alpha, brought to light, mixed to grey if
 * asked, coded again, spread to channels, multiplied by alpha. Steps that would undo one another
 * are left out, so that what does not change stays exactly as it was. */
#include <string.h>

#include "base/gang.h"
#include "vision/pixels.h"

static bool has_alpha(int channels)
{
    return channels == 2 || channels == 4;
}

static int colours(int channels)
{
    return channels < 3 ? 1 : 3;
}

static void free_of_alpha(float *v, int n, int channels)
{
    int c = colours(channels);
    for (int i = 0; i < n; i++, v += channels) {
        float a = v[c];
        for (int k = 0; k < c; k++)
            v[k] = a > 0 ? v[k] / a : 0;
    }
}

static void multiply_by_alpha(float *v, int n, int channels)
{
    int c = colours(channels);
    for (int i = 0; i < n; i++, v += channels)
        for (int k = 0; k < c; k++)
            v[k] *= v[c];
}

static void turn_curve(float *v, int n, int channels, dio_curve from, dio_curve to)
{
    int c = colours(channels);
    if (from == to)
        return;
    for (int i = 0; i < n; i++, v += channels)
        for (int k = 0; k < c; k++)
            v[k] = to == DIO_CURVE_LINEAR ? dio_srgb_to_linear(v[k]) : dio_srgb_from_linear(v[k]);
}

static void to_grey(float *v, int n, int channels)
{
    float *out = v;
    int step = channels == 4 ? 2 : 1;
    for (int i = 0; i < n; i++, v += channels, out += step) {
        float grey = dio_srgb_luminance(v), alpha = v[channels - 1];
        out[0] = grey;
        if (step == 2)
            out[1] = alpha;
    }
}

/* Adds or drops alpha and spreads grey; from the last pixel when they grow, since it is in place.
 */
static void spread(float *v, int n, int from, int to)
{
    if (from == to)
        return;
    int c = colours(from);
    for (int j = 0; j < n; j++) {
        int i = to > from ? n - 1 - j : j;
        float in[4];
        memcpy(in, v + i * from, (size_t)from * sizeof *in);
        float *out = v + i * to;
        for (int k = 0; k < colours(to); k++)
            out[k] = in[c == 1 ? 0 : k];
        if (has_alpha(to))
            out[colours(to)] = has_alpha(from) ? in[c] : 1;
    }
}

void dio_pixels_turn(const dio_form *from, const dio_form *to, int n, float *v)
{
    int channels = from->channels;
    bool grey = colours(channels) > colours(to->channels);
    bool recode = from->curve != to->curve || (grey && from->curve == DIO_CURVE_SRGB);
    bool whole = has_alpha(to->channels); /* alpha is still there in the end */
    bool premultiplied = from->premultiplied;
    if (premultiplied && (recode || !whole || !to->premultiplied)) {
        free_of_alpha(v, n, channels);
        premultiplied = false;
    }
    dio_curve curve = from->curve;
    if (grey) {
        turn_curve(v, n, channels, curve, DIO_CURVE_LINEAR);
        curve = DIO_CURVE_LINEAR;
        to_grey(v, n, channels);
        channels = has_alpha(channels) ? 2 : 1;
    }
    turn_curve(v, n, channels, curve, to->curve);
    spread(v, n, channels, to->channels);
    if (whole && to->premultiplied && !premultiplied)
        multiply_by_alpha(v, n, to->channels);
}

/* Stored numbers as floats, nothing else changed. */
static void widen(dio_depth depth, const void *src, int count, float *out)
{
    if (depth == DIO_DEPTH_F32) {
        memcpy(out, src, (size_t)count * sizeof *out);
    } else if (depth == DIO_DEPTH_U16) {
        const uint16_t *in = src;
        for (int i = 0; i < count; i++)
            out[i] = (float)in[i] / 65535;
    } else {
        const uint8_t *in = src;
        for (int i = 0; i < count; i++)
            out[i] = (float)in[i] / 255;
    }
}

/* NaN fails both comparisons' true sides and becomes 0. */
static float clamp(float v)
{
    return v > 0 ? v < 1 ? v : 1 : 0;
}

static void narrow(dio_depth depth, const float *in, int count, void *dst)
{
    if (depth == DIO_DEPTH_F32) {
        memcpy(dst, in, (size_t)count * sizeof *in);
    } else if (depth == DIO_DEPTH_U16) {
        uint16_t *out = dst;
        for (int i = 0; i < count; i++)
            out[i] = (uint16_t)(clamp(in[i]) * 65535 + 0.5f);
    } else {
        uint8_t *out = dst;
        for (int i = 0; i < count; i++)
            out[i] = (uint8_t)(clamp(in[i]) * 255 + 0.5f);
    }
}

/* Whether the table of bytes serves for colours of this form. */
static bool tabled(const dio_form *form)
{
    return form->depth == DIO_DEPTH_U8 && form->curve == DIO_CURVE_SRGB && !form->premultiplied;
}

void dio_pixels_read(const dio_pixels *p, const dio_form *form, const void *src, int n,
                     const dio_form *as, float *out)
{
    dio_form stored = *form;
    stored.depth = DIO_DEPTH_F32;
    int channels = form->channels, c = colours(channels);
    if (tabled(form) && as->curve == DIO_CURVE_LINEAR) {
        const uint8_t *in = src;
        float *v = out;
        for (int i = 0; i < n; i++, in += channels, v += channels) {
            for (int k = 0; k < c; k++)
                v[k] = p->bytes.linear[in[k]];
            if (channels > c)
                v[c] = (float)in[c] / 255;
        }
        stored.curve = DIO_CURVE_LINEAR;
    } else {
        widen(form->depth, src, n * channels, out);
    }
    dio_pixels_turn(&stored, as, n, out);
}

void dio_pixels_write(const dio_pixels *p, const dio_form *from, float *in, int n,
                      const dio_form *form, void *dst)
{
    dio_form stored = *form;
    stored.depth = DIO_DEPTH_F32;
    bool table = tabled(form) && from->curve == DIO_CURVE_LINEAR;
    if (table)
        stored.curve = DIO_CURVE_LINEAR;
    dio_pixels_turn(from, &stored, n, in);
    if (!table) {
        narrow(form->depth, in, n * form->channels, dst);
        return;
    }
    uint8_t *out = dst;
    int channels = form->channels, c = colours(channels);
    for (int i = 0; i < n; i++, in += channels, out += channels) {
        for (int k = 0; k < c; k++)
            out[k] = dio_srgb_byte(&p->bytes, in[k]);
        if (channels > c)
            out[c] = (uint8_t)(clamp(in[c]) * 255 + 0.5f);
    }
}

struct conversion {
    dio_pixels pixels;
    dio_form as; /* on the way */
    const dio_image *from;
    dio_image *to;
};

static void convert_row(void *user, int64_t y, int thread)
{
    (void)thread;
    const struct conversion *c = user;
    const dio_form *from = &c->from->form, *to = &c->to->form;
    size_t from_size = dio_image_row_bytes(c->from) / (size_t)c->from->width;
    size_t to_size = dio_image_row_bytes(c->to) / (size_t)c->to->width;
    const unsigned char *in = dio_image_row(c->from, (int)y);
    unsigned char *out = dio_image_row(c->to, (int)y);
    float v[DIO_SPAN * 4] = {0};
    for (int x = 0; x < c->to->width; x += DIO_SPAN) {
        int n = c->to->width - x < DIO_SPAN ? c->to->width - x : DIO_SPAN;
        dio_pixels_read(&c->pixels, from, in + (size_t)x * from_size, n, &c->as, v);
        dio_pixels_write(&c->pixels, &c->as, v, n, to, out + (size_t)x * to_size);
    }
}

dio_image *dio_image_convert(dio_image *image, const dio_form *form, dio_error *err)
{
    if (dio_form_equal(&image->form, form))
        return dio_image_ref(image);
    struct conversion c = {
        .as = image->form,
        .from = image,
        .to = dio_image_like(image, image->width, image->height, form, err),
    };
    c.as.depth = DIO_DEPTH_F32;
    bool grey = colours(image->form.channels) > colours(form->channels);
    if (tabled(&image->form) && (form->curve == DIO_CURVE_LINEAR || grey))
        c.as.curve = DIO_CURVE_LINEAR;
    dio_srgb_bytes_init(&c.pixels.bytes);
    if (c.to)
        dio_gang_run(c.to->height, convert_row, &c);
    return c.to;
}
