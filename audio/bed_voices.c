/* bed_voices.c: the instruments.
 *
 * What has pitch is a sum of partials, each a turning phasor that may die away: nothing folds back,
 * since partials above the audible are left out. What has none is noise from (seed, note, place)
 * through filters. All begin and end in raised cosines, so nothing clicks. */
#include <math.h>

#include "audio/biquad.h"
#include "audio/bed_score.h"
#include "base/rng.h"

enum { PARTIALS = 8 };

/* A pitched instrument: partials as multiples of the pitch, their strengths, and how long they take
 * to fall by 60 dB (0: as long as they are held) for the lowest; higher ones die sooner. */
struct timbre {
    double multiple[PARTIALS], strength[PARTIALS];
    double dying;           /* seconds for 60 dB */
    double sooner;          /* power of the multiple by which dying gets shorter */
    double attack, release; /* seconds */
    double apart;           /* cents by which each channel's own tone is off: width */
    double wet;             /* dB to the room */
};

static const struct timbre timbres[BED_PLAYERS] = {
    [BED_PAD] = {{1, 2, 3, 4, 5, 6, 7, 8},
                 {1, 0.5, 0.28, 0.18, 0.11, 0.08, 0.06, 0.04},
                 .attack = 0.35,
                 .release = 0.45,
                 .apart = 4,
                 .wet = -8},
    [BED_PLUCK] = {{1, 2, 3, 4, 5, 6},
                   {1, 0.55, 0.3, 0.22, 0.12, 0.09},
                   .dying = 1.6,
                   .sooner = 0.9,
                   .attack = 0.004,
                   .release = 0.06,
                   .apart = 2,
                   .wet = -10},
    [BED_BELL] = {{1, 2, 2.99, 4.08, 5.43},
                  {1, 0.3, 0.22, 0.12, 0.05},
                  .dying = 3.4,
                  .sooner = 0.8,
                  .attack = 0.006,
                  .release = 0.2,
                  .apart = 3,
                  .wet = -7},
    [BED_BASS] = {{1, 2, 3, 4},
                  {1, 0.35, 0.12, 0.05},
                  .dying = 2.2,
                  .sooner = 0.7,
                  .attack = 0.012,
                  .release = 0.05,
                  .wet = -26},
};

/* Where a note's samples go, and how strongly. */
struct stand {
    const bed_note *note;
    int rate;
    int64_t begin, length; /* samples of the clip; length with the release */
    double gain[2], room;  /* of the channels; and of that, to the room */
    float *dry[2], *wet[2];
};

static double amplitude(double db)
{
    return pow(10, db / 20);
}

static void give(const struct stand *s, int channel, int64_t i, double v)
{
    float out = (float)(v * s->gain[channel]);
    s->dry[channel][s->begin + i] += out;
    s->wet[channel][s->begin + i] += out * (float)s->room;
}

/* 0 to 1 to 0 over a note: raised cosines of `rise` and `fall` samples. */
static double envelope(int64_t i, int64_t length, double rise, double fall)
{
    double up = (double)i / rise, down = (double)(length - 1 - i) / fall;
    double v = up < 1 ? 0.5 - 0.5 * cos(M_PI * up) : 1;
    return down < 1 ? v * (0.5 - 0.5 * cos(M_PI * down)) : v;
}

/* ---- pitched ---- */

/* One partial at `hertz` times its multiple, into the first channels of `to` and on to the last. */
static void add_partial(const struct stand *s, const struct timbre *t, int p, double hertz,
                        double weight, int first, int last)
{
    double turn = 2 * M_PI * hertz * t->multiple[p] / s->rate;
    double dying = t->dying / pow(t->multiple[p], t->sooner);
    double keep = t->dying > 0 ? pow(10, -3 / (dying * s->rate)) : 1;
    double c = keep * cos(turn), d = keep * sin(turn);
    double phase = 2.4 * p; /* partials that all begin together sound like a machine */
    double re = weight * t->strength[p] * cos(phase), im = weight * t->strength[p] * sin(phase);
    if (hertz * t->multiple[p] > 0.45 * s->rate || hertz * t->multiple[p] > 12000)
        return;
    double rise = t->attack * s->rate, fall = t->release * s->rate;
    for (int64_t i = 0; i < s->length; i++) {
        double v = im * envelope(i, s->length, rise, fall);
        for (int channel = first; channel <= last; channel++)
            give(s, channel, i, v);
        double next = re * c - im * d;
        im = re * d + im * c;
        re = next;
    }
}

/* A tone that both channels share, and in each one of its own, a little off: wide, and not hollow
 * where the two become one. */
