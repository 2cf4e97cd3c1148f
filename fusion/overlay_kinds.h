#pragma once
/* overlay_kinds.h: private to fusion/overlay*.c: the kinds, and what they share. */
#include "fusion/overlay.h"

extern const dio_overlay_kind dio_overlay_text, dio_overlay_image, dio_overlay_shape,
    dio_overlay_logo, dio_overlay_button, dio_overlay_lower_third, dio_overlay_badge;

/* A shape's outline in a box at (0, 0). */
enum dio_outline { DIO_RECT, DIO_ROUNDED, DIO_PILL, DIO_ELLIPSE, DIO_BURST };
extern const char *const dio_outlines[];
void dio_outline_path(cairo_t *cr, enum dio_outline outline, double w, double h, double corner);

/* A filled outline over the drawing's box so far, as its next piece. */
bool dio_outline_add(enum dio_outline outline, dio_rgb colour, double opacity, double w, double h,
                     double corner, double density, dio_drawing *out, dio_error *err);

bool dio_mask_read(dio_intake *r, const dio_value *v, dio_mask *out);
bool dio_mask_apply(const dio_mask *m, const dio_screen *screen, double density, dio_drawing *d,
                    dio_error *err);
