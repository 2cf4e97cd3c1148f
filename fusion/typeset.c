/* typeset.c: a Pango layout that was made to fit.
 *
 * Fonts are not hinted, so a text of half the size in half the width breaks at the same places: the
 * layout is made at one size, in a width that is scaled instead, and drawn scaled. Opening a dozen
 * fallback fonts again for every size that is tried would take a hundred times longer.
 * Everything is measured by ink as well as by line height: an accent, a swash or a stack of marks
 * that leaves its line is part of the box, and neighbours keep clear of it. */
#include "fusion/typeset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* A size step of 4 % is below what the eye notices between two texts. */
static const float ladder = 0.96f;

/* Pixels an em that layouts are made at. */
enum { REFERENCE = 100 };

struct dio_typeset {
    PangoLayout *layout;
    float size;
    bool least;
    int line_count;
    double scale; /* from the layout's pixels to ours */
    dio_box all;  /* ink and logical together, ours, (0, 0) where the layout begins */
};

/* Typed line ends and tabs are spaces here: a text breaks where it must, not where it was typed,
 * unless its style says so. Runs of spaces become one; the ends have none. */
static char *tidy(const char *text, bool upper, bool breaks)
{
    dio_str s = {0};
    dio_str_puts(&s, "");
    char gap = 0;
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p <= ' ') {
            if (s.length > 0 && gap != '\n')
                gap = breaks && *p == '\n' ? '\n' : ' ';
            continue;
        }
        if (gap)
            dio_str_putc(&s, gap);
        gap = 0;
        dio_str_putc(&s, *p);
    }
    char *out = s.failed ? NULL : upper ? g_utf8_strup(s.text, -1) : g_strdup(s.text);
    dio_str_deinit(&s);
    return out;
}

/* Letters of joined and stacked scripts must not be pulled apart: only texts in Latin, Greek and
 * Cyrillic letters, which end before Hebrew, are spaced. */
static bool can_be_spaced(const char *text)
{
    uint32_t cp;
    for (int n; *text && (n = dio_utf8_next(text, 4, &cp)) > 0; text += n) {
        if (cp >= 0x590 && cp < 0x1e00)
            return false;
    }
    return true;
}

static void set_style(PangoLayout *layout, dio_fonts *fonts, const dio_style *style)
{
    float tracking = can_be_spaced(pango_layout_get_text(layout)) ? style->tracking : 0;
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, style->display ? dio_fonts_display(fonts)
                                                           : dio_fonts_text(fonts));
    pango_font_description_set_weight(font, (PangoWeight)style->weight);
    pango_font_description_set_absolute_size(font, REFERENCE * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    PangoAttrList *list = pango_attr_list_new();
    pango_attr_list_insert(
        list, pango_attr_letter_spacing_new((int)(tracking * REFERENCE * PANGO_SCALE)));
    pango_layout_set_attributes(layout, list);
    pango_attr_list_unref(list);
}

/* A box in Pango's units in ours, rounded outwards. */
static dio_box scaled(int x0, int y0, int x1, int y1, double scale)
{
    double unit = scale / PANGO_SCALE;
    int left = (int)floor(x0 * unit), top = (int)floor(y0 * unit);
    return (dio_box){left, top, (int)ceil(x1 * unit) - left, (int)ceil(y1 * unit) - top};
}

static dio_box extents(PangoLayout *layout, double scale)
{
    PangoRectangle ink, logical;
    pango_layout_get_extents(layout, &ink, &logical);
    const PangoRectangle *wide = ink.width ? &ink : &logical;
    int y0 = ink.y < logical.y ? ink.y : logical.y;
    int y1 = ink.y + ink.height > logical.y + logical.height ? ink.y + ink.height
                                                             : logical.y + logical.height;
    return scaled(wide->x, y0, wide->x + wide->width, y1, scale);
}

/* Does the ink of one line reach into the next? */
static bool lines_touch(PangoLayout *layout)
{
    PangoLayoutIter *it = pango_layout_get_iter(layout);
    bool touch = false;
    int bottom = INT32_MIN;
    do {
        PangoRectangle ink;
        pango_layout_iter_get_line_extents(it, &ink, NULL);
        if (ink.height > 0) {
            touch = touch || ink.y < bottom;
            bottom = ink.y + ink.height;
        }
    } while (pango_layout_iter_next_line(it));
    pango_layout_iter_free(it);
    return touch;
}

/* Tight lines suit Latin capitals; scripts with tall marks get the room they need. */
static void set_leading(PangoLayout *layout, float leading)
{
    const float tries[] = {leading, 1.0f, 1.2f};
    for (int i = 0; i < 3; i++) {
        if (i > 0 && tries[i] <= leading)
            continue;
        pango_layout_set_line_spacing(layout, tries[i]);
        if (!lines_touch(layout))
            return;
    }
}

static void set_width(PangoLayout *layout, int width, double scale)
{
    pango_layout_set_width(layout, (int)(width / scale * PANGO_SCALE));
}

static bool fits(PangoLayout *layout, int width, double scale, int lines)
{
    return pango_layout_get_line_count(layout) <= lines && extents(layout, scale).w <= width;
}

/* Narrows the layout to the least width that keeps its number of lines. */
static void balance(PangoLayout *layout, int width, double scale)
{
    int lines = pango_layout_get_line_count(layout);
    if (lines < 2)
        return;
    int lo = width / 3, hi = width; /* hi always works */
    while (hi - lo > 4) {
        int mid = (lo + hi) / 2;
        set_width(layout, mid, scale);
        if (fits(layout, mid, scale, lines))
            hi = mid;
        else
            lo = mid;
    }
    set_width(layout, hi, scale);
}

