/* timeline_read.c: both lists read, and the clips' times added up. Times become frames once, from
 * sums of seconds: rounding each length would let a long film drift. */
#include <math.h>

#include "fusion/timeline.h"

static bool late(const dio_intake *r, const dio_value *v)
{
    return r->early && (dio_waits(v) || dio_waits(dio_map_get(v, "duration")) ||
                        dio_waits(dio_map_get(v, "transition")) ||
                        dio_waits(dio_map_get(dio_map_get(v, "transition"), "seconds")));
}

/* Two transitions of one clip must not overlap: never are three pictures seen at once. */
static bool check_turn(dio_intake *r, const dio_value *v, const dio_shot_plan *before,
                       const dio_shot_plan *s)
{
    double room = s->duration, held = before ? before->turn_seconds : 0;
    if (s->turn_seconds > room)
        return dio_intake_says(r, v, "transition",
                               "transition: %g seconds are longer than the clip's %g",
                               s->turn_seconds, room);
    if (before && s->turn_seconds + held > before->duration + 1e-9)
        return dio_intake_says(r, v, "transition",
                               "transition: %g seconds; the clip before lasts %g, of which its "
                               "own transition takes %g",
                               s->turn_seconds, before->duration, held);
    return true;
}

static bool add_times(dio_intake *r, const dio_value *list, dio_timeline_plan *plan)
{
    double at = 0;
    for (int i = 0; i < plan->shots; i++) {
        const dio_value *v = list->list.items[i];
        dio_shot_plan *s = &plan->shot[i], *before = i ? s - 1 : NULL;
        double fps = plan->screen.fps;
        if (!check_turn(r, v, before, s))
            return false;
        at -= before ? s->turn_seconds : 0;
        s->first = (int)lrint(at * fps);
        at += s->duration;
        if (at > DIO_TIMELINE_SECONDS)
            return dio_intake_says(r, v, "duration",
                                   "timeline: the film is %g seconds long by the end of clip %d; "
                                   "%d are the most",
                                   at, i + 1, DIO_TIMELINE_SECONDS);
        s->end = (int)lrint(at * fps);
        s->turn = before ? before->end - s->first : (int)lrint(s->turn_seconds * fps);
        if (s->end <= s->first)
            return dio_intake_says(r, v, "duration",
                                   "duration: %g seconds are less than a frame of %d a second",
                                   s->duration, plan->screen.fps);
    }
    plan->frames = plan->shot[plan->shots - 1].end;
    return true;
}

static bool read_clips(dio_intake *r, const dio_value *with, const dio_value *list,
                       dio_timeline_plan *plan)
{
    bool ok = true, known = true;
    if (!list || list->kind == DIO_NULL)
        return dio_report_at(r->report, with, "timeline: a list of clips is needed");
    if (!(list = dio_intake_list(r, list, "timeline", DIO_TIMELINE_CLIPS)))
        return r->early;
    if (!list->list.count)
        return dio_report_at(r->report, list, "timeline: a list of clips is needed");
    plan->shots = list->list.count;
    plan->shot = dio_arena_try(r->arena, sizeof *plan->shot * (size_t)plan->shots);
    if (!plan->shot)
        return dio_report_at(r->report, list, "no memory for a timeline");
    for (int i = 0; i < plan->shots; i++) {
        const dio_value *v = list->list.items[i];
        known = known && !late(r, v);
        if (!(r->early && dio_waits(v)))
            ok = dio_shot_read(r, v, &plan->screen, &plan->shot[i]) && ok;
    }
    return ok && (!known || add_times(r, list, plan));
}

static bool read_layers(dio_intake *r, const dio_value *list, dio_timeline_plan *plan)
{
    bool ok = true;
    if (!(list = dio_intake_list(r, list, "layers", DIO_TIMELINE_LAYERS)))
        return true;
    plan->overlay = dio_arena_try(r->arena, sizeof *plan->overlay * (size_t)list->list.count);
    if (!plan->overlay && list->list.count)
        return dio_report_at(r->report, list, "no memory for layers");
    plan->overlays = list->list.count;
    for (int i = 0; i < list->list.count; i++) {
        plan->overlay[i].number = i + 1;
        ok = dio_overlay_read(r, list->list.items[i], &plan->overlay[i]) && ok;
    }
    return ok;
}

/* A layer that begins after the film ends would never be seen. */
static bool check_starts(dio_intake *r, const dio_timeline_plan *plan)
{
    bool ok = true;
    double seconds = (double)plan->frames / plan->screen.fps;
    for (int i = 0; plan->frames && i < plan->overlays; i++) {
        const dio_overlay_plan *o = &plan->overlay[i];
        const struct dio_overlay_common *c = o->params;
        if (c && c->start >= seconds)
            ok = dio_intake_says(r, o->at, "start", "start: %g seconds; the film is over at %g",
                                 c->start, seconds);
    }
    return ok;
}

bool dio_timeline_read(dio_intake *r, const dio_value *with, const dio_value *clips,
                       const dio_value *layers, dio_timeline_plan *plan)
{
    bool ok = read_clips(r, with, clips, plan);
    ok = read_layers(r, layers, plan) && ok;
    return ok && check_starts(r, plan);
}
