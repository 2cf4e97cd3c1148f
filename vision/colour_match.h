#pragma once
/* colour_match.h: a picture's colours brought onto those that were wished for.
 *
 * A network paints a wished colour nearly. The crowd of pixels like it is looked for from the wish
 * itself, by mean shift (Comaniciu and Meer, "Mean shift: a robust approach toward feature space
 * analysis", PAMI 24, 2002) in OKLab, and moved onto the wish; every pixel goes along as far as it
 * is like the crowd, so that shading stays shading. Where nothing is near a wish, nothing moves.
 */
#include "vision/image.h"

enum { DIO_MATCH_MOST = 8 };

/* rgb: count wishes in sRGB bytes, 0 to DIO_MATCH_MOST. The picture is U8, sRGB, straight, of three
 * channels or four, and the caller's alone; it is changed in place, its alpha stays. The same bytes
 * for any number of threads. */
bool dio_image_colour_match(dio_image *image, const uint8_t (*rgb)[3], int count, dio_error *err);
