#pragma once
/* format.h: a format of finished media describes itself: container, codecs, pixels, knobs.
 *
 * One file in formats/ that ends in a `const dio_format`, and one line in formats/formats.def: the
 * lists of names, what a step accepts, docs/formats.md and the tests follow from it. Names of
 * encoders, pixel forms and options are libavcodec's, as text; only av*.c look them up, and a
 * build of FFmpeg that lacks one is told of before any work.
 */
#include "base/arena.h"
#include "base/error.h"

typedef enum dio_format_kind {
    DIO_FORMAT_FILM,
    DIO_FORMAT_FRAMES, /* a folder of pictures */
    DIO_FORMAT_SOUND,
    DIO_FORMAT_PICTURE,
} dio_format_kind;

/* What is turned to make files smaller; `option` NULL: the format has no such knob. */
typedef struct dio_knob {
    const char *option; /* the encoder's; "" for knobs of our own */
    const char *doc;
    double best, worst, usual; /* best may be the larger or the smaller number */
    double step;               /* the least change that is worth another try; above 0 */
} dio_knob;

typedef struct dio_format_option {
    const char *name, *value; /* name NULL ends a list */
} dio_format_option;

typedef struct dio_format_video {
    const char *encoder;
    const char *pixels, *pixels_alpha;                /* NULL: the format holds no alpha */
    const dio_format_option *options, *options_alpha; /* alpha: in their place; NULL: the same */
    int threads; /* the encoder's output may depend on them: part of the format, not the machine's
                  */
    char tag[4]; /* code of the codec in the container; zero: the muxer's */
    const char *drop; /* numbers of NAL units that hold an encoder's settings, not pictures */
    bool palette;     /* at most 256 colours, found over the whole film */
} dio_format_video;

typedef struct dio_format_audio {
    const char *encoder, *samples; /* samples: "fltp" */
    const dio_format_option *options;
    int bits;    /* a second; 0: the encoder has no such thing */
    int delay;   /* frames of a block, for the index's room */
    bool always; /* silence where there is no sound: platforms refuse films without */
} dio_format_audio;

typedef struct dio_format {
    const char *name, *suffix, *doc;
    dio_format_kind kind;
    const char *container; /* libavformat's muxer; NULL: written without it */
    const dio_format_option *muxing;
    const dio_format_video *video;
    const dio_format_audio *audio;
    dio_knob quality;
    bool index_first; /* room is left for it: MP4 and its kin */
    bool loops;       /* plays again by itself */
    bool alpha;       /* for those without `video` */
} dio_format;

/* All formats, NULL-terminated, in the order of formats.def. */
extern const dio_format *const dio_formats[];

/* Names of those of one or two kinds, NULL-terminated: for fields of words. */
extern const char *const dio_format_films[];    /* FILM and FRAMES */
extern const char *const dio_format_pictures[]; /* PICTURE */
extern const char *const dio_format_names[];    /* all */

/* By its name; NULL: there is none. */
const dio_format *dio_format_find(const char *name);

/* Whether this FFmpeg can write it; a sentence that names the missing encoder if not. */
bool dio_format_here(const dio_format *f, dio_error *err);

bool dio_format_alpha(const dio_format *f);

/* Whether its pixels are those of a canvas in BT.709: 4:2:0 of 8 bits, without alpha. */
bool dio_format_canvas(const dio_format *f, bool alpha);

/* The quality to work with: `asked`, or the usual one when it is negative. A sentence with the
 * range when it is outside. */
bool dio_format_quality(const dio_format *f, double asked, double *out, dio_error *err);
