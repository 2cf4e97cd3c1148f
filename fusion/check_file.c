/* check_file.c: rules that any file can break: what it is, how large, how long it moves. */
#include <math.h>
#include <string.h>

#include "fusion/check_rule.h"

static const char *article(dio_delivery kind)
{
    return dio_delivery_names[kind];
}

static void check_kind(dio_checking *c)
{
    if (c->limits)
        return;
    const char *takes = "";
    for (int k = 0; k < DIO_DELIVERIES; k++) {
        if (c->preset->limits[k])
            takes = dio_arena_printf(c->arena, "%s%s%ss", takes, *takes ? " and " : "",
                                     dio_delivery_names[k]);
    }
    dio_check_breaks(c, "it is a %s, and %s takes %s", article(c->facts->kind), c->preset->name,
                     takes);
}

const dio_check_rule dio_check_rule_kind = {"kind", "the placement takes such files at all",
                                            check_kind};

static void check_format(dio_checking *c)
{
    if (c->limits && dio_limits_refuse(c->limits->formats, c->facts->format))
        dio_check_breaks(c, "it is %s, and %s takes %s", c->facts->format, c->preset->name,
                         dio_check_names(c, c->limits->formats));
}

const dio_check_rule dio_check_rule_format = {"format", "container or format of the file",
                                              check_format};

/* The same shape within a pixel of rounding, and not below the least size. */
static bool scaled_well(const dio_preset *p, const dio_limits *l, int w, int h)
{
    return w >= l->least_width && h >= l->least_height &&
           fabs((double)w * p->height / p->width - h) <= 1;
}

static void check_size(dio_checking *c)
{
    const dio_facts *f = c->facts;
    const dio_limits *l = c->limits;
    const dio_preset *p = c->preset;
    if (!l || f->kind == DIO_DELIVERY_SOUND)
        return;
    bool any = l->least_width > 0 || l->least_height > 0;
    if (p->width && !any && (f->width != p->width || f->height != p->height))
        dio_check_breaks(c, "it is %dx%d, and %s is %dx%d: compose it with preset %s", f->width,
                         f->height, p->name, p->width, p->height, p->name);
    if (p->width && any && !scaled_well(p, l, f->width, f->height))
        dio_check_breaks(c, "it is %dx%d, and %s is %dx%d, or as small as %dx%d in that shape",
                         f->width, f->height, p->name, p->width, p->height, l->least_width,
                         l->least_height);
    if ((l->most_width && f->width > l->most_width) ||
        (l->most_height && f->height > l->most_height))
        dio_check_breaks(c, "it is %dx%d, and at most %dx%d is taken", f->width, f->height,
                         l->most_width, l->most_height);
}

const dio_check_rule dio_check_rule_size = {"size", "width and height in pixels, as seen",
                                            check_size};

static void check_bytes(dio_checking *c)
{
    char have[32], most[32];
    if (c->limits && c->limits->most_bytes && c->facts->bytes > c->limits->most_bytes)
        dio_check_breaks(c, "it has %s, and at most %s are taken",
                         dio_bytes_text(c->facts->bytes, have),
                         dio_bytes_text(c->limits->most_bytes, most));
}

const dio_check_rule dio_check_rule_bytes = {"bytes", "size of the file", check_bytes};

static void check_alpha(dio_checking *c)
{
    if (c->limits && c->limits->alpha && !c->facts->alpha)
        dio_check_breaks(c, "it has no alpha, and without one its ground covers what is behind");
}

const dio_check_rule dio_check_rule_alpha = {"alpha", "a channel of alpha where one is needed",
                                             check_alpha};

static bool power_of_two(int n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

static void check_power_of_two(dio_checking *c)
{
    const dio_facts *f = c->facts;
    if (c->limits && c->limits->power_of_two &&
        !(power_of_two(f->width) && power_of_two(f->height)))
        dio_check_breaks(c, "it is %dx%d, and both sides must be powers of two", f->width,
                         f->height);
}

const dio_check_rule dio_check_rule_power_of_two = {"power-of-two", "sides of textures",
                                                    check_power_of_two};

/* A frame more or less is what rounding to frames and packets of sound costs. */
static void check_seconds(dio_checking *c)
{
    const dio_facts *f = c->facts;
    const dio_limits *l = c->limits;
    bool moves = f->kind != DIO_DELIVERY_PICTURE || f->frames > 1;
    if (!l || !moves)
        return;
    double slack = f->fps > 0 ? 1 / f->fps : 0.03;
    double all =
        f->kind == DIO_DELIVERY_PICTURE && f->plays > 1 ? f->plays * f->seconds : f->seconds;
    if (!(f->seconds > 0))
        dio_check_notes(c, "the file does not say how long it is");
    else if (l->least_seconds > 0 && f->seconds < l->least_seconds - slack)
        dio_check_breaks(c, "it is %.3g s long, and at least %g s are taken", f->seconds,
                         l->least_seconds);
    else if (l->most_seconds > 0 && all > l->most_seconds + slack)
        dio_check_breaks(c, "it is %.4g s long%s, and at most %g s are taken", all,
                         f->plays > 1 ? " with all its repeats" : "", l->most_seconds);
}

const dio_check_rule dio_check_rule_seconds = {"seconds", "length, to a frame", check_seconds};

static void check_fps(dio_checking *c)
{
    const dio_facts *f = c->facts;
    const dio_limits *l = c->limits;
    if (!l || f->frames == 1 || f->kind == DIO_DELIVERY_SOUND || !(l->least_fps + l->most_fps > 0))
        return;
    if (!(f->fps > 0))
        dio_check_notes(c, "the file does not say how many frames a second it has");
    else if (l->least_fps > 0 && f->fps < l->least_fps - 0.005)
        dio_check_breaks(c, "it has %.4g frames a second, and at least %g are taken", f->fps,
                         l->least_fps);
    else if (l->most_fps > 0 && f->fps > l->most_fps + 0.005)
        dio_check_breaks(c, "it has %.4g frames a second, and at most %g are taken", f->fps,
                         l->most_fps);
}

const dio_check_rule dio_check_rule_fps = {"fps", "frames a second", check_fps};

static void check_loops(dio_checking *c)
{
    const dio_facts *f = c->facts;
    if (!c->limits || !c->limits->most_loops || f->kind != DIO_DELIVERY_PICTURE || f->frames < 2)
        return;
    if (f->plays == 0)
        dio_check_breaks(c, "it plays for ever, and may play %d times", c->limits->most_loops);
    else if (f->plays > c->limits->most_loops)
        dio_check_breaks(c, "it plays %d times, and may play %d times", f->plays,
                         c->limits->most_loops);
}

const dio_check_rule dio_check_rule_loops = {"loops", "how often an animation plays", check_loops};
