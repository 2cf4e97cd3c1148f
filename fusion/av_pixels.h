#pragma once
/* av_pixels.h: private to av*.c: a decoded frame as a picture. */
#include "fusion/compat_av.h"
#include "vision/image.h"

struct SwsContext;

/* What becomes of every frame of a film. */
typedef struct dio_av_pixels {
    struct SwsContext *turn; /* NULL at first; free with dio_av_pixels_deinit */
    int key[8];              /* what it was made for */
    int width, height;       /* of square pixels, before it is turned upright */
    int orientation;         /* EXIF's, 1..8 */
    bool alpha;
} dio_av_pixels;

void dio_av_pixels_deinit(dio_av_pixels *p);

/* Whether a format has alpha, or a palette, which may have it. */
bool dio_av_pixels_alpha(int format);

/* EXIF's orientation that a display matrix (9 numbers of 16.16 and 2.30; NULL: none) amounts to;
 * 0 for one that is no turn by right angles and no mirror. */
int dio_av_pixels_orientation(const int32_t *matrix);

/* U8, sRGB, straight. False with a message that lacks the film's name. */
dio_image *dio_av_pixels_picture(dio_av_pixels *p, const AVFrame *frame, dio_error *err);
