/* narrator_voice.c: mels -> filters -> samples, window by window. */
#include "audio/narrator_impl.h"
#include "audio/narrator_source.h"
#include "base/gang.h"
#include "tensor/ops.h"

enum {
    MELS = DIO_NARRATOR_MELS,
    HOP = DIO_NARRATOR_HOP,
    BEFORE = 2, /* hops that a frame reaches back */
    MORE = 3,   /* hops more than frames that a run of frames reaches over */
};

/* Sources begin BEFORE hops before the utterance. */
struct voice {
    float *hz, *pulses; /* of the whole utterance */
    double phase;
    int64_t pulsed;     /* hops that have their pulses */
    float *noise, *sum; /* of a window, and MORE hops */
    dio_clip *clip;
};

static int build_voice(const struct speech *s, dio_graph *g, int64_t rows, dio_val *outputs)
{
    dio_narrator_filters io = {
        .mel = dio_speech_numbers(g, "mel", rows, MELS),
        .melody = dio_speech_numbers(g, "melody", rows, 2),
        .there = dio_speech_numbers(g, "there", rows, 1),
    };
    s->n->voice->filters(g, s->n->vocoder->model, &io);
    outputs[0] = io.re;
    outputs[1] = io.im;
    outputs[2] = io.breath;
    return 3;
}

static bool open_voice(struct speech *s, struct voice *v)
{
    v->hz = dio_speech_row_room(s, 1);
    v->pulses = dio_speech_room(s, (s->frames + BEFORE + MORE) * HOP);
    v->noise = dio_speech_room(s, (WINDOW + MORE) * HOP);
    v->sum = dio_speech_room(s, (WINDOW + MORE) * HOP);
    return v->hz && v->pulses && v->noise && v->sum;
}

/* Pulses of all hops whose pitch is known at both ends. */
static void extend_pulses(const struct speech *s, struct voice *v)
{
    const int64_t past = s->laid_to - 1;
    if (past <= v->pulsed)
        return;
    for (int64_t f = v->pulsed; f <= past; f++)
        v->hz[f] = s->tune[2 * f + 1] > 0 ? dio_narrator_hz_of(s->tune[2 * f]) : 0;
    dio_narrator_pulses(v->hz, s->frames, v->pulsed * HOP, past * HOP, &v->phase,
                        v->pulses + BEFORE * HOP);
    v->pulsed = past;
}

struct breathing {
    uint64_t seed;
    int64_t first;
    float *to;
};

static void breathe(void *user, int64_t hop, int thread)
{
    const struct breathing *b = user;
    (void)thread;
    dio_narrator_noise(b->seed, b->first + hop * HOP, HOP, b->to + hop * HOP);
}

static bool sound_window(struct speech *s, struct voice *v, const struct window *w, dio_plan *p)
{
    const int64_t before = (1 << 20) - BEFORE * HOP; /* noise has a beginning, too */
    const int64_t skip = (w->first - w->begin) * DIO_NARRATOR_BINS, count = w->past - w->first;
    struct breathing b = {s->r.seed, before + w->first * HOP, v->noise};
    dio_gang_run(count + MORE, breathe, &b);
    const dio_narrator_sources in = {
        .re = (const float *)dio_plan_output(p, 0, NULL) + skip,
        .im = (const float *)dio_plan_output(p, 1, NULL) + skip,
        .breath = (const float *)dio_plan_output(p, 2, NULL) + skip,
        .pulses = v->pulses + w->first * HOP,
        .noise = v->noise,
        .count = count,
    };
    return dio_narrator_sound_add(s->session->sound, &in, v->sum, s->err);
}

static bool hand_out(const struct speech *s, const float *x, int64_t at, int64_t count, int64_t all)
{
    return !s->r.samples || !count || s->r.samples(s->r.user, x, count) ||
           dio_fail(s->err, "stopped after %lld of %lld samples", (long long)(at + count),
                    (long long)all);
}

/* What is whole goes to the clip; the rest waits for the next window. */
static bool take(const struct speech *s, struct voice *v, const struct window *w)
{
    const int64_t count = w->past - w->first, begin = (w->first - BEFORE) * HOP;
    const int64_t from = begin < 0 ? 0 : begin;
    const int64_t past = w->past == s->frames ? v->clip->length : begin + count * HOP;
    float *out = dio_clip_channel(v->clip, 0);
    const int64_t n = past > from ? past - from : 0;
    memcpy(out + from, v->sum + (from - begin), (size_t)n * sizeof *out);
    memmove(v->sum, v->sum + count * HOP, MORE * HOP * sizeof *v->sum);
    memset(v->sum + MORE * HOP, 0, (size_t)(count * HOP) * sizeof *v->sum);
    return hand_out(s, out + from, from, n, v->clip->length);
}

bool dio_speech_voice(struct speech *s, dio_clip *clip)
{
    struct voice v = {.clip = clip};
    const int64_t context = s->n->voice->context(s->n->vocoder->model);
    bool ok = open_voice(s, &v);
    for (int64_t done = 0; ok && done < s->frames;) {
        const struct window w = dio_speech_window(s, done, context);
        dio_plan *p = dio_speech_plan(s, VOICE, w.rows, build_voice);
        const struct bind in[] = {
            {"mel", s->mel + w.begin * MELS, w.rows * MELS},
            {"melody", s->tune + w.begin * 2, w.rows * 2},
            {"there", s->there + w.begin, w.rows},
        };
        ok = p && dio_speech_mels(s, w.begin + w.rows) && dio_speech_run(s, p, in, 3);
        if (!ok)
            break;
        extend_pulses(s, &v);
        ok = sound_window(s, &v, &w, p) && take(s, &v, &w);
        done = w.past;
    }
    return ok;
}
