#pragma once
/* blend.h: a picture laid over another, in linear light.
 *
 * Porter and Duff's "over", on colours multiplied by alpha. A pixel to which the upper picture
 * gives nothing keeps its bytes, whatever its form.
 */
#include "vision/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_lay {
    const dio_image *top;
    const dio_image *mask; /* one channel, of top's size, its numbers as they are; NULL: 1 */
    int x, y;              /* where top's first pixel comes to lie; it may hang over any edge */
    float opacity;         /* 0..1 */
} dio_lay;

/* *base keeps its form; it is replaced by a copy when others hold it too. */
bool dio_image_over(dio_image **base, const dio_lay *lay, dio_error *err);

/* The picture on a ground of one colour, sRGB in 0..1, without alpha; a reference to itself when
 * it has none. */
dio_image *dio_image_flatten(dio_image *image, const float rgb[3], dio_error *err);

#ifdef __cplusplus
}
#endif
