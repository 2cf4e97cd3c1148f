/* design.c: one table of sizes; everything else is taste written down in it. */
#include "fusion/design.h"
#include "fusion/hero.h"

#include <math.h>
#include <string.h>

struct look {
    const char *name; /* as the step's parameter is called */
    bool display, upper, pill;
    int weight, lines;
    float size, least; /* in parts of the preset's headline */
    float leading, tracking, gap, alpha;
    bool accent; /* in the accent colour where that can be read, else in ink */
};

/* Columns are read downwards. */
/* clang-format off */
static const struct look looks[DIO_ROLES] = {
    /*                     name      display upper  pill  weight lines  size   least  leading tracking  gap    alpha  accent */
    [DIO_ROLE_KICKER]   = {"product",  false, true,  false, 600,  2, 0.290f, 0.20f, 1.05f,  0.140f, 0.00f, 1.00f, true},
    [DIO_ROLE_HEADLINE] = {"headline", true,  false, false, 800,  5, 1.000f, 0.38f, 0.87f, -0.014f, 0.30f, 1.00f, false},
    [DIO_ROLE_LEAD]     = {"subline",  true,  false, false, 700,  5, 0.720f, 0.30f, 0.91f, -0.012f, 0.30f, 1.00f, false},
    [DIO_ROLE_SUBLINE]  = {"subline",  true,  false, false, 600,  4, 0.460f, 0.26f, 0.97f, -0.006f, 0.30f, 1.00f, false},
    [DIO_ROLE_BODY]     = {"body",     false, false, false, 450, 10, 0.365f, 0.23f, 1.12f, -0.003f, 0.30f, 0.90f, false},
    [DIO_ROLE_TITLE]    = {"product",  true,  false, false, 800,  3, 1.000f, 0.36f, 0.88f, -0.016f, 0.00f, 1.00f, false},
    [DIO_ROLE_CTA]      = {"cta",      false, false, true,  700,  2, 0.385f, 0.24f, 1.00f, -0.004f, 0.46f, 1.00f, false},
    [DIO_ROLE_HASHTAGS] = {"hashtags", false, false, false, 500,  3, 0.285f, 0.20f, 1.15f,  0.004f, 0.40f, 0.80f, false},
    [DIO_ROLE_CAPTION]  = {"captions", false, false, true,  600,  2, 0.400f, 0.26f, 1.08f,  0.000f, 0.00f, 1.00f, false},
};
/* clang-format on */

/* A button in a row stands alone at its end, and may be larger than one under other words. */
static const float row_button = 1.3f;

void dio_design_styles(const dio_preset *preset, dio_style styles[DIO_ROLES])
{
    for (int i = 0; i < DIO_ROLES; i++) {
        const struct look *l = &looks[i];
        styles[i] = (dio_style){.display = l->display,
                                .weight = l->weight,
                                .size = fmaxf(l->size * preset->headline, preset->least),
                                .least = fmaxf(l->least * preset->headline, preset->least),
                                .leading = l->leading,
                                .tracking = l->tracking,
                                .lines = l->lines,
                                .upper = l->upper,
                                .one_line = i == DIO_ROLE_CTA}; /* buttons */
    }
    if (preset->row)
        styles[DIO_ROLE_CTA].size *= row_button;
}

/* Accent colours are chosen as grounds of buttons; as text they need contrast of their own, and
 * small text all of it. */
static dio_rgb text_colour(const struct look *l, const dio_palette *p, bool small)
{
    if (l->pill)
        return p->on_accent;
    bool readable = dio_colour_contrast(p->accent, p->deep) >= 4.5f &&
                    dio_colour_contrast(p->accent, p->mid) >= (small ? 5.5f : 4.0f);
    return l->accent && readable ? p->accent : p->ink;
}

