/* stripes_attend.c: attention over a picture in stripes of queries.
 *
 * Every query needs the keys and values of the whole picture, so those are made first, stripe by
 * stripe, into the memory where the second plan reads them; the queries then pass as any stripe
 * does. Attention walks keys in one order whatever the queries beside it, and the input is normed
 * twice rather than kept. */
#include <string.h>

#include "vision/stripes_impl.h"

static dio_val normed(dio_graph *g, const struct stage_run *s, dio_val x)
{
    const dio_stage *t = s->s;
    dio_val affine = dio_input(g, "affine", dio_type_3d(DIO_F32, 1, 3, t->in_channels));
    dio_val span = dio_input(g, "span", dio_type_1d(DIO_I32, 2));
    return dio_stage_tokens(g, dio_stripe_norm(g, x, affine, span, t->before));
}

static dio_val stripe_input(dio_graph *g, const struct stage_run *s)
{
    return dio_input(g, "x", dio_type_4d(DIO_F32, 1, s->s->channels, s->rows, s->w));
}

static dio_plan *keys_plan(const struct run *r, const struct stage_run *s, dio_error *err)
{
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a stripe's graph");
        return NULL;
    }
    dio_val h = normed(g, s, stripe_input(g, s));
    dio_val out[2] = {dio_stage_project(g, s->s->k, h), dio_stage_project(g, s->s->v, h)};
    dio_plan *p =
        dio_plan_create(g, out, 2, false, r->job->device, &(dio_plan_options){.lent = true}, err);
    dio_graph_destroy(g);
    return p;
}

static dio_plan *queries_plan(const struct run *r, const struct stage_run *s, dio_error *err)
{
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a stripe's graph");
        return NULL;
    }
    dio_type whole = dio_type_4d(DIO_F32, 1, s->h * s->w, 1, s->s->channels);
    dio_val x = stripe_input(g, s), out[2] = {DIO_NONE, DIO_NONE};
    dio_val q = dio_nn_split_heads(g, dio_stage_project(g, s->s->q, normed(g, s, x)), 1);
    dio_val k = dio_input(g, "keys", whole), v = dio_input(g, "values", whole);
    dio_val h = dio_attention(g, q, k, v, DIO_NONE, (dio_attention_attrs){0});
    h = dio_stage_project(g, s->s->out, dio_reshape3(g, h, 1, -1, s->s->channels));
    out[0] = dio_add(g, dio_stage_picture(g, h, s->rows, s->w), x);
    if (s->groups)
        out[1] =
            dio_stripe_moments(g, out[0], dio_input(g, "own", dio_type_1d(DIO_I32, 2)), s->groups);
    dio_plan *p = dio_plan_create(g, out, s->groups ? 2 : 1, false, r->job->device,
                                  &(dio_plan_options){.lent = true}, err);
    dio_graph_destroy(g);
    return p;
}

bool dio_stripes_attend_plans(struct run *r, int stage, dio_error *err)
{
    struct stage_run *s = &r->stage[stage];
    dio_plan_report report;
    s->keys = keys_plan(r, s, err);
    s->plan = s->keys ? queries_plan(r, s, err) : NULL;
    if (!s->plan)
        return false;
    dio_plan_report_get(s->keys, &report);
    s->keys_work = report.workspace;
    s->flops = report.flops;
    return true;
}

bool dio_stripes_attend_begin(struct run *r, int stage, dio_error *err)
{
    const struct stage_run *s = &r->stage[stage];
    static const char *const names[2] = {"keys", "values"};
    for (int64_t i = 0; i < s->stripes; i++) {
        int64_t at = i * s->rows, row = s->w * s->s->channels;
        if (!dio_stripes_read(r, s->keys, "x", stage - 1, at, s->rows, false, err) ||
            !dio_stripes_norm_inputs(r, s->keys, stage, at, s->rows, err) ||
            !dio_plan_run(s->keys, err))
            return false;
        size_t bytes = (size_t)(dio_stripe_height(s, i) * row) * sizeof(float);
        for (int k = 0; k < 2; k++)
            if (!dio_plan_set_part(s->plan, names[k], (size_t)(at * row) * sizeof(float),
                                   dio_plan_output(s->keys, k, NULL), bytes, err))
                return false;
    }
    return true;
}
