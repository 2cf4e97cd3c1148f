/* narrator_find.c: phones -> durations.
 *
 * Phones are padded to whole steps, and what is not there counts as nothing. */
#include <math.h>

#include "audio/narrator_impl.h"
#include "tensor/ops.h"

enum { HOP = DIO_NARRATOR_HOP, SECONDS_MOST = 1200 };

/* Of one phone, in frames. */
static const float shortest = 1, longest = 400;

static bool in_range(struct speech *s, const char *what, float value, float lo, float hi)
{
    return (value >= lo && value <= hi) || dio_fail(s->err, "%s: %g is outside %g to %g", what,
                                                    (double)value, (double)lo, (double)hi);
}

static bool check_phones(struct speech *s)
{
    const dio_narrator_request *r = &s->r;
    for (int i = 0; i < r->count; i++) {
        const dio_narrator_phone *p = &r->phones[i];
        const dio_narrator_manner *m = r->manners ? &r->manners[i] : NULL;
        if (p->phone >= s->n->shape.phones || p->stress >= DIO_NARRATOR_STRESSES ||
            p->mark > DIO_MARK_BEGIN)
            return dio_fail(s->err,
                            "phone %d of %d: number %d with stress %d and mark %d is none that "
                            "this narrator knows",
                            i, r->count, p->phone, p->stress, p->mark);
        if (m && (!in_range(s, "rate", m->rate, 0, 16) ||
                  !in_range(s, "pitch in semitones", m->semitones, -24, 24) ||
                  !in_range(s, "volume in dB", m->db, -40, 20) ||
                  !in_range(s, "a pause's seconds", m->seconds, 0, 60)))
            return false;
    }
    return true;
}

static bool check(struct speech *s)
{
    dio_narrator_request *r = &s->r;
    if (r->count < 1 || r->count > DIO_NARRATOR_PHONES || !r->phones)
        return dio_fail(s->err, "an utterance of %d phones: there are 1 to %d", r->count,
                        DIO_NARRATOR_PHONES);
    if (r->speaker < 0 || r->speaker >= s->n->shape.speakers)
        return dio_fail(s->err, "speaker %d: this narrator has %d", r->speaker,
                        s->n->shape.speakers);
    r->rate = r->rate == 0 ? 1 : r->rate;
    return in_range(s, "rate", r->rate, 0.25f, 4) &&
           in_range(s, "pitch in semitones", r->semitones, -24, 24) &&
           in_range(s, "volume in dB", r->db, -40, 20) && check_phones(s);
}

/* --- phones to durations --- */

static int build_encode(const struct speech *s, dio_graph *g, int64_t t, dio_val *outputs)
{
    dio_acoustic_phones io = {
        .phone = dio_speech_ids(g, "phone", t),
        .stress = dio_speech_ids(g, "stress", t),
        .mark = dio_speech_ids(g, "mark", t),
        .speaker = dio_speech_ids(g, "speaker", t),
        .place = dio_speech_numbers(g, "place", t, DIO_NARRATOR_PLACE),
        .there = dio_speech_numbers(g, "there", t, 1),
    };
    s->n->ops->encode(g, s->n->acoustic->model, &io);
    outputs[0] = io.encoded;
    outputs[1] = io.duration;
    return 2;
}

static bool encode(struct speech *s)
{
    const dio_narrator_request *r = &s->r;
    int64_t t = s->phones = (r->count + WINDOW_STEP - 1) / WINDOW_STEP * WINDOW_STEP;
    int32_t *id = dio_speech_room(s, 4 * t);
    float *place = dio_speech_room(s, t * DIO_NARRATOR_PLACE), *there = dio_speech_room(s, t);
    if (!id || !place || !there)
        return false;
    for (int i = 0; i < r->count; i++) {
        id[i] = r->phones[i].phone;
        id[t + i] = r->phones[i].stress;
        id[2 * t + i] = r->phones[i].mark;
        id[3 * t + i] = r->speaker;
        there[i] = 1;
    }
    dio_narrator_place(r->phones, r->count, place);
    const struct bind in[] = {
        {"phone", id, t},
        {"stress", id + t, t},
        {"mark", id + 2 * t, t},
        {"speaker", id + 3 * t, t},
        {"place", place, t * DIO_NARRATOR_PLACE},
        {"there", there, t},
    };
    dio_plan *p = dio_speech_plan(s, ENCODE, t, build_encode);
    return p && dio_speech_run(s, p, in, 6) && (s->encoded = dio_speech_output(s, p, 0)) &&
           (s->duration = dio_speech_output(s, p, 1));
}

float dio_speech_clamp(float x, float lo, float hi)
{
    return !(x >= lo) ? lo : x > hi ? hi : x;
}

/* At rate 1 of the request; those that are given stay. */
static void find_seconds(struct speech *s)
{
    const dio_narrator_request *r = &s->r;
    for (int i = 0; i < r->count; i++) {
        const dio_narrator_manner *m = r->manners ? &r->manners[i] : NULL;
        float frames = dio_speech_clamp(expf(s->duration[i]), shortest, longest);
        float own = m && m->rate > 0 ? m->rate : 1;
        s->seconds[i] = m && m->seconds > 0
                            ? m->seconds
                            : frames / own * ((float)HOP / DIO_NARRATOR_RATE) / r->rate;
    }
}

bool dio_speech_time(struct speech *s)
{
    if (!check(s))
        return false;
    s->seconds = dio_speech_room(s, s->r.count);
    if (!s->seconds || !encode(s))
        return false;
    find_seconds(s);
    double sum = 0;
    for (int i = 0; i < s->r.count; i++)
        sum += (double)s->seconds[i];
    return sum <= SECONDS_MOST || dio_fail(s->err,
                                           "an utterance of %.0f seconds: at most %d are spoken "
                                           "at a time",
                                           sum, SECONDS_MOST);
}
