/* train_narrator.c: recipes of kind narrator-acoustic: from phones to the teacher's mels.
 *
 * A row of a batch is as many utterances as fit, with gaps between: no frame is cut off from what
 * it depends on, and little is left empty. Durations are learned where the teacher spoke at its own
 * rate; pitch is learned as if it had spoken at its own height, energy as if at its own level,
 * while the decoder hears of both as they were: so it can be asked for others. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/narrator_train.h"
#include "base/gang.h"
#include "base/rng.h"
#include "tensor/ops.h"

enum {
    GAP = DIO_NARRATOR_GAP,
    MELS = DIO_NARRATOR_MELS,
    PLACE = DIO_NARRATOR_PLACE,
    WITHIN = DIO_NARRATOR_WITHIN,
    TRIES = 64, /* utterances looked at for a row */
    MISSES = 6, /* of which so many may be too long for what is left of it */
    STREAM_PICK = 0x6e617272,
    STREAM_GAIN,
};

/* What each part of the loss counts. */
static const float count_mel = 1, count_slope = 0.5f, count_duration = 1, count_pitch = 0.5f,
                   count_voice = 0.3f, count_energy = 0.2f;

typedef dio_narrator_recipe nr;
static const dio_field fields[] = {
    DIO_FIELD(nr, version, NULL, 0, 0, "of the recipe language: 1"),
    DIO_FIELD(nr, kind, NULL, 0, 0, "narrator-acoustic"),
    DIO_FIELD(nr, name, NULL, 1, 80, "the model's name"),
    DIO_FIELD(nr, licence, "unknown", 1, 80, "SPDX name of the trained weights' licence"),
    DIO_FIELD(nr, doc, "", 0, 2000, "what it is for"),
    DIO_FIELD(nr, model, "null", 0, 0, "a fresh model's config.json"),
    DIO_FIELD(nr, train, "null", 0, 0, "the optimiser's keys"),
    DIO_FIELD(nr, corpus, NULL, 1, 4000, "folder of `./dev teacher`'s speech, from the recipe's"),
    DIO_FIELD(nr, batch, "4", 1, 256, "rows in a step"),
    DIO_FIELD(nr, frames, "1024", 16, 65536, "frames in a row, of 10.7 ms"),
    DIO_FIELD(nr, row_phones, "144", 8, 65536, "phones in a row"),
    DIO_FIELD(nr, gain, "6", 0, 20, "dB by which utterances are heard louder or softer"),
    DIO_FIELD(nr, seed, "1", 0, 0, "of weights and data"),
    DIO_FIELD(nr, test_batches, "8", 0, 100000, "batches of the closing test"),
    DIO_FIELD(nr, save, "f16", 0, 0, "f16 or f32: how the weights are stored"),
    {0},
};

/* The inputs of one batch, in one piece each. */
struct batch {
    int32_t *phone, *stress, *mark, *speaker; /* [B,T] */
    float *place, *phone_there;               /* [B,T,PLACE], [B,T] */
    float *duration, *duration_counts;        /* [B,T] */
    int32_t *frame_phone;                     /* [B,F] */
    float *within, *frame_there;              /* [B,F,WITHIN], [B,F] */
    float *melody, *own;                      /* [B,F,3]: as it was; at its own height and level */
    float *mel;                               /* [B,F,MELS] */
    float *counts, *pitch_counts, *slope_counts; /* [B,F], [B,F], [B,F-1] */
};

struct work {
    struct batch b;
    void *memory;
};

/* --- the loss --- */

static dio_val ids(dio_graph *g, const char *name, int64_t b, int64_t n)
{
    return dio_input(g, name, dio_type_2d(DIO_I32, b, n));
}

static dio_val numbers(dio_graph *g, const char *name, int64_t b, int64_t n, int64_t c)
{
    return dio_input(g, name, dio_type_3d(DIO_F32, b, n, c));
}

/* Sum of error times count, where counts already add up to one. */
static dio_val counted(dio_graph *g, dio_val error, dio_val counts, float by)
{
    return dio_axpb(g, dio_sum(g, dio_mul(g, error, counts), 7, false), by, 0);
}

