/* sprites.c: requests become labels and noise, what the generator gives becomes pictures. */
#include "vision/sprites.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/value.h"
#include "tensor/plan.h"
#include "vision/colour_match.h"
#include "vision/generator.h"
#include "vision/sources/sprite_palette.h"

enum { KINDS = 256, GROUPS = 16, FILE_LIMIT = 1 << 20, CHOICE = 0x6b696e64, COLOURS = 9 };

struct dio_sprites {
    dio_arena *arena;
    dio_generator *generator;
    dio_plan *plan;
    const char *group[GROUPS], *kind[KINDS];
    int groups, kinds;
    int group_of[KINDS];
    float *label, *z;
};

/* --- opening --- */

/* Labels lie as gallery_sprites.c lays them: groups, kinds, colours. Which group a kind belongs to,
 * our own lists of what can be drawn know. */
static int group_of(const dio_sprites *s, const char *kind)
{
    static const dio_sprite_kind *const lists[] = {dio_sprite_creatures, dio_sprite_weapons,
                                                   dio_sprite_items, dio_sprite_potions,
                                                   dio_sprite_terrain};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const dio_sprite_kind *k = lists[l]; k->name; k++)
            for (int g = 0; g < s->groups; g++)
                if (strcmp(k->name, kind) == 0 && strcmp(k->group, s->group[g]) == 0)
                    return g;
    return -1;
}

static bool is_group(const char *name)
{
    static const char *const groups[] = {"creature", "weapon", "item", "potion", "terrain"};
    for (int i = 0; i < 5; i++)
        if (strcmp(name, groups[i]) == 0)
            return true;
    return false;
}

static bool read_labels(dio_sprites *s, const char *dir, dio_error *err)
{
    const char *path = dio_path_join(s->arena, dir, "training.json");
    const dio_value *v = dio_value_read(s->arena, path, FILE_LIMIT, err);
    const dio_value *labels = v ? dio_map_get(v, "labels") : NULL;
    if (!v)
        return false;
    if (!labels || labels->kind != DIO_LIST)
        return dio_fail(err, "%s: \"labels\" is missing: no generator of sprites", path);
    int n = labels->list.count;
    for (int i = 0; i < n; i++)
        if (labels->list.items[i]->kind != DIO_STRING)
            return dio_value_fail(labels->list.items[i], err, "labels are names");
    for (int i = 0; i < n && is_group(labels->list.items[i]->string.text) && s->groups < GROUPS;
         i++)
        s->group[s->groups++] = labels->list.items[i]->string.text;
    s->kinds = n - s->groups - COLOURS;
    if (n != s->generator->shape.labels || s->kinds < 1 || s->kinds > KINDS || !s->groups)
        return dio_value_fail(labels, err,
                              "%d labels, and the generator takes %d: groups, kinds and "
                              "%d numbers of colours",
                              n, s->generator->shape.labels, COLOURS);
    for (int i = 0; i < s->kinds; i++) {
        s->kind[i] = labels->list.items[s->groups + i]->string.text;
        s->group_of[i] = group_of(s, s->kind[i]);
        if (s->group_of[i] < 0)
            return dio_value_fail(labels->list.items[s->groups + i], err,
                                  "no kind of sprites is called \"%s\"", s->kind[i]);
    }
    return true;
}

static bool make_plan(dio_sprites *s, dio_device *device, dio_error *err)
{
    const dio_generator_shape *shape = &s->generator->shape;
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "a sprite");
    dio_generator_io io = {
        .z = dio_input(g, "z", dio_type_2d(DIO_F32, 1, shape->z)),
        .label = dio_input(g, "label", dio_type_2d(DIO_F32, 1, shape->labels)),
    };
    dio_generator_forward(g, s->generator, &io);
    s->plan = dio_plan_create(g, &io.out, 1, false, device, &(dio_plan_options){0}, err);
    dio_graph_destroy(g);
    s->z = dio_arena_try(s->arena, (size_t)shape->z * sizeof(float));
    s->label = dio_arena_try(s->arena, (size_t)shape->labels * sizeof(float));
    return s->plan && ((s->z && s->label) || dio_fail_memory(err, "a sprite"));
}

dio_sprites *dio_sprites_open(const char *dir, dio_device *device, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    dio_sprites *s = a ? dio_arena_try(a, sizeof *s) : NULL;
    if (!s) {
        dio_arena_destroy(a);
        dio_fail_memory(err, "a generator of sprites");
        return NULL;
    }
    s->arena = a;
    s->generator = dio_generator_open(dir, err);
    bool ok = s->generator &&
              (s->generator->shape.channels == 4 ||
               dio_fail(err, "%s: makes pictures without alpha: no generator of sprites", dir)) &&
              read_labels(s, dir, err) && make_plan(s, device, err);
    if (ok)
        return s;
    dio_sprites_close(s);
    return NULL;
}

void dio_sprites_close(dio_sprites *s)
{
    if (!s)
        return;
    dio_plan_destroy(s->plan);
    dio_generator_close(s->generator);
    dio_arena_destroy(s->arena);
}

/* --- requests --- */

const char *dio_sprites_kind(const dio_sprites *s, int i)
{
    return i >= 0 && i < s->kinds ? s->kind[i] : NULL;
}

const char *dio_sprites_group(const dio_sprites *s, int i)
{
    return i >= 0 && i < s->kinds ? s->group[s->group_of[i]] : NULL;
}

