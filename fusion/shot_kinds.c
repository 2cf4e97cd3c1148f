/* shot_kinds.c: where the pictures of shots come from. */
#include <math.h>
#include <stdlib.h>

#include "fusion/frames.h"
#include "fusion/shot.h"
#include "vision/image_io.h"
#include "vision/resize.h"

/* ---- one light picture for all moments ---- */

static bool same(void *state, double seconds, dio_image **light, dio_error *err)
{
    (void)seconds, (void)err;
    *light = state;
    return true;
}

static void unref(void *state)
{
    dio_image_unref(state);
}

/* ---- a picture from a file ---- */

/* As large as it is ever seen; smaller ones stay as they are. */
static bool wanted_size(const dio_shot_plan *plan, const dio_screen *screen, const dio_image *image,
                        int *w, int *h)
{
    double x0[2], y0[2], x1[2], y1[2];
    dio_shot_place(plan, screen, image->width, image->height, 0, x0, y0);
    dio_shot_place(plan, screen, image->width, image->height, 1, x1, y1);
    double most_x = fmax(x0[1] - x0[0], x1[1] - x1[0]), most_y = fmax(y0[1] - y0[0], y1[1] - y1[0]);
    *w = most_x < 0.98 * image->width ? (int)fmax(1, lrint(most_x)) : image->width;
    *h = most_y < 0.98 * image->height ? (int)fmax(1, lrint(most_y)) : image->height;
    return *w != image->width || *h != image->height;
}

/* What shrinks a lot does so in its own form first: light takes eight bytes a pixel. */
static dio_image *light_of_size(dio_image *image, int w, int h, dio_error *err)
{
    bool first = (double)w * h < 0.25 * image->width * image->height;
    dio_image *one = first ? dio_image_resize(image, w, h, NULL, err) : dio_light_of(image, err);
    dio_image *two = !one    ? NULL
                     : first ? dio_light_of(one, err)
                             : dio_image_resize(one, w, h, NULL, err);
    dio_image_unref(one);
    return two;
}

static bool open_image(const dio_shot_plan *plan, const dio_screen *screen, void **state,
                       dio_error *err)
{
    dio_image *image = dio_image_read(plan->source, err);
    int w, h;
    if (!image)
        return false;
    *state = wanted_size(plan, screen, image, &w, &h) ? light_of_size(image, w, h, err)
                                                      : dio_light_of(image, err);
    dio_image_unref(image);
    return *state != NULL;
}

/* ---- a film ---- */

struct film {
    dio_frames *frames;
    double trim;
    dio_image *image, *light; /* the last picture asked for, and its light */
};

static void close_film(void *state)
{
    struct film *f = state;
    dio_image_unref(f->image);
    dio_image_unref(f->light);
    dio_frames_close(f->frames);
    free(f);
}

static bool open_film(const dio_shot_plan *plan, const dio_screen *screen, void **state,
                      dio_error *err)
{
    struct film *f = *state = calloc(1, sizeof *f);
    (void)screen;
    if (!f)
        return dio_fail_memory(err, "a clip");
    f->trim = plan->trim;
    if (!(f->frames = dio_frames_open(plan->source, err)))
        return false;
    double seconds = dio_frames_facts_of(f->frames)->seconds;
    return plan->trim < seconds ||
           dio_fail(err, "%s: lasts %g seconds; trim leaves nothing of it", plan->source, seconds);
}

/* After the film's end its last picture stays. */
static bool film_at(void *state, double seconds, dio_image **light, dio_error *err)
{
    struct film *f = state;
    dio_image *image = NULL;
    if (!dio_frames_at(f->frames, f->trim + seconds, &image, err))
        return false;
    if (image == f->image) {
        dio_image_unref(image);
    } else {
        dio_image_unref(f->image);
        dio_image_unref(f->light);
        f->image = image;
        f->light = dio_light_of(image, err);
    }
    *light = f->light;
    return f->light != NULL;
}

/* ---- colours ---- */

static void put(dio_image *light, int x, int y, dio_rgb colour)
{
    dio_glow g = dio_glow_of(colour, 1);
    uint16_t *p = (uint16_t *)dio_image_row(light, y) + 4 * (size_t)x;
    const float v[4] = {g.r, g.g, g.b, 1};
    for (int k = 0; k < 4; k++)
        p[k] = (uint16_t)lrintf(65535 * fminf(fmaxf(v[k], 0), 1));
}

static bool open_colour(const dio_shot_plan *plan, const dio_screen *screen, void **state,
                        dio_error *err)
{
    (void)screen;
    dio_image *light = dio_image_create(1, 1, &dio_light_form, err);
    if (!light)
        return false;
    put(light, 0, 0, plan->colour[0]);
    *state = light;
    return true;
}

/* Along its angle from corner to corner, as CSS draws it; or outwards from the middle to them. */
static bool open_gradient(const dio_shot_plan *plan, const dio_screen *screen, void **state,
                          dio_error *err)
{
    int w = screen->width, h = screen->height;
    dio_image *light = dio_image_create(w, h, &dio_light_form, err);
    if (!light)
        return false;
    double a = plan->angle * M_PI / 180, ex = cos(a), ey = sin(a);
    double half = plan->radial ? hypot(w, h) / 2 : (fabs(ex) * w + fabs(ey) * h) / 2;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double dx = x + 0.5 - w / 2.0, dy = y + 0.5 - h / 2.0;
            double t = plan->radial ? hypot(dx, dy) / half : 0.5 + (dx * ex + dy * ey) / (2 * half);
            put(light, x, y, dio_colour_mix(plan->colour[0], plan->colour[1], (float)t));
        }
    *state = light;
    return true;
}

const dio_shot_kind dio_shot_kinds[] = {
    {"image", "a picture from a file", open_image, same, unref},
    {"video", "a film, from `trim` seconds on", open_film, film_at, close_film},
    {"colour", "one colour, #rrggbb", open_colour, same, unref},
    {"gradient", "from one colour to another: {from, to, angle, radial}", open_gradient, same,
     unref},
    {0},
};
