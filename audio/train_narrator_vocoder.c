/* train_narrator_vocoder.c: recipes of kind narrator-vocoder: from the teacher's mels and pitch to
 * its speech.
 *
 * Pulses stand where the pitch has them but not where the teacher's stood, and noise is another
 * noise; so spectra are compared and waves are not: at four resolutions, by how far off they are
 * together (spectral convergence) and each in logarithms (arXiv:1910.11480), and as mels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/narrator_source.h"
#include "audio/narrator_train.h"
#include "base/gang.h"
#include "base/rng.h"
#include "tensor/ops.h"

enum {
    MELS = DIO_NARRATOR_MELS,
    HOP = DIO_NARRATOR_HOP,
    BINS = DIO_NARRATOR_BINS,
    RESOLUTIONS = 4,
    TRIES = 8, /* utterances looked at for one that is long enough */
    STREAM_PICK = 0x6e617276,
    STREAM_PLACE,
    STREAM_GAIN,
    STREAM_PHASE,
};

static const int resolution[RESOLUTIONS] = {256, 512, 1024, 2048};

static const float count_spectra = 1, count_mel = 2;

typedef dio_narrator_recipe nr;
static const dio_field fields[] = {
    DIO_FIELD(nr, version, NULL, 0, 0, "of the recipe language: 1"),
    DIO_FIELD(nr, kind, NULL, 0, 0, "narrator-vocoder"),
    DIO_FIELD(nr, name, NULL, 1, 80, "the model's name"),
    DIO_FIELD(nr, licence, "unknown", 1, 80, "SPDX name of the trained weights' licence"),
    DIO_FIELD(nr, doc, "", 0, 2000, "what it is for"),
    DIO_FIELD(nr, model, "null", 0, 0, "a fresh model's config.json"),
    DIO_FIELD(nr, train, "null", 0, 0, "the optimiser's keys"),
    DIO_FIELD(nr, corpus, NULL, 1, 4000, "folder of `./dev teacher`'s speech, from the recipe's"),
    DIO_FIELD(nr, phones, NULL, 1, 2000, "names of the corpus's phones"),
    DIO_FIELD(nr, speakers, NULL, 1, 2000, "names of its speakers"),
    DIO_FIELD(nr, batch, "16", 1, 1024, "pieces in a step"),
    DIO_FIELD(nr, frames, "65", 9, 65536, "frames in a piece, which is a hop shorter"),
    DIO_FIELD(nr, gain, "6", 0, 20, "dB by which pieces are heard louder or softer"),
    DIO_FIELD(nr, seed, "1", 0, 0, "of weights and data"),
    DIO_FIELD(nr, test_batches, "8", 0, 100000, "batches of the closing test"),
    DIO_FIELD(nr, save, "f16", 0, 0, "f16 or f32: how the weights are stored"),
    {0},
};

/* The inputs of one batch. */
struct work {
    float *mel, *melody, *hz;       /* [B,F,MELS], [B,F,2], [B,F] */
    float *pulses, *noise, *speech; /* [B,S] */
    void *memory;
};

static int64_t samples_of(const dio_narrator_recipe *r)
{
    return (int64_t)(r->frames - 1) * HOP;
}

/* --- the loss --- */

static dio_val hann(dio_graph *g, int n)
{
    float *data = malloc((size_t)n * sizeof *data);
    if (!data)
        return dio_graph_fail(g, "no memory for a window");
    for (int i = 0; i < n; i++)
        data[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / n));
    dio_val v = dio_const(g, dio_type_1d(DIO_F32, n), data);
    free(data);
    return v;
}

/* Magnitudes [B,bins,T]; what is added keeps silence from pulling. */
static dio_val magnitude(dio_graph *g, dio_val x, int n)
{
    dio_stft_attrs a = {.n_fft = n, .hop = n / 4, .win = n, .center = true};
    dio_val s = dio_square(g, dio_stft(g, x, hann(g, n), a));
    return dio_sqrt(g, dio_axpb(g, dio_sum(g, s, 8, false), 1, 1e-7f));
}

