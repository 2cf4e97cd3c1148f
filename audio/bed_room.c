/* bed_room.c: a small, dull room after Schroeder: four combs whose echoes lose their treble, then
 * two all-passes that thicken them. The two channels have delays of their own, which is what makes
 * the room wide. Delays are primes at 48 kHz, so that echoes do not fall on each other. */
#include <math.h>
#include <stdlib.h>

#include "audio/bed_score.h"

enum { COMBS = 4, PASSES = 2, LINES = COMBS + PASSES };
static const int delays[2][LINES] = {{1427, 1613, 1787, 1987, 241, 83},
                                     {1447, 1637, 1823, 2011, 251, 89}};
static const double seconds = 1.1; /* until 60 dB down */
static const double dull = 0.35;   /* of the last echo that stays in the next */

struct line {
    float *held;
    int length, at;
    double low, back;
};

static double comb(struct line *l, double x)
{
    double out = (double)l->held[l->at];
    l->low = out * (1 - dull) + l->low * dull;
    l->held[l->at] = (float)(x + l->low * l->back);
    l->at = l->at + 1 < l->length ? l->at + 1 : 0;
    return out;
}

static double pass(struct line *l, double x)
{
    double held = (double)l->held[l->at], in = x + 0.5 * held;
    l->held[l->at] = (float)in;
    l->at = l->at + 1 < l->length ? l->at + 1 : 0;
    return held - 0.5 * in;
}

static void answer(struct line lines[LINES], const float *x, float *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int k = 0; k < COMBS; k++)
            sum += comb(&lines[k], (double)x[i]);
        for (int k = COMBS; k < LINES; k++)
            sum = pass(&lines[k], sum);
        out[i] += (float)(0.35 * sum);
    }
}

bool bed_room(const dio_clip *wet, dio_clip *out, dio_error *err)
{
    bool ok = true;
    for (int c = 0; ok && c < 2; c++) {
        struct line lines[LINES] = {{0}};
        for (int k = 0; k < LINES; k++) {
            struct line *l = &lines[k];
            l->length = (int)((int64_t)delays[c][k] * wet->rate / 48000);
            l->back = pow(10, -3 * l->length / (seconds * wet->rate));
            l->held = calloc((size_t)l->length, sizeof *l->held);
            ok = ok && (l->held || dio_fail_memory(err, "a room"));
        }
        if (ok)
            answer(lines, dio_clip_channel(wet, c), dio_clip_channel(out, c), wet->length);
        for (int k = 0; k < LINES; k++)
            free(lines[k].held);
    }
    return ok;
}
