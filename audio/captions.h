#pragma once
/* captions.h: words with times become captions: cut as subtitlers cut, written as players read.
 *
 * A cue holds at most `lines` lines of `chars` characters, ends where a sentence ends, rather after
 * punctuation than between two words that belong together, and its lines are about as long as each
 * other. Speech decides when a cue begins; it stays until the next one begins or `linger` has
 * passed.
 */
#include "audio/times.h"

typedef struct dio_caption_rules {
    int chars;     /* code points a line, 8 to 80; 42 is broadcast's, 24 suits upright films */
    int lines;     /* 1 to 3 */
    double least;  /* seconds that a cue stays at least, where the next one lets it */
    double linger; /* seconds that it stays after its last word */
} dio_caption_rules;

/* 42 characters, 2 lines, 5/6 of a second, 0.3 seconds. */
dio_caption_rules dio_caption_rules_default(void);

typedef struct dio_cue {
    double start, end; /* seconds */
    int first, count;  /* of the words */
    const char *text;  /* UTF-8, lines apart by '\n' */
} dio_cue;

typedef struct dio_captions {
    const dio_times *times;
    dio_cue *cues;
    int count;
} dio_captions;

/* All of it lies in the arena. NULL with a message. */
dio_captions *dio_captions_cut(dio_arena *a, const dio_times *times, const dio_caption_rules *rules,
                               dio_error *err);

/* Files' contents. SRT: CRLF, comma before the milliseconds. WebVTT: `& < >` escaped. ASS: v4.00+,
 * with each word's share as \k, so that players sing along; width and height are the film's. */
char *dio_captions_srt(dio_arena *a, const dio_captions *c);
char *dio_captions_vtt(dio_arena *a, const dio_captions *c);
char *dio_captions_ass(dio_arena *a, const dio_captions *c, int width, int height);
