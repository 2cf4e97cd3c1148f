/* clutter.c: how busy a picture is where words will stand. */
#include <math.h>

#include "fusion/score.h"

struct params {
    struct dio_criterion_params criterion;
    const char *preset;
    int step;
};

static const dio_field fields[] = {
    DIO_CRITERION_FIELDS,
    DIO_FIELD(struct params, preset, NULL, 1, 1000, "whose zone of texts: reels-9x16"),
    DIO_FIELD(struct params, step, "24", 1, 255, "codes that grey must change by to be an edge"),
    {0},
};

struct span {
    int x0, y0, x1, y1; /* pixels of the picture; x1 and y1 are outside */
};

/* Where the preset's zone lies in a picture that covers its frame, or its panel, as hero.c lays
 * it: enlarged until it covers, and cut at both sides alike. */
static struct span zone_of(const dio_preset *p, int w, int h)
{
    dio_box frame = p->panel.w ? p->panel : (dio_box){0, 0, p->width, p->height};
    double scale = fmax((double)frame.w / w, (double)frame.h / h);
    double left = frame.x - (w * scale - frame.w) / 2, top = frame.y - (h * scale - frame.h) / 2;
    double x0 = fmax(p->zone.x, frame.x), x1 = fmin(p->zone.x + p->zone.w, frame.x + frame.w);
    double y0 = fmax(p->zone.y, frame.y), y1 = fmin(p->zone.y + p->zone.h, frame.y + frame.h);
    if (x1 <= x0 || y1 <= y0)
        return (struct span){0};
    return (struct span){(int)floor((x0 - left) / scale), (int)floor((y0 - top) / scale),
                         (int)ceil((x1 - left) / scale), (int)ceil((y1 - top) / scale)};
}

/* The zone's pixels that have neighbours on all sides. */
static struct span inside(struct span s, int w, int h)
{
    return (struct span){s.x0 > 1 ? s.x0 : 1, s.y0 > 1 ? s.y0 : 1, s.x1 < w - 1 ? s.x1 : w - 1,
                         s.y1 < h - 1 ? s.y1 : h - 1};
}

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    const struct params *p = params;
    const dio_image *g = look->sight->grey;
    const char *name = look->task && dio_preset_is_path(p->preset)
                           ? dio_task_file(look->task, p->preset, err)
                           : p->preset;
    const dio_preset *preset = name ? dio_studio_preset(look->studio, name, err) : NULL;
    if (!preset)
        return false;
    struct span s = inside(zone_of(preset, g->width, g->height), g->width, g->height);
    int64_t edges = 0, count = 0, least = (int64_t)4 * p->step * 4 * p->step;
    for (int y = s.y0; y < s.y1; y++) {
        const uint8_t *a = dio_sight_row(g, y - 1), *b = dio_sight_row(g, y);
        const uint8_t *c = dio_sight_row(g, y + 1);
        for (int x = s.x0; x < s.x1; x++, count++) {
            int dx = a[x + 1] + 2 * b[x + 1] + c[x + 1] - a[x - 1] - 2 * b[x - 1] - c[x - 1];
            int dy = c[x - 1] + 2 * c[x] + c[x + 1] - a[x - 1] - 2 * a[x] - a[x + 1];
            edges += (int64_t)dx * dx + (int64_t)dy * dy >= least;
        }
    }
    *out = count > 0 ? (double)edges / (double)count : 0;
    return true;
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    dio_error e = {0};
    const char *name = p->preset;
    if (name && dio_preset_is_path(name))
        name = dio_check_file(report, name, &e);
    const dio_preset *preset = name ? dio_studio_preset(studio, name, &e) : NULL;
    const dio_value *place = dio_map_get(with, "preset") ? dio_map_get(with, "preset") : with;
    if (p->preset && !preset)
        dio_report_at(report, place, "preset: %s", e.message);
    else if (preset && !preset->composes)
        dio_report_at(report, place, "preset: \"%.60s\" has no zone of texts", p->preset);
}

const dio_score dio_score_clutter = {
    .name = "clutter",
    .media = DIO_MEDIA_IMAGE,
    .doc = "how busy the picture is where a preset puts its texts",
    .unit = "of pixels",
    .lower = true,
    .lo = 0,
    .hi = 1,
    .reference = "share of pixels in the zone at which Sobel's gradient of the grey codes is at "
                 "least that of an upright edge of `step` codes; edge density after Rosenholtz et "
                 "al., \"Measuring visual clutter\", Journal of Vision 7 (2), 2007",
    .params = fields,
    .params_size = sizeof(struct params),
    .check = check,
    .measure = measure,
};
