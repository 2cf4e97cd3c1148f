/* mel.c: bands over spectra.
 * A band is a triangle over bins: it rises from the middle of the band below and falls to the
 * middle of the one above, all middles evenly spaced on the mel scale. */
#include "audio/mel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"

/* One band's part of the weights. */
struct band {
    int first, count; /* bins */
    double *weight;
};

struct dio_mel {
    dio_mel_dialect dialect;
    dio_spectra *spectra;
    struct band *bands; /* [mels] */
    double *weights;    /* of all of them */
    int bins;
};

/* ---- scales ---- */

/* Slaney's (Auditory Toolbox): even steps of 200/3 Hz up to 1 kHz, above that 27 steps for a factor
 * of 6.4. HTK's: 2595 log10(1 + f / 700). */
enum { KNEE_HZ = 1000, KNEE_MEL = 15 };

static double to_mel(int scale, double hz)
{
    if (scale == DIO_MEL_HTK)
        return 2595 * log10(1 + hz / 700);
    return hz < KNEE_HZ ? hz * 3 / 200 : KNEE_MEL + log(hz / KNEE_HZ) * 27 / log(6.4);
}

static double to_hz(int scale, double mel)
{
    if (scale == DIO_MEL_HTK)
        return 700 * (pow(10, mel / 2595) - 1);
    return mel < KNEE_MEL ? mel * 200 / 3 : KNEE_HZ * exp((mel - KNEE_MEL) * log(6.4) / 27);
}

/* The Hz of point i of mels + 2: bands' ends and middles. */
static double point(const dio_mel_dialect *d, int i)
{
    double low = to_mel(d->scale, d->fmin);
    double high = to_mel(d->scale, d->fmax > 0 ? d->fmax : d->rate / 2.0);
    return to_hz(d->scale, low + (high - low) * i / (d->mels + 1));
}

/* ---- making one ---- */

static double weight_at(const dio_mel_dialect *d, int band, int bin)
{
    double hz = (double)bin * d->rate / d->n_fft;
    double low = point(d, band), middle = point(d, band + 1), high = point(d, band + 2);
    double rise = (hz - low) / (middle - low), fall = (high - hz) / (high - middle);
    double weight = fmax(0, fmin(rise, fall));
    return d->norm == DIO_MEL_NORM_SLANEY ? weight * 2 / (high - low) : weight;
}

/* Bins that a band can touch: what lies between its ends. */
static void reach(const dio_mel *m, int band, int *first, int *count)
{
    const dio_mel_dialect *d = &m->dialect;
    double step = (double)d->rate / d->n_fft;
    int begin = (int)ceil(point(d, band) / step), end = (int)floor(point(d, band + 2) / step);
    *first = begin;
    *count = end >= m->bins ? m->bins - begin : end - begin + 1;
    if (*count < 0)
        *count = 0; /* narrower than a bin: such a band hears nothing */
}

static bool make_bands(dio_mel *m)
{
    int first, count;
    size_t all = 0, at = 0;
    for (int i = 0; i < m->dialect.mels; i++) {
        reach(m, i, &first, &count);
        all += (size_t)count;
    }
    m->bands = calloc((size_t)m->dialect.mels, sizeof *m->bands);
    m->weights = malloc((all ? all : 1) * sizeof(double));
    if (!m->bands || !m->weights)
        return false;
    for (int i = 0; i < m->dialect.mels; i++) {
        struct band *b = &m->bands[i];
        reach(m, i, &b->first, &b->count);
        b->weight = m->weights + at;
        for (int k = 0; k < b->count; k++)
            b->weight[k] = weight_at(&m->dialect, i, b->first + k);
        at += (size_t)b->count;
    }
    return true;
}

dio_mel *dio_mel_create(const dio_mel_dialect *dialect, dio_error *err)
{
    const dio_framing framing = {.n_fft = dialect->n_fft,
                                 .win = dialect->win,
                                 .hop = dialect->hop,
                                 .padding = (dio_framing_padding)dialect->padding,
                                 .fill = (dio_framing_fill)dialect->fill};
    if (!dio_mel_dialect_check(dialect, err))
        return NULL;
    dio_mel *m = calloc(1, sizeof *m);
    if (!m) {
        dio_fail_memory(err, "mel spectrograms");
        return NULL;
    }
    m->dialect = *dialect;
    m->bins = dialect->n_fft / 2 + 1;
    m->spectra = dio_spectra_create(&framing, err);
    if (m->spectra && make_bands(m))
        return m;
    dio_fail_memory(err, "mel spectrograms"); /* unless the spectra have said why */
    dio_mel_destroy(m);
    return NULL;
}

