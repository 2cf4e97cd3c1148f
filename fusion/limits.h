#pragma once
/* limits.h: what a placement takes: the part of a preset that `diorama check` holds a file to.
 *
 * A preset has one map for each kind of file that its placement takes: film, picture, sound, sheet.
 * What a map does not name is not limited; 0 and NULL stand for that here.
 */
#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "fusion/canvas.h"

typedef enum dio_delivery {
    DIO_DELIVERY_FILM,
    DIO_DELIVERY_PICTURE, /* animated ones, too */
    DIO_DELIVERY_SOUND,
    DIO_DELIVERY_SHEET, /* a picture that holds many: sprites */
    DIO_DELIVERIES,
} dio_delivery;

extern const char *const dio_delivery_names[]; /* "film", ...; NULL-terminated */

/* A part of the picture that the placement's own buttons cover. */
typedef struct dio_interface {
    const char *what;
    dio_box box; /* pixels of the preset's size */
} dio_interface;

typedef struct dio_limits {
    const char *const *formats; /* "mp4", "png"; NULL-terminated, as all lists here */
    const char *const *video, *const *profiles, *const *pixels, *const *audio; /* FFmpeg's names */
    int64_t most_bytes;
    int least_width, least_height; /* not NULL: any size of the preset's shape from these on */
    int most_width, most_height;
    double least_fps, most_fps;
    double least_kbps, most_kbps; /* of the whole file, 1000 bits a second */
    double least_seconds, most_seconds;
    bool loud; /* lufs, tolerance and true_peak are set */
    double lufs, tolerance, true_peak;
    bool silent;             /* sound would not be played */
    double chars_per_second; /* of captions */
    int line, lines;         /* characters a line, lines a cue */
    double least_cue, most_cue;
    const dio_interface *interface;
    int interfaces;
    int most_loops; /* times that an animation plays */
    int least_rate; /* samples a second */
    int channels;   /* at most */
    bool power_of_two, alpha;
} dio_limits;

/* Reads one kind's map; width and height are the preset's, for percentages. NULL with the place of
 * what is wrong. */
const dio_limits *dio_limits_read(dio_arena *a, const dio_value *v, dio_delivery kind, int width,
                                  int height, dio_error *err);

/* "150 kB", "4 GB", "30 MB": thousands; "KiB", "MiB", "GiB": 1024s; a bare number: bytes. */
bool dio_bytes_parse(const char *text, int64_t *out);
/* "149.2 kB", for messages; `text` has room for 32. */
const char *dio_bytes_text(int64_t bytes, char text[32]);

/* Whether a list is there and lacks the word. Letter case counts nothing. */
bool dio_limits_refuse(const char *const *list, const char *word);