dio_item dio_design_item(dio_role role, const char *text, const dio_preset *preset,
                         const dio_palette *palette, const dio_style *styles)
{
    const struct look *l = &looks[role];
    bool caption = role == DIO_ROLE_CAPTION;
    return (dio_item){.name = l->name,
                      .text = text,
                      .style = &styles[role],
                      .colour = caption ? palette->ink : text_colour(l, palette, preset->least > 0),
                      .alpha = l->alpha,
                      .gap = (int)lrintf(l->gap * preset->gap * preset->headline),
                      .pill = l->pill,
                      .corner = caption ? (int)lrintf(0.12f * preset->headline) : 0,
                      .fill = caption ? palette->deep : palette->accent};
}

static void pill_path(cairo_t *cr, double x, double y, double w, double h, double corner)
{
    double r = corner > 0 ? corner : h / 2 < 0.36 * w ? h / 2 : 0.36 * w;
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + w - r, y + r, r, -M_PI / 2, 0);
    cairo_arc(cr, x + w - r, y + h - r, r, 0, M_PI / 2);
    cairo_arc(cr, x + r, y + h - r, r, M_PI / 2, M_PI);
    cairo_arc(cr, x + r, y + r, r, M_PI, 3 * M_PI / 2);
    cairo_close_path(cr);
}

static void draw(const dio_item *item, int line, cairo_t *cr, int dx, int dy)
{
    if (item->pill && line < 0) {
        pill_path(cr, item->box.x - dx, item->box.y - dy, item->box.w, item->box.h, item->corner);
        cairo_set_source_rgb(cr, (double)item->fill.r, (double)item->fill.g, (double)item->fill.b);
        cairo_fill(cr);
    }
    dio_typeset_draw(item->set, line, cr, item->text_x - dx, item->text_y - dy, item->colour,
                     (double)item->alpha);
}

dio_layer *dio_design_layer(const dio_item *item, int line, dio_space space, dio_box *box,
                            dio_error *err)
{
    dio_box b = item->box;
    if (line >= 0) {
        b = dio_typeset_ink(item->set, line);
        b.x += item->text_x;
        b.y += item->text_y;
    }
    if (box)
        *box = b;
    if (b.w <= 0 || b.h <= 0)
        return NULL;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, b.w, b.h);
    cairo_t *cr = cairo_create(surface);
    draw(item, line, cr, b.x, b.y);
    cairo_surface_flush(surface);
    dio_layer *layer = NULL;
    if (cairo_status(cr) != CAIRO_STATUS_SUCCESS)
        dio_fail_memory(err, "a text's picture");
    else
        layer = dio_layer_create(cairo_image_surface_get_data(surface), b.w, b.h,
                                 cairo_image_surface_get_stride(surface), b.x, b.y, space, err);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return layer;
}

/* Lays an item over a picture. */
static bool lay(const dio_item *item, dio_canvas *out, dio_error *err)
{
    dio_layer *layer = dio_design_layer(item, -1, out->space, NULL, err);
    if (!layer)
        return err->kind == DIO_ERROR_NONE;
    dio_layer_blend(layer, (dio_pose){.alpha = 256}, out, 0, out->h);
    dio_layer_destroy(layer);
    return true;
}

/* The ground of second 0, the hero, or the one before the other. */
static bool draw_behind(const dio_preset *preset, const dio_palette *palette, dio_image *picture,
                        uint64_t seed, dio_canvas *out, dio_error *err)
{
    dio_hero *hero = picture ? dio_hero_create(picture, preset, palette, out->space, err) : NULL;
    if (picture && !hero)
        return false;
    dio_ground *ground =
        dio_ground_create(palette, &preset->scenery, out->space, out->w, out->h, seed, err);
    if (ground)
        dio_ground_draw(ground, out, 0, out->h);
    if (ground && hero)
        dio_hero_draw(hero, 0, out, 0, out->h);
    bool ok = ground != NULL;
    dio_ground_destroy(ground);
    dio_hero_destroy(hero);
    return ok;
}

