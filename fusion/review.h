#pragma once
/* review.h: a person's choice among candidates, in the ledger (table review).
 *
 *     pending -> approved | rejected             by a person
 *             -> kept_best | timed_out           by the clock, as the pipeline says
 *             -> superseded                      by other candidates of the same step
 *
 * A question is known by what was shown: the step's name and the content of its candidates. So it
 * is asked once, whoever renders, and an answer holds as long as the same is shown.
 */
#include "fusion/ledger.h"

typedef enum dio_review_decision {
    DIO_REVIEW_PENDING,
    DIO_REVIEW_APPROVED, /* by a person, or as the best when time was over */
    DIO_REVIEW_REJECTED, /* the next round is to be tried */
} dio_review_decision;

typedef struct dio_verdict {
    dio_review_decision decision;
    int picked; /* of the candidates, from 0 */
} dio_verdict;

struct dio_run;
struct dio_record;
struct dio_candidates;

/* Asks the ledger; a new question gets a number and a page, OUT/review/ID/index.html. On entry
 * verdict->picked is the ranking's best. False when time is over and the pipeline says fail, or the
 * last round was rejected. */
bool dio_review_ask(struct dio_run *run, struct dio_record *r, const struct dio_candidates *c,
                    dio_verdict *verdict, dio_error *err);

/* ---- for commands ---- */

/* Questions as a list of maps, oldest first: those that wait, or all. */
dio_value *dio_review_list(dio_ledger *l, dio_arena *a, bool all, dio_error *err);
/* One as a map with its candidates; NULL with a message when there is none of that number. */
dio_value *dio_review_show(dio_ledger *l, dio_arena *a, int64_t id, dio_error *err);

typedef struct dio_review_answer {
    int64_t id;
    bool approve;
    int pick;         /* from 1; 0: the best */
    const char *note; /* "" is none */
    const char *who;
    bool change; /* decide anew what was decided */
} dio_review_answer;
bool dio_review_decide(dio_ledger *l, dio_arena *a, const dio_review_answer *answer,
                       dio_error *err);
