/* guide.c: a scene in numbers. */
#include "vision/scenes/guide.h"

#include <math.h>
#include <string.h>

#include "vision/scenes/colours.h"
#include "vision/srgb.h"

/* A learned picture goes a little beyond its subject's square. */
static const float tile_reach = 1.1f;

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* --- the wish --- */

enum { SWITCHES = 5, PLACES = 12 };

int dio_guide_wish_size(void)
{
    return dio_subject_count() + DIO_MATERIALS + DIO_LIGHTS + DIO_FRAMES + DIO_BACKDROPS +
           DIO_STYLES + SWITCHES + 3 * DIO_ROLES + 3 + DIO_SCENE_NUMBERS + PLACES;
}

static float *one_of(float *to, int index, int count)
{
    memset(to, 0, (size_t)count * sizeof *to);
    to[index] = 1;
    return to + count;
}

static float *put_colour(float *to, const float srgb[3])
{
    float linear[3], lab[3];
    for (int i = 0; i < 3; i++)
        linear[i] = dio_srgb_to_linear(srgb[i]);
    dio_srgb_oklab(linear, lab);
    to[0] = 2.5f * (lab[0] - 0.6f);
    to[1] = 6 * lab[1];
    to[2] = 6 * lab[2];
    return to + 3;
}

void dio_guide_wish(const dio_scene *s, const dio_guide_window *w, float *to)
{
    const dio_scene_item *it = &s->item[s->items - 1];
    to = one_of(to, s->subject, dio_subject_count());
    to = one_of(to, s->material, DIO_MATERIALS);
    to = one_of(to, s->light, DIO_LIGHTS);
    to = one_of(to, s->frame, DIO_FRAMES);
    to = one_of(to, s->backdrop, DIO_BACKDROPS);
    to = one_of(to, s->style, DIO_STYLES);
    const float switches[SWITCHES] = {s->painted, s->alpha, dio_scene_stands(s), w->wrap_x,
                                      w->wrap_y};
    memcpy(to, switches, sizeof switches);
    to += SWITCHES;
    for (int i = 0; i < DIO_ROLES; i++)
        to = put_colour(to, s->palette[i]);
    for (int i = 0; i < 3; i++)
        *to++ = s->direction[i];
    for (int i = 0; i < DIO_SCENE_NUMBERS; i++)
        *to++ = 2 * s->number[i] - 1;
    int shorter = w->full_w < w->full_h ? w->full_w : w->full_h;
    const float places[PLACES] = {
        cosf(it->angle),       sinf(it->angle), it->flip ? -1 : 1,
        2 * it->size - 1,      2 * it->x - 1,   2 * it->y - 1,
        2 * s->horizon - 1,    logf(s->aspect), log2f((float)shorter / 32),
        (float)(s->items > 1), s->item[0].tone, (float)(it->form % 4) / 2 - 1};
    memcpy(to, places, sizeof places);
}

/* --- where a latent is --- */

struct canvas {
    const dio_scene *s;
    float wide, tall, cell;
    bool stands, wrap_x, wrap_y;
};

static struct canvas canvas_of(const dio_scene *s, const dio_guide_window *w)
{
    float shorter = (float)(w->full_w < w->full_h ? w->full_w : w->full_h);
    bool pattern = s->frame == DIO_FRAME_PATTERN; /* which goes on at the other side anyway */
    struct canvas c = {s,
                       (float)w->full_w / shorter,
                       (float)w->full_h / shorter,
                       1 / shorter,
                       dio_scene_stands(s),
                       w->wrap_x || pattern,
                       w->wrap_y || pattern};
    return c;
}

/* Of a distance on a ring, the shorter way round. */
static float round_way(float d, float length, bool wraps)
{
    return wraps ? d - length * floorf(d / length + 0.5f) : d;
}

static void to_local(const struct canvas *c, const dio_scene_item *it, float x, float y, float *u,
                     float *v)
{
    float half = 0.5f * it->size, cy = it->y * c->tall - (c->stands ? DIO_SCENE_FOOT * half : 0);
    float dx = round_way(x - it->x * c->wide, c->wide, c->wrap_x) / half;
    float dy = round_way(y - cy, c->tall, c->wrap_y) / half;
    float cosine = cosf(it->angle), sine = sinf(it->angle);
    *u = (dx * cosine + dy * sine) * (it->flip ? -1 : 1);
    *v = -dx * sine + dy * cosine;
}

/* The item that a place belongs to: the nearest in its own measure, those in front a little more.
 */
static int owner(const struct canvas *c, float x, float y, float *u, float *v)
{
    int best = 0;
    float least = 1e9f;
    for (int i = 0; i < c->s->items; i++) {
        float a, b;
        to_local(c, &c->s->item[i], x, y, &a, &b);
        float far = sqrtf(a * a + b * b) - 0.15f * (float)i / (float)c->s->items;
        if (c->s->frame == DIO_FRAME_PATTERN)
            far = fmaxf(fabsf(a), fabsf(b));
        if (far < least) {
            least = far;
            best = i;
            *u = a;
            *v = b;
        }
    }
    return best;
}

/* The palette's colours as pictures have them, -1..1: what is behind (ground, or floor below the
 * horizon; nothing in a cut-out), the item's first and second colour. */
static void put_hints(const dio_scene *s, float below, float inside, float to[9])
{
    bool painted = s->painted || !dio_subject_at(s->subject)->glyph;
    float floor = dio_scene_floor(s) ? clamp(below, 0, 1) : 0;
    for (int i = 0; i < 3; i++) {
        float ground = s->palette[DIO_ROLE_GROUND][i];
        ground += (s->palette[DIO_ROLE_FLOOR][i] - ground) * floor;
        to[i] = s->alpha ? -1 : 2 * ground - 1;
        to[3 + i] = painted ? inside * (2 * s->palette[DIO_ROLE_SUBJECT][i] - 1) : 0;
        to[6 + i] = painted ? inside * (2 * s->palette[DIO_ROLE_SECOND][i] - 1) : 0;
    }
}