/* A frame in the ink's colour, faint: it sets an ad off from its page. */
static void draw_border(const dio_palette *palette, int border, dio_canvas *out)
{
    enum { SHARE = 77 }; /* of 256 */
    float v[3];
    dio_colour_planes(palette->ink, out->space, v);
    for (int p = 0; p < 3; p++) {
        dio_plane *plane = &out->plane[p];
        int ink = (int)lrintf(v[p]);
        for (int y = 0; y < plane->h; y++) {
            uint8_t *row = plane->data + (size_t)y * (size_t)plane->stride;
            bool edge = y < border || y >= plane->h - border;
            for (int x = 0; x < plane->w; x++) {
                if (edge || x < border || x >= plane->w - border)
                    row[x] = (uint8_t)((row[x] * (256 - SHARE) + ink * SHARE + 128) >> 8);
            }
        }
    }
}

/* Down to this share of its wanted size a text looks as it was meant to; below it the next text in
 * the order of leaving out goes first. */
static const float comfort = 0.74f;

/* Places the stack; where there is no room, without the texts that the preset would do without. */
static bool place(dio_stack *stack, dio_fonts *fonts, const dio_preset *preset,
                  dio_poster_facts *facts, dio_error *err)
{
    const char *const *next = preset->drop;
    for (;;) {
        dio_error e = {0};
        stack->floor = next && *next ? comfort : 0;
        if (dio_stack_place(stack, fonts, &e))
            return true;
        if (!next || !*next || e.kind == DIO_ERROR_RETRY) {
            *err = e;
            return false;
        }
        for (int i = 0; i < stack->count; i++) {
            if (strcmp(stack->items[i].name, *next) != 0 || !stack->items[i].text[0])
                continue;
            stack->items[i].text = "";
            facts->left_out[facts->left_out_count++] = *next;
        }
        next++;
    }
}

bool dio_poster_draw(dio_fonts *fonts, const dio_preset *preset, const dio_palette *palette,
                     const dio_words *words, uint64_t seed, dio_canvas *out,
                     dio_poster_facts *facts, dio_error *err)
{
    dio_style styles[DIO_ROLES];
    dio_poster_facts own;
    dio_design_styles(preset, styles);
    dio_item items[] = {
        dio_design_item(DIO_ROLE_KICKER, words->product, preset, palette, styles),
        dio_design_item(DIO_ROLE_HEADLINE, words->headline, preset, palette, styles),
        dio_design_item(DIO_ROLE_SUBLINE, words->subline, preset, palette, styles),
        dio_design_item(DIO_ROLE_BODY, words->body, preset, palette, styles),
        dio_design_item(DIO_ROLE_HASHTAGS, words->hashtags, preset, palette, styles),
        dio_design_item(DIO_ROLE_CTA, words->cta, preset, palette, styles),
    };
    enum { ITEMS = sizeof items / sizeof *items, BUTTON = ITEMS - 1 };
    if (!preset->row) { /* on posters tags come last, under the button */
        dio_item tags = items[BUTTON - 1];
        items[BUTTON - 1] = items[BUTTON];
        items[BUTTON] = tags;
    }
    dio_stack stack = {.items = items,
                       .count = preset->row ? ITEMS - 1 : ITEMS,
                       .zone = preset->zone,
                       .centred = preset->centred,
                       .rise = preset->rise,
                       .beside = preset->row ? &items[BUTTON] : NULL};
    facts = facts ? facts : &own;
    *facts = (dio_poster_facts){0};
    bool ok = place(&stack, fonts, preset, facts, err) &&
              draw_behind(preset, palette, words->hero, seed, out, err);
    for (int i = 0; ok && i < ITEMS; i++) {
        if (!items[i].set)
            continue;
        ok = lay(&items[i], out, err);
        facts->name[facts->count] = items[i].name;
        facts->box[facts->count++] = items[i].box;
    }
    if (ok && preset->border)
        draw_border(palette, preset->border, out);
    dio_stack_release(&stack);
    return ok;
}
