/* overlay_card.c: words on a ground: a button that calls to act, a badge with a price, and a lower
 * third, which says who is seen. */
#include <math.h>
#include <string.h>

#include "fusion/lettering.h"
#include "fusion/overlay_kinds.h"

struct card {
    struct dio_overlay_common c;
    const char *words, *title, *colour, *ink, *accent;
    double size, width, corner;
    int shape;
    dio_rgb fill, text, stripe;
};

static bool check(dio_intake *r, const dio_value *v, void *params)
{
    struct card *c = params;
    bool ok = dio_intake_colour(r, v, "colour", c->colour, &c->fill);
    ok = dio_intake_colour(r, v, "ink", c->ink, &c->text) && ok;
    return (!c->accent || dio_intake_colour(r, v, "accent", c->accent, &c->stripe)) && ok;
}

static dio_typeset *set_line(const char *name, const char *text, const dio_screen *s, double size,
                             int weight, double width, int lines, bool centred, dio_error *err)
{
    const dio_style style = {.display = weight >= 700,
                             .weight = weight,
                             .size = (float)size,
                             .least = (float)(size / 2),
                             .leading = 1,
                             .lines = lines,
                             .one_line = true,
                             .breaks = true};
    return dio_typeset_create(s->fonts, name, text, &style, 1, (int)width, centred, err);
}

static bool letter(const dio_typeset *set, dio_rgb colour, double x, double y, double density,
                   dio_drawing *out, dio_error *err)
{
    const dio_lettering how = {.colour = colour};
    return dio_lettering_draw(&how, set, x, y, density, out, err);
}

/* ---- button ---- */

static const dio_field button_fields[] = {
    DIO_OVERLAY_FIELDS("safe-bottom", "rise"),
    DIO_FIELD_KEY(struct card, words, "button", NULL, 1, 200, "what to do: Shop now"),
    DIO_FIELD(struct card, colour, "#ffffff", 1, 40, "of the button"),
    DIO_FIELD(struct card, ink, "#111111", 1, 40, "of the words"),
    DIO_FIELD(struct card, size, "4.6", 0.5, 50, "an em of the words"),
    DIO_FIELD(struct card, corner, "-1", -1, 100, "radius of its corners; -1: as round as can be"),
    {0},
};

static bool build_button(const void *params, const dio_screen *s, double density, dio_drawing *out,
                         dio_error *err)
{
    const struct card *c = params;
    double em = c->size * s->unit, side = 1.05 * em, above = 0.62 * em;
    dio_typeset *set = set_line("button", c->words, s, em, 700, s->safe.w - 2 * side, 2, true, err);
    if (!set)
        return false;
    out->w = dio_typeset_width(set) + 2 * side;
    out->h = dio_typeset_height(set) + 2 * above;
    bool ok = dio_outline_add(c->corner < 0 ? DIO_PILL : DIO_ROUNDED, c->fill, 1, out->w, out->h,
                              c->corner * s->unit, density, out, err) &&
              letter(set, c->text, side, above, density, out, err);
    dio_typeset_destroy(set);
    return ok;
}

const dio_overlay_kind dio_overlay_button = {
    .name = "button",
    .doc = "words on a pill: a call to action",
    .fields = button_fields,
    .size = sizeof(struct card),
    .check = check,
    .build = build_button,
};

/* ---- badge ---- */

static const dio_field badge_fields[] = {
    DIO_OVERLAY_FIELDS("safe-top-right", "grow"),
    DIO_FIELD_KEY(struct card, words, "badge", NULL, 1, 60, "a price, or -30 %"),
    DIO_FIELD_WORDS(struct card, shape, "burst", dio_outlines, "what it stands on"),
    DIO_FIELD(struct card, colour, "#e5352b", 1, 40, "of the badge"),
    DIO_FIELD(struct card, ink, "white", 1, 40, "of the words"),
    DIO_FIELD(struct card, width, "24", 2, 200, "of the badge, as high as wide"),
    {0},
};

