/* image_edit.c: a picture from a picture: changed as a whole, or within a mask. */
#include "fusion/imaging.h"

struct params {
    struct dio_imaging im;
    const char *init, *mask, *strength;
};

static const dio_field fields[] = {
    DIO_IMAGING_FIELDS,
    DIO_FIELD(struct params, init, NULL, 1, 4000, "the picture to change"),
    DIO_FIELD(struct params, mask, "", 0, 4000,
              "a picture: white is painted anew, black stays as it is, byte for byte"),
    DIO_FIELD(struct params, strength, "", 0, 20,
              "of the change: above 0, and 1 for all of it; empty: as is usual"),
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    dio_error e = {0};
    double strength;
    (void)studio;
    dio_imaging_check(&p->im, true, with, report);
    const dio_value *place = dio_map_get(with, "strength");
    if (p->strength && *p->strength && !dio_request_usual("strength", p->strength, &strength, &e))
        dio_report_error(report, place, NULL, &e);
    else if (p->strength && *p->strength && !(strength > 0 && strength <= 1))
        dio_report_at(report, place, "strength: %g is not above 0 and at most 1", strength);
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    struct dio_imaging_from from = {p->init, p->mask, p->strength};
    return dio_imaging_run(t, &p->im, &from, err);
}

const dio_step dio_step_image_edit = {
    .name = "image.edit",
    .version = 1,
    .doc = "A picture changed by words: as a whole, or within a mask and untouched outside of it.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"image", DIO_MEDIA_IMAGE, "the changed picture"}, {0}},
    .weight = 8,
    .check = check,
    .run = run,
};