static dio_val channel(dio_graph *g, dio_val x, int64_t i)
{
    return dio_slice(g, x, 2, i, 1, 1);
}

static dio_val mel_loss(dio_graph *g, dio_val mel, dio_val target, dio_val counts,
                        const dio_narrator_recipe *r)
{
    int64_t b = r->batch, f = r->frames;
    dio_val error = dio_sub(g, mel, target);
    dio_val slope =
        dio_sub(g, dio_slice(g, error, 1, 1, f - 1, 1), dio_slice(g, error, 1, 0, f - 1, 1));
    dio_val even = counted(g, dio_mean(g, dio_abs(g, error), 4, true), counts, count_mel);
    return dio_add(g, even,
                   counted(g, dio_mean(g, dio_abs(g, slope), 4, true),
                           numbers(g, "slope_counts", b, f - 1, 1), count_slope));
}

/* log(1 + e^x) - x y: binary cross entropy of a logit. */
static dio_val melody_loss(dio_graph *g, dio_val found, dio_val counts,
                           const dio_narrator_recipe *r)
{
    int64_t b = r->batch, f = r->frames;
    dio_val own = numbers(g, "own", b, f, 3);
    dio_val error = dio_abs(g, dio_sub(g, found, own)), voice = channel(g, found, 1);
    dio_val surprise = dio_sub(g, dio_softplus(g, voice), dio_mul(g, voice, channel(g, own, 1)));
    dio_val pitch =
        counted(g, channel(g, error, 0), numbers(g, "pitch_counts", b, f, 1), count_pitch);
    dio_val sum = dio_add(g, pitch, counted(g, surprise, counts, count_voice));
    return dio_add(g, sum, counted(g, channel(g, error, 2), counts, count_energy));
}

static dio_val loss(void *user, dio_graph *g, bool training)
{
    dio_narrator_job *j = user;
    const dio_narrator_recipe *r = &j->recipe;
    const dio_acoustic_ops *ops = j->net->family->ops;
    int64_t b = r->batch, t = r->row_phones, f = r->frames;
    (void)training;
    dio_acoustic_phones p = {
        .phone = ids(g, "phone", b, t),
        .stress = ids(g, "stress", b, t),
        .mark = ids(g, "mark", b, t),
        .speaker = ids(g, "speaker", b, t),
        .place = numbers(g, "place", b, t, PLACE),
        .there = numbers(g, "phone_there", b, t, 1),
    };
    ops->encode(g, j->net->model, &p);
    dio_acoustic_frames y = {
        .encoded = p.encoded,
        .phone = ids(g, "frame_phone", b, f),
        .within = numbers(g, "within", b, f, WITHIN),
        .there = numbers(g, "frame_there", b, f, 1),
    };
    ops->lay(g, j->net->model, &y);
    dio_val melody = numbers(g, "melody", b, f, 3);
    dio_val mel = ops->decode(g, j->net->model, y.laid, melody, y.there);
    dio_val late = dio_square(g, dio_sub(g, p.duration, numbers(g, "duration", b, t, 1)));
    dio_val sum = counted(g, late, numbers(g, "duration_counts", b, t, 1), count_duration);
    dio_val counts = numbers(g, "counts", b, f, 1);
    sum = dio_add(g, sum, mel_loss(g, mel, numbers(g, "mel", b, f, MELS), counts, r));
    return dio_add(g, sum, melody_loss(g, y.melody, counts, r));
}

/* --- a batch --- */

struct filling {
    const dio_narrator_job *j;
    const struct batch *b;
    int64_t step;
    bool training;
};

static void put_phones(const struct filling *f, int64_t row, int at, const dio_recording *u)
{
    const struct batch *b = f->b;
    int64_t first = row * f->j->recipe.row_phones + at;
    bool plain = u->rate == 1;
    dio_narrator_place(u->phones, u->n_phones, b->place + first * PLACE);
    for (int i = 0; i < u->n_phones; i++) {
        float samples = (float)(u->ends[i] - (i ? u->ends[i - 1] : 0));
        b->phone[first + i] = u->phones[i].phone;
        b->stress[first + i] = u->phones[i].stress;
        b->mark[first + i] = u->phones[i].mark;
        b->speaker[first + i] = u->speaker;
        b->phone_there[first + i] = 1;
        b->duration[first + i] = logf(fmaxf(samples, 1) / DIO_NARRATOR_HOP);
        b->duration_counts[first + i] = plain;
    }
}

