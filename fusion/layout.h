#pragma once
/* layout.h: texts one above another inside a zone, never over each other, never outside it. */
#include "fusion/typeset.h"

typedef struct dio_item {
    const char *name; /* for messages: "headline" */
    const char *text; /* "" leaves the item out */
    const dio_style *style;
    dio_rgb colour;
    float alpha;
    int gap;   /* pixels kept free above, unless it is the first */
    bool pill; /* set into a filled pill of this colour */
    dio_rgb fill;
    int corner; /* radius of the pill's, pixels; 0: as round as can be */
    /* Results; set stays NULL for an item left out. */
    dio_typeset *set;
    dio_box box;        /* all it covers, pill included */
    int text_x, text_y; /* where the typeset's corner is */
} dio_item;

typedef struct dio_stack {
    dio_item *items;
    int count;
    dio_box zone;
    bool centred; /* else at the side where the script begins */
    float rise;   /* 0: at the top of the zone, 0.5: in the middle, 1: at the bottom */
    /* An item at the zone's end, in the middle of its height, beside the others; NULL: none. */
    dio_item *beside;
    float floor; /* no text is set at less than this share of its style's size; 0: at its least */
} dio_stack;

/* Finds the largest sizes at which everything fits; fails, naming the texts, when they do not fit
 * at the least sizes. Whatever the result, release it. */
bool dio_stack_place(dio_stack *s, dio_fonts *fonts, dio_error *err);
void dio_stack_release(dio_stack *s);

/* Do two boxes share a pixel? Does `outer` hold all of `inner`? */
bool dio_box_meet(dio_box a, dio_box b);
bool dio_box_holds(dio_box outer, dio_box inner);
