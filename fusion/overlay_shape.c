/* overlay_shape.c: shapes, which other kinds stand on, and masks, which are shapes or pictures. */
#include <math.h>
#include <string.h>

#include "fusion/overlay_kinds.h"
#include "vision/image_io.h"
#include "vision/resize.h"

const char *const dio_outlines[] = {"rect", "rounded", "pill", "ellipse", "burst", NULL};

/* Sixteen points, as stickers on prices have. */
static void burst(cairo_t *cr, double w, double h)
{
    enum { POINTS = 16 };
    for (int i = 0; i < 2 * POINTS; i++) {
        double a = i * M_PI / POINTS, r = i % 2 ? 0.44 : 0.5;
        cairo_line_to(cr, w / 2 + r * w * cos(a), h / 2 + r * h * sin(a));
    }
    cairo_close_path(cr);
}

static void rounded(cairo_t *cr, double w, double h, double r)
{
    r = fmin(r, fmin(w, h) / 2);
    cairo_new_sub_path(cr);
    cairo_arc(cr, w - r, r, r, -M_PI / 2, 0);
    cairo_arc(cr, w - r, h - r, r, 0, M_PI / 2);
    cairo_arc(cr, r, h - r, r, M_PI / 2, M_PI);
    cairo_arc(cr, r, r, r, M_PI, 3 * M_PI / 2);
    cairo_close_path(cr);
}

void dio_outline_path(cairo_t *cr, enum dio_outline outline, double w, double h, double corner)
{
    if (outline == DIO_RECT || (outline == DIO_ROUNDED && corner <= 0)) {
        cairo_rectangle(cr, 0, 0, w, h);
    } else if (outline == DIO_ELLIPSE) {
        cairo_save(cr);
        cairo_scale(cr, w / 2, h / 2);
        cairo_arc(cr, 1, 1, 1, 0, 2 * M_PI);
        cairo_restore(cr);
    } else if (outline == DIO_BURST) {
        burst(cr, w, h);
    } else {
        rounded(cr, w, h, outline == DIO_PILL ? h / 2 : corner);
    }
}

/* Coverage of an outline on a surface of its box; destroy it with its cairo_t. NULL: no memory. */
static cairo_t *cover(enum dio_outline outline, double w, double h, double corner, double stroke,
                      double density, dio_error *err)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_A8, (int)ceil(w * density), (int)ceil(h * density));
    cairo_t *cr = cairo_create(surface);
    cairo_surface_destroy(surface);
    cairo_scale(cr, density, density);
    if (stroke > 0) {
        cairo_translate(cr, stroke / 2, stroke / 2);
        dio_outline_path(cr, outline, w - stroke, h - stroke, fmax(corner - stroke / 2, 0));
        cairo_set_line_width(cr, stroke);
        cairo_stroke(cr);
    } else {
        dio_outline_path(cr, outline, w, h, corner);
        cairo_fill(cr);
    }
    cairo_surface_flush(cairo_get_target(cr));
    if (cairo_status(cr) == CAIRO_STATUS_SUCCESS)
        return cr;
    cairo_destroy(cr);
    dio_fail_memory(err, "a shape");
    return NULL;
}

static dio_image *shape(enum dio_outline outline, dio_rgb colour, double opacity, double w,
                        double h, double corner, double stroke, double density, dio_error *err)
{
    cairo_t *cr = cover(outline, w, h, corner, stroke, density, err);
    if (!cr)
        return NULL;
    cairo_surface_t *s = cairo_get_target(cr);
    int pw = cairo_image_surface_get_width(s), ph = cairo_image_surface_get_height(s);
    dio_image *light = dio_image_create(pw, ph, &dio_light_form, err);
    if (light)
        dio_light_add_mask(light, cairo_image_surface_get_data(s),
                           cairo_image_surface_get_stride(s), 0, 0, pw, ph,
                           dio_glow_of(colour, (float)opacity));
    cairo_destroy(cr);
    return light;
}

bool dio_outline_add(enum dio_outline outline, dio_rgb colour, double opacity, double w, double h,
                     double corner, double density, dio_drawing *out, dio_error *err)
{
    dio_image *light = shape(outline, colour, opacity, w, h, corner, 0, density, err);
    return dio_drawing_add(out, light, 0, 0, density, 0, err);
}

/* ---- the kind ---- */

struct shape {
    struct dio_overlay_common c;
    int shape;
    const char *colour;
    double width, height, corner, stroke;
    dio_rgb fill;
};
static const dio_field fields[] = {
    DIO_OVERLAY_FIELDS("center", "fade"),
    DIO_FIELD_WORDS(struct shape, shape, "rect", dio_outlines,
                    "rect, rounded, pill, ellipse, burst"),
    DIO_FIELD(struct shape, colour, "white", 1, 40, "#rrggbb"),
    DIO_FIELD(struct shape, width, "0", 0, 1000, "0: the frame's"),
    DIO_FIELD(struct shape, height, "0", 0, 1000, "0: the frame's"),
    DIO_FIELD(struct shape, corner, "2", 0, 1000, "radius of rounded corners"),
    DIO_FIELD(struct shape, stroke, "0", 0, 100, "width of its line; 0: filled"),
    {0},
};

