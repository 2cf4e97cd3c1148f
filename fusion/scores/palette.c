/* palette.c: how far a picture's colours are from those that it should have.
 *
 * A picture has millions of pixels and few colours: they are gathered in cells of 16 codes a
 * channel, and each cell's mean colour is compared once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/score.h"
#include "vision/lab.h"
#include "vision/request.h"
#include "vision/srgb.h"

enum { CELLS = 16 * 16 * 16, COLOURS = DIO_PALETTE_MOST };

struct params {
    struct dio_criterion_params criterion;
    const char *colours;
};

static const dio_field fields[] = {
    DIO_CRITERION_FIELDS,
    DIO_FIELD(struct params, colours, NULL, 1, 4000,
              "a palette's name, or colours: \"#ff8800,#204060\""),
    {0},
};

struct cell {
    int64_t sum[3], count;
};

static void to_lab(float r, float g, float b, double lab[3])
{
    const double light[3] = {(double)dio_srgb_to_linear(r), (double)dio_srgb_to_linear(g),
                             (double)dio_srgb_to_linear(b)};
    dio_lab_from_linear(light, lab);
}

/* The colours of a palette that make a picture: sky, sun, hills, accent. Ink is for words. */
static void add_palette(const dio_palette *p, double (*lab)[3], int *count)
{
    const dio_rgb all[] = {p->deep,    p->mid,     p->glow,    p->sun_top, p->sun_bottom,
                           p->hill[0], p->hill[1], p->hill[2], p->accent};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        to_lab(all[i].r, all[i].g, all[i].b, lab[(*count)++]);
}

static bool read_colours(dio_studio *studio, dio_arena *a, const char *text, double (*lab)[3],
                         int *count, dio_error *err)
{
    uint8_t(*list)[3];
    int n = 0;
    *count = 0;
    if (!strchr(text, '#') && !strchr(text, ',')) {
        const dio_palettes *all = dio_studio_palettes(studio, err);
        const dio_palette *p = all ? dio_palette_choose(all, text, "", 0, err) : NULL;
        if (p)
            add_palette(p, lab, count);
        return p != NULL;
    }
    if (!dio_request_palette(a, "colours", text, &list, &n, err))
        return false;
    for (int i = 0; i < n; i++)
        to_lab((float)list[i][0] / 255, (float)list[i][1] / 255, (float)list[i][2] / 255,
               lab[(*count)++]);
    return true;
}

static void gather(const dio_image *rgb, struct cell *cells)
{
    for (int y = 0; y < rgb->height; y++) {
        const uint8_t *p = dio_sight_row(rgb, y);
        for (int x = 0; x < rgb->width; x++, p += 3) {
            struct cell *c = &cells[p[0] >> 4 << 8 | p[1] >> 4 << 4 | p[2] >> 4];
            c->count++;
            for (int i = 0; i < 3; i++)
                c->sum[i] += p[i];
        }
    }
}

static double nearest(const struct cell *c, double (*lab)[3], int count)
{
    double mine[3], least = INFINITY, whole = 255 * (double)c->count;
    to_lab((float)((double)c->sum[0] / whole), (float)((double)c->sum[1] / whole),
           (float)((double)c->sum[2] / whole), mine);
    for (int i = 0; i < count; i++)
        least = fmin(least, dio_lab_difference(mine, lab[i]));
    return least;
}

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    const struct params *p = params;
    const dio_image *rgb = look->sight->rgb;
    double lab[COLOURS][3], sum = 0;
    int count;
    if (!read_colours(look->studio, look->arena, p->colours, lab, &count, err))
        return false;
    struct cell *cells = calloc(CELLS, sizeof *cells);
    if (!cells)
        return dio_fail_memory(err, "a picture's colours");
    gather(rgb, cells);
    for (int i = 0; i < CELLS; i++)
        if (cells[i].count)
            sum += (double)cells[i].count * nearest(&cells[i], lab, count);
    *out = sum / ((double)rgb->width * rgb->height);
    free(cells);
    return true;
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    double lab[COLOURS][3];
    int count;
    dio_error e = {0};
    if (p->colours && !read_colours(studio, report->arena, p->colours, lab, &count, &e))
        dio_report_at(report, dio_map_get(with, "colours") ? dio_map_get(with, "colours") : with,
                      "%s", e.message);
}

const dio_score dio_score_palette = {
    .name = "palette",
    .media = DIO_MEDIA_IMAGE,
    .doc = "how far the picture's colours are from those of a palette, each from the nearest",
    .unit = "dE2000",
    .lower = true,
    .lo = 0,
    .hi = INFINITY,
    .reference = "mean CIEDE2000 to the nearest colour, over all pixels, gathered in 16x16x16 "
                 "cells; Sharma, Wu, Dalal, Color Research and Application 30, 2005",
    .params = fields,
    .params_size = sizeof(struct params),
    .check = check,
    .measure = measure,
};
