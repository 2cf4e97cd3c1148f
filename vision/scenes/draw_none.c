/* draw_none.c: a build without fonts: scenes can be planned, not drawn. */
#include <stddef.h>

#include "vision/scenes/scene.h"

dio_atlas *dio_atlas_open(dio_error *err)
{
    dio_fail(err, "scenes are drawn with an emoji font, which this build cannot read: install "
                  "libfreetype-dev and libfontconfig-dev and build again");
    return NULL;
}

void dio_atlas_close(dio_atlas *a)
{
    (void)a;
}

void dio_atlas_draw(const dio_atlas *a, const dio_scene *s, const dio_window *w, uint8_t *rgba)
{
    (void)a, (void)s, (void)w, (void)rgba;
}
