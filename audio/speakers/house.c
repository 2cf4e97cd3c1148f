/* house.c: the house narrator as a speaker. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/narrate.h"
#include "audio/speaker.h"
#include "audio/speech_fit.h"
#include "base/file.h"

/* The fastest that the narrator takes. */
static const double fastest = 4;

static bool opens(const char *path)
{
    dio_arena *a = dio_arena_create();
    bool yes = a && dio_file_exists(dio_path_join(a, path, "acoustic/config.json")) &&
               dio_file_exists(dio_path_join(a, path, "vocoder/config.json"));
    dio_arena_destroy(a);
    return yes;
}

static void *open_house(const char *path, dio_error *err)
{
    return dio_narrator_open(path, DIO_F32, err);
}

static void close_house(void *self)
{
    dio_narrator_close(self);
}

static const char *voice(const void *self, int i)
{
    return dio_narrator_speaker_name(self, i);
}

static bool find_speaker(const void *self, const char *name, int *out, dio_error *err)
{
    const dio_narrator *n = self;
    const char *names[64];
    int count = 0;
    *out = name && *name ? dio_narrator_speaker(n, name) : 0;
    if (*out >= 0)
        return true;
    while (count < 64 && (names[count] = dio_narrator_speaker_name(n, count)))
        count++;
    const char *near = dio_nearest(name, names, count);
    return dio_fail(err, "speaker: the narrator has no voice \"%.80s\"%s%s%s", name,
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

struct saying {
    const dio_speech_request *r;
    dio_narrator_session *session;
    const dio_utterance *u;
    dio_narrate_options o;
    double made; /* seconds, of about `all` */
    double all;
    dio_error stopped;
};

static bool seconds_at(void *user, double rate, double *seconds, dio_error *err)
{
    struct saying *s = user;
    float at = (float)rate, same;
    return dio_narrate_fit(s->session, s->u, &s->o, 1, at, at, &same, seconds, err);
}

static bool hear(void *user, const float *x, int64_t count)
{
    struct saying *s = user;
    (void)x;
    s->made += (double)count / 24000;
    double done = s->all > 0 ? fmin(s->made / s->all, 1) : 1;
    return s->r->progress(s->r->user, done, &s->stopped);
}

static bool speak(struct saying *s, dio_arena *a, dio_speech *out, dio_error *err)
{
    s->o.rate = (float)out->rate;
    if (s->r->progress) {
        s->o.samples = hear;
        s->o.user = s;
        if (!seconds_at(s, out->rate, &s->all, err))
            return false;
    }
    out->times = dio_arena_alloc(a, sizeof *out->times);
    if (dio_narrate(s->session, s->u, s->r->text, &s->o, a, &out->clip, out->times, err))
        return true;
    if (s->stopped.kind != DIO_ERROR_NONE)
        *err = s->stopped;
    return false;
}

static bool say(void *self, dio_device *device, const dio_speech_request *r, dio_arena *a,
                dio_speech *out, dio_error *err)
{
    struct saying s = {.r = r,
                       .u = dio_utterance_read(a, r->text, r->length, &r->how, err),
                       .o = {.semitones = (float)r->semitones,
                             .db = (float)r->db,
                             .seed = r->seed,
                             .ssml = r->how.ssml}};
    if (!s.u)
        return false;
    if (!s.u->phone_count)
        return dio_fail(err, "the text says nothing: there is no word in it");
    bool ok = find_speaker(self, r->speaker, &s.o.speaker, err) &&
              (s.session = dio_narrator_session_create(self, device, err)) &&
              dio_speech_fit(r, fastest, seconds_at, &s, &out->rate, err) &&
              speak(&s, a, out, err) && dio_speech_settle(r, out, err);
    dio_narrator_session_destroy(s.session);
    if (!ok) {
        dio_clip_unref(out->clip);
        out->clip = NULL;
    }
    return ok;
}

const dio_speaker_kind dio_speaker_house = {
    .name = "house",
    .looks = "a narrator's folder with acoustic/ and vocoder/",
    .opens = opens,
    .open = open_house,
    .close = close_house,
    .voice = voice,
    .find = find_speaker,
    .say = say,
};
