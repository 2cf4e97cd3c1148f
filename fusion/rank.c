/* rank.c: totals and their order. Sums go over candidates in their order: one machine's total is
 * another's. */
#include "fusion/rank.h"

#include <math.h>

/* Spread below this share of the mean is rounding, not a difference. */
#define NOTHING 1e-12

/* Adds the weighted z-scores of one column to the totals. */
static void add_column(const dio_rank_column *c, const double *values, int stride, dio_ranking *out)
{
    double sum = 0, squares = 0, n = out->count;
    for (int i = 0; i < out->count; i++)
        sum += values[i * stride];
    for (int i = 0; i < out->count; i++) {
        double off = values[i * stride] - sum / n;
        squares += off * off;
    }
    double deviation = sqrt(squares / n);
    if (deviation <= NOTHING * fabs(sum / n))
        return;
    for (int i = 0; i < out->count; i++) {
        double z = (values[i * stride] - sum / n) / deviation;
        out->total[i] += c->weight * (c->lower ? -z : z);
    }
}

static bool before(const dio_ranking *r, int a, int b)
{
    if (r->faults[a] != r->faults[b])
        return r->faults[a] < r->faults[b];
    return r->total[a] != r->total[b] ? r->total[a] > r->total[b] : a < b;
}

static void sort(dio_ranking *r)
{
    for (int i = 0; i < r->count; i++) {
        int at = i;
        for (; at > 0 && before(r, i, r->order[at - 1]); at--)
            r->order[at] = r->order[at - 1];
        r->order[at] = i;
    }
}

void dio_rank(const dio_rank_column *columns, int n, const double *values, int count,
              dio_ranking *out)
{
    double weights = 0;
    *out = (dio_ranking){.count = count};
    for (int k = 0; k < n; k++) {
        if (!columns[k].fault) {
            add_column(&columns[k], values + k, n, out);
            weights += columns[k].weight;
        }
        for (int i = 0; columns[k].fault && i < count; i++)
            out->faults[i] += columns[k].weight > 0 && values[i * n + k] > 0;
    }
    for (int i = 0; i < count && weights > 0; i++)
        out->total[i] /= weights;
    sort(out);
}
