/* plans.c: the latest plans of a model, in one memory.
 *
 * The one that goes makes place after the new one has come, so that weights which both have laid
 * out stay. Memory grows to what the largest needs; plans that worked in the old one are given the
 * new one when they are next asked for. */
#include "audio/plans.h"

#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/room.h"

enum { SLOTS = 6 };

struct slot {
    dio_plan *plan;
    dio_plans_wish wish; /* without what builds it */
    int threads;
    uint64_t used;
};

struct dio_plans {
    dio_device *device;
    struct slot slot[SLOTS];
    uint64_t asked;
    void *memory;
    size_t bytes;
};

dio_plans *dio_plans_create(dio_device *device, dio_error *err)
{
    dio_plans *p = calloc(1, sizeof *p);
    if (!p) {
        dio_fail_memory(err, "plans");
        return NULL;
    }
    p->device = device;
    return p;
}

void dio_plans_destroy(dio_plans *p)
{
    if (!p)
        return;
    for (int i = 0; i < SLOTS; i++)
        dio_plan_destroy(p->slot[i].plan);
    if (p->memory)
        p->device->release(p->device, p->memory);
    free(p);
}

bool dio_plans_check(const dio_plans *p, const dio_device *device, dio_error *err)
{
    return p->device == device || dio_fail(err, "plans that are kept for another device");
}

static bool is_for(const struct slot *s, const dio_plans_wish *w)
{
    return s->plan && s->threads == dio_gang_size() && s->wish.variant == w->variant &&
           s->wish.memory_limit == w->memory_limit && dio_type_equal(&s->wish.type, &w->type) &&
           strcmp(s->wish.stage, w->stage) == 0;
}

/* The slot that has it, else the one that was not asked for the longest. */
static struct slot *find(dio_plans *p, const dio_plans_wish *w)
{
    struct slot *oldest = &p->slot[0];
    for (int i = 0; i < SLOTS; i++) {
        if (is_for(&p->slot[i], w))
            return &p->slot[i];
        if (p->slot[i].used < oldest->used)
            oldest = &p->slot[i];
    }
    return oldest;
}

static dio_plan *make(dio_device *device, const dio_plans_wish *w, dio_error *err)
{
    dio_val outputs[DIO_PLANS_OUTPUTS];
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a graph");
        return NULL;
    }
    const int n = w->build(g, w->user, outputs);
    const dio_plan_options options = {
        .memory_limit = w->memory_limit ? w->memory_limit : dio_room_memory() / 2, .lent = true};
    dio_plan *plan = dio_plan_create(g, outputs, n, false, device, &options, err);
    dio_graph_destroy(g);
    return plan;
}

static bool make_room(dio_plans *p, size_t bytes, dio_error *err)
{
    if (p->memory && bytes <= p->bytes)
        return true;
    if (p->memory)
        p->device->release(p->device, p->memory);
    p->bytes = 0;
    p->memory = p->device->alloc(p->device, bytes ? bytes : 1, err);
    if (p->memory)
        p->bytes = bytes;
    return p->memory != NULL;
}

static bool lend(dio_plans *p, dio_plan *plan, dio_error *err)
{
    dio_plan_report report;
    dio_plan_report_get(plan, &report);
    return make_room(p, report.workspace + 64, err) && dio_plan_lend(plan, p->memory, err);
}

dio_plan *dio_plans_get(dio_plans *p, const dio_plans_wish *wish, dio_error *err)
{
    struct slot *s = find(p, wish);
    const bool kept = is_for(s, wish);
    dio_plan *plan = kept ? s->plan : make(p->device, wish, err);
    if (!plan)
        return NULL;
    if (!lend(p, plan, err)) {
        if (!kept)
            dio_plan_destroy(plan);
        return NULL;
    }
    if (!kept) {
        dio_plan_destroy(s->plan);
        *s = (struct slot){.plan = plan, .wish = *wish, .threads = dio_gang_size()};
        s->wish.build = NULL;
        s->wish.user = NULL;
    }
    s->used = ++p->asked;
    return plan;
}
