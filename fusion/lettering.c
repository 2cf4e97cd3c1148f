/* lettering.c: cells of a layout, and the layers of ink within each.
 *
 * A cell is what moves on its own: a word is what stands between two places where a line could
 * break, so that Chinese and Thai have words, too. Cells split a line halfway between neighbours;
 * every bit of ink lies in exactly one. */
#include "fusion/lettering.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In the layout's own pixels. */
struct cell {
    double x0, x1, y0, y1; /* what is cut out */
    double in0, in1;       /* where its ink is, along the line */
    int line;
};

struct cells {
    struct cell list[DIO_PIECES];
    int count;
};

enum { FAR = 1 << 20 };

/* ---- cells ---- */

/* From where on bytes [from, to) of a line stand, whatever their direction. */
static void span_of(PangoLayoutLine *line, int from, int to, struct cell *c)
{
    int *ranges, n;
    pango_layout_line_get_x_ranges(line, from, to, &ranges, &n);
    c->in0 = FAR;
    c->in1 = -FAR;
    for (int i = 0; i < 2 * n; i++) {
        c->in0 = fmin(c->in0, (double)ranges[i] / PANGO_SCALE);
        c->in1 = fmax(c->in1, (double)ranges[i] / PANGO_SCALE);
    }
    g_free(ranges);
}

static bool add_cell(struct cells *out, const struct cell *c, dio_error *err)
{
    if (out->count == DIO_PIECES)
        return dio_fail(err,
                        "a text of more than %d words cannot come word by word; let it come "
                        "by line",
                        DIO_PIECES);
    out->list[out->count++] = *c;
    return true;
}

/* One line's words, from the layout's own places to break. */
static bool words_of(PangoLayout *layout, PangoLayoutLine *line, struct cell base,
                     struct cells *out, dio_error *err)
{
    int n, end = line->start_index + line->length;
    const PangoLogAttr *attr = pango_layout_get_log_attrs_readonly(layout, &n);
    const char *text = pango_layout_get_text(layout);
    int from = line->start_index, last = from; /* end of the ink of the word that began at from */
    for (int at = from; at <= end;) {
        long k = g_utf8_pointer_to_offset(text, text + at);
        bool stop = at == end || (at > line->start_index && attr[k].is_line_break);
        if (stop && last > from) {
            span_of(line, from, last, &base);
            if (!add_cell(out, &base, err))
                return false;
        }
        if (at == end)
            break;
        from = stop ? at : from;
        int next = (int)(g_utf8_next_char(text + at) - text);
        last = attr[k].is_white ? (last > from ? last : from) : next;
        at = next;
    }
    return true;
}

/* Neighbours on a line share the gap between them. */
static void part(struct cells *c)
{
    for (int i = 0; i < c->count; i++) {
        struct cell *me = &c->list[i];
        me->x0 = -FAR;
        me->x1 = FAR;
        for (int k = 0; k < c->count; k++) {
            const struct cell *it = &c->list[k];
            if (k == i || it->line != me->line)
                continue;
            if (it->in0 + it->in1 < me->in0 + me->in1)
                me->x0 = fmax(me->x0, (it->in1 + me->in0) / 2);
            else
                me->x1 = fmin(me->x1, (it->in0 + me->in1) / 2);
        }
    }
}

static bool cells_of(PangoLayout *layout, int by, struct cells *out, dio_error *err)
{
    const struct cell all = {-FAR, FAR, -FAR, FAR, -FAR, FAR, 0};
    out->count = 0;
    if (by == DIO_BY_LAYER)
        return add_cell(out, &all, err);
    PangoLayoutIter *it = pango_layout_get_iter(layout);
    double above = -FAR, bottom = -FAR;
    bool ok = true;
    for (int line = 0; ok; line++) {
        PangoRectangle ink, logical;
        struct cell c = all;
        int first = out->count;
        pango_layout_iter_get_line_extents(it, &ink, &logical);
        double top = (double)(ink.height ? ink.y : logical.y) / PANGO_SCALE;
        c.y0 = line ? (bottom + top) / 2 : above;
        c.line = line;
        for (int i = 0; i < first; i++)
            if (out->list[i].line == line - 1)
                out->list[i].y1 = c.y0;
        bottom =
            (double)(ink.height ? ink.y + ink.height : logical.y + logical.height) / PANGO_SCALE;
        PangoLayoutLine *l = pango_layout_iter_get_line_readonly(it);
        ok = by == DIO_BY_WORD ? words_of(layout, l, c, out, err)
                               : ink.height == 0 || add_cell(out, &c, err);
        if (!pango_layout_iter_next_line(it))
            break;
    }
    pango_layout_iter_free(it);
    if (by == DIO_BY_WORD)
        part(out);
    return ok;
}

