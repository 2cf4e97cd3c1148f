/* sight.c: a result opened for looking at it.
 * Pictures become bytes on white: that is how a reader of the ad sees them, and sums over bytes
 * are exact, so that no order of adding can show. */
#include <string.h>

#include "audio/clip_io.h"
#include "fusion/score.h"
#include "fusion/sound.h"
#include "vision/blend.h"
#include "vision/image_io.h"
#include "vision/resize.h"

/* Difference hash (Krawetz, "Kind of Like That", 2013): 9x8 grey values, and for each of eight
 * neighbours in a row whether it is brighter than the one before. */
static bool make_print(dio_sight *s, dio_error *err)
{
    dio_image *small = dio_image_resize(
        s->grey, 9, 8, &(dio_resize){.filter = DIO_FILTER_AREA, .coded = true}, err);
    s->print = 0;
    for (int y = 0; small && y < 8; y++) {
        const uint8_t *row = dio_sight_row(small, y);
        for (int x = 0; x < 8; x++)
            s->print = s->print << 1 | (row[x + 1] > row[x]);
    }
    dio_image_unref(small);
    return small != NULL;
}

bool dio_sight_picture(dio_sight *s, dio_image *picture, dio_error *err)
{
    static const dio_form rgb = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    static const dio_form grey = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false};
    dio_image *opaque = dio_image_flatten(picture, (const float[3]){1, 1, 1}, err);
    s->media = DIO_MEDIA_IMAGE;
    s->rgb = opaque ? dio_image_convert(opaque, &rgb, err) : NULL;
    s->grey = s->rgb ? dio_image_convert(s->rgb, &grey, err) : NULL;
    dio_image_unref(opaque);
    return s->grey && make_print(s, err);
}

bool dio_sight_open(dio_sight *s, dio_media media, const char *text, dio_error *err)
{
    *s = (dio_sight){.media = media, .text = text};
    if (media == DIO_MEDIA_IMAGE) {
        dio_image *picture = dio_image_read(text, err);
        bool ok = picture && dio_sight_picture(s, picture, err);
        dio_image_unref(picture);
        return ok;
    }
    if (media == DIO_MEDIA_AUDIO)
        return (s->clip = dio_clip_read(text, err)) != NULL;
    return true;
}

void dio_sight_close(dio_sight *s)
{
    dio_image_unref(s->rgb);
    dio_image_unref(s->grey);
    dio_clip_unref(s->clip);
    *s = (dio_sight){0};
}

const uint8_t *dio_sight_row(const dio_image *image, int y)
{
    return dio_image_row(image, y);
}
