#pragma once
/* png_make.h: PNG files of every kind, by libpng's own writer, in memory. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct png_bytes {
    uint8_t *data;
    size_t n, cap;
};

struct png_kind {
    int width, height;
    int type, bits; /* as in IHDR */
    bool interlaced;
    bool trns; /* one colour is clear; of a palette, the first four have alpha of their own */
    int gamma; /* of the file, in 100000ths; 0: none */
    bool srgb;
};

/* Sample c of pixel (x, y): 0..2^bits-1, every pixel unlike its neighbours. */
int png_sample(const struct png_kind *k, int x, int y, int c);
/* Colour i of the palette: RGBA; alpha is 255 without trns. */
void png_colour(const struct png_kind *k, int i, uint8_t rgba[4]);
int png_samples(const struct png_kind *k); /* a pixel */

/* `text`: NULL, or key and text, key and text, ..., NULL; kinds by turn: tEXt, zTXt, iTXt,
 * compressed iTXt. Free data. */
struct png_bytes png_make(const struct png_kind *k, const char *const *text);

/* A chunk of that type and content put in before the chunk called `before`. */
void png_insert(struct png_bytes *file, const char *before, const char *type, const void *data,
                size_t n);
/* The offset of the chunk's length field. */
size_t png_find(const struct png_bytes *file, const char *type);
/* The chunk's CRC computed anew, after its content was changed. */
void png_mend(struct png_bytes *file, const char *type);
