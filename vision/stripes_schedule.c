/* stripes_schedule.c: which passes, and what is kept between them.
 *
 * Passes end at stops: before each norm, at attention, at the last stage. After a stop either its
 * result is kept or what the pass began from stays; the state between two stops is therefore one
 * number, the last stage whose result is kept (with what later stages add to theirs). The cheapest
 * way through these states within the memory is found by going over the stops once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "vision/stripes_impl.h"

static bool is_stop(const struct run *r, int i)
{
    if (i == r->count - 1 || r->job->tile_y || r->stage[i].s->kind == DIO_STAGE_ATTEND)
        return i > 0;
    const dio_stage *next = r->stage[i + 1].s;
    return i > 0 && (next->norm || next->kind == DIO_STAGE_ATTEND);
}

/* Attention reads the whole of its input, and where the picture goes on below, so does everything.
 */
static bool must_keep(const struct run *r, int i)
{
    return i == r->count - 1 || r->job->tile_y || r->stage[i].s->kind == DIO_STAGE_ATTEND ||
           r->stage[i + 1].s->kind == DIO_STAGE_ATTEND;
}

size_t dio_stripes_work(const struct run *r, const struct step *t)
{
    size_t most = 0;
    for (int i = t->from + 1; i <= t->to; i++) {
        size_t bytes = r->stage[i].work + r->stage[i].keys_work;
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* The memory that a step takes at most; sets t->held. */
static size_t peak_of(const struct run *r, struct step *t, struct flow *flow)
{
    struct pass p = {.run = (struct run *)(uintptr_t)r, .flow = flow, .step = *t, .dry = true};
    for (int i = 0; i <= t->from; i++) {
        flow[i] = (struct flow){r->stage[i].stripes, r->stage[i].stripes};
        if (!dio_stripes_kept(r, i, t->from))
            continue;
        flow[i].freed = 0;
        for (int64_t k = 0; k < r->stage[i].stripes; k++)
            p.now += dio_stripe_bytes(r, i, k);
    }
    p.peak = p.now;
    dio_stripes_pass(&p);
    t->held = p.peak;
    return p.peak + dio_stripes_work(r, t);
}

static double flops_of(const struct run *r, const struct step *t)
{
    double sum = 0;
    for (int i = t->from + 1; i <= t->to; i++)
        sum += r->stage[i].flops * (double)r->stage[i].stripes;
    return sum;
}

/* Everything kept: no stripe is made twice. */
static int plain(const struct run *r, struct step *steps, struct flow *flow, size_t *peak,
                 double *flops)
{
    int count = 0, from = 0;
    *peak = 0;
    *flops = 0;
    for (int i = 1; i < r->count; i++) {
        if (!is_stop(r, i))
            continue;
        struct step *t = &steps[count++];
        *t = (struct step){from, i, i, 0};
        size_t bytes = peak_of(r, t, flow);
        *peak = bytes > *peak ? bytes : *peak;
        *flops += flops_of(r, t);
        from = i;
    }
    return count;
}

struct search {
    const struct run *r;
    struct flow *flow;
    size_t limit;
    bool least;   /* the least memory instead of the least work */
    double *cost; /* [stops + 1][stages]: of the best way to a state */
    int *came;    /* the state it came from */
};

static double combined(const struct search *s, double before, struct step *t)
{
    size_t peak = peak_of(s->r, t, s->flow);
    if (s->least)
        return fmax(before, (double)peak);
    return peak <= s->limit ? before + flops_of(s->r, t) : INFINITY;
}

static void consider(struct search *s, int at, struct step *t, double before)
{
    double cost = combined(s, before, t);
    if (cost < s->cost[at + t->keep]) {
        s->cost[at + t->keep] = cost;
        s->came[at + t->keep] = t->from;
    }
}

/* The best cost of the whole way; INFINITY when there is none. */
static double search(struct search *s, const struct step *stops, int count)
{
    int n = s->r->count;
    for (int i = 0; i < (count + 1) * n; i++)
        s->cost[i] = INFINITY;
    s->cost[0] = 0;
    for (int k = 0; k < count; k++) {
        int to = stops[k].to, at = (k + 1) * n;
        bool alone = s->r->job->tile_y || s->r->stage[to].s->kind == DIO_STAGE_ATTEND;
        for (int from = alone ? to - 1 : 0; from < to; from++) {
            double before = s->cost[k * n + from];
            if (!isfinite(before))
                continue;
            consider(s, at, &(struct step){from, to, to, 0}, before);
            if (!must_keep(s->r, to))
                consider(s, at, &(struct step){from, to, from, 0}, before);
        }
    }
    return s->cost[count * n + n - 1];
}

/* The way that search found, into `steps`, whose stops are given. */
static void walk_back(const struct search *s, struct step *steps, int count)
{
    int n = s->r->count, keep = n - 1;
    for (int k = count - 1; k >= 0; k--) {
        steps[k].keep = keep;
        steps[k].from = s->came[(k + 1) * n + keep];
        keep = steps[k].from;
        peak_of(s->r, &steps[k], s->flow);
    }
}

static bool find(struct run *r, struct step *steps, int count, struct flow *flow, size_t limit,
                 dio_error *err)
{
    size_t cells = (size_t)(count + 1) * (size_t)r->count;
    struct search s = {.r = r, .flow = flow, .limit = limit};
    s.cost = dio_arena_try(r->arena, cells * sizeof *s.cost);
    s.came = dio_arena_try(r->arena, cells * sizeof *s.came);
    if (!s.cost || !s.came)
        return dio_fail_memory(err, "a picture's schedule");
    r->total = search(&s, steps, count);
    if (isfinite(r->total)) {
        walk_back(&s, steps, count);
        return true;
    }
    const struct stage_run *in = &r->stage[0], *out = &r->stage[r->count - 1];
    const struct stage_run *picture = in->h > out->h ? in : out;
    s.least = true;
    return dio_fail_retry(err,
                          "a picture of %lldx%lld takes at least %.2f MB of memory here, and the "
                          "limit is %.2f MB: raise it or make the picture smaller",
                          (long long)picture->w, (long long)picture->h,
                          ceil(search(&s, steps, count) / 1e4) / 100, (double)limit / 1e6);
}

bool dio_stripes_schedule(struct run *r, struct step **steps, int *count, dio_error *err)
{
    size_t whole, limit = r->job->memory_limit ? r->job->memory_limit : dio_room_memory() / 4 * 3;
    double once;
    struct flow *flow = dio_arena_try(r->arena, (size_t)r->count * sizeof *flow);
    *steps = dio_arena_try(r->arena, (size_t)r->count * sizeof **steps);
    if (!flow || !*steps)
        return dio_fail_memory(err, "a picture's schedule");
    *count = plain(r, *steps, flow, &whole, &once);
    r->limit = limit;
    r->total = once;
    if (whole > limit && !find(r, *steps, *count, flow, limit, err))
        return false;
    dio_vae_report *report = r->job->report;
    report->whole = whole > report->whole ? whole : report->whole;
    report->once += once;
    report->flops += r->total;
    return true;
}
