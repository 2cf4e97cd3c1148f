/* spectra.c: frames, windows and overlap-add around fft.c.
 * A frame's spectrum depends on its samples alone; the way back adds each sample's frames in their
 * order. So threads change nothing. */
#include "audio/spectra.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/fft.h"
#include "base/gang.h"

enum { HOP_MOST = 1 << 16, SPAN = 4096 /* samples that one thread adds up at a time */ };

struct dio_spectra {
    dio_framing framing;
    dio_fft *fft;
    double *window; /* [n_fft]: zero outside the middle `win` */
    int64_t pad;    /* on both sides */
};

/* ---- making one ---- */

static bool check(const dio_framing *f, dio_error *err)
{
    if (f->hop < 1 || f->hop > HOP_MOST)
        return dio_fail(err, "a hop of %d samples: there are 1 to %d", f->hop, HOP_MOST);
    if (f->win < 1 || f->win > f->n_fft)
        return dio_fail(err, "a window of %d samples in a spectrum of %d", f->win, f->n_fft);
    if (f->padding == DIO_FRAMING_SAME && f->hop > f->n_fft)
        return dio_fail(err,
                        "a hop of %d samples is above the spectrum's %d: padding \"same\" "
                        "needs an overlap",
                        f->hop, f->n_fft);
    return true;
}

dio_spectra *dio_spectra_create(const dio_framing *framing, dio_error *err)
{
    if (!check(framing, err))
        return NULL;
    dio_spectra *s = calloc(1, sizeof *s);
    if (!s) {
        dio_fail_memory(err, "spectra");
        return NULL;
    }
    int n = framing->n_fft, win = framing->win, before = (n - win) / 2;
    s->framing = *framing;
    s->fft = dio_fft_create(n, err);
    s->window = calloc((size_t)n, sizeof *s->window);
    if (!s->fft || !s->window) {
        dio_fail_memory(err, "spectra"); /* unless the transform has said why */
        dio_spectra_destroy(s);
        return NULL;
    }
    for (int i = 0; i < win; i++)
        s->window[before + i] = 0.5 - 0.5 * cos(2 * M_PI * i / win);
    s->pad = framing->padding == DIO_FRAMING_CENTRE ? n / 2
             : framing->padding == DIO_FRAMING_SAME ? (n - framing->hop) / 2
                                                    : 0;
    return s;
}

void dio_spectra_destroy(dio_spectra *s)
{
    if (!s)
        return;
    dio_fft_destroy(s->fft);
    free(s->window);
    free(s);
}

int64_t dio_spectra_frames(const dio_spectra *s, int64_t n)
{
    int64_t whole = n + 2 * s->pad - s->framing.n_fft;
    return n <= 0 || whole < 0 ? 0 : 1 + whole / s->framing.hop;
}

/* ---- there ---- */

/* The sample at i, which may lie beyond both ends. */
static double sample(const dio_spectra *s, const float *x, int64_t n, int64_t i)
{
    if (i >= 0 && i < n)
        return (double)x[i];
    if (s->framing.fill == DIO_FRAMING_ZERO)
        return 0;
    int64_t period = n > 1 ? 2 * (n - 1) : 1;
    i = ((i % period) + period) % period;
    return (double)x[i < n ? i : period - i];
}

struct there {
    const dio_spectra *s;
    const float *x;
    int64_t n;
    dio_spectra_fn *take;
    void *user;
    char *scratch; /* [threads][room] */
    size_t room;
};

/* Of each thread: a frame, its spectrum, and what the transform needs. */
static size_t frame_room(const dio_spectra *s)
{
    size_t n = (size_t)s->framing.n_fft;
    return n * sizeof(double) + (n / 2 + 1 + dio_fft_room(s->fft)) * sizeof(dio_complex);
}

static void make_frame(void *user, int64_t frame, int thread)
{
    const struct there *t = user;
    int n = t->s->framing.n_fft;
    double *piece = (double *)(t->scratch + (size_t)thread * t->room);
    dio_complex *bins = (dio_complex *)(piece + n);
    int64_t begin = frame * t->s->framing.hop - t->s->pad;
    for (int i = 0; i < n; i++)
        piece[i] = t->s->window[i] * sample(t->s, t->x, t->n, begin + i);
    dio_fft_forward(t->s->fft, piece, bins, bins + n / 2 + 1);
    t->take(t->user, frame, &bins->re, thread);
}

