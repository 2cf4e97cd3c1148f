/* gallery_scenes.c: composed scenes without end: windows of pictures of every shape, with and
 * without a backdrop. What the painter's autoencoder learns from. */
#include <stdlib.h>

#include "base/rng.h"
#include "vision/gallery.h"
#include "vision/scenes/scene.h"

struct params {
    int size, full;
    double alpha;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, size, "256", 16, 1024, "pixels a side of what is cut out"),
    DIO_FIELD(struct params, full, "512", 16, 4096, "pixels of the whole picture's shorter side"),
    DIO_FIELD(struct params, alpha, "0.15", 0, 1, "share of pictures without a backdrop"),
    {0},
};

struct source {
    struct params p;
    dio_atlas *atlas;
    uint64_t seed;
};

enum { STREAM = 0x7363656e };

static void *open_source(const void *params, const char *root, uint64_t seed, dio_arena *a,
                         dio_error *err)
{
    (void)root;
    struct source *s = dio_arena_alloc(a, sizeof *s);
    s->p = *(const struct params *)params;
    s->seed = seed;
    if (s->p.size > s->p.full) {
        dio_fail(err, "size: %d is above full, %d", s->p.size, s->p.full);
        return NULL;
    }
    s->atlas = dio_atlas_open(err);
    return s->atlas ? s : NULL;
}

static void close_source(void *source)
{
    dio_atlas_close(((struct source *)source)->atlas);
}

static void shape(void *source, dio_gallery_shape *out)
{
    int size = ((struct source *)source)->p.size;
    *out = (dio_gallery_shape){.channels = 4, .height = size, .width = size};
}

static int64_t count(void *source, dio_split split)
{
    (void)source, (void)split;
    return 0;
}

/* Where along a side of `full` a window of `size` begins: mostly where the subject is. */
static int cut(const uint32_t r, int full, int size, float middle, bool near)
{
    float u = (float)(r >> 8) * (1.0f / 16777216);
    float at =
        near ? middle * (float)full - (float)size * (0.2f + 0.6f * u) : u * (float)(full - size);
    int most = full - size, to = (int)at;
    return to < 0 ? 0 : to > most ? most : to;
}

static bool picture(void *source, dio_split split, int64_t index, dio_picture *out, dio_arena *a,
                    dio_error *err)
{
    const struct source *s = source;
    uint32_t r[4], q[4];
    dio_philox(s->seed, STREAM + (uint64_t)split, 2 * (uint64_t)index, r);
    dio_philox(s->seed, STREAM + (uint64_t)split, 2 * (uint64_t)index + 1, q);
    dio_scene_wish wish = dio_scene_any();
    wish.alpha = (double)r[0] < s->p.alpha * 4294967296.0;
    int w = s->p.full, h = s->p.full,
        longer = s->p.full + (int)(r[1] % (uint32_t)(s->p.full * 4 / 5));
    if (r[1] >> 30 == 1)
        w = longer;
    if (r[1] >> 30 == 2)
        h = longer;
    dio_scene scene;
    dio_scene_plan(&scene, &wish, (float)w / (float)h, (uint64_t)r[2] << 32 | r[3]);
    bool near = q[0] < 0xb0000000u;
    dio_window window = {w,
                         h,
                         cut(q[1], w, s->p.size, scene.item[0].x, near),
                         cut(q[2], h, s->p.size, scene.item[0].y - 0.15f, near),
                         s->p.size,
                         s->p.size};
    size_t plane = (size_t)s->p.size * (size_t)s->p.size;
    uint8_t *rgba = dio_arena_try(a, plane * 4);
    if (!rgba)
        return dio_fail_memory(err, "a scene");
    if (out->pixels) {
        dio_atlas_draw(s->atlas, &scene, &window, rgba);
        for (size_t i = 0; i < plane; i++)
            for (size_t c = 0; c < 4; c++)
                out->pixels[c * plane + i] = (float)rgba[4 * i + c] * (1 / 127.5f) - 1;
    }
    out->caption = dio_scene_caption(&scene, a);
    return true;
}

const dio_gallery_kind dio_gallery_scenes = {
    .name = "scenes",
    .doc = "advertisements' pictures composed by rule: subjects, materials, lights, backdrops",
    .params = fields,
    .params_size = sizeof(struct params),
    .open = open_source,
    .close = close_source,
    .shape = shape,
    .count = count,
    .picture = picture,
};
