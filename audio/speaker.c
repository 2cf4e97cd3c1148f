/* speaker.c: the kinds as a list, and what holds for all of them. */
#include "audio/speaker.h"

#include <math.h>
#include <stdlib.h>

#include "audio/clip_edit.h"
#include "base/str.h"

#define DIO_SPEAKER(name) extern const dio_speaker_kind dio_speaker_##name;
#include "audio/speakers/speakers.def"
#undef DIO_SPEAKER

const dio_speaker_kind *const dio_speaker_kinds[] = {
#define DIO_SPEAKER(name) &dio_speaker_##name,
#include "audio/speakers/speakers.def"
#undef DIO_SPEAKER
    NULL,
};

struct dio_speaker {
    const dio_speaker_kind *kind;
    void *self;
};

static const dio_speaker_kind *find(const char *path, dio_error *err)
{
    dio_str known = {0};
    const dio_speaker_kind *found = NULL;
    for (int i = 0; !found && dio_speaker_kinds[i]; i++) {
        if (dio_speaker_kinds[i]->opens(path))
            found = dio_speaker_kinds[i];
        dio_str_printf(&known, "%s%s", i ? "; " : "", dio_speaker_kinds[i]->looks);
    }
    if (!found)
        dio_fail(err, "%s: this cannot speak; what can is %s", path,
                 known.failed ? "a voice" : known.text);
    dio_str_deinit(&known);
    return found;
}

dio_speaker *dio_speaker_open(const char *path, dio_error *err)
{
    const dio_speaker_kind *kind = find(path, err);
    dio_speaker *s = kind ? calloc(1, sizeof *s) : NULL;
    if (kind && !s)
        dio_fail_memory(err, "a voice");
    if (!s)
        return NULL;
    s->kind = kind;
    s->self = kind->open(path, err);
    if (s->self)
        return s;
    free(s);
    return NULL;
}

void dio_speaker_close(dio_speaker *s)
{
    if (s)
        s->kind->close(s->self);
    free(s);
}

const char *dio_speaker_voice(const dio_speaker *s, int i)
{
    return s->kind->voice(s->self, i);
}

bool dio_speaker_has(const dio_speaker *s, const char *name, dio_error *err)
{
    int number;
    return s->kind->find(s->self, name, &number, err);
}

static bool check(const dio_speech_request *r, dio_error *err)
{
    if (r->rate < 0 || (r->rate > 0 && !(r->rate >= 0.25 && r->rate <= 4)))
        return dio_fail(err, "rate: %g; speech has 0.25 to 4 times its usual one", r->rate);
    if (!(fabs(r->semitones) <= 24))
        return dio_fail(err, "pitch: %g semitones; there are -24 to 24", r->semitones);
    if (!(r->db >= -40 && r->db <= 20))
        return dio_fail(err, "volume: %g dB; there are -40 to 20", r->db);
    const dio_fit *f = &r->fit;
    if (!(f->seconds >= 0 && f->seconds <= 1200))
        return dio_fail(err, "fit: %g seconds; there are 0 to 1200", f->seconds);
    if (f->least < 0 || f->most < 0 || (f->most > 0 && f->least > f->most))
        return dio_fail(err, "fit: rates from %g to %g", f->least, f->most);
    return true;
}

bool dio_speaker_say(dio_speaker *s, dio_device *device, const dio_speech_request *r, dio_arena *a,
                     dio_speech *out, dio_error *err)
{
    dio_speech_request full = *r;
    *out = (dio_speech){0};
    if (!check(r, err))
        return false;
    full.rate = r->rate > 0 ? r->rate : 1;
    full.fit.least = r->fit.least > 0 ? r->fit.least : 0.85;
    full.fit.most = r->fit.most > 0 ? r->fit.most : fmax(1.25, full.fit.least);
    return s->kind->say(s->self, device, &full, a, out, err);
}
