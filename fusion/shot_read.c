/* shot_read.c: a clip of a timeline, from its map. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "fusion/shot.h"

static const char *const fits[] = {"cover", "contain", "stretch", NULL};

struct clip {
    const char *image, *video, *colour;
    const dio_value *gradient, *motion, *transition;
    double duration, trim;
    int fit;
};

static const dio_field clip_fields[] = {
    DIO_FIELD(struct clip, image, "", 0, 4000, "a picture's file"),
    DIO_FIELD(struct clip, video, "", 0, 4000, "a film's file; its sound is not taken"),
    DIO_FIELD(struct clip, trim, "0", 0, 86400, "seconds of the film that are left out first"),
    DIO_FIELD(struct clip, colour, "", 0, 40, "one colour, #rrggbb"),
    DIO_FIELD(struct clip, gradient, "null", 0, 0, "{from, to, angle, radial}"),
    DIO_FIELD(struct clip, duration, "4", 0.01, 86400, "seconds, its transition included"),
    DIO_FIELD_WORDS(struct clip, fit, "cover", fits, "into the frame, as CSS's object-fit"),
    DIO_FIELD(struct clip, motion, "null", 0, 0, "{kenburns: {from, to, easing}}"),
    DIO_FIELD(struct clip, transition, "null", 0, 0,
              "from the clip before: a kind, or {kind, seconds, easing, direction, colour, soft}"),
    {0},
};

/* ---- motion ---- */

struct motion {
    const dio_value *kenburns;
};
static const dio_field motion_fields[] = {
    DIO_FIELD(struct motion, kenburns, "null", 0, 0, "{from, to, easing}"),
    {0},
};

struct burns {
    const dio_value *from, *to;
    const char *easing;
};
static const dio_field burns_fields[] = {
    DIO_FIELD(struct burns, from, "null", 0, 0, "a zoom, or {zoom, x, y}"),
    DIO_FIELD(struct burns, to, "null", 0, 0, "a zoom, or {zoom, x, y}"),
    DIO_FIELD(struct burns, easing, "linear", 1, 100, "how the move runs"),
    {0},
};

static const dio_field aim_fields[] = {
    DIO_FIELD(dio_aim, zoom, "1", 0.05, 20, "how much larger than fitted"),
    DIO_FIELD(dio_aim, x, "50", 0, 100, "what is in the middle, percent of the picture's width"),
    DIO_FIELD(dio_aim, y, "50", 0, 100, "and of its height"),
    {0},
};

static bool read_easing(dio_intake *r, const dio_value *owner, const char *text, dio_easing *out)
{
    dio_error e = {0};
    return (r->early && dio_text_waits(text)) || dio_easing_parse(text, out, &e) ||
           dio_intake_fail(r, owner, "easing", &e);
}

/* A number is a zoom. */
static bool read_aim(dio_intake *r, const dio_value *v, dio_aim *out)
{
    if (!v || v->kind == DIO_NULL || (r->early && dio_waits(v)))
        return true;
    if (v->kind == DIO_INT || v->kind == DIO_REAL) {
        out->zoom = v->kind == DIO_INT ? (double)v->integer : v->real;
        return (out->zoom >= 0.05 && out->zoom <= 20) ||
               dio_report_at(r->report, v, "zoom: %g is not within 0.05 to 20", out->zoom);
    }
    if (!dio_intake_map(r, aim_fields, out, v, "a view"))
        return false;
    out->x /= 100;
    out->y /= 100;
    return true;
}

static bool read_motion(dio_intake *r, const dio_value *v, dio_shot_plan *plan)
{
    struct motion m;
    struct burns b;
    plan->from = plan->to = (dio_aim){1, 0.5, 0.5};
    plan->easing = dio_easings[0].easing;
    if (!v || v->kind == DIO_NULL || (r->early && dio_waits(v)))
        return true;
    if (!dio_intake_map(r, motion_fields, &m, v, "motion"))
        return false;
    if (!m.kenburns || m.kenburns->kind == DIO_NULL)
        return true;
    if (!dio_intake_map(r, burns_fields, &b, m.kenburns, "kenburns") ||
        !read_aim(r, b.from, &plan->from))
        return false;
    plan->to = plan->from;
    return read_aim(r, b.to, &plan->to) && read_easing(r, m.kenburns, b.easing, &plan->easing);
}

/* ---- transition ---- */

struct turn {
    const char *kind, *easing, *direction, *colour;
    double seconds, soft;
};
static const dio_field turn_fields[] = {
    DIO_FIELD(struct turn, kind, "dissolve", 1, 40,
              "cut, dissolve, wipe, slide, push, zoom or dip"),
    DIO_FIELD(struct turn, seconds, "0.5", 0, 60, "how long both are seen"),
    DIO_FIELD(struct turn, easing, "ease-in-out", 1, 100, "how it runs"),
    DIO_FIELD(struct turn, direction, "left", 1, 20,
              "where wipe, slide and push go: left, right, up, down, or degrees"),
    DIO_FIELD(struct turn, colour, "black", 1, 40, "that dip goes through"),
    DIO_FIELD(struct turn, soft, "8", 0, 100,
              "width of a wipe's edge, percent of the shorter side"),
    {0},
};

