#pragma once
/* material.h: anything that can be seen, as a source of frames: a film, a picture that stands
 * still, a folder of pictures. */
#include "fusion/encode.h"

/* What is wanted of it; all zero: as it is. */
typedef struct dio_material_ask {
    double fps;            /* 0: the film's own; 25 for pictures */
    int width, height;     /* 0: its own; one of them alone keeps the shape */
    double start, seconds; /* of a film; seconds 0: to its end, or 5 of a picture */
    bool mute;
    const float *background; /* sRGB 0..1 under what is clear; NULL: alpha stays */
    const dio_format *format;
} dio_material_ask;

typedef struct dio_material dio_material;

/* path: a file, or a folder whose PNG, JPEG and WebP files are frames by the order of their names.
 * A rate that is not whole is taken as n / 1001 where it is one of television's. Sides become even
 * where the format needs it. NULL with a message that names the path. */
dio_material *dio_material_open(const char *path, const dio_material_ask *ask, dio_error *err);
void dio_material_close(dio_material *m); /* NULL is fine */

/* Without progress; `user` and the functions are the material's. */
dio_film_source dio_material_source(dio_material *m);

/* The frame at `start`. A reference. */
dio_image *dio_material_picture(dio_material *m, dio_error *err);
