/* signals.c: sounds by formula. */
#include "signals.h"

#include <math.h>

#include "audio/resample.h"
#include "base/rng.h"

enum { RATE = 48000 };

dio_clip *signal_silence(int rate, int channels, double seconds)
{
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(rate, channels, (int64_t)(seconds * rate), &err);
    if (!clip)
        fail_msg("%s", err.message);
    return clip;
}

dio_clip *signal_tone(int rate, int channels, double seconds, double hertz, double db)
{
    dio_clip *clip = signal_silence(rate, channels, seconds);
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < clip->length; i++)
            dio_clip_channel(clip, c)[i] =
                (float)(pow(10, db / 20) * sin(2 * M_PI * hertz / rate * (double)i));
    return clip;
}

dio_clip *signal_speech(int rate, int channels, double seconds)
{
    dio_clip *clip = signal_silence(rate, channels, seconds);
    double phase = 0, last = 0;
    for (int64_t i = 0; i < clip->length; i++) {
        double t = (double)i / rate, word = fmod(t, 0.9), loud = fmod(floor(t / 0.9), 3);
        double level = word > 0.75 ? 0 : 0.1 * pow(2, loud), v = 0;
        phase += 2 * M_PI * (120 + 20 * sin(2 * t)) / rate;
        for (int k = 1; k < 20; k++)
            v += sin(k * phase) / k;
        double noise = 2 * (double)dio_uniform(4, 0, (uint64_t)i) - 1;
        bool hiss = fmod(word, 0.25) > 0.17;
        v = hiss ? 0.7 * (noise - last) : v * fabs(sin(2 * M_PI * 4 * word));
        last = noise;
        for (int c = 0; c < channels; c++)
            dio_clip_channel(clip, c)[i] = (float)(level * v);
    }
    return clip;
}

static double nasty(int which, int64_t i, double uniform)
{
    double t = (double)i / RATE;
    switch (which) {
    case 0: /* a square whose edges ring between the samples */
        return fmod(t * 997, 1) < 0.5 ? 1 : -1;
    case 1: /* clicks in silence */
        return i % 4801 == 0 ? 1 : i % 4801 == 1 ? -1 : 0;
    case 2: /* a quarter of the rate, between its samples 3 dB higher */
        return sin(2 * M_PI * RATE / 4 * t + M_PI / 4) * 1.4;
    case 3: /* white noise */
        return 2 * uniform - 1;
    case 4: /* signs that flip at random near the half rate: the worst for every filter */
        return (i % 2 ? 1 : -1) * (uniform < 0.03 ? -1 : 1);
    case 5: /* bursts from nothing to far too much */
        return fmod(t, 0.5) < 0.02 ? 8 * sin(2 * M_PI * 3000 * t) : 0.05 * sin(2 * M_PI * 300 * t);
    case 6: /* a low tone far too loud */
        return 5 * sin(2 * M_PI * 50 * t);
    default: /* a constant under a tone */
        return 0.5 + 0.7 * sin(2 * M_PI * 440 * t);
    }
}

int signal_nasty_count(void)
{
    return 8;
}

dio_clip *signal_nasty(int which, const char **name)
{
    static const char *const names[] = {"square",       "clicks", "quarter rate", "noise",
                                        "random signs", "bursts", "low and loud", "constant"};
    dio_clip *clip = signal_silence(RATE, 2, 0.8);
    for (int64_t i = 0; i < clip->length; i++) {
        double v = nasty(which, i, (double)dio_uniform(8, (uint64_t)which, (uint64_t)i));
        dio_clip_channel(clip, 0)[i] = (float)v;
        dio_clip_channel(clip, 1)[i] = (float)(i % 3000 < 1500 ? v : -0.8 * v);
    }
    *name = names[which];
    return clip;
}

double signal_db(double amplitude)
{
    return 20 * log10(amplitude + 1e-30);
}

double signal_peak(const dio_clip *clip)
{
    double most = 0;
    for (int c = 0; c < clip->channels; c++)
        for (int64_t i = 0; i < clip->length; i++)
            most = fmax(most, fabs((double)dio_clip_channel(clip, c)[i]));
    return most;
}

double signal_peak_between(dio_clip *clip)
{
    dio_error err = {0};
    dio_clip *fine = dio_clip_resample(clip, 4 * clip->rate, &err);
    if (!fine)
        fail_msg("%s", err.message);
    double peak = signal_peak(fine);
    dio_clip_unref(fine);
    return peak;
}

double signal_rms(const dio_clip *clip, int channel, int64_t begin, int64_t end)
{
    double sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += pow((double)dio_clip_channel(clip, channel)[i], 2);
    return sqrt(sum / (double)(end - begin));
}
