/* stripes.c: passes over a picture; see stripes.h for the idea, stripes_impl.h for the parts.
 *
 * In a pass the last stage's stripes are asked for from top to bottom. A stripe asks for the rows
 * it reads, which makes the stripes before it, and so on up to what is kept; what nobody will ask
 * for again is freed at once. The same code, dry, counts the memory that this takes. */
#include "vision/stripes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "vision/stripes_impl.h"

/* --- rows in and out --- */

struct rows {
    const struct stage_run *from;
    float *to;
    int64_t first, count;
    bool around; /* the picture goes on at the other side */
};

/* One channel: rows of neighbouring stripes one after the other, zeros beyond the edges. */
static void read_channel(void *user, int64_t channel, int thread)
{
    (void)thread;
    const struct rows *g = user;
    const struct stage_run *s = g->from;
    float *to = g->to + channel * g->count * s->w;
    for (int64_t i = 0, n; i < g->count; i += n, to += n * s->w) {
        int64_t row = g->first + i;
        if (g->around)
            row = (row % s->h + s->h) % s->h;
        if (row < 0 || row >= s->h) {
            n = row < 0 && -row < g->count - i ? -row : g->count - i;
            memset(to, 0, (size_t)(n * s->w) * sizeof *to);
            continue;
        }
        int64_t stripe = row / s->rows, inside = row % s->rows;
        int64_t height = dio_stripe_height(s, stripe);
        n = height - inside < g->count - i ? height - inside : g->count - i;
        memcpy(to, s->stripe[stripe] + (channel * height + inside) * s->w,
               (size_t)(n * s->w) * sizeof *to);
    }
}

bool dio_stripes_read(struct run *r, dio_plan *p, const char *input, int from, int64_t first,
                      int64_t rows, bool around, dio_error *err)
{
    const struct stage_run *s = &r->stage[from];
    struct rows g = {s, dio_stripes_get(r, p, input, err), first, rows, around};
    if (!g.to)
        return false;
    dio_gang_run(s->s->channels, read_channel, &g);
    return dio_stripes_put(r, p, input, err);
}

bool dio_stripes_norm_inputs(struct run *r, dio_plan *p, int stage, int64_t first, int64_t rows,
                             dio_error *err)
{
    const struct stage_run *s = &r->stage[stage];
    int64_t h = r->stage[stage - 1].h, end = first + rows < h ? first + rows : h;
    int32_t span[2] = {first < 0 ? (int32_t)-first : 0, 0};
    span[1] = (int32_t)(end - first) - span[0];
    if (r->job->tile_y && s->s->kind == DIO_STAGE_CONV)
        span[0] = 0, span[1] = (int32_t)rows;
    return dio_stripes_set(r, p, "affine", s->affine, err) &&
           dio_stripes_set(r, p, "span", span, err);
}

struct result {
    const float *from;
    float *to;
    int64_t from_step, to_step, count; /* floats */
};

static void write_channel(void *user, int64_t channel, int thread)
{
    (void)thread;
    const struct result *w = user;
    memcpy(w->to + channel * w->to_step, w->from + channel * w->from_step,
           (size_t)w->count * sizeof *w->to);
}

/* A stripe's result to memory of its own, or to its place in the finished picture. */
static bool write_stripe(struct run *r, int stage, int64_t stripe, dio_error *err)
{
    struct stage_run *s = &r->stage[stage];
    int64_t count = dio_stripe_height(s, stripe) * s->w;
    struct result w = {dio_plan_output(s->plan, 0, NULL), NULL, s->rows * s->w, count, count};
    if (stage == r->count - 1) {
        w.to = r->job->out + stripe * s->rows * s->w;
        w.to_step = s->h * s->w;
    } else {
        w.to = s->stripe[stripe] = malloc(dio_stripe_bytes(r, stage, stripe));
    }
    if (!w.to || !w.from)
        return dio_fail_memory(err, "a stripe of the picture");
    dio_gang_run(s->s->channels, write_channel, &w);
    if (!s->groups)
        return true;
    const float *moments = dio_plan_output(s->plan, 1, NULL);
    if (!moments)
        return dio_fail_memory(err, "a stripe's moments");
    memcpy(s->moments + stripe * s->groups * 3, moments, (size_t)s->groups * 3 * sizeof *moments);
    return true;
}

