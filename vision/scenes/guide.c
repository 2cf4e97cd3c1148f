/* guide.c: a scene in numbers. */
#include "vision/scenes/guide.h"

#include <math.h>
#include <string.h>

#include "vision/scenes/canvas.h"
#include "vision/srgb.h"

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

/* The item that a place belongs to: the nearest in its own measure, those in front a little more.
 */
static int owner(const dio_scene *s, const canvas *c, float x, float y, float *u, float *v)
{
    int best = 0;
    float least = 1e9f;
    for (int i = 0; i < s->items; i++) {
        float a, b;
        canvas_local(c, &c->square[i], x, y, &a, &b);
        float far = sqrtf(a * a + b * b) - 0.15f * (float)i / (float)s->items;
        if (s->frame == DIO_FRAME_PATTERN)
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
    canvas c;
    canvas_set(&c, s, w);
    size_t plane = (size_t)w->w * (size_t)w->h;
    const float pi = 3.14159265f;
    for (int j = 0; j < w->h; j++)
        for (int i = 0; i < w->w; i++) {
            float x = ((float)(w->x + i) + 0.5f) * c.cell, y = ((float)(w->y + j) + 0.5f) * c.cell,
                  u = 0, v = 0;
            const dio_scene_item *it = &s->item[owner(s, &c, x, y, &u, &v)];
            float inside = clamp(8 * (1.1f - fmaxf(fabsf(u), fabsf(v))), 0, 1);
            float foot = it->y * c.tall + (c.stands ? 0 : DIO_SCENE_FOOT * 0.5f * it->size);
            float dx = (x - it->x * c.wide) / (0.5f * it->size),
                  dy = (y - foot) / (0.15f * it->size);
            float below = y - c.horizon;
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
