/* stripes_plan.c: sizes of stages and stripes, and the plan that makes one stripe of a stage. */
#include <stdlib.h>
#include <string.h>

#include "vision/stripes_impl.h"

/* Bytes of a stripe's input or result: large enough for a convolution to earn its overhead, small
 * enough that the stripes of a whole chain of stages are little memory. */
enum { STRIPE_BYTES = 16 << 20, LEAST_ROWS = 8, ROWS_STEP = 4 };

static int64_t floor_half(int64_t i)
{
    return i >= 0 ? i / 2 : -((1 - i) / 2);
}

int64_t dio_stripe_height(const struct stage_run *s, int64_t stripe)
{
    int64_t rest = s->h - stripe * s->rows;
    return rest < s->rows ? rest : s->rows;
}

size_t dio_stripe_bytes(const struct run *r, int stage, int64_t stripe)
{
    const struct stage_run *s = &r->stage[stage];
    if (stage == 0 || stage == r->count - 1) /* the caller's memory */
        return 0;
    return (size_t)(s->s->channels * dio_stripe_height(s, stripe) * s->w) * sizeof(float);
}

int64_t dio_stripe_first(const struct stage_run *s, int64_t at)
{
    int64_t first = at * s->s->stride - s->s->pad[0];
    return s->s->up > 1 ? floor_half(first) : first;
}

/* Rows of a stripe follow from the stage's sizes alone: with the memory at hand they would change
 * the bits of moments. A multiple of 4, and even where the input doubles. */
static void cut(const struct run *r, struct stage_run *s)
{
    int64_t bytes = r->job->stripe_bytes ? (int64_t)r->job->stripe_bytes : STRIPE_BYTES;
    int64_t in = (int64_t)s->s->in_channels * s->s->stride * s->s->stride;
    int64_t wide = in > s->s->channels ? in : s->s->channels;
    int64_t most = bytes / ((int64_t)sizeof(float) * wide * s->w);
    if (most < LEAST_ROWS)
        most = LEAST_ROWS;
    s->rows = s->h;
    if (most < s->h) {
        int64_t n = (s->h + most - 1) / most;
        s->rows = ((s->h + n - 1) / n + ROWS_STEP - 1) / ROWS_STEP * ROWS_STEP;
    }
    s->stripes = (s->h + s->rows - 1) / s->rows;
    int64_t last = (s->rows - 1) * s->s->stride - s->s->pad[0] + s->s->kernel - 1;
    int64_t first = dio_stripe_first(s, 0);
    s->in_rows = (s->s->up > 1 ? floor_half(last) : last) - first + 1;
    s->skip = s->s->up > 1 ? -s->s->pad[0] - 2 * first : 0;
}

static bool measure_stage(struct run *r, int i, dio_error *err)
{
    struct stage_run *s = &r->stage[i];
    s->s = &r->job->stages->items[i];
    s->reader = -1;
    s->h = i ? dio_stage_size(s->s, r->stage[i - 1].h) : r->job->h;
    s->w = i ? dio_stage_size(s->s, r->stage[i - 1].w) : r->job->w;
    if (s->h < 1 || s->w < 1)
        return dio_fail(err, "a picture of %lldx%lld is too small for this autoencoder",
                        (long long)r->job->w, (long long)r->job->h);
    if (i == 0)
        s->rows = s->h, s->stripes = 1;
    else
        cut(r, s);
    if (s->s->residual >= 0)
        r->stage[s->s->residual].reader = i;
    if (s->s->norm) {
        r->stage[i - 1].groups = s->s->groups;
        s->affine = dio_arena_try(r->arena, 3 * (size_t)s->s->in_channels * sizeof(float));
    }
    s->stripe = dio_arena_try(r->arena, (size_t)s->stripes * sizeof *s->stripe);
    return (s->stripe && (s->affine || !s->s->norm)) || dio_fail_memory(err, "a picture's stripes");
}

/* --- the plan of a convolution's stripe --- */

static dio_val input(dio_graph *g, const char *name, int64_t c, int64_t h, int64_t w)
{
    return dio_input(g, name, dio_type_4d(DIO_F32, 1, c, h, w));
}

