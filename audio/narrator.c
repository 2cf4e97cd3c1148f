/* narrator.c: phones -> durations -> melody -> mels -> samples.
 *
 * Networks run at few sizes: phones and frames are padded to whole steps, and what is not there
 * counts as nothing. The vocoder always sees WINDOW frames, of which it gives the middle ones:
 * every sample is made by the same sums, however long the utterance is. */
#include "audio/narrator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/narrator_net.h"
#include "audio/narrator_places.h"
#include "audio/narrator_source.h"
#include "base/file.h"
#include "tensor/ops.h"
#include "tensor/plan.h"

enum {
    MELS = DIO_NARRATOR_MELS,
    HOP = DIO_NARRATOR_HOP,
    NAMES = 64,
    PHONE_STEP = 32,
    FRAME_STEP = 128,
    CHUNK = 192, /* frames that the vocoder gives at a time: 2 seconds */
    SECONDS_MOST = 1200,
};

/* Of one phone, in frames. */
static const float shortest = 1, longest = 400;

/* The decoder learned from utterances up to 6 dB louder and softer; what goes beyond is done to
 * the mels. */
static const float learned_db = 6;

struct names {
    char *text;
    const char *name[NAMES];
    int count;
};

struct dio_narrator {
    dio_network *acoustic, *vocoder;
    const dio_acoustic_ops *ops;
    const dio_narrator_vocoder_ops *voice;
    dio_acoustic_shape shape;
    struct names phones, speakers;
};

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

