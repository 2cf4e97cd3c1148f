/* narrator_voice.c: mels -> samples, window by window.
 *
 * The vocoder always sees a window of as many frames, of which it gives the middle ones: every
 * sample is made by the same sums, however long the utterance is. */
#include "audio/narrator_impl.h"
#include "audio/narrator_source.h"
#include "tensor/ops.h"

enum {
    MELS = DIO_NARRATOR_MELS,
    HOP = DIO_NARRATOR_HOP,
    CHUNK = 192, /* frames that the vocoder gives at a time: 2 seconds */
};

struct voice {
    dio_plan *plan;
    int context;
    int64_t window;                       /* frames of a run */
    float *pulses;                        /* of the whole utterance */
    float *mel, *melody, *there, *source; /* of a window */
    int64_t samples;                      /* of the utterance's pulses */
};

static int64_t window_of(const dio_narrator *n)
{
    return CHUNK + 2 * (int64_t)n->voice->context(n->vocoder->model) + 1;
}

static int build_voice(const struct speech *s, dio_graph *g, dio_val *outputs)
{
    int64_t w = window_of(s->n), sound = (w - 1) * HOP;
    outputs[0] =
        s->n->voice->forward(g, s->n->vocoder->model, dio_speech_numbers(g, "mel", w, MELS),
                             dio_speech_numbers(g, "melody", w, 2),
                             dio_input(g, "pulses", dio_type_2d(DIO_F32, 1, sound)),
                             dio_input(g, "noise", dio_type_2d(DIO_F32, 1, sound)),
                             dio_speech_numbers(g, "there", w, 1));
    return 1;
}

static bool open_voice(struct speech *s, struct voice *v)
{
    int64_t w = v->window = window_of(s->n);
    v->context = s->n->voice->context(s->n->vocoder->model);
    v->samples = (s->frames - 1) * HOP;
    v->mel = dio_speech_room(s, w * MELS);
    v->melody = dio_speech_room(s, w * 2);
    v->there = dio_speech_room(s, w);
    v->source = dio_speech_room(s, (w - 1) * HOP);
    v->pulses = dio_speech_room(s, v->samples + 1);
    float *hz = dio_speech_room(s, s->frames);
    if (!v->mel || !v->melody || !v->there || !v->source || !v->pulses || !hz)
        return false;
    double phase = 0;
    for (int64_t f = 0; f < s->frames; f++)
        hz[f] = s->melody[3 * f + 1] > 0 ? dio_narrator_hz_of(s->melody[3 * f]) : 0;
    dio_narrator_pulses(hz, s->frames, &phase, v->pulses);
    v->plan = dio_speech_plan(s, VOICE, 0, w, build_voice); /* always of one size */
    return v->plan != NULL;
}

/* The window whose middle begins with frame `first`. */
static void fill_window(const struct speech *s, struct voice *v, int64_t first)
{
    memset(v->mel, 0, (size_t)(v->window * MELS) * sizeof(float));
    memset(v->melody, 0, (size_t)(v->window * 2) * sizeof(float));
    for (int64_t i = 0; i < v->window; i++) {
        int64_t f = first - v->context + i;
        bool there = f >= 0 && f < s->frames;
        v->there[i] = there;
        if (!there)
            continue;
        memcpy(v->mel + i * MELS, s->mel + f * MELS, MELS * sizeof(float));
        memcpy(v->melody + i * 2, s->melody + f * 3, 2 * sizeof(float));
    }
}

static bool run_window(struct speech *s, struct voice *v, int64_t first)
{
    const int64_t w = v->window, sound = (w - 1) * HOP, from = (first - v->context) * HOP;
    const int64_t before = 1 << 20; /* noise has a beginning, too */
    fill_window(s, v, first);
    for (int64_t i = 0; i < sound; i++)
        v->source[i] = from + i >= 0 && from + i < v->samples ? v->pulses[from + i] : 0;
    if (!dio_plan_set(v->plan, "pulses", v->source, (size_t)sound * 4, s->err))
        return false;
    dio_narrator_noise(s->r.seed, before + from, sound, v->source);
    const struct bind in[] = {
        {"noise", v->source, sound},
        {"mel", v->mel, w * MELS},
        {"melody", v->melody, w * 2},
        {"there", v->there, w},
    };
    return dio_speech_run(s, v->plan, in, 4);
}

bool dio_speech_voice(struct speech *s, dio_clip *clip)
{
    struct voice v = {0};
    bool ok = open_voice(s, &v);
    float *out = dio_clip_channel(clip, 0);
    for (int64_t first = 0; ok && first * HOP < clip->length; first += CHUNK) {
        int64_t at = first * HOP, count = clip->length - at;
        count = count < CHUNK * HOP ? count : CHUNK * HOP;
        ok = run_window(s, &v, first);
        if (!ok)
            break;
        const float *made = dio_plan_output(v.plan, 0, NULL);
        memcpy(out + at, made + (int64_t)v.context * HOP, (size_t)count * sizeof(float));
        if (s->r.samples && !s->r.samples(s->r.user, out + at, count))
            ok = dio_fail(s->err, "stopped after %lld of %lld samples", (long long)(at + count),
                          (long long)clip->length);
    }
    return ok;
}
