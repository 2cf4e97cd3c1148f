/* transition.c: what stands where, and in which shares. Moves go by whole pixels: at a transition's
 * speed nobody sees parts of one, and two pictures side by side leave no seam. */
#include "fusion/transition.h"

#include <math.h>
#include <string.h>

#include "base/value.h"
#include "base/rows.h"

static const dio_shift still = {1, 0, 0};

static void cut(double t, const dio_transition_settings *s, dio_turn *out)
{
    (void)s;
    *out = (dio_turn){.from = still, .to = still, .share_from = t < 0.5, .share_to = t >= 0.5};
}

static void dissolve(double t, const dio_transition_settings *s, dio_turn *out)
{
    (void)s;
    *out =
        (dio_turn){.from = still, .to = still, .share_from = (float)(1 - t), .share_to = (float)t};
}

/* Down to the colour in the first half, up from it in the second. */
static void dip(double t, const dio_transition_settings *s, dio_turn *out)
{
    (void)s;
    *out = (dio_turn){.from = still,
                      .to = still,
                      .share_from = (float)fmax(1 - 2 * t, 0),
                      .share_to = (float)fmax(2 * t - 1, 0),
                      .share_colour = (float)(1 - fabs(2 * t - 1))};
}

/* An edge with a soft slope runs from the first corner that the direction meets to the last. */
static void wipe(double t, const dio_transition_settings *s, dio_turn *out)
{
    double a = s->angle * M_PI / 180, ex = cos(a), ey = sin(a);
    double lo = fmin(0, ex * s->width) + fmin(0, ey * s->height);
    double hi = fmax(0, ex * s->width) + fmax(0, ey * s->height);
    double soft = fmax(s->soft * (s->width < s->height ? s->width : s->height), 1);
    *out = (dio_turn){.from = still,
                      .to = still,
                      .edge = true,
                      .ex = (float)ex,
                      .ey = (float)ey,
                      .reach = (float)(lo + t * (hi - lo + soft)),
                      .soft = (float)soft};
}

/* How far the new picture still is from its place: a whole frame along the direction at first. */
static dio_shift coming(double t, const dio_transition_settings *s)
{
    double a = s->angle * M_PI / 180, c = cos(a), d = sin(a);
    double far =
        fmin(fabs(c) > 1e-6 ? s->width / fabs(c) : 1e9, fabs(d) > 1e-6 ? s->height / fabs(d) : 1e9);
    return (dio_shift){1, rint(-c * far * (1 - t)), rint(-d * far * (1 - t))};
}

static void slide(double t, const dio_transition_settings *s, dio_turn *out)
{
    *out =
        (dio_turn){.from = still, .to = coming(t, s), .share_from = 1, .share_to = 1, .over = true};
}

static void push(double t, const dio_transition_settings *s, dio_turn *out)
{
    dio_shift to = coming(t, s), whole = coming(0, s);
    dio_shift from = {1, to.dx - whole.dx, to.dy - whole.dy};
    *out = (dio_turn){.from = from, .to = to, .share_from = 1, .share_to = 1, .over = true};
}

/* Into the old picture, out of which the new one appears. */
static void zoom(double t, const dio_transition_settings *s, dio_turn *out)
{
    (void)s;
    *out = (dio_turn){.from = {1 + 0.6 * t, 0, 0},
                      .to = {1.3 - 0.3 * t, 0, 0},
                      .share_from = (float)(1 - t),
                      .share_to = (float)t};
}

const dio_transition_kind dio_transitions[] = {
    {"cut", "at once", cut, false, false},
    {"dissolve", "one fades into the other", dissolve, false, false},
    {"wipe", "a soft edge runs over the picture", wipe, true, false},
    {"slide", "the new one comes over the old one", slide, true, false},
    {"push", "the new one moves the old one out", push, true, false},
    {"zoom", "into the old one, which gives way to the new one", zoom, false, false},
    {"dip", "down to a colour, up to the new one", dip, false, true},
    {0},
};

const dio_transition_kind *dio_transition_find(const char *name, dio_error *err)
{
    const char *names[32];
    int n = 0;
    for (const dio_transition_kind *k = dio_transitions; k->name; k++) {
        names[n++] = k->name;
        if (strcmp(k->name, name) == 0)
            return k;
    }
    const char *near = dio_nearest(name, names, n);
    dio_fail(err, "transition: there is no \"%.40s\"%s%s%s", name,
             near ? "; did you mean \"" : "; there are cut, dissolve, wipe, slide, push, zoom, dip",
             near ? near : "", near ? "\"?" : "");
    return NULL;
}

DIO_WIDE static void sum_rows(float *restrict from, const float *restrict to, int n, float a,
                              float b)
{
    for (int i = 0; i < 4 * n; i++)
        from[i] = from[i] * a + to[i] * b;
}

static float soft_step(float v)
{
    float t = v < 0 ? 0 : v > 1 ? 1 : v;
    return t * t * (3 - 2 * t);
}

static void edge_rows(const dio_turn *t, int x, int y, int n, float *from, const float *to)
{
    float at = t->reach - ((float)y + 0.5f) * t->ey;
    for (int i = 0; i < n; i++) {
        float b = soft_step((at - ((float)(x + i) + 0.5f) * t->ex) / t->soft);
        for (int k = 0; k < 4; k++)
            from[4 * i + k] += (to[4 * i + k] - from[4 * i + k]) * b;
    }
}

void dio_turn_rows(const dio_turn *t, dio_glow c, int x, int y, int n, float *from, const float *to)
{
    if (t->edge) {
        edge_rows(t, x, y, n, from, to);
        return;
    }
    sum_rows(from, to, n, t->share_from, t->share_to);
    const float add[4] = {c.r * t->share_colour, c.g * t->share_colour, c.b * t->share_colour,
                          c.a * t->share_colour};
    for (int i = 0; t->share_colour > 0 && i < 4 * n; i++)
        from[i] += add[i & 3];
}
