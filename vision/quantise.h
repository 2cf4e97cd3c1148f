#pragma once
/* quantise.h: a picture in the colours of a palette, and no others.
 *
 * The nearest colour is the one that looks nearest (OKLab); what dithering mixes is light, so that
 * from afar a patch is as bright as it was. Both patterns are fixed: no chance is involved, and a
 * frame dithers like the one before it.
 */
#include "vision/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_dither {
    DIO_DITHER_NONE,
    DIO_DITHER_ORDERED,   /* a 4 x 4 pattern: stands still when the picture moves */
    DIO_DITHER_DIFFUSION, /* Floyd and Steinberg, to and fro: finer, but every pixel counts */
} dio_dither;

typedef struct dio_quantise {
    dio_dither dither;
    int strength;    /* of the dither: 1..100 percent; 0: 100 */
    bool keep_alpha; /* else a pixel becomes clear below one half, and solid from there on */
} dio_quantise;

enum { DIO_PALETTE_MOST = 256 };

/* rgb: count colours in sRGB bytes, 1 to 256. The result is U8, sRGB, straight, with alpha when
 * the picture has it; clear pixels are all zero. NULL `how`: no dither. */
dio_image *dio_image_quantise(const dio_image *image, const uint8_t (*rgb)[3], int count,
                              const dio_quantise *how, dio_error *err);

#ifdef __cplusplus
}
#endif
