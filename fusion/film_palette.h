#pragma once
/* film_palette.h: the 256 colours that do a whole film most justice.
 *
 * Colours are counted over all frames in bins of 32 a channel; bins are split at the mean of
 * their widest axis in OKLab, the worst group first, then moved to the means of what is nearest
 * (Lloyd). No chance is involved: the same frames give the same colours.
 */
#include "vision/image.h"

enum { DIO_FILM_COLOURS = 256 };

typedef struct dio_film_colours {
    int count; /* of opaque ones */
    uint8_t rgb[DIO_FILM_COLOURS][3];
    bool clear; /* one more entry is clear: `count` is then 255 at most */
} dio_film_colours;

typedef struct dio_film_palette dio_film_palette;

dio_film_palette *dio_film_palette_create(dio_error *err);
void dio_film_palette_destroy(dio_film_palette *p);
/* Counts a picture's colours; pixels less than half opaque have none. */
bool dio_film_palette_add(dio_film_palette *p, dio_image *image, dio_error *err);
/* At most `most` entries, the clear one included. */
void dio_film_palette_make(const dio_film_palette *p, int most, bool clear, dio_film_colours *out);

/* Pictures as numbers of entries. Ordered dither: it stands still when the picture does, so that
 * frames differ where the film does. The nearest colour is the one that looks nearest (OKLab), of
 * six bits a channel. */
typedef struct dio_film_mapper dio_film_mapper;
dio_film_mapper *dio_film_mapper_create(const dio_film_colours *c, dio_error *err); /* keeps c */
void dio_film_mapper_destroy(dio_film_mapper *m); /* NULL is fine */
/* A picture of bytes, 3 or 4 channels, into out[H][stride]; `count` is the clear entry. */
void dio_film_mapper_map(dio_film_mapper *m, const dio_image *image, uint8_t *out, int stride);

/* The picture in those colours and no others; alpha stays as it is. */
dio_image *dio_film_colours_picture(const dio_film_colours *c, dio_image *image, dio_error *err);
