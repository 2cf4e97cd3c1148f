#pragma once
/* facts.h: what a finished file is: what `diorama check` holds against a preset. Of the first bytes
 * and heads; pixels are not decoded. */
#include "fusion/limits.h"

typedef struct dio_facts {
    dio_delivery kind;  /* film, picture or sound: by what is in it */
    const char *format; /* "mp4", "mov", "webm", "png", "gif", "wav", ... */
    int64_t bytes;
    int width, height; /* as seen: turned and stretched as the file asks */
    bool alpha;
    int frames, plays; /* of a film or an animation; plays 0: for ever */
    double seconds, fps;
    char video[32], profile[32], pixels[32], audio[32]; /* FFmpeg's names; "": none */
    int rate, channels;
} dio_facts;

/* False with a sentence for what is no film, picture or sound, or is damaged. */
bool dio_facts_read(const char *path, dio_facts *out, dio_error *err);

/* av_facts.c: for what FFmpeg's demuxers read; fills in all but bytes. */
bool dio_facts_av(const char *path, dio_facts *out, dio_error *err);
