/* gallery_files.c: a user's own pictures: every PNG, JPEG and WebP of a folder, cut to squares of
 * one size. They are read once, in the order of their names, and kept as bytes.
 *
 * A picture's split follows from a hash of its name, so adding pictures moves none of the old. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/rng.h"
#include "vision/image_io.h"
#include "vision/gallery.h"
#include "vision/resize.h"

struct params {
    const char *path;
    int size;
    bool alpha, flip;
    double valid;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, path, NULL, 1, 4000, "a folder of PNG, JPEG and WebP files"),
    DIO_FIELD(struct params, size, "64", 8, 1024, "pixels a side: the middle square is taken"),
    DIO_FIELD(struct params, alpha, "false", 0, 0, "RGBA; else what is clear becomes black"),
    DIO_FIELD(struct params, flip, "false", 0, 0, "learn from mirror images too"),
    DIO_FIELD(struct params, valid, "0.05", 0, 0.5, "share of pictures kept for validation"),
    {0},
};

enum { SPLITS = 3, FILES = 1 << 17, STREAM = 0x66696c65 };
static const int64_t room = (int64_t)8 << 30;

struct source {
    int size, channels;
    bool flip;
    uint8_t **items[SPLITS]; /* [H,W,C], colours multiplied by alpha */
    int count[SPLITS], cap[SPLITS];
};

static uint64_t hash(const char *text)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

static bool is_picture(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp"};
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && dot != name && i < 4; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list(const char *path, dio_arena *a, char ***names, int *count, dio_error *err)
{
    int cap = 0;
    *count = 0;
    *names = NULL;
    DIR *d = opendir(path);
    if (!d)
        return dio_fail(err, "%s: is no folder that can be read", path);
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        if (!is_picture(e->d_name))
            continue;
        ok = *count < FILES ? dio_arena_grow(a, names, *count, &cap, sizeof **names) ||
                                  dio_fail_memory(err, "the list of pictures")
                            : dio_fail(err, "%s: more than %d pictures", path, FILES);
        if (ok)
            (*names)[(*count)++] = dio_arena_strdup(a, e->d_name);
    }
    closedir(d);
    if (ok && *count)
        qsort(*names, (size_t)*count, sizeof **names, by_name);
    return ok;
}

/* The middle square of a file, in bytes of the arena. */
static uint8_t *load(const struct source *s, const char *path, dio_arena *a, dio_error *err)
{
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, true};
    dio_image *from = dio_image_read(path, err), *square = NULL, *small = NULL, *done = NULL;
    size_t pixels = (size_t)s->size * (size_t)s->size;
    uint8_t *out = NULL;
    if (from) {
        int side = from->width < from->height ? from->width : from->height;
        square = dio_image_crop(from, (from->width - side) / 2, (from->height - side) / 2, side,
                                side, err);
    }
    small = square ? dio_image_resize(square, s->size, s->size,
                                      &(dio_resize){.filter = DIO_FILTER_AREA}, err)
                   : NULL;
    done = small ? dio_image_convert(small, &form, err) : NULL;
    if (done && !(out = dio_arena_try(a, pixels * (size_t)s->channels)))
        dio_fail_memory(err, "a training picture");
    for (size_t i = 0; out && i < pixels; i++)
        memcpy(out + i * (size_t)s->channels, (uint8_t *)dio_image_row(done, 0) + 4 * i,
               (size_t)s->channels);
    dio_image_unref(done);
    dio_image_unref(small);
    dio_image_unref(square);
    dio_image_unref(from);
    return out;
}

static bool read_all(struct source *s, const struct params *p, const char *path, dio_arena *a,
                     dio_error *err)
{
    char **names;
    int n;
    if (!list(path, a, &names, &n, err))
        return false;
    if ((int64_t)n * s->size * s->size * s->channels > room)
        return dio_fail(err,
                        "%s: %d pictures of %d pixels a side are more than 8 GB: use a smaller "
                        "size",
                        path, n, s->size);
    for (int i = 0; i < n; i++) {
        int split =
            dio_uniform53(hash(names[i]), STREAM, 0) < p->valid ? DIO_SPLIT_VALID : DIO_SPLIT_TRAIN;
        uint8_t *one = load(s, dio_path_join(a, path, names[i]), a, err);
        if (!one)
            return false;
        if (!dio_arena_grow(a, &s->items[split], s->count[split], &s->cap[split],
                            sizeof **s->items))
            return dio_fail_memory(err, "the list of pictures");
        s->items[split][s->count[split]++] = one;
    }
    if (!s->count[DIO_SPLIT_TRAIN] || !s->count[DIO_SPLIT_VALID])
        return dio_fail(err,
                        "%s: %d pictures to train on and %d to validate with: both are needed; "
                        "add pictures or raise valid",
                        path, s->count[DIO_SPLIT_TRAIN], s->count[DIO_SPLIT_VALID]);
    return true;
}

static void *open_files(const void *params, const char *root, uint64_t seed, dio_arena *a,
                        dio_error *err)
{
    const struct params *p = params;
    (void)seed;
    struct source *s = dio_arena_try(a, sizeof *s);
    if (!s) {
        dio_fail_memory(err, "the training pictures");
        return NULL;
    }
    s->size = p->size;
    s->channels = p->alpha ? 4 : 3;
    s->flip = p->flip;
    const char *path = p->path[0] == '/' ? p->path : dio_path_join(a, root, p->path);
    return read_all(s, p, path, a, err) ? s : NULL;
}

static void close_files(void *source)
{
    (void)source; /* all of it lies in the arena */
}

static void shape(void *source, dio_gallery_shape *out)
{
    const struct source *s = source;
    *out = (dio_gallery_shape){.channels = s->channels, .height = s->size, .width = s->size};
}

/* Mirror images count as pictures of their own, after all the others. */
static int64_t count(void *source, dio_split split)
{
    const struct source *s = source;
    return (int64_t)s->count[split] * (s->flip && split == DIO_SPLIT_TRAIN ? 2 : 1);
}

static bool picture(void *source, dio_split split, int64_t index, dio_picture *out, dio_arena *a,
                    dio_error *err)
{
    const struct source *s = source;
    (void)a;
    if (index < 0 || index >= count(source, split))
        return dio_fail(err, "there is no training picture %lld", (long long)index);
    bool mirror = index >= s->count[split];
    const uint8_t *from = s->items[split][index % s->count[split]];
    for (int c = 0; out->pixels && c < s->channels; c++)
        for (int y = 0; y < s->size; y++)
            for (int x = 0; x < s->size; x++) {
                int at = y * s->size + (mirror ? s->size - 1 - x : x);
                out->pixels[(c * s->size + y) * s->size + x] =
                    (float)from[at * s->channels + c] / 127.5f - 1;
            }
    return true;
}

const dio_gallery_kind dio_gallery_files = {
    .name = "files",
    .doc = "the pictures of a folder",
    .params = fields,
    .params_size = sizeof(struct params),
    .open = open_files,
    .close = close_files,
    .shape = shape,
    .count = count,
    .picture = picture,
};
