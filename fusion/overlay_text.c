/* overlay_text.c: a text: set to fit its box, with outline, shadow and a ground of its own if
 * wanted, whole or coming line by line or word by word. */
#include <math.h>
#include <string.h>

#include "fusion/lettering.h"
#include "fusion/overlay_kinds.h"

static const char *const styles[] = {"h1", "h2", "body", "label", "caption", NULL};
static const char *const aligns[] = {"start", "center", "end", NULL};
static const char *const bys[] = {"layer", "line", "word", NULL};

/* Sizes in units an em: a headline fills a phone's width with a dozen letters. */
static const struct look {
    double size;
    bool display;
    int weight;
    float leading, tracking;
    int lines;
} looks[] = {
    {10.5, true, 800, 0.95f, -0.02f, 4}, {7, true, 700, 1, -0.015f, 5},
    {4.6, false, 400, 1.15f, 0, 12},     {3.4, false, 600, 1, 0.04f, 3},
    {4.8, false, 600, 1.05f, 0, 3},
};

struct text {
    struct dio_overlay_common c;
    const char *text, *colour, *outline_colour, *shadow_colour, *box;
    int style, align, by, weight, lines;
    double size, least, width, height, leading, each;
    double outline, shadow, shadow_x, shadow_y, shadow_blur, padding, corner, box_opacity;
    bool upper;
    dio_rgb ink, rim, dark, ground;
};

static const dio_field fields[] = {
    DIO_OVERLAY_FIELDS("safe-center", "fade"),
    DIO_FIELD(struct text, text, NULL, 1, 4000, "words; line ends break lines"),
    DIO_FIELD_WORDS(struct text, style, "h2", styles, "size and weight that go together"),
    DIO_FIELD(struct text, size, "0", 0, 100, "an em; 0: the style's"),
    DIO_FIELD(struct text, least, "0", 0, 100, "it may shrink to this; 0: half its size"),
    DIO_FIELD(struct text, weight, "0", 0, 1000, "100 to 900; 0: the style's"),
    DIO_FIELD(struct text, colour, "white", 1, 40, "#rrggbb"),
    DIO_FIELD_WORDS(struct text, align, "start", aligns, "of its lines"),
    DIO_FIELD(struct text, width, "0", 0, 1000, "of its box; 0: the safe zone's"),
    DIO_FIELD(struct text, height, "0", 0, 1000, "of its box, into which it shrinks; 0: any"),
    DIO_FIELD(struct text, lines, "0", 0, 100, "at most; 0: the style's"),
    DIO_FIELD(struct text, leading, "0", 0, 4,
              "distance of lines in parts of the font's; 0: the style's"),
    DIO_FIELD(struct text, upper, "false", 0, 0, "in capitals"),
    DIO_FIELD(struct text, outline, "0", 0, 10, "width of a line around the letters"),
    DIO_FIELD(struct text, outline_colour, "black", 1, 40, "its colour"),
    DIO_FIELD(struct text, shadow, "0", 0, 1, "opacity of a shadow"),
    DIO_FIELD(struct text, shadow_x, "0", -50, 50, "where it falls"),
    DIO_FIELD(struct text, shadow_y, "0.4", -50, 50, "where it falls"),
    DIO_FIELD(struct text, shadow_blur, "0.8", 0, 30, "how far its edge runs out"),
    DIO_FIELD(struct text, shadow_colour, "black", 1, 40, "its colour"),
    DIO_FIELD(struct text, box, "", 0, 40, "colour of a ground behind the text; empty: none"),
    DIO_FIELD(struct text, box_opacity, "1", 0, 1, "of that ground"),
    DIO_FIELD(struct text, padding, "2", 0, 50, "of that ground around the text"),
    DIO_FIELD(struct text, corner, "1", 0, 100, "radius of its corners"),
    DIO_FIELD_WORDS(struct text, by, "layer", bys, "what comes on its own: layer, line or word"),
    DIO_FIELD(struct text, each, "0.08", 0, 10, "seconds from one to the next"),
    {0},
};

