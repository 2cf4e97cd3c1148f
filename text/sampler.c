/* sampler.c: penalties, filters and the draw, in one fixed order.
 *
 * What is left after bans and penalties is a heap ordered by score, then id: filters take the
 * best from it until they have enough, so a vocabulary of 128k is never sorted. Chances are in
 * double and added up in ascending id, so that a draw does not depend on how the heap fell. */
#include "text/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

struct candidate {
    float score;
    int32_t id;
};

struct dio_sampler {
    dio_sampler_params params;
    int vocab;
    uint64_t seed;
    float *scores;          /* [vocab]: logits after bans and penalties */
    struct candidate *heap; /* [vocab]: what is left, best on top */
    int n_heap;
    struct candidate *kept; /* [vocab]: what the filters left */
    double *chance;         /* [vocab]: of kept[i] */
    int n_kept;
};

dio_sampler *dio_sampler_create(const dio_sampler_params *params, int vocab, uint64_t seed,
                                dio_error *err)
{
    size_t n = (size_t)vocab;
    const dio_sampler_params *p = params;
    if (!(p->temperature >= 0) || !(p->top_p > 0) || !(p->min_p >= 0) || p->top_k < 0 ||
        !(p->repetition_penalty > 0) ||
        !isfinite(p->temperature + p->presence_penalty + p->frequency_penalty +
                  p->repetition_penalty)) {
        dio_fail(err, "sampling: temperature, top_k and min_p must be 0 or more, top_p and "
                      "repetition_penalty above 0, and all of them numbers");
        return NULL;
    }
    dio_sampler *s = calloc(1, sizeof *s);
    if (!s) {
        dio_fail_memory(err, "a sampler");
        return NULL;
    }
    s->params = *params;
    s->vocab = vocab;
    s->seed = seed;
    s->scores = malloc(n * sizeof *s->scores);
    s->heap = malloc(n * sizeof *s->heap);
    s->kept = malloc(n * sizeof *s->kept);
    s->chance = malloc(n * sizeof *s->chance);
    if (s->scores && s->heap && s->kept && s->chance)
        return s;
    dio_sampler_destroy(s);
    dio_fail_memory(err, "a sampler");
    return NULL;
}

void dio_sampler_destroy(dio_sampler *s)
{
    if (!s)
        return;
    free(s->scores);
    free(s->heap);
    free(s->kept);
    free(s->chance);
    free(s);
}

/* --- scores --- */

static void penalise(dio_sampler *s, dio_sampler_past past)
{
    const dio_sampler_params *p = &s->params;
    float r = (float)p->repetition_penalty;
    for (int i = 0; r != 1 && i < s->vocab; i++)
        if ((past.text && past.text[i]) || (past.prompt && past.prompt[i]))
            s->scores[i] = s->scores[i] > 0 ? s->scores[i] / r : s->scores[i] * r;
    if (!past.text || (p->presence_penalty == 0 && p->frequency_penalty == 0))
        return;
    for (int i = 0; i < s->vocab; i++)
        if (past.text[i])
            s->scores[i] -= (float)(p->presence_penalty + p->frequency_penalty * past.text[i]);
}

/* The natural log of the sum of exp; NaN when a score is not a number or +infinite. */
static double log_sum(const float *x, int n)
{
    float best = -INFINITY;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        if (isnan(x[i]))
            return NAN;
        best = x[i] > best ? x[i] : best;
    }
    if (!isfinite(best))
        return NAN;
    for (int i = 0; i < n; i++)
        sum += exp((double)(x[i] - best));
    return best + log(sum);
}

/* --- the heap --- */

static bool better(const struct candidate *a, const struct candidate *b)
{
    return a->score > b->score || (a->score == b->score && a->id < b->id);
}

static void sink(struct candidate *h, int n, int i)
{
    struct candidate c = h[i];
    for (int child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && better(&h[child + 1], &h[child]))
            child++;
        if (!better(&h[child], &c))
            break;
        h[i] = h[child];
    }
    h[i] = c;
}

static void make_heap(dio_sampler *s)
{
    s->n_heap = 0;
    for (int i = 0; i < s->vocab; i++)
        if (s->scores[i] > -INFINITY)
            s->heap[s->n_heap++] = (struct candidate){s->scores[i], i};
    for (int i = s->n_heap / 2 - 1; i >= 0; i--)
        sink(s->heap, s->n_heap, i);
}

static struct candidate pop(dio_sampler *s)
{
    struct candidate top = s->heap[0];
    s->heap[0] = s->heap[--s->n_heap];
    sink(s->heap, s->n_heap, 0);
    return top;
}

/* --- filters: each leaves its best in kept, in order of score --- */

/* exp of the tempered distance to the best. */
static double weight(const dio_sampler *s, float score, float best)
{
    return exp(((double)score - (double)best) / s->params.temperature);
}

