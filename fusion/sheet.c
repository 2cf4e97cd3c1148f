/* sheet.c: a grid of cells on light grey, drawn with Cairo and the project's own fonts. */
#include "fusion/sheet.h"

#include <math.h>
#include <string.h>

#include "audio/clip_io.h"
#include "base/str.h"
#include "fusion/score.h"
#include "vision/image_io.h"
#include "vision/resize.h"

enum {
    SIDE = 320, /* of what is shown */
    PAD = 14,   /* around it, within the card */
    GAP = 22,   /* between cards, and at the sheet's edges */
    TITLE = 26, /* heights of lines */
    LINE = 17,
    HEAD = 78,
};

struct pen {
    cairo_t *c;
    dio_fonts *fonts;
};

static const dio_rgb PAPER = {0.945f, 0.945f, 0.955f}, CARD = {1, 1, 1},
                     INK = {0.10f, 0.11f, 0.14f}, SOFT = {0.40f, 0.42f, 0.48f},
                     HAIR = {0.84f, 0.85f, 0.88f}, MARK = {0.05f, 0.47f, 0.34f},
                     WAVE = {0.28f, 0.36f, 0.62f};

static void set_colour(cairo_t *c, dio_rgb v)
{
    cairo_set_source_rgb(c, (double)v.r, (double)v.g, (double)v.b);
}

/* ---- words ---- */

/* For fonts that lack something: everything beyond ASCII becomes a question mark. */
static void to_ascii(char *text)
{
    char *to = text;
    for (const char *at = text; *at;) {
        uint32_t cp;
        int n = dio_utf8_next(at, strlen(at), &cp);
        *to++ = (cp >= 32 && cp < 127) || cp == '\n' ? (char)cp : '?';
        at += n ? n : 1;
    }
    *to = '\0';
}

/* Line by line: line ends are the only control characters that are meant. */
static void put_shown(dio_str *out, const char *text)
{
    dio_str line = {0};
    dio_str_puts(out, "");
    for (;;) {
        size_t n = strcspn(text, "\n");
        dio_str_clear(&line);
        dio_str_puts(&line, "");
        dio_str_put(&line, text, n);
        if (!line.failed) {
            dio_str_show(line.text);
            dio_str_puts(out, line.text);
        }
        if (!text[n])
            break;
        dio_str_putc(out, '\n');
        text += n + 1;
    }
    dio_str_deinit(&line);
}

/* A text that fits: cut off with dots at its width, or after its height's last line. */
static PangoLayout *lay(const struct pen *p, const char *text, double size, bool bold, int w, int h)
{
    PangoLayout *layout = pango_layout_new(dio_fonts_context(p->fonts));
    PangoFontDescription *font = pango_font_description_new();
    dio_error ignored = {0};
    pango_font_description_set_family(font, dio_fonts_text(p->fonts));
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(layout, w * PANGO_SCALE);
    pango_layout_set_height(layout, h > 0 ? h * PANGO_SCALE : h);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    dio_str shown = {0};
    put_shown(&shown, text);
    if (!shown.failed) {
        pango_layout_set_text(layout, shown.text, -1);
        if (!dio_fonts_cover(p->fonts, layout, "sheet", &ignored)) {
            to_ascii(shown.text);
            pango_layout_set_text(layout, shown.text, -1);
        }
    }
    dio_str_deinit(&shown);
    return layout;
}

static void write_text(const struct pen *p, const char *text, double size, bool bold,
                       dio_rgb colour, dio_box box)
{
    PangoLayout *layout = lay(p, text, size, bold, box.w, box.h);
    set_colour(p->c, colour);
    cairo_move_to(p->c, box.x, box.y);
    pango_cairo_show_layout(p->c, layout);
    g_object_unref(layout);
}

/* ---- contents ---- */

