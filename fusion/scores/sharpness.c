/* sharpness.c: how much detail of one pixel's size there is. */
#include "fusion/score.h"

/* Sums of squares fit: 2^26 pixels times 1020^2 are below 2^47. */
static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    (void)params, (void)err;
    const dio_image *grey = look->sight->grey;
    int64_t sum = 0, squares = 0, count = 0;
    for (int y = 1; y < grey->height - 1; y++) {
        const uint8_t *above = dio_sight_row(grey, y - 1), *row = dio_sight_row(grey, y);
        const uint8_t *below = dio_sight_row(grey, y + 1);
        for (int x = 1; x < grey->width - 1; x++) {
            int v = above[x] + below[x] + row[x - 1] + row[x + 1] - 4 * row[x];
            sum += v;
            squares += (int64_t)v * v;
        }
        count += grey->width > 2 ? grey->width - 2 : 0;
    }
    double mean = count ? (double)sum / (double)count : 0;
    *out = count ? (double)squares / (double)count - mean * mean : 0;
    return true;
}

const dio_score dio_score_sharpness = {
    .name = "sharpness",
    .media = DIO_MEDIA_IMAGE,
    .doc = "detail of one pixel's size: low in a blurred picture, high in a noisy one, too",
    .unit = "codes squared",
    .lo = 0,
    .hi = 1020.0 * 1020.0,
    .reference = "variance of the Laplacian (0 1 0; 1 -4 1; 0 1 0) of the grey codes 0..255 within "
                 "the border; Pech-Pacheco et al., \"Diatom autofocusing in brightfield "
                 "microscopy\", ICPR 2000",
    .usual = true,
    .params = dio_criterion_fields,
    .params_size = sizeof(struct dio_criterion_params),
    .measure = measure,
};
