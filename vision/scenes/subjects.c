/* subjects.c: the tables of words: what there is, and what it is called. */
#include <stddef.h>
#include <string.h>

#include "vision/scenes/scene.h"

const char *const dio_material_names[] = {"natural", "matte", "glossy", "metal", "glass",
                                          "clay",    "felt",  "paper",  NULL};
const char *const dio_light_names[] = {"soft", "side", "rim", "golden", "neon", "spot", NULL};
const char *const dio_frame_names[] = {"centre", "left", "right", "low",     "top", "float",
                                       "close",  "wide", "group", "pattern", NULL};
const char *const dio_backdrop_names[] = {
    "plain", "gradient", "sweep",    "podium", "arch",  "window", "bokeh",  "hills",
    "sky",   "stripes",  "sunburst", "dots",   "waves", "table",  "leaves", NULL};
const char *const dio_style_names[] = {"soft", "flat", "paper", "print", "studio", NULL};

enum {
#define DIO_PRODUCT(name, fn, stands, size) PRODUCT_##name,
#define DIO_GLYPH(name, code, stands, size)
#include "vision/scenes/subjects.def"
#undef DIO_PRODUCT
#undef DIO_GLYPH
};

static const dio_subject subjects[] = {
#define DIO_PRODUCT(name, fn, stands, size) {#name, 0, PRODUCT_##name, stands, size},
#define DIO_GLYPH(name, code, stands, size) {#name, code, 0, stands, size},
#include "vision/scenes/subjects.def"
#undef DIO_PRODUCT
#undef DIO_GLYPH
};

int dio_subject_count(void)
{
    return (int)(sizeof subjects / sizeof *subjects);
}

const dio_subject *dio_subject_at(int i)
{
    return &subjects[i];
}

int dio_scene_subject(const char *name)
{
    for (int i = 0; i < dio_subject_count(); i++)
        if (strcmp(subjects[i].name, name) == 0)
            return i;
    return -1;
}
