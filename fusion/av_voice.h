#pragma once
/* av_voice.h: private to av*.c: a clip as a track of sound, 48 kHz, one channel or two. */
#include "audio/clip.h"
#include "fusion/av_mux.h"

enum { DIO_AV_RATE = 48000 };

typedef struct dio_av_voice {
    dio_av_track track;
    const dio_clip *clip; /* NULL: silence */
    int64_t length;       /* samples in all: the clip is cut, or silence follows it */
} dio_av_voice;

/* channels: of the track, and of the clip if there is one. bits: a second; 0: the encoder's. */
bool dio_av_voice_open(dio_av_voice *v, dio_av_mux *m, const dio_format_audio *how, int channels,
                       int bits, dio_error *err);
/* Encodes on to that sample. The last block is cut to the sound's length. */
bool dio_av_voice_put(dio_av_voice *v, dio_av_mux *m, int64_t until, dio_error *err);