/* Goes down the ladder until the text fits into `lines`: whole words first; at the least size words
 * may be cut. */
static bool shrink(dio_typeset *t, const dio_style *style, float factor, int width, int lines)
{
    float size = fmaxf(style->size * factor, style->least);
    pango_layout_set_wrap(t->layout, PANGO_WRAP_WORD);
    for (;; size = fmaxf(size * ladder, style->least)) {
        t->size = size;
        t->scale = (double)size / REFERENCE;
        t->least = size <= style->least;
        if (t->least)
            pango_layout_set_wrap(t->layout, PANGO_WRAP_WORD_CHAR);
        set_width(t->layout, width, t->scale);
        if (fits(t->layout, width, t->scale, lines))
            return true;
        if (t->least)
            return false;
    }
}

static bool fit(dio_typeset *t, const char *name, const dio_style *style, float factor, int width,
                dio_error *err)
{
    if (!(style->one_line && shrink(t, style, factor, width, 1)) &&
        !shrink(t, style, factor, width, style->lines))
        return dio_fail(err,
                        "%s: too long; at the smallest size (%.0f px) it takes %d lines, and %d "
                        "is the most; shorten it",
                        name, (double)t->size, pango_layout_get_line_count(t->layout),
                        style->lines);
    balance(t->layout, width, t->scale);
    set_leading(t->layout, style->leading);
    return true;
}

static bool build(dio_typeset *t, dio_fonts *fonts, const char *name, const char *text,
                  const dio_style *style, float factor, int width, bool centred, dio_error *err)
{
    t->layout = pango_layout_new(dio_fonts_context(fonts));
    char *clean = tidy(text, style->upper, style->breaks);
    if (!t->layout || !clean) {
        g_free(clean);
        return dio_fail_memory(err, "a text");
    }
    pango_layout_set_text(t->layout, clean, -1);
    g_free(clean);
    pango_layout_set_alignment(t->layout, centred      ? PANGO_ALIGN_CENTER
                                          : style->end ? PANGO_ALIGN_RIGHT
                                                       : PANGO_ALIGN_LEFT);
    set_style(t->layout, fonts, style);
    if (!dio_fonts_cover(fonts, t->layout, name, err) || !fit(t, name, style, factor, width, err))
        return false;
    t->line_count = pango_layout_get_line_count(t->layout);
    t->all = extents(t->layout, t->scale);
    return true;
}

dio_typeset *dio_typeset_create(dio_fonts *fonts, const char *name, const char *text,
                                const dio_style *style, float factor, int width, bool centred,
                                dio_error *err)
{
    dio_typeset *t = calloc(1, sizeof *t);
    if (!t) {
        dio_fail_memory(err, "a text");
        return NULL;
    }
    if (!build(t, fonts, name, text, style, factor, width, centred, err)) {
        dio_typeset_destroy(t);
        return NULL;
    }
    return t;
}

void dio_typeset_destroy(dio_typeset *t)
{
    if (!t)
        return;
    if (t->layout)
        g_object_unref(t->layout);
    free(t);
}

float dio_typeset_size(const dio_typeset *t)
{
    return t->size;
}

bool dio_typeset_least(const dio_typeset *t)
{
    return t->least;
}

bool dio_typeset_rtl(const dio_typeset *t)
{
    PangoLayoutLine *first = pango_layout_get_line_readonly(t->layout, 0);
    return first && first->resolved_dir == PANGO_DIRECTION_RTL;
}

int dio_typeset_width(const dio_typeset *t)
{
    return t->all.w;
}

int dio_typeset_height(const dio_typeset *t)
{
    return t->all.h;
}

int dio_typeset_lines(const dio_typeset *t)
{
    return t->line_count;
}

/* Walks to a line; the caller frees the iterator. */
static PangoLayoutIter *line_at(const dio_typeset *t, int line)
{
    PangoLayoutIter *it = pango_layout_get_iter(t->layout);
    for (int i = 0; i < line; i++)
        pango_layout_iter_next_line(it);
    return it;
}

dio_box dio_typeset_ink(const dio_typeset *t, int line)
{
    PangoLayoutIter *it = line_at(t, line);
    PangoRectangle ink;
    pango_layout_iter_get_line_extents(it, &ink, NULL);
    pango_layout_iter_free(it);
    dio_box box = scaled(ink.x, ink.y, ink.x + ink.width, ink.y + ink.height, t->scale);
    box.x -= t->all.x;
    box.y -= t->all.y;
    return box;
}

PangoLayout *dio_typeset_layout(const dio_typeset *t, double *scale, double *x, double *y)
{
    *scale = t->scale;
    *x = -t->all.x;
    *y = -t->all.y;
    return t->layout;
}

void dio_typeset_draw(const dio_typeset *t, int line, cairo_t *cr, double x, double y,
                      dio_rgb colour, double alpha)
{
    cairo_save(cr);
    cairo_set_source_rgba(cr, (double)colour.r, (double)colour.g, (double)colour.b, alpha);
    cairo_translate(cr, x - t->all.x, y - t->all.y);
    cairo_scale(cr, t->scale, t->scale);
    if (line < 0) {
        cairo_move_to(cr, 0, 0);
        pango_cairo_show_layout(cr, t->layout);
    } else {
        PangoLayoutIter *it = line_at(t, line);
        PangoRectangle logical;
        pango_layout_iter_get_line_extents(it, NULL, &logical);
        cairo_move_to(cr, (double)logical.x / PANGO_SCALE,
                      (double)pango_layout_iter_get_baseline(it) / PANGO_SCALE);
        pango_cairo_show_layout_line(cr, pango_layout_iter_get_line_readonly(it));
        pango_layout_iter_free(it);
    }
    cairo_restore(cr);
}
