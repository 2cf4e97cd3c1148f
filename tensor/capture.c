/* capture.c: a run recorded once, and launched as one thing from then on.
 *
 * All runs of a plan are alike: the same kernels in the same order at the same addresses. What
 * changes lies in inputs, which are copied to their places before the run. So where the device
 * keeps tapes (device.h), the second run records its nodes and plays them, and all later ones only
 * play. The first run is plain: it loads what kernels need, and most plans that run once never run
 * twice.
 *
 * A tape is dropped when an address moves (memory lent anew, a state shared). Whatever a device
 * cannot record or play is said once, and the plan runs plainly ever after: never an error. */
#include "tensor/plan_impl.h"

/* A plan whose addresses moved so often is one that moves; recording costs more than it saves. */
enum { MOVES = 8 };

void dio_plan_forget(dio_plan *p)
{
    if (!p->tape)
        return;
    p->device->erase(p->device, p->tape);
    p->tape = NULL;
    p->dropped++;
}

static bool may_replay(const dio_plan *p)
{
    return p->device->replay && !p->plain && p->runs > 0 && p->dropped < MOVES && !p->profile &&
           !p->options.reference;
}

/* The recording is ended whatever happened to the nodes: the device must leave that state. */
static bool record(dio_plan *p, dio_error *err)
{
    dio_device *d = p->device;
    dio_error late = {0};
    if (!d->record_begin(d, err))
        return false;
    bool good = dio_plan_run_nodes(p, err);
    void *tape = d->record_end(d, good ? err : &late);
    if (good)
        p->tape = tape;
    else if (tape)
        d->erase(d, tape);
    return p->tape != NULL;
}

bool dio_plan_replay(dio_plan *p)
{
    dio_device *d = p->device;
    dio_error err = {0};
    char why[512];
    if (!may_replay(p))
        return false;
    if ((p->tape || record(p, &err)) && d->replay(d, p->tape, &err))
        return true;
    dio_plan_forget(p);
    p->plain = true;
    dio_log_line(d->log, DIO_LOG_WARNING, "runs are launched kernel by kernel: %s",
                 dio_error_text(&err, why, sizeof why));
    return false;
}
