/* clipped.c: how much of a picture is burnt out or drowned. */
#include "fusion/score.h"

enum { MARGIN = 1 }; /* a code away from the end, which dither may have moved */

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    (void)params, (void)err;
    const dio_image *rgb = look->sight->rgb;
    int64_t clipped = 0;
    for (int y = 0; y < rgb->height; y++) {
        const uint8_t *p = dio_sight_row(rgb, y);
        for (int x = 0; x < rgb->width; x++, p += 3) {
            int low = p[0] < p[1] ? p[0] : p[1], high = p[0] > p[1] ? p[0] : p[1];
            low = p[2] < low ? p[2] : low;
            high = p[2] > high ? p[2] : high;
            clipped += high <= MARGIN || low >= 255 - MARGIN;
        }
    }
    *out = (double)clipped / ((double)rgb->width * rgb->height);
    return true;
}

const dio_score dio_score_clipped = {
    .name = "clipped",
    .media = DIO_MEDIA_IMAGE,
    .doc = "share of pixels without any detail left: all three channels at black, or all at white",
    .unit = "of pixels",
    .lower = true,
    .lo = 0,
    .hi = 1,
    .reference = "pixels whose codes are all 0..1 or all 254..255, over all pixels",
    .usual = true,
    .params = dio_criterion_fields,
    .params_size = sizeof(struct dio_criterion_params),
    .measure = measure,
};
