/* speech_fit.c: by bisection, on predicted durations alone. */
#include "audio/speech_fit.h"

#include <math.h>

#include "audio/clip_edit.h"

/* Halvings: a range of rates as wide as 16 becomes less than a frame of an hour. */
enum { ROUNDS = 24 };

static const double fade = 0.03; /* seconds at the end of what is trimmed */

bool dio_speech_fit(const dio_speech_request *r, double most, dio_seconds_at *at, void *user,
                    double *rate, dio_error *err)
{
    double lo = r->rate * r->fit.least, hi = fmin(r->rate * r->fit.most, most), seconds;
    *rate = r->rate;
    if (r->fit.seconds <= 0)
        return true;
    if (!at(user, hi, &seconds, err))
        return false;
    if (seconds > r->fit.seconds && r->fit.then == DIO_FIT_ERROR)
        return dio_fail(err,
                        "speech takes %.2f seconds at rate %.2f, and there are %.2f; shorten the "
                        "text, allow a higher rate, or choose what happens then: trim or stretch",
                        seconds, hi, r->fit.seconds);
    if (seconds > r->fit.seconds && r->fit.then == DIO_FIT_STRETCH) {
        lo = hi;
        hi = most;
        if (!at(user, hi, &seconds, err))
            return false;
        if (seconds > r->fit.seconds)
            return dio_fail(err,
                            "speech takes %.2f seconds at the voice's highest rate, and there "
                            "are %.2f; shorten the text",
                            seconds, r->fit.seconds);
    }
    *rate = hi;
    if (seconds > r->fit.seconds) /* trimmed later */
        return true;
    /* hi fits; the slowest rate that still does is wanted. */
    for (int i = 0; i < ROUNDS; i++) {
        double middle = i ? (lo + *rate) / 2 : lo;
        if (!at(user, middle, &seconds, err))
            return false;
        if (seconds <= r->fit.seconds)
            *rate = middle;
        else
            lo = middle;
        if (!i && *rate == middle)
            break;
    }
    return true;
}

static void end_at(dio_times *t, int64_t length)
{
    for (int i = 0; i < t->n_phones; i++) {
        t->phones[i].start = t->phones[i].start < length ? t->phones[i].start : length;
        t->phones[i].end = t->phones[i].end < length ? t->phones[i].end : length;
    }
    for (int i = 0; i < t->n_words; i++) {
        t->words[i].start = t->words[i].start < length ? t->words[i].start : length;
        t->words[i].end = t->words[i].end < length ? t->words[i].end : length;
    }
    for (int i = 0; i < t->n_sentences; i++) {
        dio_timed_sentence *s = &t->sentences[i];
        s->start = s->start < length ? s->start : length;
        s->end = s->end < length ? s->end : length;
    }
    t->length = length;
}

bool dio_speech_settle(const dio_speech_request *r, dio_speech *said, dio_error *err)
{
    if (r->fit.seconds <= 0)
        return true;
    int64_t length = llrint(r->fit.seconds * said->clip->rate);
    bool cut = length < said->clip->length;
    dio_clip *clip = dio_clip_cut(said->clip, 0, length, err);
    if (!clip)
        return false;
    dio_clip_unref(said->clip);
    said->clip = clip;
    end_at(said->times, length);
    return !cut || dio_clip_fade(&said->clip, 0, fade, err);
}
