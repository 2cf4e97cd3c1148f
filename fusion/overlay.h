#pragma once
/* overlay.h: one layer over a timeline: drawn once, then placed, moved and blended every frame.
 *
 * What it looks like comes from its kind (a file overlay_*.c each, listed in overlay.c): pieces of
 * light in the layer's own box. Where the box stands (anchor, safe zone), when, how it comes and
 * goes, keyframes, blend and mask are the same for all kinds. Lengths are in the screen's unit.
 */
#include "audio/captions.h"
#include "fusion/blend_mode.h"
#include "fusion/motion.h"
#include "fusion/sampler.h"
#include "fusion/screen.h"

/* What every layer may say; first member of the kinds' structs. */
struct dio_overlay_common {
    double start, end;
    const char *anchor;
    double x, y, scale, rotation, opacity;
    const dio_value *keyframes, *mask;
    const char *blend;
    int enter, leave;
    double enter_seconds, leave_seconds;
};
extern const char *const dio_overlay_moves[]; /* none, fade, rise, drop, left, right, grow */
#define DIO_OVERLAY_FIELDS(anchor_, enter_)                                                        \
    DIO_FIELD(struct dio_overlay_common, start, "0", 0, 86400, "seconds into the film"),           \
        DIO_FIELD(struct dio_overlay_common, end, "0", 0, 86400,                                   \
                  "seconds into the film; 0: until it ends"),                                      \
        DIO_FIELD(struct dio_overlay_common, anchor, anchor_, 1, 40,                               \
                  "top-left, top, ... center ... bottom-right; safe-* within the safe zone"),      \
        DIO_FIELD(struct dio_overlay_common, x, "0", -1000, 1000,                                  \
                  "in from the anchored side, in 1 % of the frame's shorter side"),                \
        DIO_FIELD(struct dio_overlay_common, y, "0", -1000, 1000, "the same, up or down"),         \
        DIO_FIELD(struct dio_overlay_common, scale, "1", 0.01, 20, "about its middle"),            \
        DIO_FIELD(struct dio_overlay_common, rotation, "0", -36000, 36000, "degrees clockwise"),   \
        DIO_FIELD(struct dio_overlay_common, opacity, "1", 0, 1, "0: not seen"),                   \
        DIO_FIELD(struct dio_overlay_common, keyframes, "null", 0, 0,                              \
                  "list of {at, x, y, scale, rotation, opacity, easing}"),                         \
        DIO_FIELD(struct dio_overlay_common, mask, "null", 0, 0,                                   \
                  "{image | shape, channel, invert, corner}: where the layer is seen"),            \
        DIO_FIELD(struct dio_overlay_common, blend, "normal", 1, 40,                               \
                  "normal, multiply, screen, overlay, add, darken, lighten, ..."),                 \
        DIO_FIELD_WORDS(struct dio_overlay_common, enter, enter_, dio_overlay_moves,               \
                        "how it comes"),                                                           \
        DIO_FIELD_WORDS(struct dio_overlay_common, leave, enter_, dio_overlay_moves,               \
                        "how it goes"),                                                            \
        DIO_FIELD(struct dio_overlay_common, enter_seconds, "0.5", 0.01, 60, "time it takes"),     \
        DIO_FIELD(struct dio_overlay_common, leave_seconds, "0.3", 0.01, 60, "time it takes")

/* Part of a layer that moves as one. */
typedef struct dio_piece {
    dio_image *light;
    dio_image *level[DIO_LEVELS]; /* of turned layers; [0] is light */
    int levels;
    bool opaque;
    double x, y, w, h; /* in the layer's box, pixels of the frame at scale 1 */
    double delay;      /* seconds after the layer at which it comes */
} dio_piece;

enum { DIO_PIECES = 400 };
typedef struct dio_drawing {
    double w, h; /* of the layer's box, pixels */
    dio_piece *piece;
    int count, cap;
} dio_drawing;
/* Takes `light` over, whatever it says. */
bool dio_drawing_add(dio_drawing *d, dio_image *light, double x, double y, double density,
                     double delay, dio_error *err);
void dio_drawing_deinit(dio_drawing *d);

typedef struct dio_overlay_kind {
    const char *name, *doc; /* the layer's key */
    const dio_field *fields;
    size_t size;
    /* Checks what fields cannot say; NULL: nothing. */
    bool (*check)(dio_intake *r, const dio_value *v, void *params);
    /* `density`: pixels of light for a pixel of the frame. */
    bool (*build)(const void *params, const dio_screen *screen, double density, dio_drawing *out,
                  dio_error *err);
    const char **(*file)(void *params); /* that it shows; NULL: none */
} dio_overlay_kind;
extern const dio_overlay_kind *const dio_overlay_kinds[]; /* NULL-terminated */

typedef struct dio_mask {
    const char *image; /* file, "": a shape */
    int shape, channel;
    bool invert;
    double corner;
    bool any;
} dio_mask;

/* A layer as it was written, checked. */
typedef struct dio_overlay_plan {
    const dio_overlay_kind *kind;
    const dio_value *at; /* its place in the file */
    void *params;        /* kind->size bytes; begins with struct dio_overlay_common */
    const dio_blend_mode *blend;
    dio_motion motion;
    dio_mask mask;
    int side_x, side_y; /* -1, 0, 1 */
    bool safe;
    int number; /* in the list, from 1: for messages */
} dio_overlay_plan;

bool dio_overlay_read(dio_intake *r, const dio_value *v, dio_overlay_plan *plan);
/* Captions are many texts, not a drawing (their kind builds nothing). Their cues, when the file is
 * known; and the layers that take their place, of those cues that are seen in a film of `seconds`.
 * Problems go to err, or to r's report. */
extern const dio_overlay_kind dio_overlay_captions;
dio_captions *dio_overlay_captions_of(const dio_overlay_plan *plan, const dio_screen *screen,
                                      dio_arena *a, dio_error *err);
bool dio_overlay_captions_expand(const dio_overlay_plan *plan, const dio_screen *screen,
                                 double seconds, dio_intake *r, dio_overlay_plan **out, int *count,
                                 dio_error *err);

/* Says what of a layer fails. */
bool dio_overlay_prefix(const dio_overlay_plan *plan, dio_error *err);

/* Draws it. The box's place on the frame comes in *box. */
bool dio_overlay_build(const dio_overlay_plan *plan, const dio_screen *screen, dio_drawing *out,
                       dio_box *box, dio_error *err);
size_t dio_drawing_bytes(const dio_drawing *d);

/* Where a piece is at a moment: upright between two edges a side, or turned. */
typedef struct dio_placed {
    float opacity; /* 0: not seen */
    bool upright;
    double x[2], y[2]; /* its box's edges on the frame; of a turned one, all around it */
    dio_turned turned; /* reads piece->level[level] */
    int level;
} dio_placed;
void dio_overlay_place(const dio_overlay_plan *plan, const dio_screen *screen, const dio_box *box,
                       const dio_piece *piece, double seconds, double end, dio_placed *out);