int dio_sprites_choose(const dio_sprites *s, const dio_sprite_request *r, dio_error *err)
{
    int fits[KINDS], n = 0;
    const char *wanted = r->kind ? r->kind : "";
    for (int i = 0; i < s->kinds; i++)
        if (!wanted[0] || strcmp(wanted, s->kind[i]) == 0 ||
            strcmp(wanted, s->group[s->group_of[i]]) == 0)
            fits[n++] = i;
    if (n)
        return fits[dio_below(r->seed, CHOICE, 0, (uint32_t)n)];
    const char *names[KINDS + GROUPS];
    for (int i = 0; i < s->kinds; i++)
        names[n++] = s->kind[i];
    for (int g = 0; g < s->groups; g++)
        names[n++] = s->group[g];
    const char *near = dio_nearest(wanted, names, n);
    dio_fail(err,
             "there are no sprites of kind \"%.80s\"%s%s%s (groups are creature, weapon, item, "
             "potion, terrain)",
             wanted, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return -1;
}

static void set_label(dio_sprites *s, const dio_sprite_request *r, int kind)
{
    dio_tint natural[DIO_SPRITE_COLOURS];
    dio_sprite_palette(s->kind[kind], r->seed, 0, true, natural);
    memset(s->label, 0, (size_t)s->generator->shape.labels * sizeof *s->label);
    s->label[s->group_of[kind]] = 1;
    s->label[s->groups + kind] = 1;
    for (int k = 0; k < DIO_SPRITE_COLOURS; k++) {
        const float own[3] = {natural[k].r, natural[k].g, natural[k].b};
        memcpy(s->label + s->groups + s->kinds + 3 * k, k < r->colours ? r->rgb[k] : own,
               sizeof own);
    }
}

/* --- pictures --- */

static uint8_t byte_of(float x)
{
    return (uint8_t)(255 * fminf(fmaxf(x, 0), 1) + 0.5f);
}

/* Planes of colours multiplied by alpha become pixels of straight alpha. What is all but clear is
 * clear, and what is all but solid is solid: nothing glimmers around a sprite. */
static void put_pixels(const float *from, dio_image *image)
{
    static const float CLEAR = 0.035f, SOLID = 0.965f;
    int plane = image->width * image->height;
    uint8_t *out = dio_image_row(image, 0);
    for (int i = 0; i < plane; i++, out += 4) {
        float alpha = (from[3 * plane + i] + 1) / 2;
        alpha = fminf(fmaxf((alpha - CLEAR) / (SOLID - CLEAR), 0), 1);
        float by = alpha > 0 ? 1 / fmaxf(alpha, 0.02f) : 0;
        for (int c = 0; c < 3; c++)
            out[c] = byte_of(by * (from[c * plane + i] + 1) / 2);
        out[3] = byte_of(alpha);
        if (!out[3])
            memset(out, 0, 4);
    }
}

bool dio_sprites_finish(const float *planes, const dio_sprite_request *r, dio_image *image,
                        dio_error *err)
{
    uint8_t wished[DIO_SPRITE_COLOURS][3];
    put_pixels(planes, image);
    for (int k = 0; k < r->colours; k++)
        for (int c = 0; c < 3; c++)
            wished[k][c] = byte_of(r->rgb[k][c]);
    return dio_image_colour_match(image, (const uint8_t(*)[3])wished, r->colours, err);
}

dio_image *dio_sprites_paint(dio_sprites *s, const dio_sprite_request *r, dio_error *err)
{
    const dio_generator_shape *shape = &s->generator->shape;
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};
    int kind = dio_sprites_choose(s, r, err);
    if (kind < 0)
        return NULL;
    set_label(s, r, kind);
    dio_generator_draw_z(s->generator, r->seed, s->z);
    if (!dio_plan_set(s->plan, "z", s->z, (size_t)shape->z * sizeof(float), err) ||
        !dio_plan_set(s->plan, "label", s->label, (size_t)shape->labels * sizeof(float), err) ||
        !dio_plan_run(s->plan, err))
        return NULL;
    dio_image *image = dio_image_create(shape->width, shape->height, &form, err);
    if (image && dio_sprites_finish(dio_plan_output(s->plan, 0, NULL), r, image, err))
        return image;
    dio_image_unref(image);
    return NULL;
}

dio_image *dio_sprites_sheet(dio_image *const *pictures, int count, int columns, int gap,
                             dio_error *err)
{
    if (count < 1 || columns < 1 || gap < 0) {
        dio_fail(err, "a sheet needs pictures, columns and a gap of 0 or more");
        return NULL;
    }
    const dio_image *first = pictures[0];
    columns = columns < count ? columns : count;
    int64_t w = first->width + gap, h = first->height + gap, rows = (count + columns - 1) / columns;
    if (!dio_image_size_check(columns * w - gap, rows * h - gap, err))
        return NULL;
    dio_image *sheet =
        dio_image_create((int)(columns * w) - gap, (int)(rows * h) - gap, &first->form, err);
    for (int i = 0; sheet && i < count; i++)
        for (int y = 0; y < first->height; y++)
            memcpy((uint8_t *)dio_image_row(sheet, (int)(i / columns * h) + y) +
                       4 * (size_t)(i % columns * w),
                   dio_image_row(pictures[i], y), 4 * (size_t)first->width);
    return sheet;
}