static void put_frames(const struct filling *f, int64_t row, int phones_at, int at,
                       const dio_recording *u, const float *mels, float gain)
{
    const struct batch *b = f->b;
    const dio_narrator_recipe *r = &f->j->recipe;
    int64_t first = row * r->frames + at;
    float *melody = b->melody + first * 3, *own = b->own + first * 3;
    memcpy(b->mel + first * MELS, mels, (size_t)u->n_frames * MELS * sizeof *mels);
    dio_narrator_within(u->ends, u->n_phones, u->n_frames, b->frame_phone + first,
                        b->within + first * WITHIN);
    dio_recording_pitch(u, 0, u->n_frames, melody, melody + 1, 3);
    for (int64_t i = 0; i < u->n_frames; i++) {
        bool voiced = melody[3 * i + 1] > 0;
        melody[3 * i + 2] = dio_narrator_energy_of(mels + i * MELS, MELS);
        own[3 * i] = voiced ? melody[3 * i] - dio_narrator_pitch_step(u->semitones) : 0;
        own[3 * i + 1] = melody[3 * i + 1];
        own[3 * i + 2] = melody[3 * i + 2] - dio_narrator_energy_step(gain);
        b->frame_phone[first + i] += (int32_t)(row * r->row_phones + phones_at);
        b->frame_there[first + i] = 1;
        b->counts[first + i] = 1;
        b->pitch_counts[first + i] = voiced;
        if (i)
            b->slope_counts[row * (r->frames - 1) + at + i - 1] = 1;
    }
}

/* Validation goes through its utterances in order, so many a row. */
static int pick(const struct filling *f, int64_t row, int k)
{
    const dio_narrator_recipe *r = &f->j->recipe;
    int64_t at = (f->step * r->batch + row) * TRIES + k;
    int n = dio_speech_count(f->j->corpus, f->training ? DIO_SPLIT_TRAIN : DIO_SPLIT_VALID);
    return f->training ? (int)dio_below(r->seed, STREAM_PICK, (uint64_t)at, (uint32_t)n)
                       : (int)(((f->step * r->batch + row) * 5 + k) % n);
}

static void fill_row(void *user, int64_t row, int thread)
{
    const struct filling *f = user;
    const dio_narrator_recipe *r = &f->j->recipe;
    const dio_split split = f->training ? DIO_SPLIT_TRAIN : DIO_SPLIT_VALID;
    float *mels = f->b->mel + row * r->frames * MELS;
    (void)thread;
    for (int k = 0, misses = 0, t = 0, at = 0; k < TRIES && misses < MISSES; k++) {
        int index = pick(f, row, k);
        const dio_recording *u = dio_speech_item(f->j->corpus, split, index);
        if (t + u->n_phones > r->row_phones || at + u->n_frames > r->frames) {
            misses++;
            continue;
        }
        uint64_t draw = (uint64_t)((f->step * r->batch + row) * TRIES + k);
        float db =
            f->training ? (float)r->gain * (2 * dio_uniform(r->seed, STREAM_GAIN, draw) - 1) : 0;
        float *to = mels + (int64_t)at * MELS;
        dio_narrator_mels(f->j, split, index, 0, u->n_frames, db * (float)(M_LN10 / 20), to);
        put_phones(f, row, t, u);
        put_frames(f, row, t, at, u, to, db);
        t += u->n_phones + GAP;
        at += (int)u->n_frames + GAP;
    }
}

/* So that they add up to one. */
static void share(float *counts, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)counts[i];
    for (int64_t i = 0; sum > 0 && i < n; i++)
        counts[i] = (float)((double)counts[i] / sum);
}

struct input {
    const char *name;
    void **memory;
    int64_t each; /* numbers, all of four bytes */
};

enum { INPUTS = 16 };

