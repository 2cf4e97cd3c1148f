#pragma once
/* scene.h: pictures that are composed by rule: the training data of the house painter.
 *
 * A wish says what is asked for (a bottle, glass, rim light, copy space on the left, these
 * colours); a plan is the wish with everything left open decided by the seed; drawing is a plan at
 * a size. A plan knows no pixels: the same plan at 128 and at 768 is the same picture, and any
 * window of it can be drawn alone. Plans need no fonts; drawing needs the atlas of subjects, which
 * is made from an emoji font and from shapes of our own.
 *
 *     dio_scene_wish wish = dio_scene_any();
 *     wish.subject = dio_scene_subject("bottle");
 *     dio_scene scene;
 *     dio_scene_plan(&scene, &wish, 1.0f, seed);
 *     dio_atlas_draw(atlas, &scene, &(dio_window){512, 512, 0, 0, 512, 512}, rgba);
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a scene is made of. The order is the painter's: new words go at the end. */
typedef enum dio_material {
    DIO_MATERIAL_NATURAL, /* the subject's own colours and surface */
    DIO_MATERIAL_MATTE,
    DIO_MATERIAL_GLOSSY,
    DIO_MATERIAL_METAL,
    DIO_MATERIAL_GLASS,
    DIO_MATERIAL_CLAY,
    DIO_MATERIAL_FELT,
    DIO_MATERIAL_PAPER,
    DIO_MATERIALS
} dio_material;

typedef enum dio_light {
    DIO_LIGHT_SOFT,
    DIO_LIGHT_SIDE,
    DIO_LIGHT_RIM,
    DIO_LIGHT_GOLDEN,
    DIO_LIGHT_NEON,
    DIO_LIGHT_SPOT,
    DIO_LIGHTS
} dio_light;

typedef enum dio_frame {
    DIO_FRAME_CENTRE,
    DIO_FRAME_LEFT, /* the subject; space for words on the right */
    DIO_FRAME_RIGHT,
    DIO_FRAME_LOW, /* space above */
    DIO_FRAME_TOP, /* laid flat, seen from above */
    DIO_FRAME_FLOAT,
    DIO_FRAME_CLOSE,
    DIO_FRAME_WIDE,
    DIO_FRAME_GROUP,
    DIO_FRAME_PATTERN,
    DIO_FRAMES
} dio_frame;

typedef enum dio_backdrop {
    DIO_BACKDROP_PLAIN,
    DIO_BACKDROP_GRADIENT,
    DIO_BACKDROP_SWEEP,
    DIO_BACKDROP_PODIUM,
    DIO_BACKDROP_ARCH,
    DIO_BACKDROP_WINDOW,
    DIO_BACKDROP_BOKEH,
    DIO_BACKDROP_HILLS,
    DIO_BACKDROP_SKY,
    DIO_BACKDROP_STRIPES,
    DIO_BACKDROP_SUNBURST,
    DIO_BACKDROP_DOTS,
    DIO_BACKDROP_WAVES,
    DIO_BACKDROP_TABLE,
    DIO_BACKDROP_LEAVES,
    DIO_BACKDROPS
} dio_backdrop;

typedef enum dio_style {
    DIO_STYLE_SOFT, /* soft 3D */
    DIO_STYLE_FLAT,
    DIO_STYLE_PAPER, /* paper cut */
    DIO_STYLE_PRINT, /* screen print */
    DIO_STYLE_STUDIO,
    DIO_STYLES
} dio_style;

/* Roles of the colours, in the order in which a user names them. */
typedef enum dio_role {
    DIO_ROLE_GROUND,
    DIO_ROLE_SUBJECT,
    DIO_ROLE_SECOND, /* of the subject */
    DIO_ROLE_FLOOR,
    DIO_ROLE_ACCENT,
    DIO_ROLES
} dio_role;

extern const char *const dio_material_names[DIO_MATERIALS + 1];
extern const char *const dio_light_names[DIO_LIGHTS + 1];
extern const char *const dio_frame_names[DIO_FRAMES + 1];
extern const char *const dio_backdrop_names[DIO_BACKDROPS + 1];
extern const char *const dio_style_names[DIO_STYLES + 1];

/* What can be shown. */
typedef struct dio_subject {
    const char *name;
    uint32_t glyph; /* of the emoji font; 0: drawn by product `draw` */
    int draw;       /* index into the products' table */
    bool stands;    /* on its lower edge; else it lies, hangs or flies */
    float size;     /* of its usual size in a picture */
} dio_subject;
int dio_subject_count(void);
const dio_subject *dio_subject_at(int i);
int dio_scene_subject(const char *name); /* -1: no such subject */

/* Half a subject's square is 1; where the foot of what stands is, from its middle. */
#define DIO_SCENE_FOOT 0.97f

enum { DIO_SCENE_ANY = -1, DIO_SCENE_ITEMS = 24, DIO_SCENE_NUMBERS = 16, DIO_SUBJECT_FORMS = 8 };

typedef struct dio_scene_wish {
    int subject, material, light, frame, backdrop, style; /* DIO_SCENE_ANY: the seed decides */
    int colours;                                          /* how many of palette are given */
    float palette[DIO_ROLES][3];                          /* sRGB, 0..1 */
    bool alpha;                                           /* the subject alone */
} dio_scene_wish;
dio_scene_wish dio_scene_any(void);

typedef struct dio_scene_item {
    float x, y;  /* middle; where it stands, its foot: parts of the picture's width and height */
    float size;  /* side of its square, parts of the shorter side */
    float angle; /* radians, clockwise */
    float tone;  /* of its colours: 1 as they are */
    bool flip;
    int form;
} dio_scene_item;

typedef struct dio_scene {
    uint64_t seed;
    float aspect; /* width over height */
    int subject, material, light, frame, backdrop, style;
    bool alpha, painted;         /* painted: in the palette's colours, not the subject's own */
    float palette[DIO_ROLES][3]; /* sRGB, 0..1 */
    dio_scene_item item[DIO_SCENE_ITEMS];
    int items;
    float horizon;                   /* part of the height; where wall and floor meet */
    float direction[3];              /* towards the light: x right, y down, z to the viewer */
    float number[DIO_SCENE_NUMBERS]; /* 0..1: what a backdrop's details are drawn by */
} dio_scene;

/* Decides everything. Depends on its arguments alone. */
void dio_scene_plan(dio_scene *s, const dio_scene_wish *wish, float aspect, uint64_t seed);
bool dio_scene_floor(const dio_scene *s);  /* there is ground */
bool dio_scene_stands(const dio_scene *s); /* its subject stands on it */
/* A sentence that asks for the scene, with one of several words for everything. */
char *dio_scene_caption(const dio_scene *s, dio_arena *a);

/* Part [x, x+w) x [y, y+h) of a picture of full_w x full_h. */
typedef struct dio_window {
    int full_w, full_h, x, y, w, h;
} dio_window;

/* The subjects' shapes, made once. NULL with a message when the font is not there. */
typedef struct dio_atlas dio_atlas;
dio_atlas *dio_atlas_open(dio_error *err);
void dio_atlas_close(dio_atlas *a); /* NULL is fine */
/* rgba [h,w,4] sRGB bytes, colours multiplied by alpha. Safe from several threads. */
void dio_atlas_draw(const dio_atlas *a, const dio_scene *s, const dio_window *w, uint8_t *rgba);

#ifdef __cplusplus
}
#endif