static dio_val convolution(dio_graph *g, const struct run *r, const struct stage_run *s, dio_val h)
{
    const dio_stage *t = s->s;
    dio_val residual = DIO_NONE;
    if (t->up > 1) {
        int64_t rows = (s->rows - 1) * t->stride + t->kernel;
        h = dio_upsample_nearest(g, h, 2 * dio_dim(g, h, 2), 2 * dio_dim(g, h, 3));
        h = dio_slice(g, h, 2, s->skip, rows, 1);
    }
    h = dio_stage_convolve(g, t, h, 0, r->job->tile_x ? DIO_NN_WRAP_X : 0);
    if (t->residual >= 0)
        residual = input(g, "residual", r->job->stages->items[t->residual].channels, s->rows, s->w);
    return dio_stage_finish(g, t, h, residual);
}

static dio_val stage_graph(dio_graph *g, const struct run *r, int i)
{
    const struct stage_run *s = &r->stage[i];
    const dio_stage *t = s->s;
    dio_val h = input(g, "x", t->in_channels, s->in_rows, r->stage[i - 1].w);
    if (t->norm)
        h = dio_stripe_norm(g, h,
                            dio_input(g, "affine", dio_type_3d(DIO_F32, 1, 3, t->in_channels)),
                            dio_input(g, "span", dio_type_1d(DIO_I32, 2)), t->before);
    else
        h = dio_activate(g, h, t->before);
    if (t->kind == DIO_STAGE_CONV)
        return convolution(g, r, s, h);
    if (t->kind == DIO_STAGE_LINE)
        return dio_axpb(g, h, t->a, t->b);
    return dio_axpb(g, dio_tanh(g, dio_axpb(g, h, 1 / 3.0F, 0)), 3, 0);
}

static bool plan_stage(struct run *r, int i, dio_error *err)
{
    struct stage_run *s = &r->stage[i];
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "a stripe's graph");
    dio_val out[2] = {stage_graph(g, r, i), DIO_NONE};
    if (s->groups)
        out[1] =
            dio_stripe_moments(g, out[0], dio_input(g, "own", dio_type_1d(DIO_I32, 2)), s->groups);
    s->plan = dio_plan_create(g, out, s->groups ? 2 : 1, false, r->job->device,
                              &(dio_plan_options){.lent = true}, err);
    dio_graph_destroy(g);
    return s->plan != NULL;
}

bool dio_stripes_measure(struct run *r, dio_error *err)
{
    for (int i = 0; i < r->count; i++)
        if (!measure_stage(r, i, err))
            return false;
    for (int i = 1; i < r->count; i++) {
        struct stage_run *s = &r->stage[i];
        dio_plan_report report;
        s->moments =
            dio_arena_try(r->arena, (size_t)(s->stripes * s->groups * 3 + 1) * sizeof(float));
        if (!s->moments)
            return dio_fail_memory(err, "a picture's moments");
        if (!(s->s->kind == DIO_STAGE_ATTEND ? dio_stripes_attend_plans(r, i, err)
                                             : plan_stage(r, i, err)))
            return false;
        dio_plan_report_get(s->plan, &report);
        s->work = report.workspace;
        s->flops += report.flops;
    }
    return true;
}

/* --- inputs --- */

float *dio_stripes_get(struct run *r, dio_plan *p, const char *input, dio_error *err)
{
    dio_type type;
    float *own = dio_plan_memory(p, input, &type);
    if (own)
        return own;
    size_t bytes = dio_plan_bytes(p, input);
    if (bytes > r->staging_bytes) {
        free(r->staging);
        r->staging = malloc(bytes);
        r->staging_bytes = r->staging ? bytes : 0;
    }
    if (!r->staging)
        dio_fail_memory(err, "a stripe's input");
    return r->staging;
}

bool dio_stripes_put(struct run *r, dio_plan *p, const char *input, dio_error *err)
{
    return dio_plan_memory(p, input, NULL) ||
           dio_plan_set(p, input, r->staging, dio_plan_bytes(p, input), err);
}

bool dio_stripes_set(struct run *r, dio_plan *p, const char *input, const void *data,
                     dio_error *err)
{
    (void)r;
    return dio_plan_set(p, input, data, dio_plan_bytes(p, input), err);
}
