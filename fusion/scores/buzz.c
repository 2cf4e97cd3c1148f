/* buzz.c: whether a voice hums like a machine.
 *
 * Above 3 kHz a human voice is mostly breath: noise, whose spectrum is even. A vocoder that fails
 * goes on with clean harmonics there, or rings at one pitch, and what lies between the lines is
 * missing. Spectral flatness tells the two apart. */
#include <math.h>
#include <stdlib.h>

#include "audio/spectra.h"
#include "fusion/score.h"

enum { N = 1024, HOP = 512, LOW = 3000, HIGH = 8000 };

struct frames {
    double *flatness, *power;
    int low, high; /* bins */
};

/* Powers are lifted by what dither of 16 bits has, so that digital silence is even, too. */
static void take(void *user, int64_t frame, const double *bins, int thread)
{
    (void)thread;
    struct frames *f = user;
    double logs = 0, sum = 0, floor = 1e-10 * N;
    for (int k = f->low; k < f->high; k++) {
        double power = bins[2 * k] * bins[2 * k] + bins[2 * k + 1] * bins[2 * k + 1] + floor;
        logs += log(power);
        sum += power;
    }
    double n = f->high - f->low;
    f->flatness[frame] = fmin(1, exp(logs / n) / (sum / n)); /* above 1 is rounding */
    f->power[frame] = sum;
}

/* Over the frames that are heard: those within 30 dB of the strongest. */
static double mean_flatness(const struct frames *f, int64_t count)
{
    double most = 0, sum = 0, used = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, f->power[i]);
    for (int64_t i = 0; i < count; i++) {
        sum += f->power[i] >= most / 1000 ? f->flatness[i] : 0;
        used += f->power[i] >= most / 1000;
    }
    return used > 0 ? fmin(1, sum / used) : 1;
}

static bool measure_channel(const dio_clip *clip, dio_spectra *s, double *out, dio_error *err)
{
    int64_t count = dio_spectra_frames(s, clip->length);
    double top = fmin(HIGH, 0.45 * clip->rate), bottom = fmin(LOW, top / 2);
    struct frames f = {.flatness = calloc((size_t)count + 1, sizeof *f.flatness),
                       .power = calloc((size_t)count + 1, sizeof *f.power),
                       .low = (int)(bottom * N / clip->rate),
                       .high = (int)(top * N / clip->rate)};
    bool ok = f.flatness && f.power;
    if (!ok)
        dio_fail_memory(err, "a spectrum");
    ok = ok && (count == 0 ||
                dio_spectra_each(s, dio_clip_channel(clip, 0), clip->length, take, &f, err));
    if (ok)
        *out = 1 - mean_flatness(&f, count);
    free(f.flatness);
    free(f.power);
    return ok;
}

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    (void)params;
    const dio_framing framing = {
        .n_fft = N, .win = N, .hop = HOP, .padding = DIO_FRAMING_NONE, .fill = DIO_FRAMING_ZERO};
    dio_clip *mono = dio_clip_remix(look->sight->clip, 1, err);
    dio_spectra *s = mono ? dio_spectra_create(&framing, err) : NULL;
    bool ok = s && measure_channel(mono, s, out, err);
    dio_spectra_destroy(s);
    dio_clip_unref(mono);
    return ok;
}

const dio_score dio_score_buzz = {
    .name = "buzz",
    .media = DIO_MEDIA_AUDIO,
    .doc = "how tonal a voice is between 3 and 8 kHz, where it should be breath: 0.44 for noise, "
           "near 1 for a hum",
    .unit = "1 - flatness",
    .lower = true,
    .lo = 0,
    .hi = 1,
    .reference = "1 - geometric mean / arithmetic mean of the power spectrum (Gray, Markel, \"A "
                 "spectral-flatness measure\", IEEE Trans. ASSP 22, 1974), Hann's window of 1024, "
                 "mean of the frames within 30 dB of the strongest",
    .params = dio_criterion_fields,
    .params_size = sizeof(struct dio_criterion_params),
    .measure = measure,
};