/* Cairo's words of a picture of bytes. */
static cairo_surface_t *to_surface(const dio_image *rgb)
{
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, rgb->width, rgb->height);
    if (cairo_surface_status(s) != CAIRO_STATUS_SUCCESS)
        return s;
    cairo_surface_flush(s);
    for (int y = 0; y < rgb->height; y++) {
        const uint8_t *p = dio_sight_row(rgb, y);
        uint32_t *to = (uint32_t *)(void *)(cairo_image_surface_get_data(s) +
                                            (size_t)y * (size_t)cairo_image_surface_get_stride(s));
        for (int x = 0; x < rgb->width; x++, p += 3)
            to[x] = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    }
    cairo_surface_mark_dirty(s);
    return s;
}

static bool draw_picture(const struct pen *p, const char *path, int x, int y, dio_error *err)
{
    dio_sight sight;
    bool ok = dio_sight_open(&sight, DIO_MEDIA_IMAGE, path, err);
    double scale = ok ? fmin((double)SIDE / sight.rgb->width, (double)SIDE / sight.rgb->height) : 1;
    int w = ok ? (int)fmax(1, lrint(sight.rgb->width * scale)) : 1;
    int h = ok ? (int)fmax(1, lrint(sight.rgb->height * scale)) : 1;
    const dio_resize how = {.filter = scale < 1 ? DIO_FILTER_AREA : DIO_FILTER_NEAREST};
    dio_image *small = ok ? dio_image_resize(sight.rgb, w, h, &how, err) : NULL;
    if (small) {
        cairo_surface_t *s = to_surface(small);
        cairo_set_source_surface(p->c, s, x + (SIDE - w) / 2, y + (SIDE - h) / 2);
        cairo_paint(p->c);
        cairo_surface_destroy(s);
    }
    dio_image_unref(small);
    dio_sight_close(&sight);
    return small != NULL;
}

/* For each column the least and the most of its samples. */
static bool draw_wave(const struct pen *p, const char *path, int x, int y, dio_error *err)
{
    dio_clip *clip = dio_clip_read(path, err);
    if (!clip)
        return false;
    set_colour(p->c, HAIR);
    cairo_rectangle(p->c, x, y + SIDE / 2, SIDE, 1);
    cairo_fill(p->c);
    set_colour(p->c, WAVE);
    for (int i = 0; i < SIDE && clip->length; i++) {
        float low = 1, high = -1;
        for (int64_t k = clip->length * i / SIDE; k <= clip->length * (i + 1) / SIDE; k++)
            for (int c = 0; c < clip->channels && k < clip->length; c++) {
                low = fminf(low, dio_clip_channel(clip, c)[k]);
                high = fmaxf(high, dio_clip_channel(clip, c)[k]);
            }
        double top = y + SIDE / 2.0 * (1 - 0.9 * (double)fminf(1, high));
        double bottom = y + SIDE / 2.0 * (1 - 0.9 * (double)fmaxf(-1, low));
        cairo_rectangle(p->c, x + i, top, 1, fmax(1, bottom - top));
    }
    cairo_fill(p->c);
    dio_clip_unref(clip);
    return true;
}

static bool draw_content(const struct pen *p, const dio_sheet_cell *cell, int x, int y,
                         dio_error *err)
{
    if (cell->media == DIO_MEDIA_IMAGE)
        return draw_picture(p, cell->content, x, y, err);
    if (cell->media == DIO_MEDIA_AUDIO)
        return draw_wave(p, cell->content, x, y, err);
    const char *text = cell->media == DIO_MEDIA_TEXT ? cell->content : dio_media_name(cell->media);
    write_text(p, text, 17, false, INK, (dio_box){x, y, SIDE, SIDE});
    return true;
}

/* ---- the sheet ---- */

