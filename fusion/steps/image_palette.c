/* image_palette.c: a picture in the colours of a palette, and no others. */
#include "fusion/step.h"
#include "vision/image_io.h"
#include "vision/request.h"

struct params {
    const char *image, *palette, *dither;
    int strength;
    bool keep_alpha;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, image, NULL, 1, 4000, "the picture"),
    DIO_FIELD(struct params, palette, NULL, 1, 4000, "its colours from now on: #ff8800,#204060"),
    DIO_FIELD(struct params, dither, "ordered", 0, 20, "none, ordered or diffusion"),
    DIO_FIELD(struct params, strength, "100", 1, 100, "of the dither, percent"),
    DIO_FIELD(struct params, keep_alpha, "false", 0, 0, "half clear pixels stay half clear"),
    {0},
};

/* *place: the key that is wrong. */
static bool read_words(const struct params *p, dio_arena *a, uint8_t (**rgb)[3], int *count,
                       dio_dither *dither, const char **place, dio_error *err)
{
    *place = "palette";
    if (p->palette && !dio_request_palette(a, "palette", p->palette, rgb, count, err))
        return false;
    *place = "dither";
    return !p->dither || dio_request_dither("dither", p->dither, dither, err);
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    uint8_t(*rgb)[3];
    int count;
    dio_dither dither;
    const char *key;
    dio_error e = {0};
    (void)studio;
    if (!read_words(params, report->arena, &rgb, &count, &dither, &key, &e))
        dio_report_error(report, dio_map_get(with, key), NULL, &e);
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    uint8_t(*rgb)[3];
    int count;
    dio_dither dither;
    const char *key;
    const char *from = dio_task_file(t, p->image, err);
    dio_image *image = from ? dio_image_read(from, err) : NULL, *exact = NULL;
    const char *path = dio_task_path(t, "image", ".png");
    bool ok = image && read_words(p, t->arena, &rgb, &count, &dither, &key, err);
    if (ok) {
        dio_quantise how = {dither, p->strength, p->keep_alpha};
        exact = dio_image_quantise(image, (const uint8_t(*)[3])rgb, count, &how, err);
        ok = exact && dio_image_write(exact, path, NULL, err);
    }
    if (ok)
        dio_task_give_file(t, "image", path);
    dio_image_unref(exact);
    dio_image_unref(image);
    return ok;
}

const dio_step dio_step_image_palette = {
    .name = "image.palette",
    .version = 1,
    .doc = "A picture brought to exact colours with a fixed dither, as PNG.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"image", DIO_MEDIA_IMAGE, "the picture in those colours"}, {0}},
    .weight = 0.3,
    .check = check,
    .run = run,
};
