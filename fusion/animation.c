/* animation.c: the blocks of GIF (89a), APNG and WebP, as far as they say how a picture moves. */
#include "fusion/animation.h"

#include <string.h>

struct bytes {
    const unsigned char *data;
    size_t n, at;
    const char *name;
    dio_error *err;
};

static bool cut_off(struct bytes *b)
{
    return dio_fail(b->err, "%s: the file is cut off after %zu bytes", b->name, b->n);
}

static bool skip(struct bytes *b, size_t n)
{
    if (n > b->n - b->at)
        return cut_off(b);
    b->at += n;
    return true;
}

static unsigned little16(const unsigned char *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t little24(const unsigned char *p)
{
    return little16(p) | (uint32_t)p[2] << 16;
}

static uint32_t little32(const unsigned char *p)
{
    return little24(p) | (uint32_t)p[3] << 24;
}

static uint32_t big32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* --- GIF --- */

/* A run of sub-blocks; those of the first are handed back. */
static bool sub_blocks(struct bytes *b, const unsigned char **first, size_t *length)
{
    *length = 0;
    for (bool any = false;; any = true) {
        if (b->at >= b->n)
            return cut_off(b);
        size_t n = b->data[b->at++];
        if (!any) {
            *first = b->data + b->at;
            *length = n <= b->n - b->at ? n : 0;
        }
        if (n == 0)
            return true;
        if (!skip(b, n))
            return false;
    }
}

/* 0x21: what a frame waits, and how often all of it plays. */
static bool gif_extension(struct bytes *b, double *delay, dio_animation *out)
{
    if (b->n - b->at < 2)
        return cut_off(b);
    unsigned label = b->data[b->at + 1];
    const unsigned char *first;
    size_t n, start = b->at + 2;
    b->at = start;
    if (!sub_blocks(b, &first, &n))
        return false;
    if (label == 0xf9 && n >= 4) {
        unsigned hundredths = little16(first + 1);
        *delay = hundredths > 1 ? hundredths / 100.0 : 0.1; /* as browsers take 0 and 1 */
    }
    bool loops = label == 0xff && n == 11 &&
                 (memcmp(first, "NETSCAPE2.0", 11) == 0 || memcmp(first, "ANIMEXTS1.0", 11) == 0);
    if (loops && b->n - (start + 12) >= 4 && first[11] == 3 && first[12] == 1) {
        unsigned again = little16(first + 13);
        out->plays = again ? (int)again + 1 : 0;
    }
    return true;
}

static bool gif_image(struct bytes *b, double *delay, dio_animation *out)
{
    const unsigned char *first;
    size_t n;
    if (b->n - b->at < 11)
        return cut_off(b);
    unsigned flags = b->data[b->at + 9];
    size_t table = flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
    if (!skip(b, 10 + table + 1) || !sub_blocks(b, &first, &n))
        return false;
    out->frames++;
    out->seconds += *delay;
    *delay = 0.1;
    return true;
}

static bool read_gif(struct bytes *b, dio_animation *out)
{
    if (b->n < 13)
        return cut_off(b);
    unsigned flags = b->data[10];
    double delay = 0.1;
    *out = (dio_animation){
        .width = (int)little16(b->data + 6), .height = (int)little16(b->data + 8), .plays = 1};
    if (!out->width || !out->height)
        return dio_fail(b->err, "%s: a GIF of no size", b->name);
    b->at = 13;
    if (flags & 0x80 && !skip(b, (size_t)3 << ((flags & 7) + 1)))
        return false;
    for (;;) {
        if (b->at >= b->n)
            return cut_off(b);
        unsigned char kind = b->data[b->at];
        if (kind == 0x3b)
            break;
        if (kind != 0x21 && kind != 0x2c)
            return dio_fail(b->err, "%s: byte %zu begins no block of a GIF", b->name, b->at);
        if (!(kind == 0x21 ? gif_extension(b, &delay, out) : gif_image(b, &delay, out)))
            return false;
    }
    return out->frames > 0 || dio_fail(b->err, "%s: a GIF without a picture", b->name);
}

/* --- APNG --- */

static double png_delay(const unsigned char *control)
{
    unsigned over = control[20] << 8 | control[21], under = control[22] << 8 | control[23];
    return over / (double)(under ? under : 100);
}

static bool read_png(struct bytes *b, dio_animation *out)
{
    bool moves = false;
    *out = (dio_animation){.frames = 1, .plays = 1};
    for (b->at = 8; b->n - b->at >= 12;) {
        uint32_t length = big32(b->data + b->at);
        const unsigned char *kind = b->data + b->at + 4, *data = kind + 4;
        if (length > b->n - b->at - 12)
            return cut_off(b);
        if (memcmp(kind, "acTL", 4) == 0 && length >= 8) {
            moves = true;
            out->frames = 0;
            out->plays = (int)(big32(data + 4) & 0x7fffffff);
        }
        if (moves && memcmp(kind, "fcTL", 4) == 0 && length >= 26) {
            out->frames++;
            out->seconds += png_delay(data);
        }
        b->at += 12 + (size_t)length;
        if (memcmp(kind, "IEND", 4) == 0)
            return true;
    }
    return cut_off(b);
}

/* --- WebP --- */

static bool read_webp(struct bytes *b, dio_animation *out)
{
    bool moves = false;
    *out = (dio_animation){.frames = 1, .plays = 1};
    for (b->at = 12; b->n - b->at >= 8;) {
        uint32_t length = little32(b->data + b->at + 4);
        const unsigned char *kind = b->data + b->at, *data = kind + 8;
        if (length > b->n - b->at - 8)
            return cut_off(b);
        if (memcmp(kind, "ANIM", 4) == 0 && length >= 6) {
            moves = true;
            out->frames = 0;
            out->plays = (int)little16(data + 4);
        }
        if (moves && memcmp(kind, "ANMF", 4) == 0 && length >= 16) {
            out->frames++;
            out->seconds += little24(data + 12) / 1000.0;
        }
        b->at += 8 + (size_t)length;
        b->at += (length & 1) && b->at < b->n;
    }
    return true;
}

bool dio_animation_read(const void *bytes, size_t n, const char *name, dio_animation *out,
                        dio_error *err)
{
    static const unsigned char png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    struct bytes b = {bytes, n, 0, name, err};
    *out = (dio_animation){.frames = 1, .plays = 1};
    bool ok = true;
    if (n >= 6 && (memcmp(bytes, "GIF89a", 6) == 0 || memcmp(bytes, "GIF87a", 6) == 0))
        ok = read_gif(&b, out);
    else if (n >= 8 && memcmp(bytes, png, 8) == 0)
        ok = read_png(&b, out);
    else if (n >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(b.data + 8, "WEBP", 4) == 0)
        ok = read_webp(&b, out);
    return ok;
}
