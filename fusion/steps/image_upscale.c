/* image_upscale.c: a picture made larger by a network. */
#include "base/assets.h"
#include "fusion/step.h"
#include "vision/image_io.h"
#include "vision/upscaler.h"

enum edges { NONE, X, Y, XY };
static const char *const edges[] = {"none", "x", "y", "xy", NULL};

struct params {
    const char *image, *model;
    int wrap, tile, memory;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, image, NULL, 1, 4000, "the picture"),
    DIO_FIELD(struct params, model, NULL, 1, 1000,
              "RRDBNet or SRVGGNetCompact: .pth or .safetensors, or a folder"),
    DIO_FIELD_WORDS(struct params, wrap, "none", edges,
                    "edges at which the picture goes on at its other side"),
    DIO_FIELD(struct params, tile, "0", 0, 65536,
              "pixels a side of what is computed at once; 0: as memory allows; changes no pixel"),
    DIO_FIELD(struct params, memory, "0", 0, 1 << 24, "megabytes to take at most; 0: as is usual"),
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    dio_error e = {0};
    (void)studio;
    if (p->model && !dio_assets_model(report->arena, p->model, &e))
        dio_report_error(report, dio_map_get(with, "model") ? dio_map_get(with, "model") : with,
                         "model", &e);
}

struct watch {
    dio_task *task;
    dio_error said; /* why it was to stop */
};

static bool progress(void *user, double done)
{
    struct watch *w = user;
    return dio_task_progress(w->task, done, &w->said);
}

static bool enlarge(dio_task *t, const struct params *p, const dio_upscaler *u, dio_image *in,
                    const char *path, dio_error *err)
{
    struct watch w = {.task = t};
    dio_image *out = NULL;
    dio_upscaler_options o = {.tile = p->tile,
                              .tile_x = p->wrap & X,
                              .tile_y = p->wrap & Y,
                              .memory_limit = (size_t)p->memory * 1000000,
                              .progress = progress,
                              .user = &w};
    dio_device *device = dio_studio_device(t->studio, err);
    bool ok = device && dio_upscaler_run(u, device, in, &o, &out, err);
    if (!ok && w.said.kind != DIO_ERROR_NONE)
        *err = w.said;
    ok = ok && dio_image_write(out, path, NULL, err);
    dio_image_unref(out);
    return ok;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    const dio_value *facts = dio_studio_model_facts(t->studio, p->model, t->arena, err);
    if (!facts)
        return false;
    dio_task_note(t, "model", facts);
    const char *from = dio_task_file(t, p->image, err);
    dio_image *in = from ? dio_image_read(from, err) : NULL;
    const dio_upscaler *u = in ? dio_studio_upscaler(t->studio, p->model, err) : NULL;
    const char *path = dio_task_path(t, "image", ".png");
    bool ok = u && enlarge(t, p, u, in, path, err);
    if (ok)
        dio_task_give_file(t, "image", path);
    dio_image_unref(in);
    return ok;
}

const dio_step dio_step_image_upscale = {
    .name = "image.upscale",
    .version = 1,
    .doc = "A picture made larger by a network, two or four times as wide, as PNG.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"image", DIO_MEDIA_IMAGE, "the larger picture"}, {0}},
    .weight = 3,
    .check = check,
    .run = run,
};