void dio_mel_destroy(dio_mel *m)
{
    if (!m)
        return;
    dio_spectra_destroy(m->spectra);
    free(m->bands);
    free(m->weights);
    free(m);
}

const dio_mel_dialect *dio_mel_dialect_of(const dio_mel *m)
{
    return &m->dialect;
}

int64_t dio_mel_frames(const dio_mel *m, int64_t n)
{
    return dio_spectra_frames(m->spectra, n);
}

/* ---- frames ---- */

struct job {
    const dio_mel *m;
    float *out;
    int64_t frame_step, band_step;
    double *magnitudes; /* [threads, bins] */
};

static double logged(const dio_mel_dialect *d, double v)
{
    v = fmax(v, d->floor);
    v = d->log == DIO_MEL_LN ? log(v) : d->log == DIO_MEL_LOG10 ? log10(v) : v;
    return (v - d->mean) / d->std;
}

static void take(void *user, int64_t frame, const double *bins, int thread)
{
    const struct job *j = user;
    const dio_mel_dialect *d = &j->m->dialect;
    double *magnitude = j->magnitudes + (int64_t)thread * j->m->bins;
    for (int k = 0; k < j->m->bins; k++) {
        double square = bins[2 * k] * bins[2 * k] + bins[2 * k + 1] * bins[2 * k + 1];
        square = fmax(square + d->eps, d->least);
        magnitude[k] = d->power == 1 ? sqrt(square) : square;
    }
    for (int i = 0; i < d->mels; i++) {
        const struct band *b = &j->m->bands[i];
        double sum = 0;
        for (int k = 0; k < b->count; k++)
            sum += b->weight[k] * magnitude[b->first + k];
        j->out[frame * j->frame_step + i * j->band_step] = (float)logged(d, sum);
    }
}

static bool run(struct job *j, const float *x, int64_t n, dio_error *err)
{
    j->magnitudes = malloc((size_t)dio_gang_size() * (size_t)j->m->bins * sizeof(double));
    if (!j->magnitudes)
        return dio_fail_memory(err, "mel spectrograms");
    bool ok = dio_spectra_each(j->m->spectra, x, n, take, j, err);
    free(j->magnitudes);
    return ok;
}

bool dio_mel_run(const dio_mel *m, const float *x, int64_t n, float *out, dio_error *err)
{
    struct job j = {.m = m, .out = out, .frame_step = m->dialect.mels, .band_step = 1};
    return run(&j, x, n, err);
}

void dio_mel_weights(const dio_mel *m, float *out)
{
    memset(out, 0, (size_t)m->dialect.mels * (size_t)m->bins * sizeof *out);
    for (int i = 0; i < m->dialect.mels; i++)
        for (int k = 0; k < m->bands[i].count; k++)
            out[(int64_t)i * m->bins + m->bands[i].first + k] = (float)m->bands[i].weight[k];
}

dio_tensor *dio_mel_of_clip(const dio_mel *m, const dio_clip *clip, dio_error *err)
{
    int64_t frames = dio_mel_frames(m, clip->length);
    if (clip->rate != m->dialect.rate || clip->channels != 1) {
        dio_fail(err, "mels: a sound of %d Hz in %d channels, and %d Hz in 1 is wanted", clip->rate,
                 clip->channels, m->dialect.rate);
        return NULL;
    }
    if (frames < 1) {
        dio_fail(err, "mels: a sound of %lld samples is too short for one frame",
                 (long long)clip->length);
        return NULL;
    }
    dio_type type = dio_type_2d(DIO_F32, m->dialect.mels, frames);
    dio_tensor *out = dio_tensor_create("mels", &type, err);
    if (!out)
        return NULL;
    struct job j = {.m = m, .out = dio_tensor_data(out), .frame_step = 1, .band_step = frames};
    if (run(&j, dio_clip_channel(clip, 0), clip->length, err))
        return out;
    dio_tensor_unref(out);
    return NULL;
}