static bool read_direction(dio_intake *r, const dio_value *owner, const char *text, double *angle)
{
    static const struct {
        const char *name;
        double angle;
    } ways[] = {{"right", 0}, {"down", 90}, {"left", 180}, {"up", 270}};
    if (r->early && dio_text_waits(text))
        return true;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, text) == 0) {
            *angle = ways[i].angle;
            return true;
        }
    char *end;
    *angle = g_ascii_strtod(text, &end);
    return (end > text && !*end && fabs(*angle) <= 3600) ||
           dio_intake_says(r, owner, "direction",
                           "direction: left, right, up, down, or degrees clockwise from right; "
                           "not \"%.40s\"",
                           text);
}

static bool read_transition(dio_intake *r, const dio_value *v, const dio_screen *screen,
                            dio_shot_plan *plan)
{
    struct turn t = {0};
    dio_error e = {0};
    plan->transition = &dio_transitions[0];
    plan->how = (dio_transition_settings){.width = screen->width, .height = screen->height};
    plan->turn_easing = dio_easings[0].easing;
    if (!v || v->kind == DIO_NULL || (r->early && dio_waits(v)))
        return true;
    bool brief = v->kind == DIO_STRING;
    if (!dio_intake_map(r, turn_fields, &t, brief ? NULL : v, "a transition"))
        return false;
    if (brief)
        t.kind = v->string.text;
    if (r->early && dio_text_waits(t.kind))
        return true;
    const dio_transition_kind *kind = dio_transition_find(t.kind, &e);
    if (!kind)
        return dio_intake_fail(r, v, "kind", &e);
    plan->transition = kind;
    plan->turn_seconds = strcmp(kind->name, "cut") == 0 ? 0 : t.seconds;
    plan->how.soft = t.soft / 100;
    return read_easing(r, v, t.easing, &plan->turn_easing) &&
           read_direction(r, v, t.direction, &plan->how.angle) &&
           dio_intake_colour(r, v, "colour", t.colour, &plan->turn_colour);
}

/* ---- what is seen ---- */

struct gradient {
    const char *from, *to;
    double angle;
    bool radial;
};
static const dio_field gradient_fields[] = {
    DIO_FIELD(struct gradient, from, NULL, 1, 40, "a colour"),
    DIO_FIELD(struct gradient, to, NULL, 1, 40, "another"),
    DIO_FIELD(struct gradient, angle, "90", -3600, 3600, "degrees: 0 to the right, 90 down"),
    DIO_FIELD(struct gradient, radial, "false", 0, 0, "from the middle outwards"),
    {0},
};

static bool read_gradient(dio_intake *r, const dio_value *v, dio_shot_plan *plan)
{
    struct gradient g;
    if (!dio_intake_map(r, gradient_fields, &g, v, "a gradient"))
        return false;
    plan->angle = g.angle;
    plan->radial = g.radial;
    bool from = dio_intake_colour(r, v, "from", g.from, &plan->colour[0]);
    return dio_intake_colour(r, v, "to", g.to, &plan->colour[1]) && from;
}

/* Exactly one of the kinds' keys says what is seen. */
static const dio_shot_kind *kind_of(dio_intake *r, const dio_value *v)
{
    const dio_shot_kind *found = NULL;
    for (const dio_shot_kind *k = dio_shot_kinds; k->name; k++) {
        if (!dio_map_get(v, k->name))
            continue;
        if (found) {
            dio_intake_says(r, v, k->name, "a clip shows one thing, not both %s and %s",
                            found->name, k->name);
            return NULL;
        }
        found = k;
    }
    if (!found)
        dio_report_at(r->report, v, "a clip needs one of image, video, colour, gradient");
    return found;
}

bool dio_shot_read(dio_intake *r, const dio_value *v, const dio_screen *screen, dio_shot_plan *plan)
{
    struct clip c = {0};
    *plan = (dio_shot_plan){0};
    if (!dio_intake_map(r, clip_fields, &c, v, "a clip") || !(plan->kind = kind_of(r, v)))
        return false;
    plan->source = *c.video ? c.video : c.image;
    plan->trim = c.trim;
    plan->duration = c.duration;
    plan->fit = (dio_filling)c.fit;
    bool ok = read_motion(r, v->kind == DIO_MAP ? c.motion : NULL, plan);
    ok = read_transition(r, c.transition, screen, plan) && ok;
    if (strcmp(plan->kind->name, "colour") == 0)
        ok = dio_intake_colour(r, v, "colour", c.colour, &plan->colour[0]) && ok;
    else if (strcmp(plan->kind->name, "gradient") == 0)
        ok = read_gradient(r, c.gradient, plan) && ok;
    return ok;
}