static bool run_stripe(struct run *r, int stage, int64_t stripe, dio_error *err)
{
    const struct stage_run *s = &r->stage[stage];
    int64_t at = stripe * s->rows, first = dio_stripe_first(s, at);
    int32_t own[2] = {0, (int32_t)dio_stripe_height(s, stripe)};
    bool around = r->job->tile_y && s->s->kind == DIO_STAGE_CONV;
    if (!dio_stripes_read(r, s->plan, "x", stage - 1, first, s->in_rows, around, err) ||
        (s->s->norm && !dio_stripes_norm_inputs(r, s->plan, stage, first, s->in_rows, err)) ||
        (s->s->residual >= 0 &&
         !dio_stripes_read(r, s->plan, "residual", s->s->residual, at, s->rows, false, err)) ||
        (s->groups && !dio_stripes_set(r, s->plan, "own", own, err)) ||
        !dio_plan_run(s->plan, err) || !write_stripe(r, stage, stripe, err))
        return false;
    r->done += s->flops;
    if (r->job->progress && !r->job->progress(r->job->user, fmin(r->done / r->total, 1)))
        return dio_fail_retry(err, "stopped");
    return true;
}

/* --- a pass --- */

bool dio_stripes_kept(const struct run *r, int stage, int keep)
{
    return stage == keep || (stage < keep && r->stage[stage].reader > keep);
}

static void drop(struct pass *p, int stage, int64_t stripe)
{
    p->now -= dio_stripe_bytes(p->run, stage, stripe);
    if (p->dry || stage == 0)
        return;
    free(p->run->stage[stage].stripe[stripe]);
    p->run->stage[stage].stripe[stripe] = NULL;
}

/* The first row of `stage` that its reader (of this pass) will ask for again. */
static int64_t still_read(const struct pass *p, int stage, int reader, bool residual)
{
    const struct stage_run *s = &p->run->stage[reader];
    int64_t end = p->run->stage[stage].h, next = p->flow[reader].next;
    if (reader <= p->step.from || reader > p->step.to || next == s->stripes)
        return end;
    if (residual)
        return next * s->rows;
    if (p->run->job->tile_y) /* the last stripe reads the first rows, and the first the last */
        return 0;
    int64_t first = dio_stripe_first(s, next * s->rows);
    return first < 0 ? 0 : first;
}

static void release(struct pass *p, int stage)
{
    const struct stage_run *s = &p->run->stage[stage];
    struct flow *f = &p->flow[stage];
    if (dio_stripes_kept(p->run, stage, p->step.keep))
        return;
    int64_t row = still_read(p, stage, stage + 1, false);
    if (s->reader >= 0) {
        int64_t other = still_read(p, stage, s->reader, true);
        row = other < row ? other : row;
    }
    while (f->freed < f->next && f->freed * s->rows + dio_stripe_height(s, f->freed) <= row)
        drop(p, stage, f->freed++);
}

static bool make(struct pass *p, int stage);

/* Makes stripes of a stage until row `end` is there. */
static bool ask(struct pass *p, int stage, int64_t end)
{
    const struct stage_run *s = &p->run->stage[stage];
    end = end < s->h ? end : s->h;
    while (stage > p->step.from && p->flow[stage].next * s->rows < end)
        if (!make(p, stage))
            return false;
    return true;
}

static bool make(struct pass *p, int stage)
{
    const struct stage_run *s = &p->run->stage[stage];
    int64_t stripe = p->flow[stage].next, at = stripe * s->rows;
    if (!ask(p, stage - 1, dio_stripe_first(s, at) + s->in_rows) ||
        (s->s->residual >= 0 && !ask(p, s->s->residual, at + s->rows)))
        return false;
    p->now += dio_stripe_bytes(p->run, stage, stripe);
    p->peak = p->now > p->peak ? p->now : p->peak;
    if (!p->dry && !run_stripe(p->run, stage, stripe, p->err))
        return false;
    p->flow[stage].next++;
    release(p, stage - 1);
    if (s->s->residual >= 0)
        release(p, s->s->residual);
    return true;
}

bool dio_stripes_pass(struct pass *p)
{
    const struct step *t = &p->step;
    const struct stage_run *last = &p->run->stage[t->to];
    for (int i = t->from + 1; i <= t->to; i++)
        p->flow[i] = (struct flow){0};
    if (!p->dry && last->s->kind == DIO_STAGE_ATTEND &&
        !dio_stripes_attend_begin(p->run, t->to, p->err))
        return false;
    for (int64_t i = 0; i < last->stripes; i++) {
        if (!make(p, t->to))
            return false;
        if (t->keep != t->to && p->flow[t->to].freed == i) /* its moments were all that counts */
            drop(p, t->to, p->flow[t->to].freed++);
    }
    for (int i = 0; i <= t->to; i++)
        while (!dio_stripes_kept(p->run, i, t->keep) && p->flow[i].freed < p->flow[i].next)
            drop(p, i, p->flow[i].freed++);
    return true;
}

/* --- norms --- */

struct sums {
    double count, mean, squares;
};

/* Joins the moments of two sets of numbers (Chan, Golub and LeVeque 1979). */
static void join(struct sums *a, double count, const float m[3])
{
    double mean = (double)m[0] + (double)m[1], apart = mean - a->mean, all = a->count + count;
    double squares = fmax((double)m[2] - (double)m[1] * (double)m[1], 0) * count;
    a->squares += squares + apart * apart * a->count * count / all;
    a->mean += apart * count / all;
    a->count = all;
}

