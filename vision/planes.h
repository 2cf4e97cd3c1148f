#pragma once
/* planes.h: private to vision/: pictures as models see them: planes of floats from -1 to 1.
 *
 * Numbers and rounding are those of diffusers' image processor, so that the same picture goes into
 * the same latents: sRGB bytes x become x / 255 * 2 - 1 in float32; on the way back halves round to
 * even.
 */
#include "vision/image.h"

/* [3,H,W] of the picture in another size, resized as Pillow's Lanczos does, on codes. What is clear
 * lies on white. The picture in that size and as U8 RGB, for whoever wants its bytes; NULL with a
 * message. */
dio_image *dio_planes_from_image(dio_image *image, int width, int height, float *out,
                                 dio_error *err);

/* [H,W]: 1 where the mask is half white and more, else 0; and the mask in that size, one channel of
 * U8. Colours count by their luma, what is clear counts as black. */
dio_image *dio_planes_from_mask(dio_image *mask, int width, int height, float *out, dio_error *err);

/* The nearest neighbours of [H,W] as torch's interpolate picks them, [h,w]. */
void dio_planes_shrink(const float *from, int height, int width, int h, int w, float *out);

/* U8, sRGB, RGB from [3,H,W]. Numbers beyond -1..1 are clipped; what is not a number is an error.
 */
dio_image *dio_planes_to_image(const float *planes, int width, int height, dio_error *err);
