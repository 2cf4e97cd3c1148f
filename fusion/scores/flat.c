/* flat.c: a picture that shows nothing.
 * A model that lost its numbers ends here, too: NaN becomes code 0 when a picture is written. */
#include "fusion/score.h"

/* The variance of a picture in which every pixel is one of two neighbouring codes is 0.25. */
static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    (void)params, (void)err;
    const dio_image *grey = look->sight->grey;
    int64_t sum = 0, squares = 0;
    for (int y = 0; y < grey->height; y++) {
        const uint8_t *row = dio_sight_row(grey, y);
        for (int x = 0; x < grey->width; x++) {
            sum += row[x];
            squares += row[x] * row[x];
        }
    }
    double count = (double)grey->width * grey->height, mean = (double)sum / count;
    *out = (double)squares / count - mean * mean < 1;
    return true;
}

const dio_score dio_score_flat = {
    .name = "flat",
    .media = DIO_MEDIA_IMAGE,
    .doc = "1 for a picture of one tone, as a model gives that lost its numbers",
    .unit = "0 or 1",
    .lower = true,
    .fault = true,
    .lo = 0,
    .hi = 1,
    .reference = "standard deviation of the grey codes below 1",
    .usual = true,
    .params = dio_criterion_fields,
    .params_size = sizeof(struct dio_criterion_params),
    .measure = measure,
};
