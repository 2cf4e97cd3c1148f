#pragma once
/* sampler.h: a light picture, moved and scaled by fractions of a pixel, a row at a time.
 *
 * Catmull-Rom's cubic where the picture grows; where it shrinks the same cubic, widened by the
 * factor, so that every pixel of the picture counts and nothing flickers. The picture ends in a
 * clean edge: a pixel of the frame that it covers by half gets half of it. Upright pictures are
 * sampled by rows, then by columns, with weights made once a frame; turned ones point by point.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "vision/image.h"

/* Where along one side of the frame each pixel reads. Reused from frame to frame; all zero at
 * first; release with dio_axis_deinit. */
typedef struct dio_axis {
    int from,
        to; /* pixels of the frame that the picture covers, wholly or in part; to <= from: none
             */
    int low, high;          /* of the picture: what they read */
    int taps;               /* a pixel */
    bool plain;             /* pixels meet pixels: one tap of weight 1, one after the other */
    bool whole;             /* every weight is 1: no pixel is covered in part */
    int *first;             /* [to - from] where its taps begin in the picture */
    float *weight;          /* [to - from][taps] */
    size_t firsts, weights; /* room */
} dio_axis;

/* The picture's edges 0 and `source` lie at `start` and `end` (start < end) of the frame, of which
 * pixels least to limit - 1 are made. False when there is no memory, or the picture shrinks more
 * than DIO_AXIS_MOST times. */
enum { DIO_AXIS_MOST = 64 };
bool dio_axis_set(dio_axis *a, int source, double start, double end, int least, int limit,
                  dio_error *err);
void dio_axis_deinit(dio_axis *a);

/* Floats that a row needs for itself. */
size_t dio_sample_scratch(const dio_axis *x);
/* Row y of the frame (y within `rows`), its pixels x->from to x->to - 1, to out[][4]. */
void dio_sample_row(const dio_image *light, const dio_axis *x, const dio_axis *rows, int y,
                    float *scratch, float *out);

/* A turned picture: frame point (x, y) reads the picture at (a x + b y + c, d x + e y + f). */
typedef struct dio_turned {
    double a, b, c, d, e, f;
} dio_turned;
/* n pixels of row y from x on; clear where the picture is not. */
void dio_sample_turned(const dio_image *light, const dio_turned *t, int x, int y, int n,
                       float *out);

/* Half the size again and again, each the mean of four: levels[0] is the picture itself. False
 * when there is no memory; what was made is the caller's to unref. */
enum { DIO_LEVELS = 8 };
bool dio_light_levels(dio_image *light, int levels, dio_image *out[DIO_LEVELS], dio_error *err);
