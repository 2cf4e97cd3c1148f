#pragma once
/* av_probe.h: what is in a film, read back. Only files of ours and MP4 are opened: through our own
 * mapping, so that nothing in a file can lead FFmpeg to another file or to the network. */
#include "base/error.h"
#include "fusion/canvas.h"

typedef struct dio_media_facts {
    char video[32], profile[32], pixels[32], audio[32]; /* names as FFmpeg has them; "": none */
    int width, height, fps_num, fps_den;
    int level;  /* 40: 4.0 */
    bool bt709; /* primaries, curve, matrix, studio range */
    int64_t frames, audio_packets;
    int keyframe_gap; /* most frames from one to the next */
    double seconds, video_start, audio_start, audio_seconds;
    int sample_rate, channels;
    bool faststart; /* the index comes before the pictures */
} dio_media_facts;

bool dio_media_probe(const char *path, dio_media_facts *out, dio_error *err);

/* Decodes frame i (0-based) of a 4:2:0 film into a new canvas. */
bool dio_media_frame(const char *path, int i, dio_canvas *out, dio_error *err);
