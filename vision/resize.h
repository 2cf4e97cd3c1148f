#pragma once
/* resize.h: a picture in another size.
 *
 * Each pixel of the result is a weighted mean of the pixels whose places it covers; colours are
 * weighed by their alpha, so that what is clear lends no colour to what is solid. In linear light
 * unless asked otherwise: a mean of codes is too dark.
 */
#include "vision/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_filter {
    DIO_FILTER_LANCZOS, /* three lobes: sharp, may ring at hard edges */
    DIO_FILTER_AREA,    /* every pixel counts by the area it covers: no ringing */
    DIO_FILTER_NEAREST, /* no mixing at all, for pixel art; the numbers stay as they are */
} dio_filter;

typedef struct dio_resize {
    dio_filter filter;
    bool coded;          /* mix the numbers as stored, not their light */
    bool wrap_x, wrap_y; /* the picture tiles: beyond its edge lies its other side */
} dio_resize;

/* A picture of the same form. NULL `how`: Lanczos in linear light. Beyond edges there is nothing:
 * the weights of what lies within are made to sum to 1. */
dio_image *dio_image_resize(dio_image *image, int width, int height, const dio_resize *how,
                            dio_error *err);

#ifdef __cplusplus
}
#endif
