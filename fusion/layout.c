/* layout.c: a stack whose texts shrink together until it fits.
 *
 * Each text is first as large as its own style and the width allow; when the stack is too high
 * all sizes go down by the same factor, so that the order of importance stays. */
#include "fusion/layout.h"

#include <assert.h>
#include <math.h>

/* Room around a pill's text, in parts of its em: what buttons on the web have. */
static const float pill_x = 1.05f, pill_y = 0.52f;

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
}

void dio_stack_release(dio_stack *s)
{
    release(s);
}

static int pad(const dio_item *item, float share)
{
    return item->pill ? (int)ceilf(share * item->style->size) : 0;
}

/* Sets every text at the factor; *height is the stack's, *least whether no smaller one can help. */
static bool set_all(dio_stack *s, dio_fonts *fonts, float factor, int *height, bool *least,
                    dio_error *err)
{
    release(s);
    *height = 0;
    *least = true;
    for (int i = 0; i < s->count; i++) {
        dio_item *item = &s->items[i];
        item->box = (dio_box){0};
        if (!item->text[0])
            continue;
        int side = pad(item, pill_x), above = pad(item, pill_y);
        item->set = dio_typeset_create(fonts, item->name, item->text, item->style, factor,
                                       s->zone.w - 2 * side, s->centred || item->pill, err);
        if (!item->set)
            return false;
        *least = *least && dio_typeset_least(item->set);
        item->box.w = dio_typeset_width(item->set) + 2 * side;
        item->box.h = dio_typeset_height(item->set) + 2 * above;
        *height += item->box.h + (*height > 0 ? item->gap : 0);
    }
    return true;
}

static void place_all(dio_stack *s, int height)
{
    int y = s->zone.y + (int)((float)(s->zone.h - height) * s->rise);
    bool first = true;
    for (int i = 0; i < s->count; i++) {
        dio_item *item = &s->items[i];
        if (!item->set)
            continue;
        int free = s->zone.w - item->box.w;
        y += first ? 0 : item->gap;
        first = false;
        item->box.y = y;
        item->box.x = s->zone.x + (s->centred ? free / 2 : dio_typeset_rtl(item->set) ? free : 0);
        item->text_x = item->box.x + pad(item, pill_x);
        item->text_y = item->box.y + pad(item, pill_y);
        y += item->box.h;
        assert(dio_box_holds(s->zone, item->box));
    }
}

bool dio_stack_place(dio_stack *s, dio_fonts *fonts, dio_error *err)
{
    for (float factor = 1;; factor *= 0.96f) {
        int height;
        bool least;
        if (!set_all(s, fonts, factor, &height, &least, err))
            return false;
        if (height <= s->zone.h) {
            place_all(s, height);
            return true;
        }
        if (least)
            return dio_fail(err,
                            "the texts need %d pixels of height at their smallest sizes, and the "
                            "safe zone has %d; shorten them",
                            height, s->zone.h);
    }
}