static int lines_of(const char *text)
{
    int n = *text != '\0';
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void round_box(cairo_t *c, double x, double y, double w, double h, double r)
{
    cairo_new_sub_path(c);
    cairo_arc(c, x + w - r, y + r, r, -M_PI / 2, 0);
    cairo_arc(c, x + w - r, y + h - r, r, 0, M_PI / 2);
    cairo_arc(c, x + r, y + h - r, r, M_PI / 2, M_PI);
    cairo_arc(c, x + r, y + r, r, M_PI, 3 * M_PI / 2);
    cairo_close_path(c);
}

static bool draw_cell(const struct pen *p, const dio_sheet *s, const dio_sheet_cell *cell,
                      dio_box card, dio_error *err)
{
    cairo_t *c = p->c;
    int x = card.x + PAD, y = card.y + PAD, below = y + SIDE + PAD;
    round_box(c, card.x + 0.5, card.y + 0.5, card.w - 1, card.h - 1, 10);
    set_colour(c, CARD);
    cairo_fill_preserve(c);
    set_colour(c, cell->marked ? MARK : HAIR);
    cairo_set_line_width(c, cell->marked ? 4 : 1);
    cairo_stroke(c);
    if (!draw_content(p, cell, x, y, err))
        return false;
    write_text(p, cell->title, 17, true, cell->marked ? MARK : INK,
               (dio_box){x, below, SIDE - (cell->marked ? 80 : 0), -1});
    if (cell->marked) {
        PangoLayout *mark = lay(p, s->mark, 15, true, SIDE, -1);
        int w, h;
        pango_layout_get_pixel_size(mark, &w, &h);
        round_box(c, x + SIDE - w - 18, below, w + 18, h + 4, (h + 4) / 2.0);
        set_colour(c, MARK);
        cairo_fill(c);
        set_colour(c, CARD);
        cairo_move_to(c, x + SIDE - w - 9, below + 2);
        pango_cairo_show_layout(c, mark);
        g_object_unref(mark);
    }
    write_text(p, cell->notes, 14, false, SOFT,
               (dio_box){x, below + TITLE, SIDE, LINE * (lines_of(cell->notes) + 1)});
    return true;
}

static bool save(cairo_surface_t *surface, const char *png, dio_error *err)
{
    static const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    int w = cairo_image_surface_get_width(surface), h = cairo_image_surface_get_height(surface);
    dio_image *image = dio_image_create(w, h, &form, err);
    cairo_surface_flush(surface);
    for (int y = 0; image && y < h; y++) {
        const uint32_t *from =
            (const uint32_t *)(const void *)(cairo_image_surface_get_data(surface) +
                                             (size_t)y *
                                                 (size_t)cairo_image_surface_get_stride(surface));
        uint8_t *to = dio_image_row(image, y);
        for (int x = 0; x < w; x++, to += 3) {
            to[0] = (uint8_t)(from[x] >> 16);
            to[1] = (uint8_t)(from[x] >> 8);
            to[2] = (uint8_t)from[x];
        }
    }
    bool ok = image && dio_image_write(image, png, NULL, err);
    dio_image_unref(image);
    return ok;
}

bool dio_sheet_draw(dio_fonts *fonts, const dio_sheet *s, const char *png, dio_error *err)
{
    int columns = (int)ceil(sqrt(s->count)), lines = 0;
    columns = s->count <= 4 ? s->count : columns;
    int rows = (s->count + columns - 1) / columns;
    for (int i = 0; i < s->count; i++)
        lines = lines_of(s->cells[i].notes) > lines ? lines_of(s->cells[i].notes) : lines;
    int card_w = SIDE + 2 * PAD, card_h = SIDE + 3 * PAD + TITLE + LINE * lines;
    int w = GAP + columns * (card_w + GAP), h = HEAD + rows * (card_h + GAP);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    struct pen p = {cairo_create(surface), fonts};
    bool ok = true;
    set_colour(p.c, PAPER);
    cairo_paint(p.c);
    write_text(&p, s->title, 22, true, INK, (dio_box){GAP, 16, w - 2 * GAP, -1});
    write_text(&p, s->subtitle, 15, false, SOFT, (dio_box){GAP, 46, w - 2 * GAP, -1});
    for (int i = 0; ok && i < s->count; i++) {
        dio_box card = {GAP + i % columns * (card_w + GAP), HEAD + i / columns * (card_h + GAP),
                        card_w, card_h};
        ok = draw_cell(&p, s, &s->cells[i], card, err);
    }
    if (ok && cairo_status(p.c) != CAIRO_STATUS_SUCCESS)
        ok = dio_fail_memory(err, "a contact sheet");
    ok = ok && save(surface, png, err);
    cairo_destroy(p.c);
    cairo_surface_destroy(surface);
    return ok;
}
