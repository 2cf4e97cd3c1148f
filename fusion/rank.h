#pragma once
/* rank.h: private to fusion/: which of several candidates is best.
 *
 * A score's values become z-scores over the candidates, (x - mean) / standard deviation, signed so
 * that more is better: so that codes squared and shares of pixels can be added. A candidate's total
 * is their weighted mean. A score that says the same of all says nothing and counts as 0. Faults go
 * before totals: a candidate with fewer of them comes first, whatever it scores. Of equals the one
 * that was made first comes first.
 */
#include <stdbool.h>

enum { DIO_CRITERIA = 16, DIO_CANDIDATES = 64 };

typedef struct dio_rank_column {
    bool lower, fault; /* as in dio_score */
    double weight;
} dio_rank_column;

typedef struct dio_ranking {
    int count;
    int order[DIO_CANDIDATES];    /* candidates from the best to the worst */
    double total[DIO_CANDIDATES]; /* by candidate */
    int faults[DIO_CANDIDATES];   /* how many of the scores say so */
} dio_ranking;

/* values [count][columns], finite; count at most DIO_CANDIDATES. */
void dio_rank(const dio_rank_column *columns, int n, const double *values, int count,
              dio_ranking *out);