static bool open_parts(dio_narrator *n, const char *dir, dio_dtype keep, dio_arena *a,
                       dio_error *err)
{
    n->acoustic =
        dio_network_open(&dio_narrator_acoustic, dio_path_join(a, dir, "acoustic"), keep, err);
    if (!n->acoustic)
        return false;
    n->vocoder =
        dio_network_open(&dio_narrator_vocoder, dio_path_join(a, dir, "vocoder"), keep, err);
    if (!n->vocoder)
        return false;
    n->ops = n->acoustic->family->ops;
    n->voice = n->vocoder->family->ops;
    n->ops->shape(n->acoustic->model, &n->shape);
    int heard = n->voice->mels(n->vocoder->model);
    if (n->shape.mels != MELS || heard != MELS)
        return dio_fail(err,
                        "%s: acoustic model and vocoder speak of %d and %d bands; the narrator's "
                        "spectra have %d",
                        dir, n->shape.mels, heard, MELS);
    return split_names(&n->phones, n->shape.phone_names, err) &&
           split_names(&n->speakers, n->shape.speaker_names, err);
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

/* --- one utterance on its way --- */

struct speech {
    const dio_narrator *n;
    dio_device *device;
    dio_narrator_request r;
    dio_arena *a;    /* all that follows */
    int64_t phones;  /* padded */
    float *encoded;  /* [phones,C] */
    float *duration; /* [phones]: logarithms of frames */
    float *seconds;  /* [count] */
    int64_t *ends;   /* [count] */
    int64_t frames, padded;
    int32_t *phone; /* [padded] */
    float *within;  /* [padded,WITHIN] */
    float *there;   /* [padded] */
    float *laid;    /* [padded,C] */
    float *melody;  /* [padded,3] */
    float *mel;     /* [padded,MELS] */
    dio_error *err;
};

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

static void *room(struct speech *s, int64_t numbers)
{
    void *p = dio_arena_try(s->a, (size_t)numbers * sizeof(float));
    if (!p)
        dio_fail_memory(s->err, "an utterance");
    return p;
}

struct bind {
    const char *name;
    const void *data;
    int64_t numbers; /* of four bytes */
};

/* Runs a graph once: sets `in`, copies outputs. Destroys g. */
static bool run(struct speech *s, dio_graph *g, const dio_val *outputs, float *const *to, int n,
                const struct bind *in, int n_in)
{
    bool ok = dio_graph_ready(g, s->err);
    dio_plan *p = ok ? dio_plan_create(g, outputs, n, false, s->device, NULL, s->err) : NULL;
    ok = p != NULL;
    for (int i = 0; ok && i < n_in; i++)
        ok = dio_plan_set(p, in[i].name, in[i].data, (size_t)in[i].numbers * 4, s->err);
    ok = ok && dio_plan_run(p, s->err);
    for (int i = 0; ok && i < n; i++) {
        dio_type t;
        const void *data = dio_plan_output(p, i, &t);
        memcpy(to[i], data, dio_type_bytes(&t));
    }
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    return ok;
}

static dio_graph *begin(struct speech *s)
{
    dio_graph *g = dio_graph_create();
    if (!g)
        dio_fail_memory(s->err, "an utterance");
    return g;
}

static dio_val numbers(dio_graph *g, const char *name, int64_t rows, int64_t c)
{
    return dio_input(g, name, dio_type_3d(DIO_F32, 1, rows, c));
}

static dio_val ids(dio_graph *g, const char *name, int64_t n)
{
    return dio_input(g, name, dio_type_2d(DIO_I32, 1, n));
}

/* --- phones to durations --- */

static bool run_encoder(struct speech *s, const int32_t *id, const float *place, const float *there)
{
    int64_t t = s->phones;
    dio_graph *g = begin(s);
    if (!g)
        return false;
    dio_acoustic_phones io = {
        .phone = ids(g, "phone", t),
        .stress = ids(g, "stress", t),
        .mark = ids(g, "mark", t),
        .speaker = ids(g, "speaker", t),
        .place = numbers(g, "place", t, DIO_NARRATOR_PLACE),
        .there = numbers(g, "there", t, 1),
    };
    s->n->ops->encode(g, s->n->acoustic->model, &io);
    s->encoded = room(s, t * dio_dim(g, io.encoded, 2));
    s->duration = room(s, t);
    if (!s->encoded || !s->duration) {
        dio_graph_destroy(g);
        return false;
    }
    const dio_val out[] = {io.encoded, io.duration};
    float *const to[] = {s->encoded, s->duration};
    const struct bind in[] = {
        {"phone", id, t},
        {"stress", id + t, t},
        {"mark", id + 2 * t, t},
        {"speaker", id + 3 * t, t},
        {"place", place, t * DIO_NARRATOR_PLACE},
        {"there", there, t},
    };
    return run(s, g, out, to, 2, in, 6);
}

static bool encode(struct speech *s)
{
    const dio_narrator_request *r = &s->r;
    int64_t t = s->phones = padded(r->count, PHONE_STEP);
    int32_t *id = room(s, 4 * t);
    float *place = room(s, t * DIO_NARRATOR_PLACE), *there = room(s, t);
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
    return run_encoder(s, id, place, there);
}

static float clamp(float x, float lo, float hi)
{
    return !(x >= lo) ? lo : x > hi ? hi : x;
}

/* At rate 1 of the request; those that are given stay. */
static void find_seconds(struct speech *s)
{
    const dio_narrator_request *r = &s->r;
    for (int i = 0; i < r->count; i++) {
        const dio_narrator_manner *m = r->manners ? &r->manners[i] : NULL;
        float frames = clamp(expf(s->duration[i]), shortest, longest);
        float own = m && m->rate > 0 ? m->rate : 1;
        s->seconds[i] = m && m->seconds > 0
                            ? m->seconds
                            : frames / own * ((float)HOP / DIO_NARRATOR_RATE) / r->rate;
    }
}

static bool prepare(struct speech *s)
{
    if (!check(s))
        return false;
    s->seconds = room(s, s->r.count);
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
    s->phone = room(s, f);
    s->within = room(s, f * DIO_NARRATOR_WITHIN);
    s->there = room(s, f);
    s->melody = room(s, f * 3);
    s->mel = room(s, f * MELS);
    if (!s->phone || !s->within || !s->there || !s->melody || !s->mel)
        return false;
    dio_narrator_within(s->ends, r->count, s->frames, s->phone, s->within);
    for (int64_t i = 0; i < s->frames; i++)
        s->there[i] = 1;
    return true;
}

static bool find_melody(struct speech *s)
{
    int64_t t = s->phones, f = s->padded;
    dio_graph *g = begin(s);
    if (!g)
        return false;
    int64_t width = s->n->shape.width;
    dio_acoustic_frames io = {
        .encoded = numbers(g, "encoded", t, width),
        .phone = ids(g, "phone", f),
        .within = numbers(g, "within", f, DIO_NARRATOR_WITHIN),
        .there = numbers(g, "there", f, 1),
    };
    s->n->ops->lay(g, s->n->acoustic->model, &io);
    s->laid = room(s, f * width);
    if (!s->laid) {
        dio_graph_destroy(g);
        return false;
    }
    const dio_val out[] = {io.laid, io.melody};
    float *const to[] = {s->laid, s->melody};
    const struct bind in[] = {
        {"encoded", s->encoded, t * width},
        {"phone", s->phone, f},
        {"within", s->within, f * DIO_NARRATOR_WITHIN},
        {"there", s->there, f},
    };
    return run(s, g, out, to, 2, in, 4);
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
        float learned = clamp(db, -learned_db, learned_db);
        bool voiced = f < s->frames && m[1] > 0;
        m[0] = voiced ? clamp(m[0], -4, 4) + dio_narrator_pitch_step(semitones) : 0;
        m[1] = voiced;
        m[2] = f < s->frames ? clamp(m[2], -8, 8) + dio_narrator_energy_step(learned) : 0;
        rest[f] = db - learned;
    }
}

