/* png_make.c: PNG files of every kind, by libpng's own writer, and chunks put in by hand. */
#include "png_make.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

static void append(struct png_bytes *b, const void *data, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = 2 * (b->n + n);
        b->data = realloc(b->data, b->cap);
    }
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
}

static void write_bytes(png_structp png, png_bytep data, size_t n)
{
    append(png_get_io_ptr(png), data, n);
}

static void flush_bytes(png_structp png)
{
    (void)png;
}

int png_samples(const struct png_kind *k)
{
    static const int samples[7] = {1, 0, 3, 1, 2, 0, 4};
    return samples[k->type];
}

int png_sample(const struct png_kind *k, int x, int y, int c)
{
    unsigned v = (unsigned)(x * 40503 + y * 30011 + c * 20021 + 77);
    return (int)((v ^ v >> 5) & ((1u << k->bits) - 1));
}

void png_colour(const struct png_kind *k, int i, uint8_t rgba[4])
{
    rgba[0] = (uint8_t)(i * 37 + 5);
    rgba[1] = (uint8_t)(255 - i * 11);
    rgba[2] = (uint8_t)(i * i);
    rgba[3] = k->trns && i < 4 ? (uint8_t)(i * 60) : 255;
}

static void put_palette(png_structp png, png_infop info, const struct png_kind *k)
{
    png_color colour[256];
    png_byte alpha[4];
    int count = 1 << k->bits;
    for (int i = 0; i < count; i++) {
        uint8_t rgba[4];
        png_colour(k, i, rgba);
        colour[i] = (png_color){rgba[0], rgba[1], rgba[2]};
        if (i < 4)
            alpha[i] = rgba[3];
    }
    png_set_PLTE(png, info, colour, count);
    if (k->trns)
        png_set_tRNS(png, info, alpha, count < 4 ? count : 4, NULL);
}

/* The colour of pixel (0, 0) is the clear one. */
static void put_clear(png_structp png, png_infop info, const struct png_kind *k)
{
    png_color_16 clear = {
        .gray = (png_uint_16)png_sample(k, 0, 0, 0),
        .red = (png_uint_16)png_sample(k, 0, 0, 0),
        .green = (png_uint_16)png_sample(k, 0, 0, 1),
        .blue = (png_uint_16)png_sample(k, 0, 0, 2),
    };
    png_set_tRNS(png, info, NULL, 0, &clear);
}

static void put_texts(png_structp png, png_infop info, const char *const *text)
{
    static const int kinds[] = {PNG_TEXT_COMPRESSION_NONE, PNG_TEXT_COMPRESSION_zTXt,
                                PNG_ITXT_COMPRESSION_NONE, PNG_ITXT_COMPRESSION_zTXt};
    for (int i = 0; text && text[2 * i]; i++) {
        png_text t = {.compression = kinds[i % 4],
                      .key = (char *)(uintptr_t)text[2 * i],
                      .text = (char *)(uintptr_t)text[2 * i + 1],
                      .text_length = strlen(text[2 * i + 1])};
        png_set_text(png, info, &t, 1);
    }
}

static void put_rows(png_structp png, const struct png_kind *k)
{
    int samples = png_samples(k);
    uint8_t *row = malloc((size_t)k->width * (size_t)samples * 2);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++) {
        for (int y = 0; y < k->height; y++) {
            for (int i = 0; i < k->width * samples; i++) {
                int v = png_sample(k, i / samples, y, i % samples);
                if (k->bits == 16) {
                    row[2 * i] = (uint8_t)(v >> 8);
                    row[2 * i + 1] = (uint8_t)v;
                } else {
                    row[i] = (uint8_t)v;
                }
            }
            png_write_row(png, row);
        }
    }
    free(row);
}

struct png_bytes png_make(const struct png_kind *k, const char *const *text)
{
    struct png_bytes out = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &out, write_bytes, flush_bytes);
    png_set_IHDR(png, info, (png_uint_32)k->width, (png_uint_32)k->height, k->bits, k->type,
                 k->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (k->type == PNG_COLOR_TYPE_PALETTE)
        put_palette(png, info, k);
    else if (k->trns)
        put_clear(png, info, k);
    if (k->gamma)
        png_set_gAMA_fixed(png, info, k->gamma);
    if (k->srgb)
        png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    put_texts(png, info, text);
    png_write_info(png, info);
    png_set_packing(png);
    put_rows(png, k);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return out;
}

static uint32_t crc(const uint8_t *p, size_t n)
{
    uint32_t c = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
    }
    return ~c;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

size_t png_find(const struct png_bytes *file, const char *type)
{
    size_t at = 8;
    while (at + 12 <= file->n && memcmp(file->data + at + 4, type, 4) != 0)
        at += 12 + get32(file->data + at);
    return at;
}

void png_mend(struct png_bytes *file, const char *type)
{
    uint8_t *chunk = file->data + png_find(file, type);
    uint32_t n = get32(chunk);
    put32(chunk + 8 + n, crc(chunk + 4, n + 4));
}

void png_insert(struct png_bytes *file, const char *before, const char *type, const void *data,
                size_t n)
{
    size_t at = png_find(file, before), tail = file->n - at;
    uint8_t *rest = malloc(tail + 1), *chunk = malloc(n + 12);
    memcpy(rest, file->data + at, tail);
    put32(chunk, (uint32_t)n);
    memcpy(chunk + 4, type, 4);
    if (n)
        memcpy(chunk + 8, data, n);
    put32(chunk + 8 + n, crc(chunk + 4, n + 4));
    file->n = at;
    append(file, chunk, n + 12);
    append(file, rest, tail);
    free(rest);
    free(chunk);
}