static bool build_badge(const void *params, const dio_screen *s, double density, dio_drawing *out,
                        dio_error *err)
{
    const struct card *c = params;
    double side = c->width * s->unit;
    dio_typeset *set = set_line("badge", c->words, s, 0.3 * side, 800, 0.72 * side, 3, true, err);
    if (!set)
        return false;
    out->w = out->h = side;
    bool ok = dio_outline_add((enum dio_outline)c->shape, c->fill, 1, side, side, 0.12 * side,
                              density, out, err) &&
              letter(set, c->text, (side - dio_typeset_width(set)) / 2,
                     (side - dio_typeset_height(set)) / 2, density, out, err);
    dio_typeset_destroy(set);
    return ok;
}

const dio_overlay_kind dio_overlay_badge = {
    .name = "badge",
    .doc = "a price on a sticker",
    .fields = badge_fields,
    .size = sizeof(struct card),
    .check = check,
    .build = build_badge,
};

/* ---- lower third ---- */

static const dio_field third_fields[] = {
    DIO_OVERLAY_FIELDS("safe-bottom-left", "rise"),
    DIO_FIELD_KEY(struct card, words, "lower_third", NULL, 1, 200, "a name"),
    DIO_FIELD(struct card, title, "", 0, 200, "who that is"),
    DIO_FIELD(struct card, colour, "#10131a", 1, 40, "of the ground"),
    DIO_FIELD(struct card, ink, "white", 1, 40, "of the words"),
    DIO_FIELD(struct card, accent, "#f4b942", 1, 40, "of the stripe beside them"),
    DIO_FIELD(struct card, size, "5", 0.5, 50, "an em of the name"),
    {0},
};

/* A stripe at the side where the name begins, then name over title. */
static bool build_third(const void *params, const dio_screen *s, double density, dio_drawing *out,
                        dio_error *err)
{
    const struct card *c = params;
    double em = c->size * s->unit, pad = 0.7 * em, stripe = 0.22 * em;
    double width = s->safe.w - 2 * pad - stripe;
    dio_typeset *name = set_line("lower_third", c->words, s, em, 700, width, 1, false, err);
    dio_typeset *title = name && *c->title
                             ? set_line("title", c->title, s, 0.62 * em, 400, width, 2, false, err)
                             : NULL;
    if (!name || (*c->title && !title)) {
        dio_typeset_destroy(name);
        return false;
    }
    double wide = dio_typeset_width(name), high = dio_typeset_height(name), gap = 0.18 * em;
    bool rtl = dio_typeset_rtl(name);
    if (title) {
        wide = fmax(wide, dio_typeset_width(title));
        high += gap + dio_typeset_height(title);
    }
    out->w = wide + 2 * pad + stripe;
    out->h = high + 1.1 * pad;
    double left = rtl ? pad : stripe + pad, top = 0.55 * pad;
    bool ok = dio_outline_add(DIO_RECT, c->fill, 0.86, out->w, out->h, 0, density, out, err) &&
              dio_outline_add(DIO_RECT, c->stripe, 1, stripe, out->h, 0, density, out, err);
    if (ok && rtl)
        out->piece[out->count - 1].x = out->w - stripe;
    ok = ok && letter(name, c->text, left + (rtl ? wide - dio_typeset_width(name) : 0), top,
                      density, out, err);
    if (ok && title)
        ok = letter(title, c->text, left + (rtl ? wide - dio_typeset_width(title) : 0),
                    top + dio_typeset_height(name) + gap, density, out, err);
    dio_typeset_destroy(name);
    dio_typeset_destroy(title);
    return ok;
}

const dio_overlay_kind dio_overlay_lower_third = {
    .name = "lower_third",
    .doc = "a name and what it stands for, at the foot",
    .fields = third_fields,
    .size = sizeof(struct card),
    .check = check,
    .build = build_third,
};