/* The k best, and whatever ties with the last of them. */
static double keep_top_k(dio_sampler *s, float best)
{
    double total = 0;
    while (s->n_heap &&
           (s->n_kept < s->params.top_k || s->heap[0].score == s->kept[s->n_kept - 1].score)) {
        s->kept[s->n_kept] = pop(s);
        s->chance[s->n_kept] = weight(s, s->kept[s->n_kept].score, best);
        total += s->chance[s->n_kept++];
    }
    return total;
}

/* The fewest best whose chances reach top_p of `total`; takes from the heap as far as kept does
 * not have them. */
static void keep_top_p(dio_sampler *s, float best, double total)
{
    double sum = 0;
    int n = 0;
    while (sum < s->params.top_p * total || n == 0) {
        if (n == s->n_kept) {
            if (!s->n_heap)
                break;
            s->kept[n] = pop(s);
            s->chance[n] = weight(s, s->kept[n].score, best);
            s->n_kept++;
        }
        sum += s->chance[n++];
    }
    s->n_kept = n;
}

static void keep_min_p(dio_sampler *s)
{
    int n = 0;
    while (n < s->n_kept && (n == 0 || s->chance[n] >= s->params.min_p * s->chance[0]))
        n++;
    s->n_kept = n;
}

/* Without top-k and top-p everything is kept, unsorted but for the best, which comes first. */
static void keep_all(dio_sampler *s, float best)
{
    for (int i = 0; i < s->n_heap; i++) {
        double w = weight(s, s->heap[i].score, best);
        if (i > 0 && w < s->params.min_p)
            continue;
        s->kept[s->n_kept] = s->heap[i];
        s->chance[s->n_kept++] = w;
    }
}

static void filter(dio_sampler *s)
{
    const dio_sampler_params *p = &s->params;
    float best = s->heap[0].score;
    double total = 0;
    s->n_kept = 0;
    if (p->top_k == 0 && p->top_p >= 1) {
        keep_all(s, best);
        return;
    }
    if (p->top_k > 0) {
        total = keep_top_k(s, best);
        s->n_heap = 0;
    } else {
        for (int i = 0; i < s->n_heap; i++)
            total += weight(s, s->heap[i].score, best);
    }
    if (p->top_p < 1)
        keep_top_p(s, best, total);
    keep_min_p(s);
}

/* --- the draw --- */

static int32_t draw(dio_sampler *s, uint64_t variant, uint64_t position)
{
    double total = 0, at = 0;
    /* By id: scores serves as a dense table of chances now that scores are spent. */
    double *table = s->chance;
    int last = -1;
    for (int i = 0; i < s->vocab; i++)
        s->scores[i] = -1;
    for (int i = 0; i < s->n_kept; i++)
        s->scores[s->kept[i].id] = (float)i; /* exact below 2^24, and a vocabulary is */
    for (int i = 0; i < s->vocab; i++)
        if (s->scores[i] >= 0)
            total += table[(int)s->scores[i]];
    double u = dio_uniform53(s->seed, variant, position) * total;
    for (int i = 0; i < s->vocab; i++) {
        if (s->scores[i] < 0)
            continue;
        at += table[(int)s->scores[i]];
        last = i;
        if (at > u)
            return i;
    }
    return last; /* u reached the total by rounding */
}

static int32_t greedy(dio_sampler *s)
{
    int best = 0;
    for (int i = 1; i < s->vocab; i++)
        if (s->scores[i] > s->scores[best])
            best = i;
    s->kept[0] = (struct candidate){s->scores[best], best};
    s->chance[0] = 1;
    s->n_kept = 1;
    return best;
}

bool dio_sampler_next(dio_sampler *s, const float *logits, dio_sampler_past past,
                      const int32_t *banned, int n_banned, uint64_t variant, uint64_t position,
                      int32_t *id, double *logprob, dio_error *err)
{
    double sum = log_sum(logits, s->vocab);
    if (isnan(sum))
        return dio_fail(err,
                        "the model's scores at position %llu are not numbers: its weights are "
                        "damaged, or too large for their type",
                        (unsigned long long)position);
    memcpy(s->scores, logits, (size_t)s->vocab * sizeof *s->scores);
    penalise(s, past);
    for (int i = 0; i < n_banned; i++)
        s->scores[banned[i]] = -INFINITY;
    if (s->params.temperature == 0) {
        *id = greedy(s);
        if (s->scores[*id] == -INFINITY)
            s->n_kept = 0;
    } else {
        make_heap(s);
        s->n_kept = 0;
        if (s->n_heap) {
            filter(s);
            *id = draw(s, variant, position);
        }
    }
    if (!s->n_kept)
        return dio_fail(err, "no id is left at position %llu: all are banned",
                        (unsigned long long)position);
    *logprob = (double)logits[*id] - sum;
    return true;
}

void dio_sampler_chances(const dio_sampler *s, double *out)
{
    double total = 0;
    for (int i = 0; i < s->n_kept; i++)
        total += s->chance[i];
    memset(out, 0, (size_t)s->vocab * sizeof *out);
    for (int i = 0; i < s->n_kept; i++)
        out[s->kept[i].id] = s->chance[i] / total;
}
