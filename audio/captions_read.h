#pragma once
/* captions_read.h: caption files of others, SRT and WebVTT, as cues.
 *
 * What can be read is read, however bad: a cue that ends before it begins, lies over its neighbour
 * or holds a script is a cue, and whoever checks says so with its number. What cannot be told apart
 * from its times is an error with its line. Nothing of a file is ever run, or trusted.
 */
#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DIO_CUES_MOST = 100000, DIO_CUE_BYTES = 16384 };

typedef struct dio_cue_text {
    int number, line;  /* by its place in the file, from 1; where its times stand */
    double start, end; /* seconds, as written: may be negative, and in any order */
    const char *text;  /* without tags, lines apart by '\n'; entities are letters */
    const char
        *markup; /* the first tag that is none of subtitles': "script"; NULL: there is none */
} dio_cue_text;

typedef struct dio_cue_file {
    const char *format; /* "SRT", "WebVTT" */
    dio_cue_text *cues;
    int count;
} dio_cue_file;

/* All of it lies in the arena; `name` stands in messages. NULL with the line of what is wrong. */
dio_cue_file *dio_captions_read(dio_arena *a, const char *name, const void *bytes, size_t n,
                                dio_error *err);

/* Code points of a cue's text, line ends apart; of its longest line; its lines. */
int dio_cue_chars(const dio_cue_text *cue);
int dio_cue_longest(const dio_cue_text *cue);
int dio_cue_lines(const dio_cue_text *cue);

#ifdef __cplusplus
}
#endif
