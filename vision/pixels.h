#pragma once
/* pixels.h: private to vision/: short spans of pixels between any form and floats.
 *
 * Work on pictures is mostly done in spans of DIO_SPAN pixels on the stack: read what is stored
 * as floats of the form that suits the work, compute, write back. `as` and `from` are forms of
 * depth F32.
 */
#include "vision/image.h"
#include "vision/srgb.h"

enum { DIO_SPAN = 256 };

/* Once for each piece of work: what spans look up. */
typedef struct dio_pixels {
    dio_srgb_bytes bytes;
} dio_pixels;

/* n pixels of `form` at `src` to out[n][as->channels]. */
void dio_pixels_read(const dio_pixels *p, const dio_form *form, const void *src, int n,
                     const dio_form *as, float *out);
/* The way back; clobbers in[n][4], which holds n pixels of `from` without gaps. */
void dio_pixels_write(const dio_pixels *p, const dio_form *from, float *in, int n,
                      const dio_form *form, void *dst);

/* n pixels from one float form to another, in place; v has room for n x 4. */
void dio_pixels_turn(const dio_form *from, const dio_form *to, int n, float *v);
