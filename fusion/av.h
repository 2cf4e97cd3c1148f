#pragma once
/* av.h: films out. av*.c are the only files that see FFmpeg.
 *
 * Written is any film of format.h: at a constant rate, BT.709 where it is not RGB, in closed groups
 * of at most two seconds, pictures and sound from 0 on. MP4 and QuickTime have their index in
 * front. Where the format asks for a track of sound, it is silent when there is no sound. The same
 * pictures and sound give the same bytes, whatever the number of cores.
 */
#include <stdint.h>

#include "audio/clip.h"
#include "base/error.h"
#include "fusion/canvas.h"
#include "fusion/film_palette.h"
#include "fusion/format.h"
#include "vision/image.h"

typedef struct dio_video_settings {
    int width, height, fps; /* sides even where chroma is halved */
    int frames;             /* how many will come; the index is given room for them */
    double quality;         /* in the format's range: see its knob */
    const char *title;      /* metadata; "" for none */
    /* 48 kHz, two channels: heard from the first frame on, cut at the last; NULL: silence. The
     * caller keeps it until the film is closed. */
    const dio_clip *sound;
    const dio_format *format;        /* FILM; NULL: mp4 */
    int fps_den;                     /* fps / fps_den pictures a second; 0: 1 */
    bool alpha;                      /* of pictures that come by dio_video_picture */
    int loop;                        /* times that a GIF or WebP plays; 0: for ever */
    const dio_film_colours *colours; /* of a format with a palette; kept by the caller */
} dio_video_settings;

typedef struct dio_video dio_video;

/* The file appears under its name only when dio_video_close succeeds. */
dio_video *dio_video_open(const char *path, const dio_video_settings *settings, dio_error *err);

/* Where to draw the next frame; then dio_video_put takes it. Only for formats whose pixels are
 * those of a canvas: dio_format_canvas. */
bool dio_video_canvas(dio_video *v, dio_canvas *out, dio_error *err);
bool dio_video_put(dio_video *v, dio_error *err);

/* The next frame as a picture of the film's size, in any form; alpha is forgotten when the film
 * has none. */
bool dio_video_picture(dio_video *v, dio_image *image, dio_error *err);

bool dio_video_close(dio_video *v, dio_error *err); /* frees v, either way */
void dio_video_abort(dio_video *v);                 /* NULL is fine; leaves no file */

/* Sound alone, of one channel or two at 48 kHz, in a format with a container. quality: its knob. */
bool dio_av_sound_write(const char *path, const dio_format *format, const dio_clip *clip,
                        double quality, const char *title, dio_error *err);

/* "libavcodec 59.37.100, libavformat 59.27.100" for run records. */
const char *dio_av_versions(char *out, int size);
