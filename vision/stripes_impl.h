#pragma once
/* stripes_impl.h: the inside of stripes.h.
 *
 *   stripes_plan.c      how high stripes are, which rows they read, one plan for each stage
 *   stripes.c           a pass: stripes of one stage after the other, made when they are asked for
 *   stripes_attend.c    attention, whose stripes read the whole picture
 *   stripes_schedule.c  which passes, and what is kept between them
 */
#include "tensor/plan.h"
#include "vision/stripes.h"

/* One stage with its sizes. */
struct stage_run {
    const dio_stage *s;
    int64_t h, w;          /* of its result */
    int64_t rows, stripes; /* rows of a stripe (the last may have fewer); stripes */
    int64_t in_rows;       /* rows of its input that a stripe reads */
    int64_t skip;          /* rows passed over once the input has doubled */
    int reader;            /* the stage that adds its result as a residual, or -1 */
    int groups;            /* of the norm that reads its result; 0: none does */
    dio_plan *plan, *keys; /* keys: of an attention, its first half */
    size_t work, keys_work;
    double flops;   /* of a stripe */
    float **stripe; /* [stripes] of [C,rows,w]; NULL: not there */
    float *moments; /* [stripes,groups,3] */
    float *affine;  /* [3,in_channels]: what its own norm does */
};

/* How far a stage is in a pass: stripes freed..next-1 are there. */
struct flow {
    int64_t next, freed;
};

struct run {
    const dio_stripes *job;
    dio_arena *arena;
    struct stage_run *stage;
    struct flow *flow;
    int count;
    void *lent; /* device memory that the plans of a pass work in, one after the other */
    size_t lent_bytes;
    float *staging; /* for inputs of plans whose memory is not ours */
    size_t staging_bytes;
    size_t limit;
    double done, total; /* operations */
};

/* Makes stage `to` from what is kept up to stage `from`, and leaves what the stages after `keep`
 * (one of the two) will need. */
struct step {
    int from, to, keep;
    size_t held; /* bytes of stripes that it holds at most */
};

struct pass {
    struct run *run;
    struct flow *flow; /* run->flow, or a copy when dry */
    struct step step;
    bool dry; /* counts memory, makes nothing */
    size_t now, peak;
    dio_error *err;
};

/* --- stripes_plan.c --- */
bool dio_stripes_measure(struct run *r, dio_error *err);
int64_t dio_stripe_height(const struct stage_run *s, int64_t stripe);
size_t dio_stripe_bytes(const struct run *r, int stage, int64_t stripe);
/* The first row of its input that the stripe beginning at row `at` reads; may lie outside. */
int64_t dio_stripe_first(const struct stage_run *s, int64_t at);
/* The plan's own memory for an input, or staging memory that dio_stripes_put sends to it. */
float *dio_stripes_get(struct run *r, dio_plan *p, const char *input, dio_error *err);
bool dio_stripes_put(struct run *r, dio_plan *p, const char *input, dio_error *err);
bool dio_stripes_set(struct run *r, dio_plan *p, const char *input, const void *data,
                     dio_error *err);

/* --- stripes.c --- */
bool dio_stripes_pass(struct pass *p);
/* Whether the stages after `keep` read this one's result. */
bool dio_stripes_kept(const struct run *r, int stage, int keep);
/* Gathers `rows` rows of stage `from` into an input of a plan; beyond its edges zeros or, around,
 * the rows of the other side. */
bool dio_stripes_read(struct run *r, dio_plan *p, const char *input, int from, int64_t first,
                      int64_t rows, bool around, dio_error *err);
/* What the norm of a stage does, and which of these rows of its input are within the picture. */
bool dio_stripes_norm_inputs(struct run *r, dio_plan *p, int stage, int64_t first, int64_t rows,
                             dio_error *err);

/* --- stripes_attend.c --- */
bool dio_stripes_attend_plans(struct run *r, int stage, dio_error *err);
/* Keys and values of the whole picture, before the first stripe. */
bool dio_stripes_attend_begin(struct run *r, int stage, dio_error *err);

/* --- stripes_schedule.c --- */
/* The cheapest steps whose memory fits; in the run's arena. */
bool dio_stripes_schedule(struct run *r, struct step **steps, int *count, dio_error *err);
size_t dio_stripes_work(const struct run *r, const struct step *s);
