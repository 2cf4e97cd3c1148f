#pragma once
/* narrator_impl.h: what narrator*.c share: an utterance on its way from phones to samples. */
#include <stdlib.h>
#include <string.h>

#include "audio/narrator.h"
#include "audio/narrator_net.h"
#include "audio/narrator_places.h"
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

/* A plan of each kind is kept for the next utterance; those of sizes that change are made anew. */
enum stage { ENCODE, LAY, DECODE, VOICE, STAGES };

struct slot {
    dio_plan *plan;
    int64_t phones, frames; /* sizes that it is for, */
    int threads;            /* and the gang's */
};

struct dio_narrator_session {
    const dio_narrator *n;
    dio_device *device;
    struct slot slot[STAGES];
};

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
    int64_t frames, padded;
    int32_t *phone; /* [padded] */
    float *within;  /* [padded,WITHIN] */
    float *there;   /* [padded] */
    float *laid;    /* [padded,C] */
    float *melody;  /* [padded,3] */
    float *mel;     /* [padded,MELS] */
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

/* Appends a stage to g; returns how many outputs it has. */
typedef int dio_speech_build(const struct speech *s, dio_graph *g, dio_val *outputs);
/* The stage's plan for phones and frames (padded); NULL with a message. */
dio_plan *dio_speech_plan(struct speech *s, enum stage stage, int64_t phones, int64_t frames,
                          dio_speech_build *build);
bool dio_speech_run(struct speech *s, dio_plan *p, const struct bind *in, int n_in);
/* A copy of output i; NULL with a message. */
float *dio_speech_output(struct speech *s, dio_plan *p, int i);
/* Inputs of a stage: f32 [1,rows,c], i32 [1,n]. */
dio_val dio_speech_numbers(dio_graph *g, const char *name, int64_t rows, int64_t c);
dio_val dio_speech_ids(dio_graph *g, const char *name, int64_t n);

/* --- narrator_find.c --- */

float dio_speech_clamp(float x, float lo, float hi); /* lo for what is no number */
/* Phones to `seconds`; then to `ends`, melody and mels. */
bool dio_speech_time(struct speech *s);
bool dio_speech_find(struct speech *s);

/* --- narrator_voice.c --- */

/* Mels to the clip's samples. */
bool dio_speech_voice(struct speech *s, dio_clip *clip);
