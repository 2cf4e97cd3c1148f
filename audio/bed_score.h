#pragma once
/* bed_score.h: private to audio/: what is to be played, before anything sounds. */
#include <stdbool.h>
#include <stdint.h>

#include "audio/bed.h"
#include "base/arena.h"

/* Who plays. */
typedef enum bed_player {
    BED_PAD,   /* soft and wide, for chords */
    BED_PLUCK, /* a string or bar that is struck and dies away */
    BED_BELL,
    BED_BASS,
    BED_KICK,
    BED_SNAP,
    BED_SHAKER,
    BED_SWELL, /* noise that grows over its length */
    BED_PLAYERS,
} bed_player;

typedef struct bed_note {
    int player;
    double start, length; /* seconds */
    double pitch;         /* semitones, 69 is A at 440 Hz */
    double strength;      /* 0..1 */
    double pan;           /* -1..1 */
} bed_note;

typedef struct bed_score {
    bed_note *notes;
    int count, cap;
    dio_arena *arena;
    uint64_t seed, drawn; /* the next random number */
} bed_score;

/* What a mood is made of. Lists end in NULL; a pattern has one character a sixteenth: 'x' strong,
 * 'o' soft, '.' nothing. Figures name tones of the chord from below, eighth by eighth. */
typedef struct bed_style {
    double slow, fast; /* beats a minute */
    double swing;      /* how late the second of two sixteenths comes: 0.5 is straight */
    bool minor;
    const char *major_chords[4], *minor_chords[4];
    const char *figures[4];
    const char *kick, *snap, *shaker; /* NULL: is silent */
    const char *bass;
    double level[BED_PLAYERS]; /* dB */
    int player;                /* of the figures */
} bed_style;
const bed_style *bed_style_of(int mood);

/* 0..11 and whether it is minor, from a name; false when it is none. */
bool bed_key_parse(const char *name, int *root, bool *minor, bool *said);

enum { BED_TONES = 5 };
/* A chord as pitch classes above the key's root, its own root first. */
typedef struct bed_chord {
    int count, tone[BED_TONES];
} bed_chord;
/* The next of a line of Roman numerals: *line moves behind it; false at its end. */
bool bed_chord_next(const char **line, bool minor, bed_chord *chord);

double bed_random(bed_score *s); /* 0..1 */
void bed_add(bed_score *s, bed_note note);
/* Writes all that is to be played. */
void bed_compose(const dio_bed *bed, const bed_style *style, bed_score *score);

/* Plays it into two channels, dry and as it goes to the room. */
void bed_play(const bed_score *score, const bed_style *style, uint64_t seed, dio_clip *dry,
              dio_clip *wet);
/* The room's answer to `wet`, added to `out`. */
bool bed_room(const dio_clip *wet, dio_clip *out, dio_error *err);
