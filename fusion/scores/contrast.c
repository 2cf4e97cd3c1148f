/* contrast.c: how far light and dark are apart. */
#include <math.h>

#include "fusion/score.h"

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
    *out = sqrt(fmax(0, (double)squares / count - mean * mean)) / 255;
    return true;
}

const dio_score dio_score_contrast = {
    .name = "contrast",
    .media = DIO_MEDIA_IMAGE,
    .doc = "how far light and dark are apart, over the whole picture",
    .unit = "of full scale",
    .lo = 0,
    .hi = 0.5,
    .reference = "RMS contrast: standard deviation of the grey codes over 255; Peli, \"Contrast in "
                 "complex images\", JOSA A 7 (10), 1990",
    .usual = true,
    .params = dio_criterion_fields,
    .params_size = sizeof(struct dio_criterion_params),
    .measure = measure,
};
