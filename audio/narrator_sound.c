/* narrator_sound.c: frames of sources -> spectra -> filtered -> overlap-add.
 *
 * Blocks of DIO_LANES frames go to the gang's threads and leave each frame's piece of sound; hops
 * are then summed from their four pieces, in order. Hann's window both ways: four squares that meet
 * add up to 3/2. */
#include "audio/narrator_sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/fft_lanes.h"
#include "audio/narrator_net.h"
#include "base/gang.h"

enum { FFT = DIO_NARRATOR_FFT, HALF = FFT / 2, BINS = DIO_NARRATOR_BINS, HOP = DIO_NARRATOR_HOP };

/* Of one thread. */
struct room {
    dio_lanes samples[HALF], pulses[BINS], noise[BINS];
};

struct dio_narrator_sound {
    dio_lanes_fft *fft;
    float hann[FFT], back[FFT]; /* what frames are multiplied by, there and back */
    struct room *room;          /* [threads] */
    float *pieces;              /* [frames,FFT] */
    int threads;
    int64_t frames;
};

dio_narrator_sound *dio_narrator_sound_create(dio_error *err)
{
    dio_narrator_sound *s = calloc(1, sizeof *s);
    if (!s) {
        dio_fail_memory(err, "a narrator's sound");
        return NULL;
    }
    s->fft = dio_lanes_fft_create(FFT, err);
    for (int i = 0; i < FFT; i++) {
        double hann = 0.5 - 0.5 * cos(2 * M_PI * i / FFT);
        s->hann[i] = (float)hann;
        s->back[i] = (float)(hann / (1.5 * HALF));
    }
    if (s->fft)
        return s;
    dio_narrator_sound_destroy(s);
    return NULL;
}

void dio_narrator_sound_destroy(dio_narrator_sound *s)
{
    if (!s)
        return;
    dio_lanes_fft_destroy(s->fft);
    free(s->room);
    free(s->pieces);
    free(s);
}

/* Room for as many frames and the gang's threads. */
static bool make_room(dio_narrator_sound *s, int64_t frames, dio_error *err)
{
    const int threads = dio_gang_size();
    if (threads > s->threads) {
        free(s->room);
        s->room = calloc((size_t)threads, sizeof *s->room);
        s->threads = s->room ? threads : 0;
    }
    if (frames > s->frames) {
        free(s->pieces);
        s->pieces = malloc((size_t)frames * FFT * sizeof *s->pieces);
        s->frames = s->pieces ? frames : 0;
    }
    return (s->threads && s->frames) || dio_fail_memory(err, "a narrator's sound");
}

struct work {
    const dio_narrator_sound *s;
    const dio_narrator_sources *in;
    float *sum;
};

/* Frames that are not there have the last one's samples; nobody asks for their sound. */
static int64_t frame_of(const struct work *w, int64_t block, int lane)
{
    int64_t frame = block * DIO_LANES + lane;
    return frame < w->in->count ? frame : w->in->count - 1;
}

static void load(const struct work *w, int64_t block, const float *source, dio_lanes *to)
{
    const float *hann = w->s->hann, *at[DIO_LANES];
    for (int l = 0; l < DIO_LANES; l++)
        at[l] = source + frame_of(w, block, l) * HOP;
    for (int i = 0; i < HALF; i++)
        for (int l = 0; l < DIO_LANES; l++) {
            to[i].re[l] = hann[2 * i] * at[l][2 * i];
            to[i].im[l] = hann[2 * i + 1] * at[l][2 * i + 1];
        }
}

/* Into r->pulses. */
static void filter(const struct work *w, int64_t block, struct room *r)
{
    for (int l = 0; l < DIO_LANES; l++) {
        const int64_t first = frame_of(w, block, l) * BINS;
        const float *re = w->in->re + first, *im = w->in->im + first,
                    *breath = w->in->breath + first;
        for (int k = 0; k < BINS; k++) {
            dio_lanes *p = &r->pulses[k], *n = &r->noise[k];
            float a = p->re[l], b = p->im[l];
            p->re[l] = a * re[k] - b * im[k] + n->re[l] * breath[k];
            p->im[l] = a * im[k] + b * re[k] + n->im[l] * breath[k];
        }
    }
}

static void make_block(void *user, int64_t block, int thread)
{
    const struct work *w = user;
    struct room *r = &w->s->room[thread];
    load(w, block, w->in->pulses, r->samples);
    dio_lanes_fft_forward(w->s->fft, r->samples, r->pulses);
    load(w, block, w->in->noise, r->samples);
    dio_lanes_fft_forward(w->s->fft, r->samples, r->noise);
    filter(w, block, r);
    dio_lanes_fft_inverse(w->s->fft, r->pulses, r->samples);
    for (int l = 0; l < DIO_LANES && block * DIO_LANES + l < w->in->count; l++) {
        float *to = w->s->pieces + (block * DIO_LANES + l) * FFT;
        for (int i = 0; i < HALF; i++) {
            to[2 * i] = w->s->back[2 * i] * r->samples[i].re[l];
            to[2 * i + 1] = w->s->back[2 * i + 1] * r->samples[i].im[l];
        }
    }
}

static void add_hop(void *user, int64_t hop, int thread)
{
    const struct work *w = user;
    float *to = w->sum + hop * HOP;
    (void)thread;
    for (int64_t frame = hop - 3 < 0 ? 0 : hop - 3; frame <= hop && frame < w->in->count; frame++) {
        const float *piece = w->s->pieces + frame * FFT + (hop - frame) * HOP;
        for (int i = 0; i < HOP; i++)
            to[i] += piece[i];
    }
}

bool dio_narrator_sound_add(dio_narrator_sound *s, const dio_narrator_sources *in, float *sum,
                            dio_error *err)
{
    struct work w = {s, in, sum};
    if (!make_room(s, in->count, err))
        return false;
    dio_gang_run((in->count + DIO_LANES - 1) / DIO_LANES, make_block, &w);
    dio_gang_run(in->count + 3, add_hop, &w);
    return true;
}
