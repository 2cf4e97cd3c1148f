/* image_sprites.c: game sprites on one sheet, and an atlas that says where each lies.
 *
 * The atlas is JSON as TexturePacker's "hash" form, which most engines read: frames by name, each
 * with its rectangle; beside that the kind, group and seed of each. */
#include <string.h>

#include "base/assets.h"
#include "base/rng.h"
#include "fusion/step.h"
#include "vision/image_io.h"
#include "vision/request.h"
#include "vision/resize.h"
#include "vision/sprites.h"

enum { SPRITES = 4096, STREAM = 0x73686565 };

struct params {
    const char *model, *palette, *sheet;
    const dio_value *kinds;
    int variations, columns, gap, scale;
    uint64_t seed;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, model, "house/sprites", 1, 1000, "model folder, or house/NAME"),
    DIO_FIELD(struct params, kinds, "null", 0, 0,
              "list of kinds or groups: [slime, sword, potion]; none: one of every kind"),
    DIO_FIELD(struct params, variations, "1", 1, 256, "sprites of each"),
    DIO_FIELD(struct params, palette, "", 0, 4000,
              "main, second and accent colour: #ff8800,#204060,#ffffff; empty: natural ones"),
    DIO_FIELD(struct params, columns, "8", 1, 256, "sprites in a row"),
    DIO_FIELD(struct params, gap, "0", 0, 64, "clear pixels between sprites"),
    DIO_FIELD(struct params, scale, "1", 1, 8, "each pixel becomes so many a side"),
    DIO_FIELD(struct params, sheet, "sheet.png", 1, 255, "what the atlas calls the sheet"),
    DIO_FIELD(struct params, seed, "0", 0, 0,
              "added to the run's seed: another sheet in the same run"),
    {0},
};

static bool read_palette(const struct params *p, dio_arena *a, dio_sprite_request *r,
                         dio_error *err)
{
    uint8_t(*rgb)[3];
    int count = 0;
    if (!p->palette || !dio_request_palette(a, "palette", p->palette, &rgb, &count, err))
        return !p->palette;
    if (count > DIO_SPRITE_COLOURS)
        return dio_fail(err, "palette: a sprite has %d colours, not %d", DIO_SPRITE_COLOURS, count);
    r->colours = count;
    for (int i = 0; i < 3 * count; i++)
        r->rgb[i / 3][i % 3] = (float)rgb[i / 3][i % 3] / 255;
    return true;
}

static bool are_names(const dio_value *kinds, dio_error *err)
{
    if (!kinds || kinds->kind == DIO_NULL)
        return true;
    if (kinds->kind != DIO_LIST || !kinds->list.count)
        return dio_value_fail(kinds, err, "kinds: expected a list of names, found %s",
                              dio_kind_name(kinds->kind));
    for (int i = 0; i < kinds->list.count; i++)
        if (kinds->list.items[i]->kind != DIO_STRING)
            return dio_value_fail(kinds->list.items[i], err, "kinds: expected a name, found %s",
                                  dio_kind_name(kinds->list.items[i]->kind));
    return true;
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    dio_sprite_request r;
    dio_error e = {0};
    (void)studio;
    if (!read_palette(p, report->arena, &r, &e) || !are_names(p->kinds, &e))
        dio_report_error(report, with, NULL, &e);
    dio_error_clear(&e);
    if (p->model && !dio_assets_model(report->arena, p->model, &e))
        dio_report_error(report, dio_map_get(with, "model") ? dio_map_get(with, "model") : with,
                         "model", &e);
}

/* What one sheet is made of. */
struct work {
    dio_task *task;
    const struct params *p;
    dio_sprites *sprites;
    dio_image **picture;
    dio_value *frames;
    int count, done;
};

static const char *asked(const struct work *w, int i)
{
    const dio_value *kinds = w->p->kinds;
    int n = i / w->p->variations;
    return kinds && kinds->kind == DIO_LIST ? kinds->list.items[n]->string.text
                                            : dio_sprites_kind(w->sprites, n);
}

static int count_of(const struct work *w)
{
    int n = 0;
    if (w->p->kinds && w->p->kinds->kind == DIO_LIST)
        n = w->p->kinds->list.count;
    else
        while (dio_sprites_kind(w->sprites, n))
            n++;
    return n * w->p->variations;
}

static void put_number(dio_arena *a, dio_value *map, const char *key, int64_t number)
{
    dio_map_set(a, map, key, dio_value_int(a, number));
}

