/* narrator.c: the narrator's folder, its sessions, and an utterance from end to end. */
#include "audio/narrator.h"

#include <math.h>

#include "audio/narrator_impl.h"
#include "base/file.h"

/* --- opening --- */

static bool split_names(struct names *n, const char *text, dio_error *err)
{
    char *rest;
    n->text = strdup(text);
    if (!n->text)
        return dio_fail_memory(err, "the narrator");
    for (char *name = strtok_r(n->text, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        if (n->count == NAMES)
            return dio_fail(err, "a narrator has at most %d names: \"%.40s...\"", NAMES, text);
        n->name[n->count++] = name;
    }
    return true;
}

static int find(const struct names *n, const char *name)
{
    for (int i = 0; i < n->count; i++)
        if (!strcmp(n->name[i], name))
            return i;
    return -1;
}

/* Whether both networks are a narrator's; `where` is named in messages. */
static bool join_parts(dio_narrator *n, const char *where, dio_error *err)
{
    if (!n->acoustic || !n->vocoder)
        return false;
    n->ops = n->acoustic->family->ops;
    n->voice = n->vocoder->family->ops;
    n->ops->shape(n->acoustic->model, &n->shape);
    int heard = n->voice->mels(n->vocoder->model);
    if (n->shape.mels != DIO_NARRATOR_MELS || heard != DIO_NARRATOR_MELS)
        return dio_fail(err,
                        "%s: acoustic model and vocoder speak of %d and %d bands; the narrator's "
                        "spectra have %d",
                        where, n->shape.mels, heard, DIO_NARRATOR_MELS);
    return split_names(&n->phones, n->shape.phone_names, err) &&
           split_names(&n->speakers, n->shape.speaker_names, err);
}

static bool open_parts(dio_narrator *n, const char *dir, dio_dtype keep, dio_arena *a,
                       dio_error *err)
{
    n->acoustic =
        dio_network_open(&dio_narrator_acoustic, dio_path_join(a, dir, "acoustic"), keep, err);
    if (n->acoustic)
        n->vocoder =
            dio_network_open(&dio_narrator_vocoder, dio_path_join(a, dir, "vocoder"), keep, err);
    return join_parts(n, dir, err);
}

dio_narrator *dio_narrator_open(const char *dir, dio_dtype keep, dio_error *err)
{
    dio_narrator *n = calloc(1, sizeof *n);
    dio_arena *a = dio_arena_create();
    bool ok = n && a ? open_parts(n, dir, keep, a, err) : dio_fail_memory(err, "the narrator");
    dio_arena_destroy(a);
    if (ok)
        return n;
    dio_narrator_close(n);
    return NULL;
}

dio_narrator *dio_narrator_create(const dio_value *acoustic, const dio_value *vocoder,
                                  uint64_t seed, dio_error *err)
{
    dio_narrator *n = calloc(1, sizeof *n);
    if (!n) {
        dio_fail_memory(err, "the narrator");
        return NULL;
    }
    n->acoustic = dio_network_create(&dio_narrator_acoustic, acoustic, seed, DIO_F32, err);
    if (n->acoustic)
        n->vocoder = dio_network_create(&dio_narrator_vocoder, vocoder, seed, DIO_F32, err);
    if (join_parts(n, "a narrator", err))
        return n;
    dio_narrator_close(n);
    return NULL;
}

void dio_narrator_close(dio_narrator *n)
{
    if (!n)
        return;
    dio_network_close(n->acoustic);
    dio_network_close(n->vocoder);
    free(n->phones.text);
    free(n->speakers.text);
    free(n);
}

dio_network *dio_narrator_acoustic_net(dio_narrator *n)
{
    return n->acoustic;
}

int dio_narrator_find(const dio_narrator *n, const char *phone)
{
    return find(&n->phones, phone);
}

int dio_narrator_speaker(const dio_narrator *n, const char *name)
{
    return find(&n->speakers, name);
}

const char *dio_narrator_phone_name(const dio_narrator *n, int phone)
{
    return phone >= 0 && phone < n->phones.count ? n->phones.name[phone] : NULL;
}

const char *dio_narrator_speaker_name(const dio_narrator *n, int speaker)
{
    return speaker >= 0 && speaker < n->speakers.count ? n->speakers.name[speaker] : NULL;
}

dio_narrator_session *dio_narrator_session_create(const dio_narrator *n, dio_device *device,
                                                  dio_error *err)
{
    dio_narrator_session *s = calloc(1, sizeof *s);
    if (!s) {
        dio_fail_memory(err, "a narrator's session");
        return NULL;
    }
    s->n = n;
    s->device = device;
    s->sound = dio_narrator_sound_create(err);
    if (s->sound)
        return s;
    free(s);
    return NULL;
}

const dio_narrator *dio_narrator_of(const dio_narrator_session *s)
{
    return s->n;
}

void dio_narrator_session_destroy(dio_narrator_session *s)
{
    if (!s)
        return;
    for (int i = 0; i < STAGES; i++)
        for (int k = 0; k < SLOTS; k++)
            dio_plan_destroy(s->slot[i][k].plan);
    dio_narrator_sound_destroy(s->sound);
    free(s);
}

static bool start(struct speech *s, dio_narrator_session *session,
                  const dio_narrator_request *request, dio_error *err)
{
    *s = (struct speech){.n = session->n, .session = session, .r = *request, .err = err};
    s->a = dio_arena_create();
    return s->a ? dio_speech_time(s) : dio_fail_memory(err, "an utterance");
}

bool dio_narrator_durations(dio_narrator_session *session, const dio_narrator_request *request,
                            float *seconds, dio_error *err)
{
    struct speech s;
    bool ok = start(&s, session, request, err);
    if (ok)
        memcpy(seconds, s.seconds, (size_t)request->count * sizeof *seconds);
    dio_arena_destroy(s.a);
    return ok;
}

bool dio_narrator_fit(dio_narrator_session *session, const dio_narrator_request *request,
                      double seconds, float lo, float hi, float *rate, dio_error *err)
{
    struct speech s;
    dio_narrator_request r = *request;
    r.rate = 1;
    bool ok = start(&s, session, &r, err);
    double given = 0, free = 0; /* what a rate does not change, and what it does */
    for (int i = 0; ok && i < r.count; i++)
        *(r.manners && r.manners[i].seconds > 0 ? &given : &free) += (double)s.seconds[i];
    dio_arena_destroy(s.a);
    if (!ok)
        return false;
    *rate = dio_speech_clamp(seconds > given ? (float)(free / (seconds - given)) : hi, lo, hi);
    return true;
}

bool dio_narrator_speak(dio_narrator_session *session, const dio_narrator_request *request,
                        dio_narration *out, dio_error *err)
{
    struct speech s;
    memset(out, 0, sizeof *out);
    bool ok = start(&s, session, request, err) && dio_speech_lay(&s);
    if (ok) {
        out->count = request->count;
        out->ends = malloc((size_t)out->count * sizeof *out->ends);
        out->clip = dio_clip_create(DIO_NARRATOR_RATE, 1, s.ends[out->count - 1], err);
        ok = out->ends && out->clip && dio_speech_voice(&s, out->clip);
        if (!out->ends)
            dio_fail_memory(err, "an utterance's times");
    }
    if (ok)
        memcpy(out->ends, s.ends, (size_t)out->count * sizeof *out->ends);
    else
        dio_narration_deinit(out);
    dio_arena_destroy(s.a);
    return ok;
}

void dio_narration_deinit(dio_narration *said)
{
    dio_clip_unref(said->clip);
    free(said->ends);
    memset(said, 0, sizeof *said);
}
