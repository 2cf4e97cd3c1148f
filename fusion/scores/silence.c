/* silence.c: how much of a sound is not heard. */
#include <math.h>

#include "fusion/score.h"

struct params {
    struct dio_criterion_params criterion;
    double below;
};

static const dio_field fields[] = {
    DIO_CRITERION_FIELDS,
    DIO_FIELD(struct params, below, "-50", -120, 0, "dBFS under which a moment is silent"),
    {0},
};

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    (void)err;
    const struct params *p = params;
    const dio_clip *clip = look->sight->clip;
    int64_t moment = clip->rate / 100 > 0 ? clip->rate / 100 : 1, silent = 0, moments = 0;
    double most = pow(10, p->below / 10);
    for (int64_t at = 0; at < clip->length; at += moment, moments++) {
        int64_t end = at + moment < clip->length ? at + moment : clip->length;
        double power = 0;
        for (int c = 0; c < clip->channels; c++) {
            const float *x = dio_clip_channel(clip, c);
            for (int64_t i = at; i < end; i++)
                power += (double)x[i] * (double)x[i];
        }
        silent += power / ((double)(end - at) * clip->channels) < most;
    }
    *out = moments ? (double)silent / (double)moments : 1;
    return true;
}

const dio_score dio_score_silence = {
    .name = "silence",
    .media = DIO_MEDIA_AUDIO,
    .doc = "share of a sound in which nothing is heard",
    .unit = "of its length",
    .lower = true,
    .lo = 0,
    .hi = 1,
    .reference = "moments of 10 ms whose mean power over all channels is under `below`, over all; "
                 "1 for a sound without samples",
    .usual = true,
    .params = fields,
    .params_size = sizeof(struct params),
    .measure = measure,
};
