/* narrator_source.c: pulses between samples are windowed sincs, so that a pitch is heard as it is
 * and not as whole samples would have it. */
#include "audio/narrator_source.h"

#include <math.h>

#include "audio/narrator_net.h"
#include "base/rng.h"

enum { HALF = DIO_NARRATOR_PULSE, STREAM = 0x6e6f6973 };

static const double cut = 0.95; /* of half the rate */

/* `amount` at `part` of a sample behind sample `at`. */
static void put_pulse(float *out, int64_t n, int64_t at, double part, double amount)
{
    for (int64_t i = at - HALF + 1; i <= at + HALF; i++) {
        double t = (double)(i - at) - part, x = M_PI * cut * t;
        double window = 0.5 + 0.5 * cos(M_PI * t / HALF);
        if (i >= 0 && i < n && fabs(t) < HALF)
            out[i] += (float)(amount * window * (fabs(x) < 1e-9 ? cut : cut * sin(x) / x));
    }
}

/* Between two voiced frames a mean; else the nearer frame's. */
static double hz_at(const float *hz, int64_t frame, int i)
{
    double a = (double)hz[frame], b = (double)hz[frame + 1], part = (double)i / DIO_NARRATOR_HOP;
    if (a > 0 && b > 0)
        return a + part * (b - a);
    return part < 0.5 ? a : b;
}

void dio_narrator_pulses(const float *hz, int64_t frames, int64_t first, int64_t past,
                         double *phase, float *out)
{
    const int64_t n = (frames - 1) * DIO_NARRATOR_HOP;
    for (int64_t s = first; s < past; s++) {
        double f = hz_at(hz, s / DIO_NARRATOR_HOP, (int)(s % DIO_NARRATOR_HOP));
        if (!(f > 0))
            continue;
        double step = f / DIO_NARRATOR_RATE;
        *phase += step;
        if (*phase < 1)
            continue;
        *phase -= floor(*phase);
        /* The turn was full so long before the next sample. */
        put_pulse(out, n, s, 1 - fmin(*phase / step, 1), sqrt(1 / step));
    }
}

void dio_narrator_noise(uint64_t seed, int64_t first, int64_t n, float *out)
{
    dio_normal(seed, STREAM, (uint64_t)first, out, (size_t)n);
}
