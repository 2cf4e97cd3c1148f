/* easing.c: Bezier curves of time, solved to 1e-9. */
#include "fusion/easing.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "base/value.h"

/* Handles as CSS Easing Functions 1 gives them; the last two as design tools have them. */
const dio_easing_kind dio_easings[] = {
    {"linear", "at one speed", {0, 0, 1, 1, .linear = true}},
    {"ease", "a quick start, a slow end", {0.25, 0.1, 0.25, 1}},
    {"ease-in", "starts slowly", {0.42, 0, 1, 1}},
    {"ease-out", "ends slowly", {0, 0, 0.58, 1}},
    {"ease-in-out", "starts and ends slowly", {0.42, 0, 0.58, 1}},
    {"smooth", "starts and ends very slowly", {0.65, 0, 0.35, 1}},
    {"settle", "most of the way at once, then a long end", {0.16, 1, 0.3, 1}},
    {"overshoot", "goes a little too far and comes back", {0.34, 1.56, 0.64, 1}},
    {"hold", "stays until the end, then jumps", {0, 0, 1, 1, .hold = true}},
    {0},
};

static bool parse_bezier(const char *text, dio_easing *out, dio_error *err)
{
    const char *p = text + strlen("cubic-bezier(");
    double v[4];
    for (int i = 0; i < 4; i++) {
        char *end;
        v[i] = g_ascii_strtod(p, &end); /* the same in every locale */
        bool number = end > p && isfinite(v[i]);
        p = end + strspn(end, " ");
        if (!number || *p != (i < 3 ? ',' : ')'))
            return dio_fail(err, "easing: cubic-bezier takes four numbers, x1, y1, x2, y2");
        p++;
    }
    if (*p || v[0] < 0 || v[0] > 1 || v[2] < 0 || v[2] > 1 || fabs(v[1]) > 10 || fabs(v[3]) > 10)
        return dio_fail(err, "easing: x1 and x2 of a cubic-bezier lie in 0 to 1 (time does not run "
                             "backwards), y1 and y2 in -10 to 10");
    *out = (dio_easing){v[0], v[1], v[2], v[3]};
    return true;
}

bool dio_easing_parse(const char *text, dio_easing *out, dio_error *err)
{
    const char *names[32];
    int n = 0;
    if (strncmp(text, "cubic-bezier(", strlen("cubic-bezier(")) == 0)
        return parse_bezier(text, out, err);
    for (const dio_easing_kind *k = dio_easings; k->name; k++) {
        names[n++] = k->name;
        if (strcmp(k->name, text) == 0) {
            *out = k->easing;
            return true;
        }
    }
    const char *near = dio_nearest(text, names, n);
    return dio_fail(err, "easing: there is no \"%.40s\"%s%s%s", text,
                    near ? "; did you mean \""
                         : "; there are linear, ease, ease-in, ease-out, "
                           "ease-in-out, smooth, settle, overshoot, hold and "
                           "cubic-bezier(x1, y1, x2, y2)",
                    near ? near : "", near ? "\"?" : "");
}

static double bezier(double a, double b, double s)
{
    double r = 1 - s;
    return 3 * r * r * s * a + 3 * r * s * s * b + s * s * s;
}

double dio_easing_at(const dio_easing *e, double t)
{
    if (!(t > 0))
        return 0;
    if (t >= 1)
        return 1;
    if (e->hold)
        return 0;
    if (e->linear)
        return t;
    /* x rises with s, since both handles lie within: halving always finds it. */
    double low = 0, high = 1;
    while (high - low > 1e-9) {
        double s = (low + high) / 2;
        if (bezier(e->x1, e->x2, s) < t)
            low = s;
        else
            high = s;
    }
    return bezier(e->y1, e->y2, (low + high) / 2);
}
