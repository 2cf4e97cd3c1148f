#pragma once
/* narrator.h: the house narrator: phones become speech, and it is known when each is said.
 *
 *     dio_narrator *n = dio_narrator_open("assets/models/narrator", DIO_F32, err);
 *     dio_narrator_session *s = dio_narrator_session_create(n, device, err);
 *     dio_narrator_request r = {.phones = phones, .count = 23, .rate = 1.1f};
 *     dio_narration said;
 *     bool ok = dio_narrator_speak(s, &r, &said, err);
 *
 * A request is one utterance, a sentence as a rule: it begins with a pause (DIO_MARK_BEGIN) and
 * ends with one. Speech is 24,000 samples a second.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/clip.h"
#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Marks of phones are sums of the first three; a pause has one of the others. */
enum {
    DIO_MARK_FIRST = 1,    /* its word begins with it */
    DIO_MARK_LAST = 2,     /* its word ends with it */
    DIO_MARK_FUNCTION = 4, /* its word is one of few: "the", "of", "has" */
    DIO_MARK_PAUSE = 8,    /* without punctuation */
    DIO_MARK_COMMA,
    DIO_MARK_COLON, /* or semicolon */
    DIO_MARK_PERIOD,
    DIO_MARK_QUESTION,
    DIO_MARK_EXCLAMATION,
    DIO_MARK_BEGIN, /* the pause before all else */
};

typedef struct dio_narrator_phone {
    uint8_t phone;  /* dio_narrator_find */
    uint8_t stress; /* 0 of consonants and pauses; of vowels 1 without and 2 with stress */
    uint8_t mark;
} dio_narrator_phone;

/* How one phone is said, beside the request's own manner. */
typedef struct dio_narrator_manner {
    float rate, semitones, db; /* rate 0: 1 */
    float seconds;             /* how long it lasts, whatever the rate; 0: as it comes */
} dio_narrator_manner;

enum { DIO_NARRATOR_PHONES = 4096 };

typedef struct dio_narrator_request {
    const dio_narrator_phone *phones;
    const dio_narrator_manner *manners; /* [count], or NULL */
    int count;                          /* 1 to DIO_NARRATOR_PHONES */
    int speaker;
    float rate;      /* 0.25 to 4; 0: 1 */
    float semitones; /* -24 to 24 */
    float db;        /* -40 to 20: as who speaks louder or softer; whole tracks are mastered */
    uint64_t seed;   /* of breath */
    /* Called with samples as they are made, in their order: the first after two or three seconds'
     * worth of work, however long the utterance is. False stops. May be NULL. */
    bool (*samples)(void *user, const float *x, int64_t count);
    void *user;
} dio_narrator_request;

typedef struct dio_narration {
    dio_clip *clip;
    int64_t *ends; /* [count]: the sample before which each phone ends; the first begins at 0 */
    int count;
} dio_narration;

typedef struct dio_narrator dio_narrator;

/* A narrator's folder: acoustic/ and vocoder/. Weights are kept in `keep`. */
dio_narrator *dio_narrator_open(const char *dir, dio_dtype keep, dio_error *err);
/* With drawn weights, of two configs: for tests and measurements. */
dio_narrator *dio_narrator_create(const dio_value *acoustic, const dio_value *vocoder,
                                  uint64_t seed, dio_error *err);
void dio_narrator_close(dio_narrator *n); /* NULL is fine */
/* Its first network, that a measurement may set weights of before anybody speaks. */
dio_network *dio_narrator_acoustic_net(dio_narrator *n);

int dio_narrator_find(const dio_narrator *n, const char *phone);   /* "aa"; -1: none */
int dio_narrator_speaker(const dio_narrator *n, const char *name); /* -1: none */
/* By their numbers; NULL past the last. */
const char *dio_narrator_phone_name(const dio_narrator *n, int phone);
const char *dio_narrator_speaker_name(const dio_narrator *n, int speaker);

/* What is kept between utterances, for one thread at a time; narrator and device outlive it. */
typedef struct dio_narrator_session dio_narrator_session;
dio_narrator_session *dio_narrator_session_create(const dio_narrator *n, dio_device *device,
                                                  dio_error *err);
void dio_narrator_session_destroy(dio_narrator_session *s); /* NULL is fine */
const dio_narrator *dio_narrator_of(const dio_narrator_session *s);

/* How long each phone would last, in seconds [count], at the request's manner; what a caller needs
 * to choose a rate by. Takes a hundredth of the time of speaking. */
bool dio_narrator_durations(dio_narrator_session *s, const dio_narrator_request *request,
                            float *seconds, dio_error *err);
/* The rate, within lo..hi, at which the request would last so many seconds, or the end of that
 * range which is nearer. Exact to a frame. */
bool dio_narrator_fit(dio_narrator_session *s, const dio_narrator_request *request, double seconds,
                      float lo, float hi, float *rate, dio_error *err);

/* The same request gives the same samples, whatever the threads; the same phones in a longer
 * request need not. Caller gives *out back. False with a message for what is out of range, or when
 * `samples` stopped it. */
bool dio_narrator_speak(dio_narrator_session *s, const dio_narrator_request *request,
                        dio_narration *out, dio_error *err);
void dio_narration_deinit(dio_narration *said);

#ifdef __cplusplus
}
#endif
