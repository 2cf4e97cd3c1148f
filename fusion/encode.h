#pragma once
/* encode.h: finished media into files of any format, of at most so many bytes.
 *
 * Who has pictures or sound describes them as a source; how often they are asked for is decided
 * here: a palette wants to see a film before it is written, a limit of bytes may want it several
 * times over. A file appears under its name when all is done, or not at all.
 */
#include "audio/clip.h"
#include "fusion/canvas.h"
#include "fusion/format.h"
#include "vision/image.h"

/* How it shall be. */
typedef struct dio_writing {
    const dio_format *format;
    double quality;    /* in the unit of the format's knob; below 0: as is usual */
    int64_t max_bytes; /* 0: any number. `quality` is then the best that is tried */
    int loop;          /* times that a GIF or WebP plays; 0: for ever */
    const char *title; /* metadata; NULL: none */
    uint64_t seed;     /* of the dither under 16 bits of sound */
} dio_writing;

/* How it became. */
typedef struct dio_written {
    double quality; /* 0 where the format has none */
    int64_t bytes;
    int tries;
} dio_written;

/* Frames by number. Each is asked for in order, from 0, in one pass or several; the same number
 * gives the same frame. Of draw and show, show may be NULL when the format takes canvases
 * (dio_format_canvas), draw when not, or either when the source has but one form. */
typedef struct dio_film_source {
    int width, height, fps, fps_den, frames; /* fps_den 0: 1 */
    bool alpha;                              /* pictures have it, and it is to be kept */
    const dio_clip *sound;                   /* 48 kHz, two channels; NULL: none */
    void *user;
    bool (*draw)(void *user, int i, dio_canvas *out, dio_error *err); /* in BT.709's planes */
    bool (*show)(void *user, int i, dio_image **out, dio_error *err); /* a reference */
    /* 0..1, over all passes, as far as they are known; false stops with err. NULL: nobody asks. */
    bool (*progress)(void *user, double done, dio_error *err);
} dio_film_source;

/* Into a file, or for `frames` a folder that is made. out: may be NULL. */
bool dio_encode_film(const dio_film_source *s, const dio_writing *how, const char *path,
                     dio_written *out, dio_error *err);

/* Any clip of one channel or two; compressed formats get it at 48 kHz. */
bool dio_encode_sound(dio_clip *clip, const dio_writing *how, const char *path, dio_written *out,
                      dio_error *err);

/* Refuses alpha where the format holds none: dio_image_flatten first. */
bool dio_encode_picture(dio_image *image, const dio_writing *how, const char *path,
                        dio_written *out, dio_error *err);
