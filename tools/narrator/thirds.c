/* thirds.c: three samples for four, by a windowed sinc in three phases. */
#include "tools/narrator/thirds.h"

#include <math.h>

enum { HALF = 72, TAPS = 2 * HALF + 1, PHASES = 3 };

static const double pi = 3.14159265358979323846;

/* Modified Bessel function of the first kind, order 0. */
static double bessel(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 60; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

/* Output i lies at 4i/3 of the input: HALF inputs on each side of its whole part, whose fraction is
 * the phase's. The middle of the slope is at 11.7 of the input's 32 kHz. */
static void make_taps(double taps[PHASES][TAPS])
{
    const double cut = 11.7 / 32, beta = 10.06; /* 100 dB */
    for (int p = 0; p < PHASES; p++) {
        double sum = 0;
        for (int i = 0; i < TAPS; i++) {
            double t = i - HALF - p / 3.0, at = t / (HALF + 1);
            double sinc = fabs(t) < 1e-9 ? 2 * cut : sin(2 * pi * cut * t) / (pi * t);
            taps[p][i] = fabs(at) < 1 ? sinc * bessel(beta * sqrt(1 - at * at)) / bessel(beta) : 0;
            sum += taps[p][i];
        }
        for (int i = 0; i < TAPS; i++)
            taps[p][i] /= sum;
    }
}

size_t narrator_thirds(const double *in, size_t n, int16_t *out, int64_t *clipped)
{
    double taps[PHASES][TAPS];
    make_taps(taps);
    size_t count = n * 3 / 4;
    for (size_t i = 0; i < count; i++) {
        const double *tap = taps[i * 4 % 3];
        ptrdiff_t at = (ptrdiff_t)(i * 4 / 3) - HALF;
        double sum = 0;
        for (ptrdiff_t k = 0; k < TAPS; k++)
            if (at + k >= 0 && at + k < (ptrdiff_t)n)
                sum += tap[k] * in[at + k];
        double whole = nearbyint(sum);
        *clipped += whole > 32767 || whole < -32768;
        out[i] = (int16_t)fmax(-32768, fmin(32767, whole));
    }
    return count;
}
