/* overlay_read.c: a layer from its map: whose key says which kind it is. */
#include <string.h>

#include "fusion/overlay_kinds.h"

static const dio_overlay_kind *kind_of(dio_intake *r, const dio_value *v)
{
    const dio_overlay_kind *found = NULL;
    for (const dio_overlay_kind *const *k = dio_overlay_kinds; *k; k++) {
        if (!dio_map_get(v, (*k)->name))
            continue;
        if (found) {
            dio_intake_says(r, v, (*k)->name, "a layer shows one thing, not both %s and %s",
                            found->name, (*k)->name);
            return NULL;
        }
        found = *k;
    }
    if (!found)
        dio_report_at(r->report, v,
                      "a layer needs one of text, image, shape, logo, button, lower_third, badge, "
                      "captions");
    return found;
}

/* "safe-top-left". */
static bool read_anchor(dio_intake *r, const dio_value *v, const char *text, dio_overlay_plan *plan)
{
    static const char *const names[] = {"top-left",    "top",    "top-right",
                                        "left",        "center", "right",
                                        "bottom-left", "bottom", "bottom-right"};
    if (r->early && dio_text_waits(text))
        return true;
    plan->safe = strncmp(text, "safe-", 5) == 0;
    const char *name = text + (plan->safe ? 5 : 0);
    for (int i = 0; i < 9; i++)
        if (strcmp(name, names[i]) == 0) {
            plan->side_x = i % 3 - 1;
            plan->side_y = i / 3 - 1;
            return true;
        }
    const char *near = dio_nearest(name, names, 9);
    return dio_intake_says(r, v, "anchor", "anchor: there is no \"%.40s\"%s%s%s%s", text,
                           near ? "; did you mean \"" : "; top-left to bottom-right, or safe-...",
                           near && plan->safe ? "safe-" : "", near ? near : "", near ? "\"?" : "");
}

static bool read_common(dio_intake *r, const dio_value *v, dio_overlay_plan *plan)
{
    const struct dio_overlay_common *c = plan->params;
    dio_error e = {0};
    double *rest = plan->motion.rest;
    rest[DIO_TRACK_SCALE] = c->scale;
    rest[DIO_TRACK_ROTATION] = c->rotation;
    rest[DIO_TRACK_OPACITY] = c->opacity;
    bool ok = read_anchor(r, v, c->anchor, plan);
    if (c->end > 0 && c->end <= c->start)
        ok = dio_intake_says(r, v, "end", "end: %g does not come after the start, %g", c->end,
                             c->start);
    plan->blend = &dio_blend_modes[0];
    if (!(r->early && dio_text_waits(c->blend)) &&
        !(plan->blend = dio_blend_mode_find(c->blend, &e)))
        ok = dio_intake_fail(r, v, "blend", &e);
    ok = dio_motion_read(r, c->keyframes, &plan->motion) && ok;
    return dio_mask_read(r, c->mask, &plan->mask) && ok;
}

bool dio_overlay_read(dio_intake *r, const dio_value *v, dio_overlay_plan *plan)
{
    plan->at = v;
    if (r->early && dio_waits(v))
        return true;
    if (v->kind != DIO_MAP)
        return dio_report_at(r->report, v, "layers: expected {text: ...}, found %s",
                             dio_kind_name(v->kind));
    if (!(plan->kind = kind_of(r, v)))
        return false;
    plan->params = dio_arena_alloc(r->arena, plan->kind->size);
    const char *what = dio_arena_printf(r->arena, "a layer of kind %s", plan->kind->name);
    if (!dio_intake_map(r, plan->kind->fields, plan->params, v, what))
        return false;
    bool ok = read_common(r, v, plan);
    return (!plan->kind->check || plan->kind->check(r, v, plan->params)) && ok;
}
