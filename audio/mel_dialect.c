/* mel_dialect.c: the published dialects, and one list of fields from which they are read, written
 * and compared. */
#include "audio/mel_dialect.h"

#include <math.h>
#include <string.h>

#include "audio/clip.h"
#include "base/field.h"

/* What most share: Slaney's mels, magnitudes, the natural log. */
#define SLANEY .scale = DIO_MEL_SLANEY, .norm = DIO_MEL_NORM_SLANEY, .power = 1
/* HiFi-GAN's way, which BigVGAN, Matcha and VITS's loss keep. */
#define HIFIGAN SLANEY, .eps = 1e-9, .log = DIO_MEL_LN, .floor = 1e-5, .padding = DIO_FRAMING_SAME
#define PLAIN   .mean = 0, .std = 1

/* clang-format off: one a line */
static const dio_mel_dialect dialects[] = {
    {"hifigan", 22050, 1024, 1024, 256, 80, 0, 8000, HIFIGAN, PLAIN},
    {"matcha", 22050, 1024, 1024, 256, 80, 0, 8000, HIFIGAN, .mean = -5.536622, .std = 2.116101},
    {"bigvgan-22khz-80", 22050, 1024, 1024, 256, 80, 0, 11025, HIFIGAN, PLAIN},
    {"bigvgan-24khz-100", 24000, 1024, 1024, 256, 100, 0, 12000, HIFIGAN, PLAIN},
    {"bigvgan-44khz-128", 44100, 1024, 1024, 256, 128, 0, 22050, HIFIGAN, PLAIN},
    {"bigvgan-44khz-128-512", 44100, 2048, 2048, 512, 128, 0, 22050, HIFIGAN, PLAIN},
    {"melgan", 22050, 1024, 1024, 256, 80, 0, 11025, SLANEY, .log = DIO_MEL_LOG10, .floor = 1e-5,
     .padding = DIO_FRAMING_SAME, PLAIN},
    {"vocos", 24000, 1024, 1024, 256, 100, 0, 12000, .scale = DIO_MEL_HTK,
     .norm = DIO_MEL_NORM_NONE, .power = 1, .log = DIO_MEL_LN, .floor = 1e-7, PLAIN},
    {"speecht5", 16000, 1024, 1024, 256, 80, 80, 7600, SLANEY, .log = DIO_MEL_LOG10, .floor = 1e-10,
     PLAIN},
    {"fastspeech2", 22050, 1024, 1024, 256, 80, 80, 7600, SLANEY, .least = 1e-10,
     .log = DIO_MEL_LOG10, .floor = 1e-10, PLAIN},
};
/* clang-format on */
enum { DIALECTS = sizeof dialects / sizeof *dialects, MELS_MOST = 1024 };

static const char *const scales[] = {"slaney", "htk", NULL};
static const char *const norms[] = {"none", "slaney", NULL};
static const char *const logs[] = {"ln", "log10", "linear", NULL};
static const char *const paddings[] = {"centre", "same", "none", NULL};
static const char *const fills[] = {"reflect", "zero", NULL};

/* In the order in which a difference is told. */
static const dio_field fields[] = {
    DIO_FIELD(dio_mel_dialect, name, "", 0, 0, "what it is called"),
    DIO_FIELD(dio_mel_dialect, rate, NULL, DIO_CLIP_RATE_LEAST, DIO_CLIP_RATE_MOST,
              "samples a second"),
    DIO_FIELD(dio_mel_dialect, n_fft, NULL, 16, 65536, "samples of a spectrum"),
    DIO_FIELD(dio_mel_dialect, win, NULL, 1, 65536, "samples of the window"),
    DIO_FIELD(dio_mel_dialect, hop, NULL, 1, 65536, "samples from frame to frame"),
    DIO_FIELD(dio_mel_dialect, mels, NULL, 1, MELS_MOST, "bands"),
    DIO_FIELD(dio_mel_dialect, fmin, "0", 0, 192000, "where the lowest band begins, Hz"),
    DIO_FIELD(dio_mel_dialect, fmax, "0", 0, 192000, "where the highest ends; 0: half the rate"),
    DIO_FIELD_WORDS(dio_mel_dialect, scale, "slaney", scales, "of the bands' places"),
    DIO_FIELD_WORDS(dio_mel_dialect, norm, "slaney", norms, "of the bands' heights"),
    DIO_FIELD(dio_mel_dialect, power, "1", 1, 2, "of the magnitudes"),
    DIO_FIELD(dio_mel_dialect, eps, "0", 0, 1, "added to the squares"),
    DIO_FIELD(dio_mel_dialect, least, "0", 0, 1, "the least of the squares"),
    DIO_FIELD_WORDS(dio_mel_dialect, log, "ln", logs, "of the bands"),
    DIO_FIELD(dio_mel_dialect, floor, "1e-5", 0, 1, "the least of a band, before the log"),
    DIO_FIELD_WORDS(dio_mel_dialect, padding, "centre", paddings, "of the sound's ends"),
    DIO_FIELD_WORDS(dio_mel_dialect, fill, "reflect", fills, "what padding holds"),
    DIO_FIELD(dio_mel_dialect, mean, "0", -1000, 1000, "taken off at the end"),
    DIO_FIELD(dio_mel_dialect, std, "1", 1e-6, 1000, "divided by at the end"),
    {0},
};