static bool decode(struct speech *s)
{
    int64_t f = s->padded, width = s->n->shape.width;
    float *rest = room(s, f);
    dio_graph *g = rest ? begin(s) : NULL;
    if (!g)
        return false;
    change_melody(s, rest);
    dio_val mel = s->n->ops->decode(g, s->n->acoustic->model, numbers(g, "laid", f, width),
                                    numbers(g, "melody", f, 3), numbers(g, "there", f, 1));
    const struct bind in[] = {
        {"laid", s->laid, f * width}, {"melody", s->melody, f * 3}, {"there", s->there, f}};
    if (!run(s, g, &mel, &s->mel, 1, in, 3))
        return false;
    for (int64_t i = 0; i < f * MELS; i++)
        s->mel[i] = clamp(s->mel[i] + rest[i / MELS] * (float)(M_LN10 / 20), -16.2f, 10);
    return true;
}

/* --- mels to samples --- */

struct voice {
    dio_plan *plan;
    int context;
    int64_t window;                       /* frames of a run */
    float *pulses;                        /* of the whole utterance */
    float *mel, *melody, *there, *source; /* of a window */
    int64_t samples;                      /* of the utterance's pulses */
};

static bool open_voice(struct speech *s, struct voice *v)
{
    const dio_narrator *n = s->n;
    v->context = n->voice->context(n->vocoder->model);
    int64_t w = v->window = CHUNK + 2 * (int64_t)v->context + 1, sound = (w - 1) * HOP;
    v->samples = (s->frames - 1) * HOP;
    v->mel = room(s, w * MELS);
    v->melody = room(s, w * 2);
    v->there = room(s, w);
    v->source = room(s, sound);
    v->pulses = room(s, v->samples + 1);
    float *hz = room(s, s->frames);
    dio_graph *g = begin(s);
    if (!v->mel || !v->melody || !v->there || !v->source || !v->pulses || !hz || !g) {
        dio_graph_destroy(g);
        return false;
    }
    double phase = 0;
    for (int64_t f = 0; f < s->frames; f++)
        hz[f] = s->melody[3 * f + 1] > 0 ? dio_narrator_hz_of(s->melody[3 * f]) : 0;
    dio_narrator_pulses(hz, s->frames, &phase, v->pulses);
    dio_val y = n->voice->forward(
        g, n->vocoder->model, numbers(g, "mel", w, MELS), numbers(g, "melody", w, 2),
        dio_input(g, "pulses", dio_type_2d(DIO_F32, 1, sound)),
        dio_input(g, "noise", dio_type_2d(DIO_F32, 1, sound)), numbers(g, "there", w, 1));
    v->plan = dio_graph_ready(g, s->err) ? dio_plan_create(g, &y, 1, false, s->device, NULL, s->err)
                                         : NULL;
    dio_graph_destroy(g);
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
    const uint64_t before = 1 << 20; /* noise has a beginning, too */
    fill_window(s, v, first);
    for (int64_t i = 0; i < sound; i++)
        v->source[i] = from + i >= 0 && from + i < v->samples ? v->pulses[from + i] : 0;
    if (!dio_plan_set(v->plan, "pulses", v->source, (size_t)sound * 4, s->err))
        return false;
    dio_narrator_noise(s->r.seed, (int64_t)before + from, sound, v->source);
    return dio_plan_set(v->plan, "noise", v->source, (size_t)sound * 4, s->err) &&
           dio_plan_set(v->plan, "mel", v->mel, (size_t)(w * MELS) * 4, s->err) &&
           dio_plan_set(v->plan, "melody", v->melody, (size_t)(w * 2) * 4, s->err) &&
           dio_plan_set(v->plan, "there", v->there, (size_t)w * 4, s->err) &&
           dio_plan_run(v->plan, s->err);
}