static dio_val spectral_loss(dio_graph *g, dio_val y, dio_val x)
{
    dio_val off = dio_div(g, dio_sum_squares(g, dio_sub(g, y, x)), dio_sum_squares(g, x));
    dio_val logs = dio_l1_loss(g, dio_log(g, y), dio_log(g, x));
    return dio_add(g, dio_sqrt(g, dio_axpb(g, off, 1, 1e-9f)), logs);
}

/* Magnitudes [B,bins,T] as logarithms of mels [B,T,MELS]. */
static dio_val mels_of(dio_graph *g, dio_val magnitudes, dio_val bank)
{
    dio_val x = dio_matmul(g, dio_permute(g, magnitudes, (int[]){0, 2, 1}), bank, false, true);
    return dio_log(g, dio_maximum(g, x, dio_scalar(g, 1e-5f)));
}

static dio_val bank(dio_graph *g, const dio_mel *mel)
{
    float *data = malloc(sizeof(float) * MELS * BINS);
    if (!data)
        return dio_graph_fail(g, "no memory for a bank of mels");
    dio_mel_weights(mel, data);
    dio_val v = dio_const(g, dio_type_2d(DIO_F32, MELS, BINS), data);
    free(data);
    return v;
}

static dio_val loss(void *user, dio_graph *g, bool training)
{
    dio_narrator_job *j = user;
    const dio_narrator_recipe *r = &j->recipe;
    const dio_narrator_vocoder_ops *ops = j->net->family->ops;
    int64_t b = r->batch, s = samples_of(r);
    (void)training;
    dio_val mel = dio_input(g, "mel", dio_type_3d(DIO_F32, b, r->frames, MELS));
    dio_val melody = dio_input(g, "melody", dio_type_3d(DIO_F32, b, r->frames, 2));
    dio_val pulses = dio_input(g, "pulses", dio_type_2d(DIO_F32, b, s));
    dio_val noise = dio_input(g, "noise", dio_type_2d(DIO_F32, b, s));
    dio_val x = dio_input(g, "speech", dio_type_2d(DIO_F32, b, s));
    dio_val y = ops->forward(g, j->net->model, mel, melody, pulses, noise, DIO_NONE),
            sum = DIO_NONE;
    for (int i = 0; i < RESOLUTIONS; i++) {
        dio_val my = magnitude(g, y, resolution[i]), mx = magnitude(g, x, resolution[i]);
        dio_val part = dio_axpb(g, spectral_loss(g, my, mx), count_spectra / RESOLUTIONS, 0);
        sum = sum == DIO_NONE ? part : dio_add(g, sum, part);
        if (resolution[i] == DIO_NARRATOR_FFT) {
            dio_val rows = bank(g, j->mel);
            dio_val l1 = dio_l1_loss(g, mels_of(g, my, rows), mels_of(g, mx, rows));
            sum = dio_add(g, sum, dio_axpb(g, l1, count_mel, 0));
        }
    }
    return sum;
}

/* --- a batch --- */

struct filling {
    const dio_narrator_job *j;
    const struct work *k;
    int64_t step;
    bool training;
};

/* One that is long enough, or the last that was looked at. Validation takes them in order. */
static int pick(const struct filling *f, dio_split split, int64_t at)
{
    const dio_narrator_recipe *r = &f->j->recipe;
    int n = dio_speech_count(f->j->corpus, split), index = (int)(at % n);
    for (int k = 0; f->training && k < TRIES; k++) {
        index = (int)dio_below(r->seed, STREAM_PICK, (uint64_t)(at * TRIES + k), (uint32_t)n);
        if (dio_speech_item(f->j->corpus, split, index)->n_frames >= r->frames)
            break;
    }
    return index;
}

