/* toom_form.c: at which points a kernel of so many taps is computed, and by what numbers.
 *
 * Points are 0, pairs +-a and infinity (without 0 where their number is odd). Which a are best for
 * sums in f32 was searched for, on random signals and kernels over 64 channels: the errors' root
 * mean square is 1.4 to 4.7 times that of plain sums, the more the more points there are. */
#include "tensor/cpu/toom.h"

#include <math.h>

#include "tensor/cpu/parts.h"

enum { M = DIO_TOOM_RESULTS, LEAST_CHANNELS = 16, TAPS_MOST = 32, DILATION_MOST = 64 };

struct points {
    int points, taps; /* of a piece */
    double a[DIO_TOOM_PAIRS];
};

static const struct points sets[] = {
    {6, 3, {0.646, 1.85}},
    {7, 4, {0.31, 0.755, 2.513}},
    {8, 5, {0.454, 0.94, 2.002}},
    {10, 7, {0.44, 0.807, 1.282, 2.926}},
};
enum { SETS = sizeof sets / sizeof *sets };

/* The set and pieces of the fewest products, where more points save a tenth; pieces 0: none do. */
static const struct points *choose(int64_t taps, int *pieces)
{
    const struct points *best = NULL;
    int64_t fewest = M * taps;
    *pieces = 0;
    for (int i = 0; i < SETS; i++) {
        const int64_t n = taps <= sets[i].taps ? 1 : 1 + parts_of(taps - sets[i].taps, M);
        const bool whole = n == 1 || sets[i].taps >= M; /* no tap lies between pieces */
        if (whole && 10 * n * sets[i].points < 9 * fewest) {
            best = &sets[i];
            fewest = n * sets[i].points;
            *pieces = (int)n;
        }
    }
    return best;
}

/* By powers of x^2: the product of x^2 - a^2 over all pairs but `without`. */
static int product(const struct points *p, int pairs, int without, double out[DIO_TOOM_PAIRS + 1])
{
    int n = 0;
    out[0] = 1;
    for (int i = 0; i < pairs; i++) {
        if (i == without)
            continue;
        const double square = p->a[i] * p->a[i];
        out[n + 1] = out[n];
        for (int k = n; k > 0; k--)
            out[k] = out[k - 1] - square * out[k];
        out[0] *= -square;
        n++;
    }
    return n;
}

dio_toom_form dio_toom_form_of(int64_t taps)
{
    dio_toom_form f = {0};
    double poly[DIO_TOOM_PAIRS + 1];
    const struct points *p = choose(taps, &f.pieces);
    f.points = p->points;
    f.taps = p->taps;
    f.pairs = (p->points - 1) / 2;
    const int zero = p->points % 2 == 0;
    product(p, f.pairs, -1, poly);
    for (int k = 0; k <= f.pairs; k++)
        f.all[k] = (float)poly[k];
    if (zero)
        f.kernel[0][0] = (float)(1 / poly[0]);
    f.kernel[f.points - 1][f.taps - 1] = 1;
    for (int i = 0; i < f.pairs; i++) {
        const int n = product(p, f.pairs, i, poly);
        const double a = p->a[i];
        double at = 0; /* the polynomial at a */
        for (int k = n; k >= 0; k--) {
            at = at * a * a + poly[k];
            f.even[i][k] = (float)poly[k];
            f.odd[i][k] = (float)(a * poly[k]);
        }
        for (int half = 0; half < 2; half++) {
            const double x = half ? -a : a;
            for (int t = 0; t < f.taps; t++)
                f.kernel[zero + 2 * i + half][t] =
                    (float)(pow(x, t) / (2 * x * at * (zero ? x : 1)));
        }
        for (int k = 0; k < M; k++)
            f.back[i][k] = (float)pow(a, k);
    }
    return f;
}

/* --- shapes --- */

static bool serves(int64_t c, int64_t o, int64_t kernel, int64_t dilation)
{
    int pieces;
    return c >= LEAST_CHANNELS && o >= LEAST_CHANNELS && kernel <= TAPS_MOST &&
           dilation <= DILATION_MOST && choose(kernel, &pieces);
}

bool dio_toom_serves(const dio_conv_shape *s)
{
    return s->tiles && s->h == 1 && s->kh == 1 && s->ph == 0 && s->groups == 1 && s->sw == 1 &&
           serves(s->c, s->o, s->kw, s->dw);
}

dio_conv_tile dio_conv_tile_of(int64_t c, int64_t o, int64_t kernel, int64_t dilation)
{
    if (!serves(c, o, kernel, dilation))
        return (dio_conv_tile){1, 0, 0};
    int pieces;
    const int64_t taps = choose(kernel, &pieces)->taps + (pieces - 1) * M;
    return (dio_conv_tile){M * dilation, (M - 1) * dilation, (taps - kernel + M - 1) * dilation};
}
