/* chart.c: two curves, two axes, nothing else: what the eye needs to see that a run goes well. */
#include "fusion/chart.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"

enum { W = 1200, H = 720, LEFT = 90, RIGHT = 30, TOP = 50, BOTTOM = 70, LOG_LIMIT = 256 << 20 };

struct point {
    double step, loss, validation; /* validation: NaN where none was measured */
};

struct log {
    struct point *items;
    int count, cap;
    double last, lo, hi;
};

static void stretch(struct log *l, double y)
{
    if (!isfinite(y))
        return;
    l->lo = fmin(l->lo, y);
    l->hi = fmax(l->hi, y);
}

static bool read_log(dio_arena *a, const char *csv, struct log *l, dio_error *err)
{
    size_t n;
    char *text = dio_file_read(a, csv, LOG_LIMIT, &n, err);
    l->lo = INFINITY;
    l->hi = -INFINITY;
    for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        struct point p = {.validation = NAN};
        char *at;
        p.step = strtod(line, &at);
        if (at == line || *at != ',')
            continue; /* the heading */
        p.loss = strtod(at + 1, &at);
        if (*at == ',' && at[1] != ',')
            p.validation = strtod(at + 1, NULL);
        if (!dio_arena_grow(a, &l->items, l->count, &l->cap, sizeof *l->items))
            return dio_fail_memory(err, "the loss curve");
        l->items[l->count++] = p;
        l->last = p.step;
        stretch(l, p.loss);
        stretch(l, p.validation);
    }
    return text != NULL;
}

static double x_of(const struct log *l, double step)
{
    return LEFT + (W - LEFT - RIGHT) * step / l->last;
}

static double y_of(const struct log *l, double loss)
{
    double span = l->hi > l->lo ? l->hi - l->lo : 1;
    return TOP + (H - TOP - BOTTOM) * (l->hi - loss) / span;
}

static void label(cairo_t *c, double x, double y, double align, const char *text)
{
    cairo_text_extents_t e;
    cairo_text_extents(c, text, &e);
    cairo_move_to(c, x - align * e.width, y);
    cairo_show_text(c, text);
}

static void draw_axes(cairo_t *c, const struct log *l)
{
    char text[64];
    cairo_set_line_width(c, 1);
    for (int i = 0; i <= 5; i++) {
        double loss = l->lo + (l->hi - l->lo) * i / 5, y = floor(y_of(l, loss)) + 0.5;
        double step = l->last * i / 5;
        cairo_set_source_rgb(c, 0.88, 0.88, 0.90);
        cairo_move_to(c, LEFT, y);
        cairo_line_to(c, W - RIGHT, y);
        cairo_stroke(c);
        cairo_set_source_rgb(c, 0.35, 0.35, 0.4);
        snprintf(text, sizeof text, "%.2f", loss);
        label(c, LEFT - 12, y + 5, 1, text);
        snprintf(text, sizeof text, "%.0f", step);
        label(c, x_of(l, step), H - BOTTOM + 28, 0.5, text);
    }
    label(c, (LEFT + W - RIGHT) / 2.0, H - 18, 0.5, "step");
}

static void draw_curve(cairo_t *c, const struct log *l, bool validation)
{
    bool pen = false;
    for (int i = 0; i < l->count; i++) {
        double y = validation ? l->items[i].validation : l->items[i].loss;
        if (!isfinite(y))
            continue;
        if (pen)
            cairo_line_to(c, x_of(l, l->items[i].step), y_of(l, y));
        else
            cairo_move_to(c, x_of(l, l->items[i].step), y_of(l, y));
        pen = true;
    }
    cairo_stroke(c);
}

static void draw(cairo_t *c, const struct log *l)
{
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_paint(c);
    cairo_select_font_face(c, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, 16);
    draw_axes(c, l);
    cairo_set_line_join(c, CAIRO_LINE_JOIN_ROUND);
    cairo_set_source_rgb(c, 0.55, 0.65, 0.85);
    cairo_set_line_width(c, 1.5);
    draw_curve(c, l, false);
    label(c, W - RIGHT, TOP - 18, 1, "training");
    cairo_set_source_rgb(c, 0.80, 0.25, 0.15);
    cairo_set_line_width(c, 3);
    draw_curve(c, l, true);
    label(c, W - RIGHT - 110, TOP - 18, 1, "validation");
}

struct sink {
    dio_writer *file;
    dio_error *err;
};

static cairo_status_t put(void *user, const unsigned char *bytes, unsigned n)
{
    struct sink *s = user;
    return dio_writer_put(s->file, bytes, n, s->err) ? CAIRO_STATUS_SUCCESS
                                                     : CAIRO_STATUS_WRITE_ERROR;
}

static bool save(cairo_surface_t *surface, const char *png, dio_error *err)
{
    struct sink s = {dio_writer_open(png, err), err};
    if (!s.file)
        return false;
    if (cairo_surface_write_to_png_stream(surface, put, &s) == CAIRO_STATUS_SUCCESS)
        return dio_writer_commit(s.file, err);
    dio_writer_abort(s.file);
    return err->kind == DIO_ERROR_NONE ? dio_fail_retry(err, "%s: could not be written", png)
                                       : false;
}

bool dio_chart_loss(const char *csv, const char *png, dio_error *err)
{
    struct log l = {0};
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "the loss curve");
    bool ok = read_log(a, csv, &l, err);
    if (ok && l.count > 1 && l.last > 0) {
        cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, W, H);
        cairo_t *c = cairo_create(surface);
        draw(c, &l);
        ok = cairo_status(c) == CAIRO_STATUS_SUCCESS ? save(surface, png, err)
                                                     : dio_fail_memory(err, "the loss curve");
        cairo_destroy(c);
        cairo_surface_destroy(surface);
    }
    dio_arena_destroy(a);
    return ok;
}
