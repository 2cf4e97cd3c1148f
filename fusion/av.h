#pragma once
/* av.h: films in and out. av*.c are the only files that see FFmpeg.
 *
 * Written: MP4 with the index in front (faststart), H.264 High 4:2:0 BT.709 at a constant rate,
 * closed groups of at most two seconds, and an AAC-LC stereo track at 48 kHz: silent where there is
 * no sound, because platforms refuse films without it. The same pictures and sound give the same
 * bytes, whatever the number of cores.
 */
#include <stdint.h>

#include "audio/clip.h"
#include "base/error.h"
#include "fusion/canvas.h"

typedef struct dio_video_settings {
    int width, height, fps; /* sides even */
    int frames;             /* how many will come; the index is given room for them */
    int quality;            /* x264's constant rate factor, 0..51; lower is better; 19 is fine */
    const char *title;      /* metadata; "" for none */
    /* 48 kHz, two channels: heard from the first frame on, cut at the last; NULL: silence. The
     * caller keeps it until the film is closed. */
    const dio_clip *sound;
} dio_video_settings;

typedef struct dio_video dio_video;

/* The file appears under its name only when dio_video_close succeeds. */
dio_video *dio_video_open(const char *path, const dio_video_settings *settings, dio_error *err);

/* Where to draw the next frame; then dio_video_put takes it. */
bool dio_video_canvas(dio_video *v, dio_canvas *out, dio_error *err);
bool dio_video_put(dio_video *v, dio_error *err);

bool dio_video_close(dio_video *v, dio_error *err); /* frees v, either way */
void dio_video_abort(dio_video *v);                 /* NULL is fine; leaves no file */

/* "libavcodec 59.37.100, libavformat 59.27.100" for run records. */
const char *dio_av_versions(char *out, int size);
