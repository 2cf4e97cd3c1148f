#pragma once
/* times.h: what is said when: phones, words and sentences of a clip, to the sample.
 *
 * Every synthesis gives one. Captions (captions.h), visemes and karaoke follow from it; nobody has
 * to listen to the sound again to find out. All of it lies in one arena and is in rising order; a
 * pause is a phone that belongs to no word.
 */
#include <stdint.h>

#include "base/value.h"

typedef struct dio_timed_phone {
    const char *name;   /* as the voice calls it: "ae", "ˈeɪ"; "pau" for pauses */
    int64_t start, end; /* samples; end is the next one's start */
    int word;           /* -1: none */
} dio_timed_phone;

typedef struct dio_timed_word {
    const char *text; /* as it was written, with the punctuation around it */
    int64_t start, end;
    int sentence;
} dio_timed_word;

typedef struct dio_timed_sentence {
    int64_t start, end;
    int first, count; /* of the words */
} dio_timed_sentence;

typedef struct dio_times {
    int rate;       /* samples a second */
    int64_t length; /* of the clip */
    dio_timed_phone *phones;
    dio_timed_word *words;
    dio_timed_sentence *sentences;
    int n_phones, n_words, n_sentences;
} dio_times;

/* {"rate":24000,"seconds":2.5,"phones":[{"phone","start","end","word"}..],"words":[{"text","start",
 * "end","sentence"}..],"sentences":[..]}; times in seconds. */
dio_value *dio_times_value(dio_arena *a, const dio_times *t);
/* And back: what such a file says, checked: order, ranges, sizes. NULL with the place. */
dio_times *dio_times_read(dio_arena *a, const dio_value *v, dio_error *err);

/* Everything so many seconds later. */
void dio_times_shift(dio_times *t, double seconds);

/* Mouth shapes: {"visemes":[{"viseme","start","end"}..]}, neighbours of one shape joined. The
 * fifteen of Oculus LipSync (sil PP FF TH DD kk CH SS nn RR aa E ih oh ou), for ARPAbet phones;
 * others are refused by name. */
dio_value *dio_times_visemes(dio_arena *a, const dio_times *t, dio_error *err);
