/* clipping.c: how much of a sound is cut off at full scale. */
#include <math.h>

#include "fusion/score.h"

/* Two codes of 16 bits below full scale: dither moves a clipped sample by one. */
#define FULL (32765.0f / 32768)

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    (void)params, (void)err;
    const dio_clip *clip = look->sight->clip;
    int64_t clipped = 0;
    for (int c = 0; c < clip->channels; c++) {
        const float *x = dio_clip_channel(clip, c);
        for (int64_t i = 0; i < clip->length; i++)
            clipped += fabsf(x[i]) >= FULL;
    }
    double all = (double)clip->length * clip->channels;
    *out = all > 0 ? (double)clipped / all : 0;
    return true;
}

const dio_score dio_score_clipping = {
    .name = "clipping",
    .media = DIO_MEDIA_AUDIO,
    .doc = "share of samples at full scale, where a sound is cut off",
    .unit = "of samples",
    .lower = true,
    .lo = 0,
    .hi = 1,
    .reference = "samples of at least 32765/32768, over all",
    .usual = true,
    .params = dio_criterion_fields,
    .params_size = sizeof(struct dio_criterion_params),
    .measure = measure,
};