static void put_frame(struct work *w, int i, int kind, uint64_t seed)
{
    dio_arena *a = w->task->arena;
    const dio_image *first = w->picture[i];
    int wide = first->width + w->p->gap * w->p->scale, columns = w->p->columns;
    dio_value *frame = dio_value_map(a), *box = dio_value_map(a);
    put_number(a, box, "x", (int64_t)(i % columns) * wide);
    put_number(a, box, "y", (int64_t)(i / columns) * wide);
    put_number(a, box, "w", first->width);
    put_number(a, box, "h", first->height);
    dio_map_set(a, frame, "frame", box);
    dio_map_set(a, frame, "rotated", dio_value_bool(a, false));
    dio_map_set(a, frame, "trimmed", dio_value_bool(a, false));
    dio_map_set(a, frame, "kind", dio_value_string(a, dio_sprites_kind(w->sprites, kind)));
    dio_map_set(a, frame, "group", dio_value_string(a, dio_sprites_group(w->sprites, kind)));
    dio_map_set(a, frame, "seed",
                dio_value_string(a, dio_arena_printf(a, "%llu", (unsigned long long)seed)));
    char *name = dio_arena_printf(a, "%s-%d", dio_sprites_kind(w->sprites, kind), i);
    for (char *c = name; *c; c++)
        *c = *c == ' ' ? '-' : *c;
    dio_map_set(a, w->frames, name, frame);
}

static bool paint(struct work *w, int i, dio_sprite_request *r, dio_error *err)
{
    uint32_t words[4];
    dio_philox(w->task->seed + w->p->seed, STREAM, (uint64_t)i, words);
    r->seed = words[0];
    r->kind = asked(w, i);
    int kind = dio_sprites_choose(w->sprites, r, err);
    dio_image *one = kind < 0 ? NULL : dio_sprites_paint(w->sprites, r, err);
    if (!one)
        return false;
    const dio_resize how = {.filter = DIO_FILTER_NEAREST};
    w->picture[i] =
        dio_image_resize(one, one->width * w->p->scale, one->height * w->p->scale, &how, err);
    dio_image_unref(one);
    if (!w->picture[i])
        return false;
    w->done = i + 1;
    put_frame(w, i, kind, r->seed);
    return dio_task_progress(w->task, (double)(i + 1) / (w->count + 1), err);
}

static char *atlas_of(const struct work *w, const dio_image *sheet)
{
    dio_arena *a = w->task->arena;
    dio_value *all = dio_value_map(a), *meta = dio_value_map(a), *size = dio_value_map(a);
    dio_map_set(a, all, "frames", w->frames);
    put_number(a, size, "w", sheet->width);
    put_number(a, size, "h", sheet->height);
    dio_map_set(a, meta, "app", dio_value_string(a, "diorama"));
    dio_map_set(a, meta, "image", dio_value_string(a, w->p->sheet));
    dio_map_set(a, meta, "format", dio_value_string(a, "RGBA8888"));
    dio_map_set(a, meta, "size", size);
    dio_map_set(a, meta, "scale", dio_value_string(a, "1"));
    dio_map_set(a, all, "meta", meta);
    return dio_json_write(a, all, 2);
}

static bool finish(struct work *w, dio_error *err)
{
    const char *path = dio_task_path(w->task, "image", ".png");
    dio_image *sheet =
        dio_sprites_sheet(w->picture, w->count, w->p->columns, w->p->gap * w->p->scale, err);
    bool ok = sheet && dio_image_write(sheet, path, NULL, err);
    char *atlas = ok ? atlas_of(w, sheet) : NULL;
    dio_image_unref(sheet);
    if (!ok)
        return false;
    if (!atlas)
        return dio_fail_memory(err, "an atlas");
    dio_task_give_file(w->task, "image", path);
    dio_task_give_text(w->task, "atlas", atlas);
    return true;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    struct work w = {.task = t, .p = p};
    dio_sprite_request r = {0};
    dio_device *device = dio_studio_device(t->studio, err);
    const char *dir = device ? dio_assets_model(t->arena, p->model, err) : NULL;
    w.sprites = dir ? dio_sprites_open(dir, device, err) : NULL;
    if (!w.sprites || !read_palette(p, t->arena, &r, err) || !are_names(p->kinds, err)) {
        dio_sprites_close(w.sprites);
        return false;
    }
    w.count = count_of(&w);
    w.frames = dio_value_map(t->arena);
    bool ok = w.count <= SPRITES ||
              dio_fail(err, "%d sprites: at most %d lie on a sheet", w.count, SPRITES);
    w.picture = ok ? dio_arena_try(t->arena, (size_t)w.count * sizeof(dio_image *)) : NULL;
    ok = ok && (w.picture || dio_fail_memory(err, "a sheet of sprites"));
    for (int i = 0; ok && i < w.count; i++)
        ok = paint(&w, i, &r, err);
    ok = ok && finish(&w, err);
    for (int i = 0; i < w.done; i++)
        dio_image_unref(w.picture[i]);
    dio_sprites_close(w.sprites);
    const dio_value *facts = ok ? dio_studio_model_facts(t->studio, p->model, t->arena, err) : NULL;
    if (facts)
        dio_task_note(t, "model", facts);
    return ok && facts;
}

const dio_step dio_step_image_sprites = {
    .name = "image.sprites",
    .version = 1,
    .doc = "Game sprites with alpha on one sheet, as PNG, with a JSON atlas.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"image", DIO_MEDIA_IMAGE, "the sheet"},
                              {"atlas", DIO_MEDIA_DATA, "where each sprite lies, as JSON"},
                              {0}},
    .weight = 1,
    .check = check,
    .run = run,
};