void dio_guide_map(const dio_scene *s, const dio_guide_window *w, float *out)
{
    struct canvas c = canvas_of(s, w);
    size_t plane = (size_t)w->w * (size_t)w->h;
    const float pi = 3.14159265f;
    for (int j = 0; j < w->h; j++)
        for (int i = 0; i < w->w; i++) {
            float x = ((float)(w->x + i) + 0.5f) * c.cell, y = ((float)(w->y + j) + 0.5f) * c.cell,
                  u = 0, v = 0;
            const dio_scene_item *it = &s->item[owner(&c, x, y, &u, &v)];
            float inside = clamp(8 * (1.1f - fmaxf(fabsf(u), fabsf(v))), 0, 1);
            float foot = it->y * c.tall + (c.stands ? 0 : DIO_SCENE_FOOT * 0.5f * it->size);
            float dx = (x - it->x * c.wide) / (0.5f * it->size),
                  dy = (y - foot) / (0.15f * it->size);
            float below = y - s->horizon * c.tall;
            u = clamp(u, -2, 2);
            v = clamp(v, -2, 2);
            float at[DIO_GUIDE_MAP] = {
                u,
                v,
                inside,
                expf(-2 * (u * u + v * v)),
                sinf(pi * u),
                cosf(pi * u),
                sinf(pi * v),
                cosf(pi * v),
                sinf(2 * pi * u),
                cosf(2 * pi * u),
                sinf(2 * pi * v),
                cosf(2 * pi * v),
                w->wrap_x ? 0 : x - 0.5f * c.wide,
                w->wrap_y ? 0 : y - 0.5f * c.tall,
                w->wrap_x ? 0 : 2 * (x / c.wide - 0.5f),
                w->wrap_y ? 0 : 2 * (y / c.tall - 0.5f),
                dio_scene_floor(s) ? clamp(4 * below, -1.5f, 1.5f) : 0,
                dio_scene_floor(s) ? clamp(below / c.cell + 0.5f, 0, 1) : 0,
                expf(-(dx * dx + dy * dy)),
                5 * (1 - it->tone),
            };
            put_hints(s, below / c.cell + 0.5f, inside, at + DIO_GUIDE_MAP - 9);
            for (int k = 0; k < DIO_GUIDE_MAP; k++)
                out[(size_t)k * plane + (size_t)j * (size_t)w->w + (size_t)i] = at[k];
        }
}

/* --- learned pictures --- */

static int first_tile(int subject)
{
    int n = 0;
    for (int i = 0; i < subject; i++)
        n += dio_subject_at(i)->glyph ? 1 : DIO_SUBJECT_FORMS;
    return n;
}

int dio_guide_tiles(void)
{
    return first_tile(dio_subject_count());
}

void dio_guide_tile(int tile, dio_scene *s)
{
    dio_scene_wish wish = dio_scene_any();
    int subject = dio_subject_count() - 1;
    while (first_tile(subject) > tile)
        subject--;
    wish.subject = subject;
    wish.material = DIO_MATERIAL_NATURAL;
    wish.light = DIO_LIGHT_SOFT;
    wish.frame = DIO_FRAME_CENTRE;
    wish.backdrop = DIO_BACKDROP_PLAIN;
    wish.style = DIO_STYLE_SOFT;
    wish.alpha = true;
    dio_scene_plan(s, &wish, 1, 1);
    s->painted = false;
    dio_scene_item *it = &s->item[0];
    float size = 1 / tile_reach;
    float foot = dio_scene_stands(s) ? 0.5f * DIO_SCENE_FOOT * size : 0;
    *it = (dio_scene_item){.x = 0.5f,
                           .y = 0.5f + foot,
                           .size = size,
                           .tone = 1,
                           .form = dio_subject_at(subject)->glyph ? it->form
                                                                  : tile - first_tile(subject)};
}

void dio_guide_places(const dio_scene *s, const dio_guide_window *w, int side, int32_t *places,
                      float *shares)
{
    struct canvas c = canvas_of(s, w);
    int first = first_tile(s->subject);
    for (int j = 0; j < w->h; j++)
        for (int i = 0; i < w->w; i++) {
            float x = ((float)(w->x + i) + 0.5f) * c.cell, y = ((float)(w->y + j) + 0.5f) * c.cell,
                  u = 0, v = 0;
            const dio_scene_item *it = &s->item[owner(&c, x, y, &u, &v)];
            int tile = first + (dio_subject_at(s->subject)->glyph ? 0 : it->form);
            float inside = clamp(8 * (tile_reach - fmaxf(fabsf(u), fabsf(v))), 0, 1);
            float fu =
                clamp((u / tile_reach * 0.5f + 0.5f) * (float)side - 0.5f, 0, (float)side - 1.001f);
            float fv =
                clamp((v / tile_reach * 0.5f + 0.5f) * (float)side - 0.5f, 0, (float)side - 1.001f);
            int a = (int)fu, b = (int)fv, at = (tile * side + b) * side + a;
            float p = fu - (float)a, q = fv - (float)b;
            const int32_t four[4] = {at, at + 1, at + side, at + side + 1};
            const float much[4] = {(1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q};
            for (int k = 0; k < 4; k++) {
                places[k] = four[k];
                shares[k] = much[k] * inside;
            }
            places += 4;
            shares += 4;
        }
}