const dio_mel_dialect *dio_mel_dialect_at(int i)
{
    return i >= 0 && i < DIALECTS ? &dialects[i] : NULL;
}

const dio_mel_dialect *dio_mel_dialect_find(const char *name)
{
    for (int i = 0; i < DIALECTS; i++)
        if (strcmp(dialects[i].name, name) == 0)
            return &dialects[i];
    return NULL;
}

static double top(const dio_mel_dialect *d)
{
    return d->fmax > 0 ? d->fmax : d->rate / 2.0;
}

bool dio_mel_dialect_check(const dio_mel_dialect *d, dio_error *err)
{
    if (d->mels < 1 || d->mels > MELS_MOST)
        return dio_fail(err, "mels: %d bands: there are 1 to %d", d->mels, MELS_MOST);
    if (d->power != 1 && d->power != 2)
        return dio_fail(err, "mels: magnitudes to the power of %d: 1 or 2", d->power);
    if (!(d->std > 0))
        return dio_fail(err, "mels: a deviation of %g: above 0", d->std);
    if (d->win > d->n_fft)
        return dio_fail(err, "mels: a window of %d samples in a spectrum of %d", d->win, d->n_fft);
    if (d->hop > d->n_fft)
        return dio_fail(err, "mels: a hop of %d samples leaves some out of a spectrum of %d",
                        d->hop, d->n_fft);
    if (top(d) > d->rate / 2.0 || d->fmin >= top(d))
        return dio_fail(err, "mels: from %g to %g Hz: at %d samples a second there are 0 to %g",
                        d->fmin, top(d), d->rate, d->rate / 2.0);
    if (d->log != DIO_MEL_LINEAR && d->floor <= 0)
        return dio_fail(err, "mels: a log needs a floor above 0");
    return true;
}

static bool by_name(const dio_value *v, const char *what, dio_mel_dialect *out, dio_error *err)
{
    const char *names[DIALECTS], *given = v->string.text;
    const dio_mel_dialect *d = dio_mel_dialect_find(given);
    for (int i = 0; i < DIALECTS; i++)
        names[i] = dialects[i].name;
    if (d) {
        *out = *d;
        return true;
    }
    const char *near = dio_nearest(given, names, DIALECTS);
    return dio_value_fail(v, err, "%s: there is no mel dialect \"%s\"%s%s%s", what, given,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

bool dio_mel_dialect_read(const dio_value *v, const char *what, dio_mel_dialect *out, dio_arena *a,
                          dio_error *err)
{
    if (v && v->kind == DIO_STRING)
        return by_name(v, what, out, err);
    return dio_fields_read(fields, out, v, what, DIO_FIELDS_STRICT, a, NULL, NULL, err) &&
           (dio_mel_dialect_check(out, err) || dio_error_prefix(err, "%s", what));
}

char *dio_mel_dialect_json(const dio_mel_dialect *d, dio_arena *a)
{
    return dio_fields_canonical(fields, d, a);
}

/* ---- comparing ---- */

static bool differ(const dio_field *f, const dio_mel_dialect *a, const char *from,
                   const dio_mel_dialect *b, const char *to, dio_error *err)
{
    const void *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;
    if (f->kind == DIO_FIELD_REAL)
        return dio_fail(err, "mel spectrograms of %s do not fit %s: %s is %g, and %g is wanted",
                        from, to, f->name, *(const double *)x, *(const double *)y);
    int i = *(const int *)x, k = *(const int *)y;
    if (f->kind == DIO_FIELD_ENUM)
        return dio_fail(err, "mel spectrograms of %s do not fit %s: %s is %s, and %s is wanted",
                        from, to, f->name, f->words[i], f->words[k]);
    return dio_fail(err, "mel spectrograms of %s do not fit %s: %s is %d, and %d is wanted", from,
                    to, f->name, i, k);
}

/* Reals may have gone through float32 in a file: they are the same to six digits. */
static bool same(const dio_field *f, const dio_mel_dialect *a, const dio_mel_dialect *b)
{
    const void *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;
    if (f->kind != DIO_FIELD_REAL)
        return *(const int *)x == *(const int *)y;
    double p = *(const double *)x, q = *(const double *)y;
    return fabs(p - q) <= 1e-6 * fmax(fabs(p), fabs(q));
}

bool dio_mel_dialect_equal(const dio_mel_dialect *a, const char *from, const dio_mel_dialect *b,
                           const char *to, dio_error *err)
{
    dio_mel_dialect one = *a, two = *b;
    one.fmax = top(a);
    two.fmax = top(b);
    for (const dio_field *f = fields; f->name; f++)
        if (f->kind != DIO_FIELD_STRING && !same(f, &one, &two))
            return differ(f, &one, from, &two, to, err);
    return true;
}