static bool check(dio_intake *r, const dio_value *v, void *params)
{
    struct text *t = params;
    bool ok = dio_intake_colour(r, v, "colour", t->colour, &t->ink);
    ok = dio_intake_colour(r, v, "outline_colour", t->outline_colour, &t->rim) && ok;
    ok = dio_intake_colour(r, v, "shadow_colour", t->shadow_colour, &t->dark) && ok;
    return (!*t->box || dio_intake_colour(r, v, "box", t->box, &t->ground)) && ok;
}

static dio_typeset *set_text(const struct text *t, const dio_screen *s, double width, double height,
                             dio_error *err)
{
    const struct look *l = &looks[t->style];
    double size = (t->size > 0 ? t->size : l->size) * s->unit;
    double least = t->least > 0 ? fmin(t->least * s->unit, size) : size / 2;
    const dio_style style = {.display = l->display,
                             .weight = t->weight ? t->weight : l->weight,
                             .size = (float)size,
                             .least = (float)least,
                             .leading = t->leading > 0 ? (float)t->leading : l->leading,
                             .tracking = l->tracking,
                             .lines = t->lines ? t->lines : l->lines,
                             .one_line = t->lines == 1,
                             .upper = t->upper,
                             .breaks = true,
                             .end = t->align == 2};
    for (float factor = 1;; factor *= 0.96f) {
        dio_typeset *set = dio_typeset_create(s->fonts, "text", t->text, &style, factor, (int)width,
                                              t->align == 1, err);
        if (!set || height <= 0 || dio_typeset_height(set) <= height)
            return set;
        bool least_already = dio_typeset_least(set);
        int high = dio_typeset_height(set);
        dio_typeset_destroy(set);
        if (least_already) {
            dio_fail(err,
                     "text: at its smallest size it is %d pixels high, and its box %.0f; "
                     "shorten it",
                     high, height);
            return NULL;
        }
    }
}

/* The ground behind a text. */
static bool add_ground(const struct text *t, const dio_screen *s, double density, dio_drawing *out,
                       dio_error *err)
{
    return dio_outline_add(DIO_ROUNDED, t->ground, t->box_opacity, out->w, out->h,
                           t->corner * s->unit, density, out, err);
}

static bool build(const void *params, const dio_screen *s, double density, dio_drawing *out,
                  dio_error *err)
{
    const struct text *t = params;
    double pad = *t->box ? t->padding * s->unit : 0;
    double width = (t->width > 0 ? t->width * s->unit : s->safe.w) - 2 * pad;
    if (width < 1)
        return dio_fail(err, "width: nothing is left between its paddings");
    dio_typeset *set =
        set_text(t, s, width, t->height > 0 ? t->height * s->unit - 2 * pad : 0, err);
    if (!set)
        return false;
    const dio_lettering how = {.colour = t->ink,
                               .outline = t->outline * s->unit,
                               .outline_colour = t->rim,
                               .shadow = t->shadow,
                               .shadow_x = t->shadow_x * s->unit,
                               .shadow_y = t->shadow_y * s->unit,
                               .shadow_blur = t->shadow_blur * s->unit,
                               .shadow_colour = t->dark,
                               .by = t->by,
                               .each = t->each};
    out->w = dio_typeset_width(set) + 2 * pad;
    out->h = dio_typeset_height(set) + 2 * pad;
    bool ok = (!*t->box || add_ground(t, s, density, out, err)) &&
              dio_lettering_draw(&how, set, pad, pad, density, out, err);
    dio_typeset_destroy(set);
    return ok;
}

const dio_overlay_kind dio_overlay_text = {
    .name = "text",
    .doc = "words",
    .fields = fields,
    .size = sizeof(struct text),
    .check = check,
    .build = build,
};
