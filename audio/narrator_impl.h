#pragma once
/* narrator_impl.h: what narrator*.c share: an utterance on its way from phones to samples. */
#include <stdlib.h>
#include <string.h>

#include "audio/narrator.h"
#include "audio/narrator_net.h"
#include "audio/narrator_places.h"
#include "audio/narrator_sound.h"
#include "tensor/plan.h"

enum { NAMES = 64 };

struct names {
    char *text;
    const char *name[NAMES];
    int count;
};

struct dio_narrator {
    dio_network *acoustic, *vocoder;
    const dio_acoustic_ops *ops;
    const dio_narrator_vocoder_ops *voice;
    dio_acoustic_shape shape;
    struct names phones, speakers;
};

/* Frames go through the networks in windows, so that a long utterance is heard before its end is
 * known, and so that there are few sizes: plans of each are kept. */
enum stage { ENCODE, LAY, DECODE, VOICE, STAGES };
enum { WINDOW_STEP = 64, WINDOW = 256, SLOTS = WINDOW / WINDOW_STEP };

struct slot {
    dio_plan *plan;
    int64_t rows; /* that it is for, */
    int threads;  /* and the gang's */
};

struct dio_narrator_session {
    const dio_narrator *n;
    dio_device *device;
    struct slot slot[STAGES][SLOTS];
    dio_narrator_sound *sound;
};

/* Arrays over frames are zero beyond the last, for as long as a window. */
struct speech {
    const dio_narrator *n;
    dio_narrator_session *session;
    dio_narrator_request r;
    dio_arena *a;    /* all that follows */
    int64_t phones;  /* padded */
    float *encoded;  /* [phones,C] */
    float *duration; /* [phones]: logarithms of frames */
    float *seconds;  /* [count] */
    int64_t *ends;   /* [count] */
    int64_t frames;
    int32_t *phone;  /* [frames] */
    float *within;   /* [frames,WITHIN] */
    float *there;    /* [frames] */
    int64_t laid_to; /* frames that have the following: */
    float *laid;     /* [frames,C] */
    float *melody;   /* [frames,3]: pitch, voicing, energy */
    float *tune;     /* [frames,2]: the first two, for the vocoder */
    float *rest;     /* [frames]: dB that are left to do */
    int64_t mels_to; /* and this */
    float *mel;      /* [frames,MELS] */
    int32_t *row;    /* [WINDOW]: 0, 1, 2 ... */
    float *rows;     /* [WINDOW,C]: what is known of a window's phones */
    dio_error *err;
};

/* --- narrator_plan.c --- */

/* Zeroed numbers of four bytes that live as long as the utterance; NULL with a message. */
void *dio_speech_room(struct speech *s, int64_t numbers);

struct bind {
    const char *name;
    const void *data;
    int64_t numbers; /* of four bytes */
};

/* Appends a stage for so many rows to g; returns how many outputs it has. */
enum { OUTPUTS = 3 };
typedef int dio_speech_build(const struct speech *s, dio_graph *g, int64_t rows, dio_val *outputs);
/* The stage's plan for so many rows; NULL with a message. */
dio_plan *dio_speech_plan(struct speech *s, enum stage stage, int64_t rows,
                          dio_speech_build *build);
bool dio_speech_run(struct speech *s, dio_plan *p, const struct bind *in, int n_in);
/* A copy of output i; NULL with a message. */
float *dio_speech_output(struct speech *s, dio_plan *p, int i);
/* Inputs of a stage: f32 [1,rows,c], i32 [1,n]. */
dio_val dio_speech_numbers(dio_graph *g, const char *name, int64_t rows, int64_t c);
dio_val dio_speech_ids(dio_graph *g, const char *name, int64_t n);

/* Frames first..past-1 of a run that sees frames begin..begin+rows-1. */
struct window {
    int64_t begin, rows, first, past;
};
/* The next after `done` of s->frames, when what is given depends on `context` frames around it. */
struct window dio_speech_window(const struct speech *s, int64_t done, int64_t context);

/* --- narrator_find.c --- */

float dio_speech_clamp(float x, float lo, float hi); /* lo for what is no number */
/* Phones to `seconds`. */
bool dio_speech_time(struct speech *s);

/* --- narrator_frames.c --- */

/* `seconds` to `ends` and what is known of frames; then mels of frames before `past`, at least. */
bool dio_speech_lay(struct speech *s);
bool dio_speech_mels(struct speech *s, int64_t past);
/* Zeroed numbers a frame, and for as long as a window beyond. NULL with a message. */
void *dio_speech_row_room(struct speech *s, int64_t numbers);

/* --- narrator_voice.c --- */

/* The clip's samples, and whoever wants them as they come gets them. */
bool dio_speech_voice(struct speech *s, dio_clip *clip);
