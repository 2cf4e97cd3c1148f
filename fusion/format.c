/* format.c: the list of formats, and what is asked of any of them. */
#include "fusion/format.h"

#include <math.h>
#include <string.h>

#define DIO_FILM(name)    extern const dio_format dio_format_##name;
#define DIO_SOUND(name)   DIO_FILM(name)
#define DIO_PICTURE(name) DIO_FILM(name)
#include "fusion/formats/formats.def"
#undef DIO_FILM

#define DIO_FILM(name) &dio_format_##name,
const dio_format *const dio_formats[] = {
#include "fusion/formats/formats.def"
    NULL};
#undef DIO_FILM

#define DIO_FILM(name) #name,
const char *const dio_format_names[] = {
#include "fusion/formats/formats.def"
    NULL};
#undef DIO_SOUND
#undef DIO_PICTURE

#define DIO_SOUND(name)
#define DIO_PICTURE(name)
const char *const dio_format_films[] = {
#include "fusion/formats/formats.def"
    NULL};
#undef DIO_FILM
#undef DIO_PICTURE

#define DIO_FILM(name)
#define DIO_PICTURE(name) #name,
const char *const dio_format_pictures[] = {
#include "fusion/formats/formats.def"
    NULL};

const dio_format *dio_format_find(const char *name)
{
    for (int i = 0; dio_formats[i]; i++)
        if (strcmp(dio_formats[i]->name, name) == 0)
            return dio_formats[i];
    return NULL;
}

bool dio_format_alpha(const dio_format *f)
{
    return f->video ? f->video->pixels_alpha != NULL : f->alpha;
}

bool dio_format_canvas(const dio_format *f, bool alpha)
{
    const char *pixels = !f->video ? "" : alpha ? f->video->pixels_alpha : f->video->pixels;
    return pixels && strcmp(pixels, "yuv420p") == 0;
}

bool dio_format_quality(const dio_format *f, double asked, double *out, dio_error *err)
{
    const dio_knob *k = &f->quality;
    *out = asked < 0 || isnan(asked) ? k->usual : asked;
    if (asked < 0 || isnan(asked))
        return true;
    if (!k->option)
        return dio_fail(err, "quality: %s has none", f->name);
    if (asked < fmin(k->best, k->worst) || asked > fmax(k->best, k->worst))
        return dio_fail(err, "quality: %g; of %s it goes from %g (best) to %g", asked, f->name,
                        k->best, k->worst);
    return true;
}
