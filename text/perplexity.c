/* perplexity.c: how surprised a model is by a text.
 * Windows overlap, so that an id is never judged with little before it: each window scores only
 * what the one before has not. Scores are turned to logs here, in double, chunk by chunk: the
 * scores of a whole window would be the largest thing in memory. */
#include <math.h>
#include <stdlib.h>

#include "text/generate.h"

enum { DEFAULT_WINDOW = 1024 };

/* -log chance of `id`. */
static double surprise(const float *x, int vocab, int32_t id)
{
    float best = x[0];
    double sum = 0;
    for (int i = 1; i < vocab; i++)
        best = x[i] > best ? x[i] : best;
    for (int i = 0; i < vocab; i++)
        sum += exp((double)(x[i] - best));
    return best + log(sum) - x[id];
}

/* Reads ids[0..n) in a fresh session; adds up the surprise of those from `from` on. */
static bool score_window(dio_session *s, const int32_t *ids, int64_t n, int64_t from, int vocab,
                         double *sum, dio_error *err)
{
    static const int64_t sizes[] = {64, 16, 4, 1};
    if (!dio_session_rewind(s, 0, 0, err))
        return false;
    for (int64_t at = 0; at < n - 1;) {
        int k = 0;
        while (sizes[k] > n - 1 - at)
            k++;
        if (!dio_session_feed(s, ids + at, sizes[k], NULL, err))
            return false;
        int64_t count;
        const float *chunk = dio_session_chunk(s, 0, &count);
        for (int64_t i = 0; i < count; i++)
            if (at + i + 1 >= from)
                *sum += surprise(chunk + i * vocab, vocab, ids[at + i + 1]);
        at += count;
    }
    return true;
}

bool dio_lm_perplexity(const dio_lm *lm, dio_device *device, const int32_t *ids, int64_t n,
                       int64_t window, int64_t stride, size_t bytes, dio_perplexity *out,
                       dio_error *err)
{
    int64_t limit = lm->shape.positions ? lm->shape.positions : DEFAULT_WINDOW;
    double sum = 0;
    if (window == 0)
        window = limit;
    if (stride == 0)
        stride = window > 1 ? window / 2 : 1;
    if (n < 2)
        return dio_fail(err, "perplexity needs a text of at least two tokens");
    if (window < 2 || window > limit || stride < 1 || stride > window)
        return dio_fail(err,
                        "perplexity: a window of 2 to %lld and a stride of 1 to the window are "
                        "needed, not %lld and %lld",
                        (long long)limit, (long long)window, (long long)stride);
    dio_session *s = dio_session_create(lm, device, window, DIO_SESSION_ALL, err);
    if (!s)
        return false;
    bool ok = true;
    int64_t scored = 1; /* ids whose surprise is known; the first has none */
    for (int64_t at = 0; ok && scored < n; at += stride) {
        int64_t end = at + window < n ? at + window : n;
        ok = score_window(s, ids + at, end - at, scored - at, lm->shape.vocab, &sum, err);
        scored = end;
    }
    dio_session_destroy(s);
    out->scored = n - 1;
    out->perplexity = exp(sum / (double)(n - 1));
    out->bits_per_byte = bytes ? sum / log(2) / (double)bytes : 0;
    return ok;
}
