/* gallery_sprites.c: game sprites of 64x64 with exact alpha, drawn by us, without end.
 *
 * Labels: the group (creature, weapon, item, potion, terrain), the kind, and three colours. Noise:
 * the numbers that shape it. From both together a sprite follows without anything hidden, so that a
 * generator can learn from pairs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "vision/gallery.h"
#include "vision/sources/sprite_palette.h"

enum { GROUPS = 5, COLOURS = 9, KINDS_MOST = 64, SHAPE = 0x73707274, WHICH = 0x73707277 };

struct params {
    const char *only;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, only, "", 0, 40, "one group or kind; empty: all of them"),
    {0},
};

static const char *const groups[GROUPS] = {"creature", "weapon", "item", "potion", "terrain"};
static const char *const colours[COLOURS] = {"main red",   "main green",   "main blue",
                                             "second red", "second green", "second blue",
                                             "accent red", "accent green", "accent blue"};

struct source {
    uint64_t seed;
    const dio_sprite_kind *kind[KINDS_MOST];
    int count;
    int from[KINDS_MOST], n_from; /* those that are drawn */
};

static void *open_sprites(const void *params, const char *root, uint64_t seed, dio_arena *a,
                          dio_error *err)
{
    static const dio_sprite_kind *const lists[GROUPS] = {dio_sprite_creatures, dio_sprite_weapons,
                                                         dio_sprite_items, dio_sprite_potions,
                                                         dio_sprite_terrain};
    const struct params *p = params;
    (void)root;
    struct source *s = dio_arena_try(a, sizeof *s);
    if (!s) {
        dio_fail_memory(err, "the sprites");
        return NULL;
    }
    s->seed = seed;
    for (int g = 0; g < GROUPS; g++)
        for (const dio_sprite_kind *k = lists[g]; k->name && s->count < KINDS_MOST; k++) {
            bool wanted =
                !p->only[0] || strcmp(p->only, k->group) == 0 || strcmp(p->only, k->name) == 0;
            if (wanted)
                s->from[s->n_from++] = s->count;
            s->kind[s->count++] = k;
        }
    if (s->n_from)
        return s;
    dio_fail(err, "only: there is no group or kind of sprites \"%s\"", p->only);
    return NULL;
}

static void close_sprites(void *source)
{
    (void)source; /* all of it lies in the arena */
}

static void shape(void *source, dio_gallery_shape *out)
{
    const struct source *s = source;
    *out = (dio_gallery_shape){.channels = 4,
                               .height = SPRITE_SIDE,
                               .width = SPRITE_SIDE,
                               .labels = GROUPS + s->count + COLOURS,
                               .noise = SPRITE_NOISE};
}

static int64_t count(void *source, dio_split split)
{
    (void)source;
    (void)split;
    return 0;
}

static const char *label(void *source, int i)
{
    const struct source *s = source;
    if (i < GROUPS)
        return groups[i];
    return i < GROUPS + s->count ? s->kind[i - GROUPS]->name : colours[i - GROUPS - s->count];
}

/* A normal number as a share: even enough, and the same everywhere. */
static float share(float z)
{
    float a = 0.85f * z;
    return 0.5f + 0.5f * a / sqrtf(1 + a * a);
}

static void put_labels(const struct source *s, int which, const dio_sprite *sprite, float *out)
{
    const dio_tint *t[3] = {&sprite->main, &sprite->second, &sprite->accent};
    memset(out, 0, (size_t)(GROUPS + s->count + COLOURS) * sizeof *out);
    for (int g = 0; g < GROUPS; g++)
        out[g] = strcmp(groups[g], s->kind[which]->group) == 0;
    out[GROUPS + which] = 1;
    for (int k = 0; k < 3; k++)
        memcpy(out + GROUPS + s->count + 3 * k, (float[3]){t[k]->r, t[k]->g, t[k]->b},
               3 * sizeof(float));
}

/* Four fine pixels make one. */
static void put_pixels(const dio_sprite *s, float *out)
{
    for (int y = 0; y < SPRITE_SIDE; y++)
        for (int x = 0; x < SPRITE_SIDE; x++)
            for (int c = 0; c < 4; c++) {
                const float(*p)[4] = &s->pixel[2 * y * SPRITE_FINE + 2 * x];
                float mean =
                    0.25f * (p[0][c] + p[1][c] + p[SPRITE_FINE][c] + p[SPRITE_FINE + 1][c]);
                out[(c * SPRITE_SIDE + y) * SPRITE_SIDE + x] = 2 * fminf(fmaxf(mean, 0), 1) - 1;
            }
}

static bool picture(void *source, dio_split split, int64_t index, dio_picture *out, dio_arena *a,
                    dio_error *err)
{
    const struct source *s = source;
    float z[SPRITE_NOISE];
    uint64_t place = (uint64_t)index * 4 + (uint64_t)split;
    dio_sprite *sprite = dio_arena_try(a, sizeof *sprite);
    if (!sprite)
        return dio_fail_memory(err, "a sprite");
    int which = s->from[dio_below(s->seed, WHICH, place, (uint32_t)s->n_from)];
    dio_tint palette[3];
    dio_sprite_palette(s->kind[which]->name, s->seed, place, false, palette);
    sprite->main = palette[0];
    sprite->second = palette[1];
    sprite->accent = palette[2];
    dio_normal(s->seed, SHAPE, place * SPRITE_NOISE, z, SPRITE_NOISE);
    for (int i = 0; i < SPRITE_NOISE; i++)
        sprite->u[i] = share(z[i]);
    if (out->labels)
        put_labels(s, which, sprite, out->labels);
    if (out->noise)
        memcpy(out->noise, z, sizeof z);
    if (!out->pixels)
        return true;
    sprite_place(sprite, 1, 0, 1, 0, 0);
    s->kind[which]->draw(sprite);
    put_pixels(sprite, out->pixels);
    return true;
}

const dio_gallery_kind dio_gallery_sprites = {
    .name = "sprites",
    .doc =
        "64x64 RGBA game sprites, drawn without end: creatures, weapons, items, potions, terrain",
    .params = fields,
    .params_size = sizeof(struct params),
    .open = open_sprites,
    .close = close_sprites,
    .shape = shape,
    .count = count,
    .picture = picture,
    .label = label,
};