static bool voice(struct speech *s, dio_clip *clip)
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
    dio_plan_destroy(v.plan);
    return ok;
}

/* --- what is for users --- */

static bool start(struct speech *s, const dio_narrator *n, dio_device *device,
                  const dio_narrator_request *request, dio_error *err)
{
    *s = (struct speech){.n = n, .device = device, .r = *request, .err = err};
    s->a = dio_arena_create();
    return s->a ? prepare(s) : dio_fail_memory(err, "an utterance");
}

bool dio_narrator_durations(const dio_narrator *n, dio_device *device,
                            const dio_narrator_request *request, float *seconds, dio_error *err)
{
    struct speech s;
    bool ok = start(&s, n, device, request, err);
    if (ok)
        memcpy(seconds, s.seconds, (size_t)request->count * sizeof *seconds);
    dio_arena_destroy(s.a);
    return ok;
}

bool dio_narrator_fit(const dio_narrator *n, dio_device *device,
                      const dio_narrator_request *request, double seconds, float lo, float hi,
                      float *rate, dio_error *err)
{
    struct speech s;
    dio_narrator_request r = *request;
    r.rate = 1;
    bool ok = start(&s, n, device, &r, err);
    double given = 0, free = 0; /* what a rate does not change, and what it does */
    for (int i = 0; ok && i < r.count; i++)
        *(r.manners && r.manners[i].seconds > 0 ? &given : &free) += (double)s.seconds[i];
    dio_arena_destroy(s.a);
    if (!ok)
        return false;
    *rate = clamp(seconds > given ? (float)(free / (seconds - given)) : hi, lo, hi);
    return true;
}

bool dio_narrator_speak(const dio_narrator *n, dio_device *device,
                        const dio_narrator_request *request, dio_narration *out, dio_error *err)
{
    struct speech s;
    memset(out, 0, sizeof *out);
    bool ok = start(&s, n, device, request, err) && lay_frames(&s) && find_melody(&s) && decode(&s);
    if (ok) {
        out->count = request->count;
        out->ends = malloc((size_t)out->count * sizeof *out->ends);
        out->clip = dio_clip_create(DIO_NARRATOR_RATE, 1, s.ends[out->count - 1], err);
        ok = out->ends && out->clip && voice(&s, out->clip);
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
