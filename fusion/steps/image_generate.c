/* image_generate.c: a picture from words. */
#include "fusion/imaging.h"

struct params {
    struct dio_imaging im;
};

static const dio_field fields[] = {
    DIO_IMAGING_FIELDS,
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    (void)studio;
    dio_imaging_check(&((const struct params *)params)->im, false, with, report);
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    return dio_imaging_run(t, &((const struct params *)params)->im, NULL, err);
}

const dio_step dio_step_image_generate = {
    .name = "image.generate",
    .version = 1,
    .doc = "A picture from words, by diffusion or a generator, as PNG.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"image", DIO_MEDIA_IMAGE, "the picture"}, {0}},
    .weight = 8,
    .check = check,
    .run = run,
};
