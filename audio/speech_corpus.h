#pragma once
/* speech_corpus.h: recorded speech with its phones' times, as tools/narrator writes it. Private to
 * audio/. */
#include <stdbool.h>
#include <stdint.h>

#include "audio/narrator_places.h"
#include "base/error.h"
#include "tensor/recipe.h"

typedef struct dio_recording {
    int id, speaker;
    dio_split split;
    float rate, semitones; /* beside the speaker's own: 1 and 0 when it was not varied */
    int n_phones;
    dio_narrator_phone *phones;
    int64_t *ends; /* of phones, in samples */
    const char *text;
    const int16_t *samples; /* at 24 kHz */
    int64_t n_samples, n_frames;
    const float *pitch; /* Hz every 5 ms from 2.5 ms on; 0: unvoiced */
    int64_t n_pitch;
} dio_recording;

typedef struct dio_speech_corpus dio_speech_corpus;

/* Reads DIR, or DIR/part-0, part-1, ... `phones` and `speakers` are names with spaces between,
 * whose place is their id. */
dio_speech_corpus *dio_speech_corpus_open(const char *dir, const char *phones, const char *speakers,
                                          dio_error *err);
void dio_speech_corpus_close(dio_speech_corpus *c); /* NULL is fine */

/* In the order of their ids, however many parts there are. */
int dio_speech_count(const dio_speech_corpus *c, dio_split split);
const dio_recording *dio_speech_item(const dio_speech_corpus *c, dio_split split, int index);
double dio_speech_hours(const dio_speech_corpus *c);

/* Samples begin..begin+n-1 times gain, -1..1; silence where there are none. */
void dio_recording_samples(const dio_recording *u, int64_t begin, int64_t n, float gain,
                           float *out);
/* Of frames first..first+n-1: pitch as models see it, 0 where unvoiced, and voicing 1 or 0; numbers
 * of a frame lie `stride` apart. */
void dio_recording_pitch(const dio_recording *u, int64_t first, int64_t n, float *pitch,
                         float *voiced, int stride);