bool dio_spectra_each(const dio_spectra *s, const float *x, int64_t n, dio_spectra_fn *take,
                      void *user, dio_error *err)
{
    struct there t = {.s = s, .x = x, .n = n, .take = take, .user = user, .room = frame_room(s)};
    int64_t frames = dio_spectra_frames(s, n);
    t.scratch = malloc((size_t)dio_gang_size() * t.room);
    if (!t.scratch)
        return dio_fail_memory(err, "spectra");
    dio_gang_run(frames, make_frame, &t);
    free(t.scratch);
    return true;
}

struct keep {
    float *out;
    int64_t numbers; /* of one frame */
};

static void keep_frame(void *user, int64_t frame, const double *bins, int thread)
{
    const struct keep *k = user;
    (void)thread;
    for (int64_t i = 0; i < k->numbers; i++)
        k->out[frame * k->numbers + i] = (float)bins[i];
}

bool dio_spectra_run(const dio_spectra *s, const float *x, int64_t n, float *out, dio_error *err)
{
    struct keep k = {.out = out, .numbers = 2 * (s->framing.n_fft / 2 + 1)};
    return dio_spectra_each(s, x, n, keep_frame, &k, err);
}

/* ---- and back ---- */

struct back {
    const dio_spectra *s;
    const float *spectra;
    int64_t frames, n;
    float *x;
    double *pieces; /* [T, n_fft], windowed */
    char *scratch;
    size_t room;
};

static void unmake_frame(void *user, int64_t frame, int thread)
{
    const struct back *b = user;
    int n = b->s->framing.n_fft, bins = n / 2 + 1;
    dio_complex *z = (dio_complex *)(b->scratch + (size_t)thread * b->room);
    const float *from = b->spectra + frame * 2 * bins;
    double *piece = b->pieces + frame * n;
    for (int k = 0; k < bins; k++)
        z[k] = (dio_complex){(double)from[2 * k], (double)from[2 * k + 1]};
    dio_fft_inverse(b->s->fft, z, piece, z + bins);
    for (int i = 0; i < n; i++)
        piece[i] *= b->s->window[i];
}

/* Samples of one span: the frames over each, in order. */
static void add_up(void *user, int64_t item, int thread)
{
    const struct back *b = user;
    int n = b->s->framing.n_fft, hop = b->s->framing.hop;
    int64_t end = (item + 1) * SPAN < b->n ? (item + 1) * SPAN : b->n;
    (void)thread;
    for (int64_t i = item * SPAN; i < end; i++) {
        int64_t at = i + b->s->pad, first = at < n ? 0 : (at - n) / hop + 1;
        double sum = 0, weight = 0;
        for (int64_t t = first; t < b->frames && t * hop <= at; t++) {
            double w = b->s->window[at - t * hop];
            sum += b->pieces[t * n + at - t * hop];
            weight += w * w;
        }
        b->x[i] = weight > 1e-11 ? (float)(sum / weight) : 0;
    }
}

bool dio_spectra_inverse(const dio_spectra *s, const float *spectra, int64_t frames, float *x,
                         int64_t n, dio_error *err)
{
    struct back b = {.s = s, .spectra = spectra, .frames = frames, .n = n, .x = x};
    size_t piece = (size_t)s->framing.n_fft * sizeof(double);
    if (frames < 0 || n < 0 || (size_t)frames > SIZE_MAX / 2 / piece)
        return dio_fail(err, "%lld frames of spectra for %lld samples", (long long)frames,
                        (long long)n);
    b.room = frame_room(s);
    b.pieces = malloc((size_t)(frames ? frames : 1) * piece);
    b.scratch = malloc((size_t)dio_gang_size() * b.room);
    bool ok = (b.pieces && b.scratch) || dio_fail_memory(err, "spectra");
    if (ok) {
        dio_gang_run(frames, unmake_frame, &b);
        dio_gang_run((n + SPAN - 1) / SPAN, add_up, &b);
    }
    free(b.pieces);
    free(b.scratch);
    return ok;
}