static bool check(dio_intake *r, const dio_value *v, void *params)
{
    struct shape *s = params;
    return dio_intake_colour(r, v, "colour", s->colour, &s->fill);
}

static bool build(const void *params, const dio_screen *screen, double density, dio_drawing *out,
                  dio_error *err)
{
    const struct shape *s = params;
    out->w = s->width > 0 ? s->width * screen->unit : screen->width;
    out->h = s->height > 0 ? s->height * screen->unit : screen->height;
    dio_image *light = shape((enum dio_outline)s->shape, s->fill, 1, out->w, out->h,
                             s->corner * screen->unit, s->stroke * screen->unit, density, err);
    return dio_drawing_add(out, light, 0, 0, density, 0, err);
}

const dio_overlay_kind dio_overlay_shape = {
    .name = "shape",
    .doc = "a filled or drawn outline",
    .fields = fields,
    .size = sizeof(struct shape),
    .check = check,
    .build = build,
};

/* ---- masks ---- */

static const char *const mask_shapes[] = {"rect", "rounded", "pill", "ellipse", "burst", NULL};
static const char *const channels[] = {"luma", "alpha", NULL};
static const dio_field mask_fields[] = {
    DIO_FIELD(dio_mask, image, "", 0, 4000, "a picture, stretched over the layer's box"),
    DIO_FIELD_WORDS(dio_mask, shape, "ellipse", mask_shapes, "or a shape in it"),
    DIO_FIELD_WORDS(dio_mask, channel, "luma", channels, "what of the picture counts"),
    DIO_FIELD(dio_mask, invert, "false", 0, 0, "the layer is seen outside of it"),
    DIO_FIELD(dio_mask, corner, "4", 0, 1000, "radius of rounded corners"),
    {0},
};

bool dio_mask_read(dio_intake *r, const dio_value *v, dio_mask *out)
{
    *out = (dio_mask){0};
    if (!v || v->kind == DIO_NULL || (r->early && dio_waits(v)))
        return true;
    out->any = dio_intake_map(r, mask_fields, out, v, "a mask");
    return out->any;
}

/* Coverage 0..65535 over the layer's box, a light picture whose alpha counts. */
static dio_image *mask_light(const dio_mask *m, const dio_screen *s, double density,
                             const dio_drawing *d, dio_error *err)
{
    const dio_rgb white = {1, 1, 1};
    if (!*m->image)
        return shape((enum dio_outline)m->shape, white, 1, d->w, d->h, m->corner * s->unit, 0,
                     density, err);
    dio_image *image = dio_image_read(m->image, err);
    dio_image *light = image ? dio_light_of(image, err) : NULL;
    int w = (int)ceil(d->w * density), h = (int)ceil(d->h * density);
    dio_image *sized = light ? dio_image_resize(light, w, h, NULL, err) : NULL;
    dio_image_unref(image);
    dio_image_unref(light);
    for (int y = 0; sized && !m->channel && y < h; y++) {
        uint16_t *p = dio_image_row(sized, y);
        for (int x = 0; x < w; x++, p += 4)
            p[3] = (uint16_t)lrint(0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2]);
    }
    return sized;
}

static void dim(dio_piece *p, const dio_image *mask, bool invert, double density)
{
    int ox = (int)lrint(p->x * density), oy = (int)lrint(p->y * density);
    for (int y = 0; y < p->light->height; y++) {
        uint16_t *to = dio_image_row(p->light, y);
        for (int x = 0; x < p->light->width; x++, to += 4) {
            int mx = x + ox, my = y + oy;
            bool in = mx >= 0 && my >= 0 && mx < mask->width && my < mask->height;
            uint32_t a = in ? ((const uint16_t *)dio_image_row(mask, my))[4 * (size_t)mx + 3] : 0;
            a = invert ? 65535 - a : a;
            for (int k = 0; k < 4; k++)
                to[k] = (uint16_t)((to[k] * a + 32767u) / 65535u);
        }
    }
}

bool dio_mask_apply(const dio_mask *m, const dio_screen *screen, double density, dio_drawing *d,
                    dio_error *err)
{
    dio_image *mask = mask_light(m, screen, density, d, err);
    bool ok = mask != NULL;
    for (int i = 0; ok && i < d->count; i++) {
        ok = dio_image_writable(&d->piece[i].light, err);
        if (ok)
            dim(&d->piece[i], mask, m->invert, density);
    }
    dio_image_unref(mask);
    return ok;
}
