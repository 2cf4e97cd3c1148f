#pragma once
/* speaker.h: whoever can speak a text, behind one door: the house narrator, published voices.
 *
 * A text goes in, plain or SSML; a clip comes out, and when each phone, word and sentence of it is
 * said. A speaker never guesses at what it cannot do: settings that its model does not know are
 * refused.
 *
 *     dio_speaker *s = dio_speaker_open("assets/models/narrator", err);
 *     dio_speech_request r = {.text = text, .length = strlen(text)};
 *     dio_speech said;
 *     bool ok = dio_speaker_say(s, device, &r, arena, &said, err);
 *     ...
 *     dio_clip_unref(said.clip);
 */
#include <stdbool.h>
#include <stdint.h>

#include "audio/clip.h"
#include "audio/phones/utterance.h"
#include "audio/times.h"
#include "tensor/device.h"

/* What becomes of speech that is too long for its seconds at the fastest rate allowed. */
typedef enum dio_fit_then {
    DIO_FIT_ERROR,
    DIO_FIT_TRIM,    /* cut, with a short fade */
    DIO_FIT_STRETCH, /* faster still, up to what the voice can */
} dio_fit_then;

/* Speech of just so many seconds: rate is solved on predicted durations before anything is heard.
 * What is too short at the slowest rate ends in silence. */
typedef struct dio_fit {
    double seconds;     /* 0: as long as it takes */
    double least, most; /* times the request's rate; 0: 0.85 and 1.25 */
    dio_fit_then then;
} dio_fit;

/* All zero is what most want, but for the text. */
typedef struct dio_speech_request {
    const char *text;
    size_t length;
    dio_utterance_options how; /* SSML, lexicons, pauses */
    const char *speaker;       /* NULL: the voice's first */
    double rate;               /* 0: 1; 0.25 to 4 */
    double semitones, db;
    uint64_t seed;
    dio_fit fit;
    /* Called now and then with the share that is done; false stops, and err says why. */
    bool (*progress)(void *user, double done, dio_error *err);
    void *user;
} dio_speech_request;

typedef struct dio_speech {
    dio_clip *clip;   /* caller unrefs */
    dio_times *times; /* in the caller's arena */
    double rate;      /* that it was spoken at */
} dio_speech;

/* One kind of speaker: speakers/NAME.c, a line in speakers.def. */
typedef struct dio_speaker_kind {
    const char *name;
    const char *looks; /* what its files look like, for messages */
    bool (*opens)(const char *path);
    void *(*open)(const char *path, dio_error *err);
    void (*close)(void *self);
    const char *(*voice)(const void *self, int i); /* names of its voices; NULL past the last */
    /* The number of the voice of that name, NULL or "" being its first. */
    bool (*find)(const void *self, const char *name, int *out, dio_error *err);
    bool (*say)(void *self, dio_device *device, const dio_speech_request *r, dio_arena *a,
                dio_speech *out, dio_error *err);
} dio_speaker_kind;

extern const dio_speaker_kind *const dio_speaker_kinds[]; /* NULL-terminated */

typedef struct dio_speaker dio_speaker;

/* A model's folder or file. NULL with a message that says what can speak. */
dio_speaker *dio_speaker_open(const char *path, dio_error *err);
void dio_speaker_close(dio_speaker *s); /* NULL is fine */
const char *dio_speaker_voice(const dio_speaker *s, int i);
/* False with a message when it has no voice of that name; NULL and "" are its first. */
bool dio_speaker_has(const dio_speaker *s, const char *name, dio_error *err);
/* A text without a word in it is an error. */
bool dio_speaker_say(dio_speaker *s, dio_device *device, const dio_speech_request *r, dio_arena *a,
                     dio_speech *out, dio_error *err);
