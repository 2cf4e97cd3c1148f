/* clip_edit.c: fades and trimming. */
#include "audio/clip_edit.h"

#include <math.h>

bool dio_clip_fade(dio_clip **clip, double in, double out, dio_error *err)
{
    int64_t n = (*clip)->length;
    if (!(in >= 0) || !(out >= 0))
        return dio_fail(err, "fades of %g and %g seconds: none is below 0", in, out);
    if (!dio_clip_writable(clip, err))
        return false;
    int64_t rise = (int64_t)fmin(in * (*clip)->rate, (double)n);
    int64_t fall = (int64_t)fmin(out * (*clip)->rate, (double)n);
    for (int c = 0; c < (*clip)->channels; c++) {
        float *x = dio_clip_channel(*clip, c);
        for (int64_t i = 0; i < rise; i++)
            x[i] *= (float)(0.5 - 0.5 * cos(M_PI * (double)i / (double)rise));
        for (int64_t i = 0; i < fall; i++)
            x[n - 1 - i] *= (float)(0.5 - 0.5 * cos(M_PI * (double)i / (double)fall));
    }
    return true;
}

/* Largest mean power of a channel in the samples begin to end. */
static double power(const dio_clip *clip, int64_t begin, int64_t end)
{
    double most = 0;
    for (int c = 0; c < clip->channels; c++) {
        const float *x = dio_clip_channel(clip, c);
        double sum = 0;
        for (int64_t i = begin; i < end; i++)
            sum += (double)x[i] * (double)x[i];
        most = fmax(most, sum / (double)(end - begin));
    }
    return most;
}

dio_clip *dio_clip_trim(const dio_clip *clip, double db, double keep, int64_t *begin,
                        dio_error *err)
{
    int64_t n = clip->length, step = clip->rate / 100, first = n, past = 0;
    double loudest = 0;
    if (!(db > 0) || !(keep >= 0)) {
        dio_fail(err, "trimming at %g dB, keeping %g seconds: above 0, and not below 0", db, keep);
        return NULL;
    }
    for (int64_t i = 0; i < n; i += step)
        loudest = fmax(loudest, power(clip, i, i + step < n ? i + step : n));
    for (int64_t i = 0; i < n && loudest > 0; i += step) {
        int64_t end = i + step < n ? i + step : n;
        if (power(clip, i, end) >= loudest * pow(10, -db / 10)) {
            first = first < i ? first : i;
            past = end;
        }
    }
    int64_t extra = (int64_t)fmin(keep * clip->rate, (double)n);
    first = past == 0 ? 0 : first > extra ? first - extra : 0;
    past = past == 0 ? 0 : n - past > extra ? past + extra : n;
    if (begin)
        *begin = first;
    return dio_clip_cut(clip, first, past - first, err);
}