/* What the norm of stage `i` does to each channel, now that all stripes before it were made. */
static bool settle_norm(struct run *r, int i, dio_error *err)
{
    const struct stage_run *s = &r->stage[i], *x = &r->stage[i - 1];
    const float *w = dio_tensor_data(s->s->norm->w), *b = dio_tensor_data(s->s->norm->b);
    int64_t channels = s->s->in_channels, each = channels / x->groups;
    for (int g = 0; g < x->groups; g++) {
        struct sums sums = {0};
        for (int64_t k = 0; k < x->stripes; k++)
            join(&sums, (double)(dio_stripe_height(x, k) * x->w * each),
                 x->moments + (k * x->groups + g) * 3);
        if (!isfinite(sums.mean) || !isfinite(sums.squares))
            return dio_fail(err,
                            "the autoencoder's numbers leave the range of floats%s%s: its weights "
                            "are damaged, or the latents are not raw ones",
                            x->s->name ? " in " : "", x->s->name ? x->s->name : "");
        double scale = 1 / sqrt(sums.squares / sums.count + (double)s->s->eps);
        float center = (float)sums.mean;
        for (int64_t c = g * each; c < (g + 1) * each; c++) {
            s->affine[c] = center;
            s->affine[channels + c] = (float)(scale * (double)w[c]);
            s->affine[2 * channels + c] =
                (float)((double)b[c] - (sums.mean - (double)center) * scale * (double)w[c]);
        }
    }
    return true;
}

/* --- all passes --- */

/* Memory for the plans of a step, and the plans in it. */
static bool lend(struct run *r, const struct step *t, dio_error *err)
{
    dio_device *d = r->job->device;
    size_t bytes = dio_stripes_work(r, t);
    if (bytes > r->lent_bytes || t->held + r->lent_bytes > r->limit) {
        if (r->lent)
            d->release(d, r->lent);
        r->lent = d->alloc(d, bytes, err);
        r->lent_bytes = r->lent ? bytes : 0;
        if (!r->lent)
            return false;
    }
    for (int i = t->from + 1; i <= t->to; i++) {
        struct stage_run *s = &r->stage[i];
        if (!dio_plan_lend(s->plan, r->lent, err) ||
            (s->keys && !dio_plan_lend(s->keys, (char *)r->lent + s->work, err)))
            return false;
    }
    return true;
}

static void close_stages(struct run *r, int end)
{
    for (int i = 1; i < end; i++) {
        dio_plan_destroy(r->stage[i].plan);
        dio_plan_destroy(r->stage[i].keys);
        r->stage[i].plan = r->stage[i].keys = NULL;
    }
}

static bool run_steps(struct run *r, const struct step *steps, int count, dio_error *err)
{
    struct pass p = {.run = r, .flow = r->flow, .err = err};
    dio_vae_report *report = r->job->report;
    r->stage[0].stripe[0] = (float *)(uintptr_t)r->job->in; /* read only */
    r->flow[0].next = 1;
    for (int i = 0; i < count; i++) {
        p.step = steps[i];
        p.peak = p.now;
        if (!lend(r, &p.step, err) || !dio_stripes_pass(&p))
            return false;
        if (p.step.to + 1 < r->count && r->stage[p.step.to + 1].s->norm &&
            !settle_norm(r, p.step.to + 1, err))
            return false;
        if (p.peak + r->lent_bytes > report->peak)
            report->peak = p.peak + r->lent_bytes;
        close_stages(r, p.step.keep + 1); /* they are not made again */
    }
    report->whole = report->peak > report->whole ? report->peak : report->whole;
    return true;
}

static void run_deinit(struct run *r)
{
    for (int i = 1; r->stage && i < r->count; i++)
        for (int64_t k = 0; r->stage[i].stripe && k < r->stage[i].stripes; k++)
            free(r->stage[i].stripe[k]);
    if (r->stage)
        close_stages(r, r->count);
    if (r->lent)
        r->job->device->release(r->job->device, r->lent);
    free(r->staging);
    dio_arena_destroy(r->arena);
}

bool dio_stripes_run(const dio_stripes *job, dio_error *err)
{
    struct run r = {.job = job, .arena = dio_arena_create(), .count = job->stages->count};
    struct step *steps = NULL;
    int count = 0;
    if (!r.arena)
        return dio_fail_memory(err, "a picture");
    r.stage = dio_arena_try(r.arena, (size_t)r.count * sizeof *r.stage);
    r.flow = dio_arena_try(r.arena, (size_t)r.count * sizeof *r.flow);
    bool ok = (r.stage && r.flow) || dio_fail_memory(err, "a picture");
    ok = ok && dio_stripes_measure(&r, err) && dio_stripes_schedule(&r, &steps, &count, err) &&
         run_steps(&r, steps, count, err);
    run_deinit(&r);
    return ok;
}
