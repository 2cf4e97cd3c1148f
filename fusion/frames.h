#pragma once
/* frames.h: the pictures of a film, by the time at which they are seen.
 *
 * Time 0 is the moment of the film's first picture, whatever its file calls it, and a picture is
 * seen until the next one's time: films of variable rate need nothing from the caller. What comes
 * out is upright (the display matrix has been applied), of square pixels, and sRGB: matrix and
 * range are those that the film names, else BT.709 from 1280x720 on and BT.601 below, studio range.
 * The numbers of a BT.709 film are taken for sRGB's, as players do and as our own films are made.
 *
 * Read are MP4 and QuickTime, Matroska and WebM, AVI, MPEG-TS and -PS, Ogg, GIF and APNG, from one
 * descriptor of ours: nothing in a file leads to another. A film may have sides up to 8192, 2^25
 * pixels a picture and 24 hours. Held at any time: what the codec refers to (a few pictures), two
 * pictures as they were decoded and one that was asked for. One reader belongs to one thread.
 */
#include "vision/image.h"

typedef struct dio_frames dio_frames;

typedef struct dio_frames_facts {
    int width, height;    /* of the pictures that come out */
    int fps_num, fps_den; /* mean rate; 0/1: not known */
    double seconds;       /* from the first picture's time to the last one's end; above 0 */
    int64_t frames;       /* as the file says; 0: it does not */
    bool alpha;           /* pictures have 4 channels, else 3 */
    bool sound;
    double sound_start; /* seconds after the first picture at which the sound begins; may be < 0 */
    int turned;         /* degrees clockwise by which pictures were turned: 0, 90, 180, 270 */
    char container[48], codec[32];
} dio_frames_facts;

/* Opens a film and decodes its first picture. NULL with a sentence that begins with the path. */
dio_frames *dio_frames_open(const char *path, dio_error *err);
void dio_frames_close(dio_frames *f); /* NULL is fine */
const dio_frames_facts *dio_frames_facts_of(const dio_frames *f);

/* *out becomes the picture seen at `seconds`: U8, sRGB, straight alpha, width x height of the
 * facts; the first before 0, the last after the end. It is the caller's to unref and not to be
 * written into (dio_image_writable): the same moment asked for again gives the same picture, at
 * no cost. Forward is cheap; backward or far ahead goes by the nearest key picture. A picture
 * counts from 0.6 ms before its time, since Matroska rounds times to milliseconds. The same file
 * and moment give the same bytes, whatever was asked before and however many threads there are. */
bool dio_frames_at(dio_frames *f, double seconds, dio_image **out, dio_error *err);