/* ---- ink ---- */

/* A surface over a cell's ink: where it lies, and how layout pixels come onto it. */
struct sheet {
    PangoLayout *layout;
    double scale;   /* surface pixels per layout pixel */
    int x, y, w, h; /* of the surface, in surface pixels from the layout's origin */
    const struct cell *cell;
};

static cairo_t *begin(const struct sheet *s, cairo_format_t format)
{
    cairo_surface_t *surface = cairo_image_surface_create(format, s->w, s->h);
    cairo_t *cr = cairo_create(surface);
    cairo_surface_destroy(surface);
    cairo_translate(cr, -s->x, -s->y);
    cairo_scale(cr, s->scale, s->scale);
    const struct cell *c = s->cell;
    cairo_rectangle(cr, c->x0, c->y0, c->x1 - c->x0, c->y1 - c->y0);
    cairo_clip(cr);
    cairo_move_to(cr, 0, 0);
    return cr;
}

static cairo_t *fill(const struct sheet *s, cairo_format_t format, dio_rgb colour)
{
    cairo_t *cr = begin(s, format);
    cairo_set_source_rgb(cr, (double)colour.r, (double)colour.g, (double)colour.b);
    pango_cairo_show_layout(cr, s->layout);
    return cr;
}

static cairo_t *stroke(const struct sheet *s, double width)
{
    cairo_t *cr = begin(s, CAIRO_FORMAT_A8);
    pango_cairo_layout_path(cr, s->layout);
    cairo_set_line_width(cr, 2 * width);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(cr);
    return cr;
}

/* What a finished drawing holds; NULL with a message. */
static uint8_t *pixels(cairo_t *cr, int *stride, dio_error *err)
{
    cairo_surface_t *surface = cairo_get_target(cr);
    cairo_surface_flush(surface);
    *stride = cairo_image_surface_get_stride(surface);
    if (cairo_status(cr) != CAIRO_STATUS_SUCCESS) {
        dio_fail_memory(err, "a text's picture");
        return NULL;
    }
    return cairo_image_surface_get_data(surface);
}

static void most_of(uint8_t *a, const uint8_t *b, int stride, int h)
{
    for (size_t i = 0; i < (size_t)stride * (size_t)h; i++)
        a[i] = a[i] > b[i] ? a[i] : b[i];
}

/* Shadow and outline below the letters. */
static bool lay_below(const struct sheet *s, const dio_lettering *how, double to_layout,
                      double density, dio_image *light, dio_error *err)
{
    cairo_t *letters = fill(s, CAIRO_FORMAT_A8, how->colour);
    cairo_t *edge = stroke(s, fmax(how->outline, 0.01) * to_layout);
    int stride, same;
    uint8_t *mask = pixels(letters, &stride, err), *rim = pixels(edge, &same, err);
    bool ok = mask && rim;
    if (ok && how->outline > 0)
        most_of(mask, rim, stride, s->h);
    uint8_t *soft = ok && how->shadow > 0 ? malloc((size_t)stride * (size_t)s->h) : NULL;
    if (ok && how->shadow > 0) {
        if (soft)
            memcpy(soft, mask, (size_t)stride * (size_t)s->h);
        ok = soft ? dio_blur_mask(soft, s->w, s->h, stride, how->shadow_blur * density / 2, err)
                  : dio_fail_memory(err, "a shadow");
    }
    if (ok && soft)
        dio_light_add_mask(light, soft, stride, (int)lrint(how->shadow_x * density),
                           (int)lrint(how->shadow_y * density), s->w, s->h,
                           dio_glow_of(how->shadow_colour, (float)how->shadow));
    if (ok && how->outline > 0)
        dio_light_add_mask(light, mask, stride, 0, 0, s->w, s->h,
                           dio_glow_of(how->outline_colour, 1));
    free(soft);
    cairo_destroy(letters);
    cairo_destroy(edge);
    return ok;
}

