#pragma once
/* sprite_draw.h: a small drawing table for game sprites; private to vision/sources/.
 *
 * A sprite is drawn back to front from parts. A part is a few shapes joined by their signed
 * distances; filling it gives it an outline, a rounded edge lit from the upper left, and a ramp of
 * tones whose shadows lean to violet and whose lights lean to yellow. Marks lie on the part that
 * was filled last and never leave it.
 *
 * Coordinates: x to the right, y down, -1..1 over the picture. Nothing but + - * / and sqrt is
 * asked of numbers, so that a sprite is the same on every machine.
 */
#include <stdbool.h>
#include <stdint.h>

enum {
    SPRITE_SIDE = 64,
    SPRITE_FINE = 2 * SPRITE_SIDE, /* drawn at twice the size */
    SPRITE_NOISE = 12,             /* numbers that shape a sprite */
    SPRITE_SHAPES = 40,            /* in a part */
    SPRITE_CORNERS = 14,           /* of a polygon */
};

typedef struct dio_tint {
    float r, g, b; /* sRGB, 0..1 */
} dio_tint;

/* How a part looks. Zero is a fine default for all but base. */
typedef struct dio_paint {
    dio_tint base;
    float bevel;   /* how far the rounding reaches in; 0: 0.25 */
    float gloss;   /* 0..1: a highlight */
    float outline; /* width; 0: the usual, below 0: none */
    float alpha;   /* how much shows through: 0 nothing, towards 1 more */
    float grain;   /* strength of the texture */
    enum { GRAIN_NONE, GRAIN_STONE, GRAIN_WOOD, GRAIN_CLOTH } texture;
    bool flat;  /* one tone, no light */
    bool metal; /* bands of light and dark */
    bool glow;  /* gives light: its middle is the brightest */
} dio_paint;

struct dio_shape {
    enum { SHAPE_ELLIPSE, SHAPE_LIMB, SHAPE_BOX, SHAPE_POLYGON } kind;
    enum { JOIN_ADD, JOIN_CUT, JOIN_KEEP } join;
    float soft; /* how smoothly it joins */
    float a[6];
    int corners;
    float corner[SPRITE_CORNERS][2], round;
    float left, top, right, bottom;
};

typedef struct dio_sprite {
    float pixel[SPRITE_FINE * SPRITE_FINE][4]; /* colours multiplied by alpha */
    float distance[SPRITE_FINE * SPRITE_FINE]; /* of the part being filled */
    float last[SPRITE_FINE * SPRITE_FINE];     /* how much each pixel is of the last part */
    struct dio_shape shape[SPRITE_SHAPES];
    int shapes;
    int join;
    float soft;
    float cosine, sine, scale, shift_x, shift_y; /* where the drawing lies on the picture */
    float u[SPRITE_NOISE];                       /* 0..1, what shapes it */
    dio_tint main, second, accent;
} dio_sprite;

/* --- shapes of the next part --- */
void sprite_ellipse(dio_sprite *s, float x, float y, float rx, float ry);
/* From one round end to another. */
void sprite_limb(dio_sprite *s, float x0, float y0, float r0, float x1, float y1, float r1);
/* A limb bent through a middle point, of `n` pieces. */
void sprite_bend(dio_sprite *s, const float from[3], const float by[2], const float to[3]);
/* Half sizes; corners rounded by `round`; turned by the vector (c, s). */
void sprite_box(dio_sprite *s, float x, float y, float w, float h, float round);
void sprite_turned_box(dio_sprite *s, float x, float y, float w, float h, float round, float c,
                       float si);
void sprite_polygon(dio_sprite *s, int n, const float (*corner)[2], float round);
/* How shapes from here on join the part: softly; as holes; where both are. */
void sprite_soft(dio_sprite *s, float soft);
void sprite_cut(dio_sprite *s);
void sprite_keep(dio_sprite *s);
void sprite_add(dio_sprite *s);

/* --- painting --- */
void sprite_fill(dio_sprite *s, const dio_paint *p);
/* On the last filled part alone, without an outline. */
void sprite_mark(dio_sprite *s, const dio_paint *p);
/* The whole drawing turned by the vector (c, s), scaled, moved; from here on. */
void sprite_place(dio_sprite *s, float c, float si, float scale, float x, float y);

/* --- numbers and colours --- */
float sprite_mix(float a, float b, float t);
float sprite_clamp(float x); /* to 0..1 */
/* u[i] carried to lo..hi. */
float sprite_u(const dio_sprite *s, int i, float lo, float hi);
float sprite_smooth(float lo, float hi, float x);
/* Smooth random numbers in -1..1; lattice points repeat after `period` (0: never). */
float sprite_noise(float x, float y, int period, uint32_t seed);
float sprite_hash(int x, int y, uint32_t seed); /* 0..1 */
/* sin and cos of `turns` full circles, by a polynomial. */
float sprite_sin(float turns);
float sprite_cos(float turns);
dio_tint sprite_tint(float r, float g, float b);
dio_tint sprite_blend(dio_tint a, dio_tint b, float t);
dio_tint sprite_scale(dio_tint a, float by);
/* The tone of a colour: 0 deepest shadow, 0.5 itself, 1 highlight. */
dio_tint sprite_ramp(dio_tint base, float tone);
/* A pixel of a tile, at column x and row y of SPRITE_FINE. */
void sprite_dot(dio_sprite *s, int x, int y, dio_tint c);

/* --- what there is: sprite_*.c --- */
typedef struct dio_sprite_kind {
    const char *group, *name;
    void (*draw)(dio_sprite *s);
} dio_sprite_kind;
extern const dio_sprite_kind dio_sprite_creatures[], dio_sprite_weapons[], dio_sprite_items[],
    dio_sprite_potions[], dio_sprite_terrain[]; /* end with a NULL name */
