#pragma once
/* choice.h: private to fusion/: what a step of a pipeline says about candidates, their ranking and
 * their review. */
#include "fusion/rank.h"
#include "fusion/score.h"

typedef struct dio_criterion {
    const dio_score *score;
    const dio_value *place; /* of its name */
    const dio_value *given; /* a map of its parameters, a weight, or NULL */
} dio_criterion;

enum { DIO_ON_TIMEOUT_WAIT, DIO_ON_TIMEOUT_KEEP_BEST, DIO_ON_TIMEOUT_FAIL };
extern const char *const dio_on_timeout_names[];

struct dio_rank_row {
    const dio_value *by;
    int keep;
};

struct dio_review_row {
    const dio_value *when;
    const char *timeout;
    int on_timeout, max_rounds;
};
extern const dio_field dio_rank_fields[], dio_review_fields[];

typedef struct dio_choice {
    int candidates; /* how often the step is tried, at least 1 */
    dio_criterion by[DIO_CRITERIA];
    int count;
    bool reviewed;
    struct dio_review_row review;
    int64_t timeout; /* seconds; 0: none */
} dio_choice;

/* Whether results are chosen at all: else the step simply runs. */
static inline bool dio_choice_given(const dio_choice *c)
{
    return c->candidates > 1 || c->reviewed;
}

struct dio_pipeline;
struct dio_stage;

/* Reads a step's candidates, rank and review; problems go to the pipeline's report. */
void dio_choice_read(struct dio_pipeline *p, struct dio_stage *n);
/* Looks at the scores' parameters in a scope, as far as they are known. */
void dio_choice_check(const struct dio_pipeline *p, const struct dio_stage *n, dio_value *scope,
                      dio_report *report);
/* Whether a person is to choose; an unknown condition, of a skipped step's, does not ask. False
 * with a problem. */
bool dio_review_wanted(const struct dio_pipeline *p, const struct dio_stage *n, dio_value *scope,
                       bool *yes, dio_report *report);
/* A score's parameters with their expressions filled in, of the report's part. False with problems
 * in the report. */
bool dio_criterion_read(const struct dio_pipeline *p, const dio_criterion *c, dio_value *scope,
                        void *params, dio_report *report);
/* The result that it looks at. */
const dio_port *dio_criterion_port(const dio_step *type, const dio_criterion *c,
                                   const struct dio_criterion_params *params);
