/* layout.c: a stack whose texts shrink together until it fits.
 *
 * Each text is first as large as its own style and the width allow; when the stack is too high
 * all sizes go down by the same factor, so that the order of importance stays. */
#include "fusion/layout.h"

#include <assert.h>
#include <math.h>

/* Room around a pill's text, in parts of its em: what buttons on the web have. */
static const float pill_x = 1.05f, pill_y = 0.52f;

/* What is beside takes at most this share of the width, and keeps this off the rest, in its em. */
static const float beside_share = 0.42f, beside_gap = 1.1f;

bool dio_box_meet(dio_box a, dio_box b)
{
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

bool dio_box_holds(dio_box outer, dio_box inner)
{
    return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w &&
           inner.y + inner.h <= outer.y + outer.h;
}

static void release(dio_stack *s)
{
    for (int i = 0; i < s->count; i++) {
        dio_typeset_destroy(s->items[i].set);
        s->items[i].set = NULL;
    }
    if (s->beside) {
        dio_typeset_destroy(s->beside->set);
        s->beside->set = NULL;
    }
}

void dio_stack_release(dio_stack *s)
{
    release(s);
}

static int pad(const dio_item *item, float share)
{
    return item->pill ? (int)ceilf(share * item->style->size) : 0;
}

/* Sets one text into `width` pixels, pill included. */
static bool set_item(const dio_stack *s, dio_item *item, dio_fonts *fonts, float factor, int width,
                     dio_error *err)
{
    int side = pad(item, pill_x), above = pad(item, pill_y);
    item->box = (dio_box){0};
    item->set = dio_typeset_create(fonts, item->name, item->text, item->style, factor,
                                   width - 2 * side, s->centred || item->pill, err);
    if (!item->set)
        return false;
    item->box.w = dio_typeset_width(item->set) + 2 * side;
    item->box.h = dio_typeset_height(item->set) + 2 * above;
    return true;
}

static bool has_beside(const dio_stack *s)
{
    return s->beside && s->beside->text[0];
}

/* Pixels of the zone's width that are taken by what is beside. */
static int beside_width(const dio_stack *s)
{
    return has_beside(s) ? s->beside->box.w + (int)(beside_gap * s->beside->style->size) : 0;
}

struct measure {
    int stack, whole; /* heights: of the stack; with what is beside it */
    bool least;       /* no smaller factor can help */
    float small;      /* the smallest share of its style's size that a text got */
};

/* Sets every text at the factor. */
static bool set_all(dio_stack *s, dio_fonts *fonts, float factor, struct measure *m, dio_error *err)
{
    release(s);
    *m = (struct measure){.least = true, .small = 1};
    if (has_beside(s) &&
        !set_item(s, s->beside, fonts, factor, (int)(beside_share * (float)s->zone.w), err))
        return false;
    int width = s->zone.w - beside_width(s);
    for (int i = 0; i < s->count; i++) {
        dio_item *item = &s->items[i];
        item->box = (dio_box){0};
        if (!item->text[0])
            continue;
        if (!set_item(s, item, fonts, factor, width, err))
            return false;
        m->least = m->least && dio_typeset_least(item->set);
        m->small = fminf(m->small, dio_typeset_size(item->set) / item->style->size);
        m->stack += item->box.h + (m->stack > 0 ? item->gap : 0);
    }
    m->whole = m->stack;
    if (has_beside(s)) {
        m->least = m->least && dio_typeset_least(s->beside->set);
        m->whole = s->beside->box.h > m->stack ? s->beside->box.h : m->stack;
    }
    return true;
}

static void place_item(dio_item *item, int x, int y)
{
    item->box.x = x;
    item->box.y = y;
    item->text_x = x + pad(item, pill_x);
    item->text_y = y + pad(item, pill_y);
}

static void place_all(dio_stack *s, int height)
{
    int taken = beside_width(s);
    bool rtl = false; /* as the first text runs */
    for (int i = s->count - 1; i >= 0; i--)
        rtl = s->items[i].set ? dio_typeset_rtl(s->items[i].set) : rtl;
    int y = s->zone.y + (int)((float)(s->zone.h - height) * s->rise);
    int x = s->zone.x + (rtl ? taken : 0);
    bool first = true;
    for (int i = 0; i < s->count; i++) {
        dio_item *item = &s->items[i];
        if (!item->set)
            continue;
        int free = s->zone.w - taken - item->box.w;
        y += first ? 0 : item->gap;
        first = false;
        place_item(item, x + (s->centred ? free / 2 : dio_typeset_rtl(item->set) ? free : 0), y);
        y += item->box.h;
        assert(dio_box_holds(s->zone, item->box));
    }
    if (taken)
        place_item(s->beside, rtl ? s->zone.x : s->zone.x + s->zone.w - s->beside->box.w,
                   s->zone.y + (s->zone.h - s->beside->box.h) / 2);
}

bool dio_stack_place(dio_stack *s, dio_fonts *fonts, dio_error *err)
{
    for (float factor = 1;; factor *= 0.96f) {
        struct measure m;
        if (!set_all(s, fonts, factor, &m, err))
            return false;
        if (m.small < s->floor)
            return dio_fail(err, "the texts fit at %.0f %% of their sizes only; shorten them",
                            100 * (double)m.small);
        if (m.whole <= s->zone.h) {
            place_all(s, m.stack);
            return true;
        }
        if (m.least)
            return dio_fail(err,
                            "the texts need %d pixels of height at their smallest sizes, and the "
                            "safe zone has %d; shorten them",
                            m.whole, s->zone.h);
    }
}
