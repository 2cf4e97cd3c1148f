/* narrator_find.c: phones -> durations -> melody -> mels.
 *
 * Networks run at few sizes: phones and frames are padded to whole steps, and what is not there
 * counts as nothing. */
#include <math.h>

#include "audio/narrator_impl.h"
#include "tensor/ops.h"

enum {
    MELS = DIO_NARRATOR_MELS,
    HOP = DIO_NARRATOR_HOP,
    PHONE_STEP = 32,
    FRAME_STEP = 128,
    SECONDS_MOST = 1200,
};

/* Of one phone, in frames. */
static const float shortest = 1, longest = 400;

/* The decoder learned from utterances up to 6 dB louder and softer; what goes beyond is done to
 * the mels. */
static const float learned_db = 6;

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

static int64_t padded(int64_t n, int64_t step)
{
    return (n + step - 1) / step * step;
}

/* --- phones to durations --- */

static int build_encode(const struct speech *s, dio_graph *g, dio_val *outputs)
{
    int64_t t = s->phones;
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
    int64_t t = s->phones = padded(r->count, PHONE_STEP);
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
    dio_plan *p = dio_speech_plan(s, ENCODE, t, 0, build_encode);
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

/* --- durations to mels --- */

static bool lay_frames(struct speech *s)
{
    const dio_narrator_request *r = &s->r;
    double at = 0;
    s->ends = dio_arena_try(s->a, (size_t)r->count * sizeof *s->ends);
    if (!s->ends)
        return dio_fail_memory(s->err, "an utterance");
    for (int i = 0; i < r->count; i++) {
        at += (double)s->seconds[i];
        s->ends[i] = (int64_t)llround(at * DIO_NARRATOR_RATE);
    }
    s->frames = dio_narrator_frames(s->ends[r->count - 1]);
    int64_t f = s->padded = padded(s->frames, FRAME_STEP);
    s->phone = dio_speech_room(s, f);
    s->within = dio_speech_room(s, f * DIO_NARRATOR_WITHIN);
    s->there = dio_speech_room(s, f);
    if (!s->phone || !s->within || !s->there)
        return false;
    dio_narrator_within(s->ends, r->count, s->frames, s->phone, s->within);
    for (int64_t i = 0; i < s->frames; i++)
        s->there[i] = 1;
    return true;
}

static int build_lay(const struct speech *s, dio_graph *g, dio_val *outputs)
{
    dio_acoustic_frames io = {
        .encoded = dio_speech_numbers(g, "encoded", s->phones, s->n->shape.width),
        .phone = dio_speech_ids(g, "phone", s->padded),
        .within = dio_speech_numbers(g, "within", s->padded, DIO_NARRATOR_WITHIN),
        .there = dio_speech_numbers(g, "there", s->padded, 1),
    };
    s->n->ops->lay(g, s->n->acoustic->model, &io);
    outputs[0] = io.laid;
    outputs[1] = io.melody;
    return 2;
}

static bool find_melody(struct speech *s)
{
    const int64_t f = s->padded;
    const struct bind in[] = {
        {"encoded", s->encoded, s->phones * s->n->shape.width},
        {"phone", s->phone, f},
        {"within", s->within, f * DIO_NARRATOR_WITHIN},
        {"there", s->there, f},
    };
    dio_plan *p = dio_speech_plan(s, LAY, s->phones, f, build_lay);
    return p && dio_speech_run(s, p, in, 4) && (s->laid = dio_speech_output(s, p, 0)) &&
           (s->melody = dio_speech_output(s, p, 1));
}

/* What was asked for, laid over what was found. rest[f]: dB that are left to do. */
static void change_melody(struct speech *s, float *rest)
{
    const dio_narrator_request *r = &s->r;
    for (int64_t f = 0; f < s->padded; f++) {
        float *m = s->melody + 3 * f, semitones = r->semitones, db = r->db;
        if (r->manners) {
            semitones += r->manners[s->phone[f]].semitones;
            db += r->manners[s->phone[f]].db;
        }
        float learned = dio_speech_clamp(db, -learned_db, learned_db);
        bool voiced = f < s->frames && m[1] > 0;
        m[0] = voiced ? dio_speech_clamp(m[0], -4, 4) + dio_narrator_pitch_step(semitones) : 0;
        m[1] = voiced;
        m[2] =
            f < s->frames ? dio_speech_clamp(m[2], -8, 8) + dio_narrator_energy_step(learned) : 0;
        rest[f] = db - learned;
    }
}

static int build_decode(const struct speech *s, dio_graph *g, dio_val *outputs)
{
    const int64_t f = s->padded;
    outputs[0] = s->n->ops->decode(
        g, s->n->acoustic->model, dio_speech_numbers(g, "laid", f, s->n->shape.width),
        dio_speech_numbers(g, "melody", f, 3), dio_speech_numbers(g, "there", f, 1));
    return 1;
}

static bool decode(struct speech *s)
{
    const int64_t f = s->padded;
    float *rest = dio_speech_room(s, f);
    if (!rest)
        return false;
    change_melody(s, rest);
    const struct bind in[] = {{"laid", s->laid, f * s->n->shape.width},
                              {"melody", s->melody, f * 3},
                              {"there", s->there, f}};
    dio_plan *p = dio_speech_plan(s, DECODE, 0, f, build_decode);
    if (!p || !dio_speech_run(s, p, in, 3) || !(s->mel = dio_speech_output(s, p, 0)))
        return false;
    for (int64_t i = 0; i < f * MELS; i++)
        s->mel[i] = dio_speech_clamp(s->mel[i] + rest[i / MELS] * (float)(M_LN10 / 20), -16.2f, 10);
    return true;
}

bool dio_speech_find(struct speech *s)
{
    return lay_frames(s) && find_melody(s) && decode(s);
}