static void play_pitched(const struct stand *s, const struct timbre *t)
{
    double hertz = 440 * pow(2, (s->note->pitch - 69) / 12), off = pow(2, t->apart / 1200);
    for (int p = 0; p < PARTIALS && t->strength[p] > 0; p++) {
        add_partial(s, t, p, hertz, t->apart > 0 ? 0.85 : 1, 0, 1);
        if (t->apart > 0) {
            add_partial(s, t, p, hertz / off, 0.45, 0, 0);
            add_partial(s, t, p, hertz * off, 0.45, 1, 1);
        }
    }
}

/* ---- drums and noises ---- */

/* A sine that falls from an octave and a bit above to its pitch. */
static void play_kick(const struct stand *s)
{
    double phase = 0, low = 440 * pow(2, (s->note->pitch - 69) / 12);
    for (int64_t i = 0; i < s->length; i++) {
        double t = (double)i / s->rate;
        phase += 2 * M_PI * low * (0.85 + 1.6 * exp(-t / 0.028)) / s->rate;
        double v =
            sin(phase) * exp(-t / 0.09) * envelope(i, s->length, 0.003 * s->rate, 0.05 * s->rate);
        give(s, 0, i, v);
        give(s, 1, i, v);
    }
}

/* How a noise is shaped: what it lets through, and how it comes and goes. */
struct noise {
    double low, high; /* Hz */
    double attack, dying;
};

static void play_noise(const struct stand *s, const struct noise *n, uint64_t seed, uint64_t place)
{
    for (int channel = 0; channel < 2; channel++) {
        dio_biquad above = dio_biquad_high_pass(n->low, s->rate);
        dio_biquad below = dio_biquad_low_pass(fmin(n->high, 0.4 * s->rate), s->rate);
        for (int64_t i = 0; i < s->length; i++) {
            uint64_t at = place << 32 | (uint64_t)i << 1 | (uint64_t)channel;
            double v = 2 * dio_uniform53(seed, 0x6e6f697365, at) - 1; /* "noise" */
            v = dio_biquad_run(&below, dio_biquad_run(&above, v));
            v *= exp(-(double)i / (n->dying * s->rate)) *
                 envelope(i, s->length, n->attack * s->rate, 0.02 * s->rate);
            give(s, channel, i, v);
        }
    }
}

/* Noise whose filter opens while it grows; it stops at the end, over 30 ms. */
static void play_swell(const struct stand *s, uint64_t seed, uint64_t place)
{
    for (int channel = 0; channel < 2; channel++) {
        dio_biquad above = dio_biquad_high_pass(300, s->rate);
        double low = 0;
        for (int64_t i = 0; i < s->length; i++) {
            double part = (double)i / (double)s->length;
            uint64_t at = place << 32 | (uint64_t)i << 1 | (uint64_t)channel;
            double v = 2 * dio_uniform53(seed, 0x6e6f697365, at) - 1;
            double open = 1 - exp(-2 * M_PI * (400 + 6000 * part * part) / s->rate);
            low += open * (dio_biquad_run(&above, v) - low);
            give(s, channel, i, low * part * part * envelope(i, s->length, 1, 0.03 * s->rate));
        }
    }
}

/* ---- all ---- */

static bool place(struct stand *s, const bed_note *note, const bed_style *style, dio_clip *dry,
                  dio_clip *wet)
{
    const struct timbre *t = &timbres[note->player];
    double level = amplitude(style->level[note->player]) * note->strength;
    double angle = (note->pan + 1) * M_PI / 4;
    *s = (struct stand){.note = note, .rate = dry->rate, .begin = llrint(note->start * dry->rate)};
    s->length = llrint((note->length + t->release) * dry->rate);
    if (s->length > dry->length - s->begin)
        s->length = dry->length - s->begin;
    s->room = amplitude(t->wet < 0 ? t->wet : -16);
    for (int c = 0; c < 2; c++) {
        s->gain[c] = level * M_SQRT2 * (c ? sin(angle) : cos(angle));
        s->dry[c] = dio_clip_channel(dry, c);
        s->wet[c] = dio_clip_channel(wet, c);
    }
    return s->length > 1;
}

void bed_play(const bed_score *score, const bed_style *style, uint64_t seed, dio_clip *dry,
              dio_clip *wet)
{
    static const struct noise snap = {900, 4500, 0.002, 0.045},
                              shaker = {5200, 11000, 0.008, 0.022};
    for (int i = 0; i < score->count; i++) {
        struct stand s;
        if (!place(&s, &score->notes[i], style, dry, wet))
            continue;
        switch (score->notes[i].player) {
        case BED_KICK:
            play_kick(&s);
            break;
        case BED_SNAP:
            play_noise(&s, &snap, seed, (uint64_t)i);
            break;
        case BED_SHAKER:
            play_noise(&s, &shaker, seed, (uint64_t)i);
            break;
        case BED_SWELL:
            play_swell(&s, seed, (uint64_t)i);
            break;
        default:
            play_pitched(&s, &timbres[score->notes[i].player]);
            break;
        }
    }
}
