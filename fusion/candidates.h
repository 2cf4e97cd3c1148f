#pragma once
/* candidates.h: private to fusion/: a step tried several times, and one result chosen.
 *
 * Every candidate is an instance of the step with a seed and a key of its own: made, kept and found
 * like any other. Looking at them is a step, too (judge.c): its scores and its contact sheet lie in
 * the cache under a key of the candidates' keys. So a run that finds everything measures nothing.
 */
#include "fusion/choice.h"
#include "fusion/record.h"

typedef struct dio_candidates {
    const dio_record *record; /* the step's */
    const dio_choice *choice;
    dio_record tries[DIO_CANDIDATES];
    uint64_t seeds[DIO_CANDIDATES];
    int count, round;                             /* round: from 1 */
    void *params[DIO_CRITERIA];                   /* of each score */
    double values[DIO_CANDIDATES * DIO_CRITERIA]; /* [count][choice->count] */
    dio_ranking ranking;
    const dio_result *sheet; /* the contact sheet's file */
} dio_candidates;

/* What of a candidate a person looks at: the output that the first score looks at, or else the
 * step's first that can be shown; NULL when it gave none. */
const dio_result *dio_candidate_shown(const dio_candidates *c, int i, dio_media *media);

/* All of them with scores, totals and ranks, for records. */
dio_value *dio_candidates_value(const dio_candidates *c, dio_arena *a);

/* judge.c: measures, ranks and draws them; or finds all that. */
bool dio_candidates_judge(dio_run *run, dio_candidates *c, dio_error *err);
/* Only when the cache has it. */
bool dio_candidates_judged(dio_run *run, dio_candidates *c, bool *found, dio_error *err);

/* candidates.c: what run.c does instead of dio_run_perform for every instance. */
bool dio_run_choose(dio_run *run, dio_record *r, const void *params, bool again, dio_error *err);
/* And instead of dio_run_foresee: r->kept tells whether the cache has all of it. What a person will
 * say, or has said, is not foreseen. */
bool dio_run_foresee_choice(dio_run *run, dio_record *r, const void *params, dio_error *err);
/* Whether the step needs one that waits for a person. */
bool dio_run_waits(const dio_run *run, const dio_stage *n);
