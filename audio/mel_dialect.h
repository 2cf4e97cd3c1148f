#pragma once
/* mel_dialect.h: what the numbers of a mel spectrogram mean.
 *
 * Two models that both speak "80 mels" may not understand each other: rates, windows, scales, logs
 * and floors differ, and what comes out is noise and no error. So a dialect is data that a model
 * carries, and connecting two that differ is refused by the first thing in which they do.
 */
#include <stdbool.h>

#include "audio/spectra.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_mel_scale { DIO_MEL_SLANEY, DIO_MEL_HTK } dio_mel_scale;
typedef enum dio_mel_norm { DIO_MEL_NORM_NONE, DIO_MEL_NORM_SLANEY } dio_mel_norm;
typedef enum dio_mel_log { DIO_MEL_LN, DIO_MEL_LOG10, DIO_MEL_LINEAR } dio_mel_log;

/* A band's number is (log(max(sum of weight * m, floor)) - mean) / std, where m of a bin is
 * sqrt(max(re^2 + im^2 + eps, least)), or what stands under the root at power 2. */
typedef struct dio_mel_dialect {
    const char *name; /* "" where it has none; two of different names can be equal */
    int rate, n_fft, win, hop, mels;
    double fmin, fmax; /* Hz; fmax 0: half the rate */
    int scale;         /* dio_mel_scale */
    int norm;          /* dio_mel_norm: Slaney's bands have equal areas, the others equal heights */
    int power;         /* 1 or 2 */
    double eps, least;
    int log; /* dio_mel_log */
    double floor;
    int padding; /* dio_framing_padding */
    int fill;    /* dio_framing_fill */
    double mean, std;
} dio_mel_dialect;

/* The published ones by name ("hifigan", "vocos", ...); NULL when there is none. */
const dio_mel_dialect *dio_mel_dialect_find(const char *name);
const dio_mel_dialect *dio_mel_dialect_at(int i); /* NULL after the last */

/* From a model's configuration: a name, or a map of the fields above. Strings lie in the arena;
 * `what` names the owner in messages. */
bool dio_mel_dialect_read(const dio_value *v, const char *what, dio_mel_dialect *out, dio_arena *a,
                          dio_error *err);
/* The map that dio_mel_dialect_read reads back, as one line of JSON. */
char *dio_mel_dialect_json(const dio_mel_dialect *d, dio_arena *a);

bool dio_mel_dialect_check(const dio_mel_dialect *d, dio_error *err);
/* Whether what `from` makes can be given to `to`; the sentence names the first field that differs.
 * `from` and `to` name the two in it. */
bool dio_mel_dialect_equal(const dio_mel_dialect *a, const char *from, const dio_mel_dialect *b,
                           const char *to, dio_error *err);

#ifdef __cplusplus
}
#endif
