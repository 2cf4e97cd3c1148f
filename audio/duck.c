/* duck.c: a bed that steps back for a voice.
 *
 * Where the key sounds is known in steps of 10 ms before anything is turned down, so the way down
 * is over when the voice begins, and pauses shorter than `hold` are not pumped up. The gain moves
 * in straight lines of dB whose corners are rounded over 40 ms. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/mix.h"

enum { STEPS = 100 /* a second */, ROUND = 4 /* steps */ };

struct job {
    const dio_clip *key;
    int64_t offset, step, count; /* of the key in the bed; samples a step; steps of the bed */
    double *power;               /* [count]: of the key; then dB of the bed's gain */
    double *gain;                /* [count + 1] */
};

/* The key's power in 20 ms from a step on, largest channel. */
static double power_at(const struct job *j, int64_t t)
{
    int64_t begin = t * j->step - j->offset, end = begin + 2 * j->step;
    double most = 0;
    begin = begin < 0 ? 0 : begin;
    end = end > j->key->length ? j->key->length : end;
    for (int c = 0; c < j->key->channels && end > begin; c++) {
        const float *x = dio_clip_channel(j->key, c);
        double sum = 0;
        for (int64_t i = begin; i < end; i++)
            sum += (double)x[i] * (double)x[i];
        most = fmax(most, sum / (double)(2 * j->step));
    }
    return most;
}

/* power becomes 1 where the bed must be down and 0 elsewhere: what sounds, and pauses up to `hold`
 * between. */
static void find_speech(struct job *j, double threshold, int64_t hold)
{
    double loudest = 0;
    int64_t last = -1;
    for (int64_t t = 0; t < j->count; t++)
        loudest = fmax(loudest, j->power[t] = power_at(j, t));
    for (int64_t t = 0; t < j->count; t++) {
        bool sounds = loudest > 0 && j->power[t] >= loudest * pow(10, -threshold / 10);
        j->power[t] = sounds;
        if (!sounds)
            continue;
        for (int64_t k = last + 1; last >= 0 && t - last <= hold && k < t; k++)
            j->power[k] = 1;
        last = t;
    }
}

/* Backwards in time the way down begins ahead of the voice; forwards it is let go. */
static void find_gain(struct job *j, double depth, double down, double up)
{
    double gain = 0;
    for (int64_t t = j->count; t-- > 0;) {
        gain = j->power[t] > 0 ? -depth : fmin(0, gain + down);
        j->gain[t] = gain;
    }
    gain = 0;
    for (int64_t t = 0; t < j->count; t++) {
        gain = j->power[t] > 0 ? -depth : fmin(0, gain + up);
        j->gain[t] = fmin(gain, j->gain[t]);
    }
}

static void round_corners(struct job *j)
{
    memcpy(j->power, j->gain, (size_t)j->count * sizeof *j->gain);
    for (int64_t t = 0; t < j->count; t++) {
        double sum = 0;
        for (int64_t k = t - ROUND / 2; k <= t + ROUND / 2; k++)
            sum += j->power[k < 0 ? 0 : k < j->count ? k : j->count - 1];
        j->gain[t] = sum / (ROUND + 1);
    }
    j->gain[j->count] = j->gain[j->count - 1];
}

static void apply(const struct job *j, dio_clip *bed)
{
    for (int64_t i = 0; i < bed->length; i++) {
        int64_t t = i / j->step;
        double part = (double)(i % j->step) / (double)j->step;
        double db = j->gain[t] + (j->gain[t + 1] - j->gain[t]) * part;
        float gain = db < 0 ? (float)pow(10, db / 20) : 1;
        for (int c = 0; c < bed->channels; c++)
            dio_clip_channel(bed, c)[i] *= gain;
    }
}

static double or_else(double v, double fallback)
{
    return v > 0 ? v : fallback;
}

bool dio_clip_duck(dio_clip **bed, const dio_clip *key, int64_t offset, const dio_duck *how,
                   dio_error *err)
{
    static const dio_duck plain;
    how = how ? how : &plain;
    double depth = or_else(how->depth, 12), threshold = or_else(how->threshold, 35);
    double attack = or_else(how->attack, 0.25), release = or_else(how->release, 0.6);
    double hold = or_else(how->hold, 0.4);
    if (key->rate != (*bed)->rate)
        return dio_fail(err, "ducking a sound of %d Hz by one of %d Hz: make them one rate first",
                        (*bed)->rate, key->rate);
    if (depth > 60 || threshold > 120 || attack > 10 || release > 10 || hold > 60)
        return dio_fail(err,
                        "ducking by %g dB in %g s, back in %g s after %g s: at most 60 dB, 10 "
                        "s, 10 s and 60 s",
                        depth, attack, release, hold);
    if ((*bed)->length == 0)
        return true;
    struct job j = {.key = key, .offset = offset, .step = (*bed)->rate / STEPS};
    j.count = ((*bed)->length + j.step - 1) / j.step;
    j.power = malloc((size_t)j.count * sizeof *j.power);
    j.gain = malloc((size_t)(j.count + 1) * sizeof *j.gain);
    bool ok = j.power && j.gain;
    if (!ok)
        dio_fail_memory(err, "ducking");
    else
        ok = dio_clip_writable(bed, err);
    if (ok) {
        find_speech(&j, threshold, llrint(hold * STEPS));
        find_gain(&j, depth, depth / (attack * STEPS), depth / (release * STEPS));
        round_corners(&j);
        apply(&j, *bed);
    }
    free(j.power);
    free(j.gain);
    return ok;
}
