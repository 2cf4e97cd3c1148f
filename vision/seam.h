#pragma once
/* seam.h: how visible the joins are when a picture is laid beside itself.
 *
 * Across the join, left and right edge (or top and bottom) become neighbours. They show when they
 * differ more than neighbours inside the picture do: in single pixels, and in means over 2, 4, 8
 * and 16, because the eye finds a step of light behind any grain.
 */
#include "vision/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 and less: like any place inside, nobody can point at it; from 1.2 on it begins to show; 2 and
 * more: a line. An even picture has 0. */
typedef struct dio_seam {
    float x; /* left edge against right */
    float y; /* top against bottom */
} dio_seam;

/* Pictures of one pixel's width or height have no join that way: 0. */
bool dio_image_seam(const dio_image *image, dio_seam *seam, dio_error *err);

#ifdef __cplusplus
}
#endif