static void fill_row(void *user, int64_t row, int thread)
{
    const struct filling *f = user;
    const dio_narrator_recipe *r = &f->j->recipe;
    const dio_split split = f->training ? DIO_SPLIT_TRAIN : DIO_SPLIT_VALID;
    int64_t at = f->step * r->batch + row, n = samples_of(r);
    uint64_t seed = r->seed + (f->training ? 0 : 1), draw = (uint64_t)at;
    int index = pick(f, split, at);
    const dio_recording *u = dio_speech_item(f->j->corpus, split, index);
    int64_t most = u->n_frames - r->frames, first = 0;
    float *melody = f->k->melody + row * r->frames * 2;
    float *hz = f->k->hz + row * r->frames;
    (void)thread;
    if (most > 0)
        first = dio_below(seed, STREAM_PLACE, draw, (uint32_t)most + 1);
    float db = f->training ? (float)r->gain * (2 * dio_uniform(seed, STREAM_GAIN, draw) - 1) : 0;
    float ln = db * (float)(M_LN10 / 20);
    double phase = dio_uniform53(seed, STREAM_PHASE, draw);
    dio_narrator_mels(f->j, split, index, first, r->frames, ln, f->k->mel + row * r->frames * MELS);
    dio_recording_pitch(u, first, r->frames, melody, melody + 1, 2);
    for (int i = 0; i < r->frames; i++)
        hz[i] = melody[2 * i + 1] > 0 ? dio_narrator_hz_of(melody[2 * i]) : 0;
    memset(f->k->pulses + row * n, 0, (size_t)n * sizeof(float));
    dio_narrator_pulses(hz, r->frames, 0, n, &phase, f->k->pulses + row * n);
    dio_narrator_noise(seed, at * n, n, f->k->noise + row * n);
    dio_recording_samples(u, first * HOP, n, expf(ln), f->k->speech + row * n);
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    dio_narrator_job *j = user;
    const struct work *k = j->user;
    size_t b = (size_t)j->recipe.batch, f = sizeof(float), frames = b * (size_t)j->recipe.frames;
    size_t sound = b * (size_t)samples_of(&j->recipe) * f;
    struct filling filling = {j, k, step, training};
    dio_gang_run((int64_t)b, fill_row, &filling);
    return dio_plan_set(p, "mel", k->mel, frames * MELS * f, err) &&
           dio_plan_set(p, "melody", k->melody, frames * 2 * f, err) &&
           dio_plan_set(p, "pulses", k->pulses, sound, err) &&
           dio_plan_set(p, "noise", k->noise, sound, err) &&
           dio_plan_set(p, "speech", k->speech, sound, err);
}

/* --- the run --- */

static bool make_room(const dio_narrator_job *j, struct work *k, dio_error *err)
{
    size_t b = (size_t)j->recipe.batch, frames = b * (size_t)j->recipe.frames;
    size_t sound = b * (size_t)samples_of(&j->recipe);
    float *at = k->memory = malloc((frames * (MELS + 3) + 3 * sound) * sizeof *at);
    if (!at)
        return dio_fail_memory(err, "a training batch");
    k->mel = at;
    k->melody = k->mel + frames * MELS;
    k->hz = k->melody + frames * 2;
    k->pulses = k->hz + frames;
    k->noise = k->pulses + sound;
    k->speech = k->noise + sound;
    return true;
}

static bool run(const dio_recipe_run *r, dio_recipe_report *report, dio_error *err)
{
    struct work k = {0};
    dio_narrator_job j = {.run = r, .user = &k};
    dio_train_task task = {.loss = loss, .fill = fill};
    *report = (dio_recipe_report){.test_loss = NAN};
    bool ok = dio_narrator_recipe_read(&j, fields, err) &&
              dio_narrator_job_open(&j, &dio_narrator_vocoder, err) && make_room(&j, &k, err) &&
              dio_narrator_job_run(&j, &task, report, err);
    free(k.memory);
    dio_narrator_job_close(&j);
    return ok;
}

const dio_recipe_kind dio_recipe_kind_narrator_vocoder = {
    .name = "narrator-vocoder",
    .doc = "from mels and pitch to a teacher's speech: the house narrator's second half",
    .fields = fields,
    .run = run,
};
