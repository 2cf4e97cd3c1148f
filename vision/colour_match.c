/* colour_match.c: where the crowds are, from a sample; then every pixel, a row an item. */
#include "vision/colour_match.h"

#include <math.h>
#include <stdlib.h>

#include "base/gang.h"
#include "vision/srgb.h"

enum { SAMPLES = 1 << 14, ROUNDS = 6 };

/* In OKLab with a and b doubled, as quantise.c looks at colours: 0.02 is just seen. */
static const float spread = 0.02f; /* of the kernel that looks for a crowd */
static const float core = 0.02f;   /* pixels this near to a crowd's middle go all the way, */
static const float edge = 0.07f;   /* and those this far stay */
/* No crowd is moved further: the slope of core to edge would turn gradients around. */
static const float reach = 0.03f;
static const float least = 0.004f; /* a crowd's share of all that shows */

struct crowd {
    float middle[3], move[3];
};

struct match {
    dio_image *image;
    dio_srgb_bytes bytes;
    int crowds;
    struct crowd crowd[DIO_MATCH_MOST];
    int samples;
    float (*sample)[4]; /* lab, alpha */
};

static void look(const dio_srgb_bytes *b, const uint8_t rgb[3], float lab[3])
{
    const float linear[3] = {b->linear[rgb[0]], b->linear[rgb[1]], b->linear[rgb[2]]};
    dio_srgb_oklab(linear, lab);
    lab[1] *= 2;
    lab[2] *= 2;
}

static float square_distance(const float a[3], const float b[3])
{
    float l = a[0] - b[0], u = a[1] - b[1], v = a[2] - b[2];
    return l * l + u * u + v * v;
}

/* --- crowds --- */

static void take_samples(struct match *m)
{
    const dio_image *image = m->image;
    int channels = image->form.channels;
    int64_t pixels = (int64_t)image->width * image->height;
    m->samples = (int)(pixels < SAMPLES ? pixels : SAMPLES);
    for (int i = 0; i < m->samples; i++) {
        int64_t at = pixels * i / m->samples;
        const uint8_t *p = (const uint8_t *)dio_image_row(image, (int)(at / image->width)) +
                           at % image->width * channels;
        look(&m->bytes, p, m->sample[i]);
        m->sample[i][3] = channels == 4 ? (float)p[3] / 255 : 1;
    }
}

/* One round of mean shift: `middle` becomes the mean of what is around it. Returns its weight. */
static double shift(const struct match *m, float middle[3])
{
    double sum[3] = {0}, weight = 0;
    for (int i = 0; i < m->samples; i++) {
        const float *s = m->sample[i];
        float far = square_distance(s, middle) / (2 * spread * spread);
        if (far > 8)
            continue;
        double w = s[3] * expf(-far);
        weight += w;
        for (int c = 0; c < 3; c++)
            sum[c] += w * s[c];
    }
    for (int c = 0; c < 3 && weight > 0; c++)
        middle[c] = (float)(sum[c] / weight);
    return weight;
}

static void find(struct match *m, const uint8_t rgb[3], double shown)
{
    struct crowd *c = &m->crowd[m->crowds];
    float wish[3];
    double weight = 0;
    look(&m->bytes, rgb, wish);
    for (int i = 0; i < 3; i++)
        c->middle[i] = wish[i];
    for (int i = 0; i < ROUNDS; i++)
        weight = shift(m, c->middle);
    float far = sqrtf(square_distance(wish, c->middle));
    if (weight < least * shown || far > edge)
        return;
    for (int i = 0; i < 3; i++)
        c->move[i] = (wish[i] - c->middle[i]) * fminf(1, reach / fmaxf(far, 1e-6f));
    m->crowds++;
}

/* --- pixels --- */

static float belongs(float distance)
{
    float t = fminf(fmaxf((edge - distance) / (edge - core), 0), 1);
    return t * t * (3 - 2 * t);
}

static void move_row(void *user, int64_t y, int thread)
{
    const struct match *m = user;
    int channels = m->image->form.channels;
    uint8_t *p = dio_image_row(m->image, (int)y);
    (void)thread;
    for (int x = 0; x < m->image->width; x++, p += channels) {
        float lab[3], linear[3], move[3] = {0}, all = 0;
        if (channels == 4 && !p[3]) /* its colour is nobody's */
            continue;
        look(&m->bytes, p, lab);
        for (int k = 0; k < m->crowds; k++) {
            float w = belongs(sqrtf(square_distance(lab, m->crowd[k].middle)));
            all += w;
            for (int c = 0; c < 3; c++)
                move[c] += w * m->crowd[k].move[c];
        }
        if (all <= 0)
            continue;
        for (int c = 0; c < 3; c++)
            lab[c] += move[c] / fmaxf(all, 1); /* two crowds share what belongs to both */
        lab[1] /= 2;
        lab[2] /= 2;
        dio_srgb_from_oklab(lab, linear);
        for (int c = 0; c < 3; c++)
            p[c] = dio_srgb_byte(&m->bytes, linear[c]);
    }
}

bool dio_image_colour_match(dio_image *image, const uint8_t (*rgb)[3], int count, dio_error *err)
{
    const dio_form *f = &image->form;
    if (f->depth != DIO_DEPTH_U8 || f->curve != DIO_CURVE_SRGB || f->channels < 3 ||
        f->premultiplied || count < 0 || count > DIO_MATCH_MOST)
        return dio_fail(err, "colours are matched in pictures of 8 bits, straight, to at most %d",
                        DIO_MATCH_MOST);
    struct match *m = count ? calloc(1, sizeof *m) : NULL;
    if (!count)
        return true;
    if (m)
        m->sample = malloc(SAMPLES * sizeof *m->sample);
    bool ok = (m && m->sample) || dio_fail_memory(err, "a picture's colours");
    if (ok) {
        m->image = image;
        dio_srgb_bytes_init(&m->bytes);
        take_samples(m);
        double shown = 0;
        for (int i = 0; i < m->samples; i++)
            shown += m->sample[i][3];
        for (int k = 0; k < count && shown > 0; k++)
            find(m, rgb[k], shown);
        if (m->crowds)
            dio_gang_run(image->height, move_row, m);
    }
    if (m)
        free(m->sample);
    free(m);
    return ok;
}
