/* overlay_image.c: a picture over the film, and a logo, which is one with a place of its own. */
#include <math.h>

#include "fusion/overlay_kinds.h"
#include "vision/image_io.h"
#include "vision/resize.h"

static const char *const fits[] = {"cover", "contain", "stretch", NULL};

struct picture {
    struct dio_overlay_common c;
    const char *file;
    double width, height;
    int fit;
};

#define PICTURE(key_, width_, doc_)                                                                \
    DIO_FIELD_KEY(struct picture, file, key_, NULL, 1, 4000, doc_),                                \
        DIO_FIELD(struct picture, width, width_, 0, 1000, "0: by its height, or the frame's"),     \
        DIO_FIELD(struct picture, height, "0", 0, 1000, "0: by its width"),                        \
        DIO_FIELD_WORDS(struct picture, fit, "contain", fits,                                      \
                        "into width and height, as CSS's object-fit"),                             \
    {                                                                                              \
        0                                                                                          \
    }

static const dio_field image_fields[] = {DIO_OVERLAY_FIELDS("center", "fade"),
                                         PICTURE("image", "0", "a picture's file")};
static const dio_field logo_fields[] = {DIO_OVERLAY_FIELDS("safe-top-left", "fade"),
                                        PICTURE("logo", "18",
                                                "a picture's file, usually clear "
                                                "around the mark")};

/* The box, and the picture's size in it, which may be larger when it covers. */
static void sizes(const struct picture *p, const dio_screen *s, const dio_image *image,
                  double box[2], double size[2])
{
    double ratio = (double)image->width / image->height;
    box[0] = p->width * s->unit;
    box[1] = p->height * s->unit;
    if (box[0] <= 0 && box[1] <= 0)
        box[0] = s->width;
    if (box[0] <= 0)
        box[0] = box[1] * ratio;
    if (box[1] <= 0)
        box[1] = box[0] / ratio;
    size[0] = box[0];
    size[1] = box[1];
    if (p->fit == 2)
        return;
    bool by_width = (box[0] / box[1] > ratio) == (p->fit == 0);
    if (by_width)
        size[1] = box[0] / ratio;
    else
        size[0] = box[1] * ratio;
}

static dio_image *fitted(const dio_image *light, const double box[2], const double size[2],
                         double density, dio_error *err)
{
    int w = (int)fmax(1, lrint(size[0] * density)), h = (int)fmax(1, lrint(size[1] * density));
    if (!dio_image_size_check(w, h, err))
        return NULL;
    dio_image *all = dio_image_resize((dio_image *)(uintptr_t)light, w, h, NULL, err);
    int cw = (int)fmin(w, ceil(box[0] * density)), ch = (int)fmin(h, ceil(box[1] * density));
    dio_image *part = all ? dio_image_crop(all, (w - cw) / 2, (h - ch) / 2, cw, ch, err) : NULL;
    dio_image_unref(all);
    return part;
}

static bool build(const void *params, const dio_screen *screen, double density, dio_drawing *out,
                  dio_error *err)
{
    const struct picture *p = params;
    dio_image *image = dio_image_read(p->file, err);
    dio_image *light = image ? dio_light_of(image, err) : NULL;
    double box[2], size[2];
    if (light)
        sizes(p, screen, light, box, size);
    dio_image *part = light ? fitted(light, box, size, density, err) : NULL;
    dio_image_unref(image);
    dio_image_unref(light);
    if (!part)
        return false;
    out->w = box[0];
    out->h = box[1];
    return dio_drawing_add(out, part, (box[0] - part->width / density) / 2,
                           (box[1] - part->height / density) / 2, density, 0, err);
}

static const char **file(void *params)
{
    return &((struct picture *)params)->file;
}

const dio_overlay_kind dio_overlay_image = {
    .name = "image",
    .doc = "a picture",
    .fields = image_fields,
    .size = sizeof(struct picture),
    .build = build,
    .file = file,
};

const dio_overlay_kind dio_overlay_logo = {
    .name = "logo",
    .doc = "a mark in the corner",
    .fields = logo_fields,
    .size = sizeof(struct picture),
    .build = build,
    .file = file,
};