/* `to_layout`: layout pixels per pixel of the frame. */
static dio_image *draw(const struct sheet *s, const dio_lettering *how, double to_layout,
                       double density, dio_error *err)
{
    cairo_t *cr = fill(s, CAIRO_FORMAT_ARGB32, how->colour);
    int stride;
    const uint8_t *argb = pixels(cr, &stride, err);
    dio_image *letters = argb ? dio_light_of_argb(argb, s->w, s->h, stride, err) : NULL;
    cairo_destroy(cr);
    if (!letters || (how->outline <= 0 && how->shadow <= 0))
        return letters;
    dio_image *light = dio_image_create(s->w, s->h, &dio_light_form, err);
    if (!light || !lay_below(s, how, to_layout, density, light, err)) {
        dio_image_unref(light);
        dio_image_unref(letters);
        return NULL;
    }
    dio_light_over(light, letters);
    dio_image_unref(letters);
    return light;
}

/* The part of the layout's ink that the cell holds, with room around it for what lies outside the
 * letters; false when there is none. */
static bool sheet_of(const struct cell *c, PangoLayout *layout, double scale, double margin,
                     struct sheet *s)
{
    PangoRectangle ink;
    pango_layout_get_extents(layout, &ink, NULL);
    double x0 = (double)ink.x / PANGO_SCALE, x1 = x0 + (double)ink.width / PANGO_SCALE;
    double y0 = (double)ink.y / PANGO_SCALE, y1 = y0 + (double)ink.height / PANGO_SCALE;
    x0 = fmax(x0, c->x0);
    x1 = fmin(x1, c->x1);
    y0 = fmax(y0, c->y0);
    y1 = fmin(y1, c->y1);
    *s = (struct sheet){.layout = layout,
                        .scale = scale,
                        .x = (int)floor(x0 * scale - margin),
                        .y = (int)floor(y0 * scale - margin),
                        .cell = c};
    s->w = (int)ceil(x1 * scale + margin) - s->x;
    s->h = (int)ceil(y1 * scale + margin) - s->y;
    return x1 > x0 && y1 > y0;
}

bool dio_lettering_draw(const dio_lettering *how, const dio_typeset *set, double x, double y,
                        double density, dio_drawing *out, dio_error *err)
{
    struct cells *cells = malloc(sizeof *cells);
    double scale, ox, oy;
    if (!cells)
        return dio_fail_memory(err, "a text");
    PangoLayout *layout = dio_typeset_layout(set, &scale, &ox, &oy);
    double around = fmax(how->outline, 0);
    if (how->shadow > 0)
        around += 2 * how->shadow_blur + fmax(fabs(how->shadow_x), fabs(how->shadow_y));
    bool ok = cells_of(layout, (int)how->by, cells, err);
    for (int i = 0; ok && i < cells->count; i++) {
        struct sheet s;
        if (!sheet_of(&cells->list[i], layout, scale * density, around * density + 2, &s))
            continue;
        ok = dio_drawing_add(out, draw(&s, how, 1 / scale, density, err), x + ox + s.x / density,
                             y + oy + s.y / density, density, i * how->each, err);
    }
    free(cells);
    return ok;
}

/* ---- blur ---- */

/* A running mean over 2 r + 1 values of a line of n, `step` bytes apart. */
static void box(const uint8_t *in, uint8_t *out, int n, int step, int r)
{
    unsigned sum = 0, width = 2 * (unsigned)r + 1;
    for (int i = 0; i <= r && i < n; i++)
        sum += in[(ptrdiff_t)i * step];
    for (int i = 0; i < n; i++) {
        out[(ptrdiff_t)i * step] = (uint8_t)((sum + width / 2) / width);
        if (i + r + 1 < n)
            sum += in[(ptrdiff_t)(i + r + 1) * step];
        if (i - r >= 0)
            sum -= in[(ptrdiff_t)(i - r) * step];
    }
}

bool dio_blur_mask(uint8_t *mask, int w, int h, int stride, double sigma, dio_error *err)
{
    /* Three boxes of width d have the variance of a Gaussian when d^2 = 4 sigma^2 + 1. */
    int r = (int)lrint((sqrt(4 * sigma * sigma + 1) - 1) / 2);
    uint8_t *other = r > 0 ? malloc((size_t)stride * (size_t)h) : NULL;
    if (r <= 0)
        return true;
    if (!other)
        return dio_fail_memory(err, "a shadow");
    for (int pass = 0; pass < 3; pass++) {
        for (int y = 0; y < h; y++)
            box(mask + (size_t)y * (size_t)stride, other + (size_t)y * (size_t)stride, w, 1, r);
        for (int x = 0; x < w; x++)
            box(other + x, mask + x, h, stride, r);
    }
    free(other);
    return true;
}