static void list_inputs(const dio_narrator_recipe *r, struct batch *b, struct input *out)
{
    int64_t p = (int64_t)r->batch * r->row_phones, f = (int64_t)r->batch * r->frames;
    const struct input all[INPUTS] = {
        {"phone", (void **)&b->phone, p},
        {"stress", (void **)&b->stress, p},
        {"mark", (void **)&b->mark, p},
        {"speaker", (void **)&b->speaker, p},
        {"place", (void **)&b->place, p * PLACE},
        {"phone_there", (void **)&b->phone_there, p},
        {"duration", (void **)&b->duration, p},
        {"duration_counts", (void **)&b->duration_counts, p},
        {"frame_phone", (void **)&b->frame_phone, f},
        {"within", (void **)&b->within, f * WITHIN},
        {"frame_there", (void **)&b->frame_there, f},
        {"melody", (void **)&b->melody, f * 3},
        {"own", (void **)&b->own, f * 3},
        {"mel", (void **)&b->mel, f * MELS},
        {"counts", (void **)&b->counts, f},
        {"pitch_counts", (void **)&b->pitch_counts, f},
    };
    memcpy(out, all, sizeof all);
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    dio_narrator_job *j = user;
    struct batch *b = &((struct work *)j->user)->b;
    const dio_narrator_recipe *r = &j->recipe;
    struct filling filling = {j, b, step, training};
    struct input in[INPUTS];
    int64_t f = (int64_t)r->batch * r->frames, slopes = f - r->batch;
    list_inputs(r, b, in);
    for (int i = 0; i < INPUTS; i++)
        memset(*in[i].memory, 0, (size_t)in[i].each * 4);
    memset(b->slope_counts, 0, (size_t)slopes * 4);
    dio_gang_run(r->batch, fill_row, &filling);
    share(b->counts, f);
    share(b->pitch_counts, f);
    share(b->slope_counts, slopes);
    share(b->duration_counts, (int64_t)r->batch * r->row_phones);
    for (int i = 0; i < INPUTS; i++)
        if (!dio_plan_set(p, in[i].name, *in[i].memory, (size_t)in[i].each * 4, err))
            return false;
    return dio_plan_set(p, "slope_counts", b->slope_counts, (size_t)slopes * 4, err);
}

/* --- the run --- */

static bool make_room(const dio_narrator_job *j, struct work *k, dio_error *err)
{
    struct input in[INPUTS];
    int64_t all = (int64_t)j->recipe.batch * j->recipe.frames;
    list_inputs(&j->recipe, &k->b, in);
    for (int i = 0; i < INPUTS; i++)
        all += in[i].each;
    char *at = k->memory = malloc((size_t)all * 4);
    if (!at)
        return dio_fail_memory(err, "a training batch");
    for (int i = 0; i < INPUTS; i++) {
        *in[i].memory = at;
        at += in[i].each * 4;
    }
    k->b.slope_counts = (float *)at;
    return true;
}

static bool check(const dio_narrator_job *j, dio_error *err)
{
    dio_acoustic_shape s;
    const dio_acoustic_ops *ops = j->net->family->ops;
    ops->shape(j->net->model, &s);
    return s.mels == MELS ||
           dio_value_fail(dio_map_get(j->recipe.model, "mels"), err,
                          "mels: the narrator's spectra have %d, not %d", MELS, s.mels);
}

static bool run(const dio_recipe_run *r, dio_recipe_report *report, dio_error *err)
{
    struct work k = {0};
    dio_narrator_job j = {.run = r, .user = &k};
    dio_train_task task = {.loss = loss, .fill = fill};
    *report = (dio_recipe_report){.test_loss = NAN};
    bool ok = dio_narrator_recipe_read(&j, fields, err) &&
              dio_narrator_job_open(&j, &dio_narrator_acoustic, err) && check(&j, err) &&
              make_room(&j, &k, err) && dio_narrator_job_run(&j, &task, report, err);
    free(k.memory);
    dio_narrator_job_close(&j);
    return ok;
}

const dio_recipe_kind dio_recipe_kind_narrator_acoustic = {
    .name = "narrator-acoustic",
    .doc = "from phones to mels of a teacher's speech: the house narrator's first half",
    .fields = fields,
    .run = run,
};
