/* bench_painter.c: the house painter from a prompt to pixels, at its usual steps. */
#include "base/assets.h"
#include "bench/bench.h"
#include "vision/painter.h"

struct painting {
    dio_painter *painter;
    dio_device *device;
    dio_painter_request request;
};

static bool paint(void *user, dio_error *err)
{
    struct painting *p = user;
    dio_image *image = NULL;
    bool ok = dio_painter_paint(p->painter, p->device, &p->request, &image, err);
    dio_image_unref(image);
    return ok;
}

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    int side = r->tiny ? DIO_PAINTER_LEAST : *(const int *)b->attrs;
    const char *dir = dio_assets_model(r->arena, "house/painter", err);
    struct painting p = {.painter = dir ? dio_painter_open(dir, DIO_DTYPES, err) : NULL,
                         .device = r->device,
                         .request = {.prompt = "a glass bottle on a podium, rim light",
                                     .width = side,
                                     .height = side,
                                     .seed = 7}};
    *reached = 0;
    *value = p.painter ? dio_bench_best(r, r->seconds, paint, &p, err) : -1;
    dio_painter_close(p.painter);
    return *value >= 0;
}

DIO_FIGURE(image_painter, "image.painter.512", "house/painter: a prompt to 512x512 pixels", "s",
           DIO_PEAK_NONE, run, &(const int){512})
