#pragma once
/* narrate.h: the house narrator reads a text: sentences become one clip, and every phone, word and
 * sentence gets its time.
 *
 *     dio_utterance *u = dio_utterance_read(a, text, length, NULL, err);
 *     dio_narrate_options o = {.rate = 1.1f};
 *     bool ok = dio_narrate(session, u, text, &o, a, &clip, &times, err);
 */
#include "audio/narrator.h"
#include "audio/phones/utterance.h"
#include "audio/times.h"
#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As dio_narrator_request says; all zero is a fine default. */
typedef struct dio_narrate_options {
    int speaker;
    float rate, semitones, db;
    uint64_t seed;
    bool ssml; /* the text is: its words are shown without what stands beside them */
    bool (*samples)(void *user, const float *x, int64_t count);
    void *user;
} dio_narrate_options;

/* The rate within lo..hi at which the text lasts so many seconds, or the end of that range which is
 * nearer; pauses that SSML asked for keep their lengths. `length`, when not NULL: the seconds that
 * it lasts then. Exact to a sample a phone. */
bool dio_narrate_fit(dio_narrator_session *s, const dio_utterance *u,
                     const dio_narrate_options *options, double seconds, float lo, float hi,
                     float *rate, double *length, dio_error *err);

/* `input` is the text that u was read from; the times show its pieces as they are written. A text
 * without words is its silence. Caller unrefs *out; times live in the arena. */
bool dio_narrate(dio_narrator_session *s, const dio_utterance *u, const char *input,
                 const dio_narrate_options *options, dio_arena *a, dio_clip **out, dio_times *times,
                 dio_error *err);

#ifdef __cplusplus
}
#endif
