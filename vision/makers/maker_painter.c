/* maker_painter.c: the house painter as a maker of pictures. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "vision/maker.h"
#include "vision/painter.h"

struct maker {
    dio_painter *painter;
    dio_device *device;
};

/* A painting on its way: whom to tell how far it is. */
struct watch {
    const dio_diffuser_request *r;
    int made; /* pictures before this one */
    dio_error *err;
};

static bool opens(const char *path)
{
    static const char *const parts[] = {"flow", "autoencoder"};
    char file[4096];
    for (int i = 0; i < 2; i++) {
        int n = snprintf(file, sizeof file, "%s/%s/config.json", path, parts[i]);
        if (n < 0 || n >= (int)sizeof file || !dio_file_exists(file))
            return false;
    }
    return true;
}

static void close_model(void *self)
{
    struct maker *m = self;
    if (m)
        dio_painter_close(m->painter);
    free(m);
}

static void *open_model(const char *path, const dio_diffuser_options *options, dio_device *device,
                        dio_error *err)
{
    struct maker *m = calloc(1, sizeof *m);
    if (!m) {
        dio_fail_memory(err, "the painter");
        return NULL;
    }
    m->device = device;
    m->painter = dio_painter_open(path, options ? options->keep : DIO_DTYPES, err);
    if (m->painter)
        return m;
    close_model(m);
    return NULL;
}

static bool progress(void *user, int i, int n)
{
    struct watch *w = user;
    const dio_diffuser_request *r = w->r;
    return !r->progress || r->progress(r->user, w->made * n + i, r->count * n, w->err);
}

static bool paint(const struct maker *m, const dio_maker_request *r, int index, dio_image **out,
                  dio_error *err)
{
    struct watch w = {&r->r, index, err};
    dio_painter_request q = {
        .prompt = r->r.prompt,
        .width = r->r.width,
        .height = r->r.height,
        .steps = r->r.steps,
        .seed = r->r.seeds ? r->r.seeds[index] : r->r.seed + (uint64_t)index,
        .palette = r->palette,
        .colours = r->n_palette,
        .alpha = r->alpha,
        .tile_x = r->r.tile_x,
        .tile_y = r->r.tile_y,
        .progress = progress,
        .user = &w,
        .cancel = r->r.cancel,
    };
    if (dio_painter_paint(m->painter, m->device, &q, out, err))
        return true;
    return err->kind != DIO_ERROR_NONE ? false : dio_fail_retry(err, "stopped on request");
}

static bool make(void *self, const dio_maker_request *r, dio_image **pictures, dio_error *err)
{
    bool ok = r->n_palette <= DIO_PAINTER_COLOURS ||
              dio_fail(err, "palette: %d colours; the painter is steered by %d at most",
                       r->n_palette, DIO_PAINTER_COLOURS);
    int made = 0;
    while (ok && made < r->r.count && (ok = paint(self, r, made, &pictures[made], err)))
        made++;
    for (int i = 0; !ok && i < made; i++) {
        dio_image_unref(pictures[i]);
        pictures[i] = NULL;
    }
    return ok;
}

static const char *const takes[] = {"prompt", "size",  "steps",   "tile",
                                    "dtype",  "alpha", "palette", NULL};

const dio_maker dio_maker_painter = {
    .name = "painter",
    .doc = "the house painter: stylised pictures from words and colours, in about a second",
    .looks = "the house painter's folder (flow and autoencoder)",
    .takes = takes,
    .opens = opens,
    .open = open_model,
    .make = make,
    .close = close_model,
};
