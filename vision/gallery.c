/* gallery.c: the sources of training pictures as a table, and batches from one of them. */
#include "vision/gallery.h"

#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/rng.h"

enum { STREAM = 0x70696373, NAMES = 32 };

#define DIO_GALLERY(name) extern const dio_gallery_kind dio_gallery_##name;
#include "vision/sources/galleries.def"
#ifdef DIORAMA_DRAW
#include "vision/draw/galleries_drawn.def"
#endif
#undef DIO_GALLERY

static const dio_gallery_kind *const kinds[] = {
#define DIO_GALLERY(name) &dio_gallery_##name,
#include "vision/sources/galleries.def"
#ifdef DIORAMA_DRAW
#include "vision/draw/galleries_drawn.def"
#endif
#undef DIO_GALLERY
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Those that need a library, whether it is here or not. */
static const char *const drawn[] = {
#define DIO_GALLERY(name) #name,
#include "vision/draw/galleries_drawn.def"
#undef DIO_GALLERY
    NULL,
};

int dio_gallery_count(void)
{
    return KINDS;
}

const dio_gallery_kind *dio_gallery_at(int i)
{
    return kinds[i];
}

static const dio_gallery_kind *refuse(const char *name, dio_error *err)
{
    const char *names[NAMES];
    char list[512] = "";
    int n = 0;
    for (int i = 0; drawn[i]; i++)
        if (strcmp(drawn[i], name) == 0) {
            dio_fail(err,
                     "data kind \"%s\" draws with fonts, which this build cannot read: "
                     "install libfreetype-dev and libfontconfig-dev and build again",
                     name);
            return NULL;
        }
    for (; n < KINDS && n < NAMES; n++) {
        names[n] = kinds[n]->name;
        if (strlen(list) + strlen(names[n]) + 3 < sizeof list) {
            strcat(list, n ? ", " : "");
            strcat(list, names[n]);
        }
    }
    const char *near = dio_nearest(name, names, n);
    dio_fail(err, "data kind \"%.80s\" does not exist%s%s%s (there are %s)", name,
             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "", list);
    return NULL;
}

const dio_gallery_kind *dio_gallery_find(const char *name, dio_error *err)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return refuse(name, err);
}

/* --- one that a recipe names --- */

bool dio_gallery_open(dio_gallery *p, const dio_value *recipe, const dio_value *data,
                      const char *root, uint64_t seed, dio_arena *a, dio_error *err)
{
    *p = (dio_gallery){.seed = seed};
    if (!data || data->kind != DIO_MAP)
        return dio_value_fail(data && data->kind != DIO_NULL ? data : recipe, err,
                              "data: a recipe says where its pictures come from, as in "
                              "`data: {kind: sprites}`");
    const dio_value *name = dio_map_get(data, "kind");
    if (!name || name->kind != DIO_STRING)
        return dio_value_fail(data, err, "data: kind is missing");
    const dio_gallery_kind *kind = dio_gallery_find(name->string.text, err);
    if (!kind)
        return dio_error_at(err, name->file, name->line, name->column);
    void *params = dio_arena_alloc(a, kind->params_size);
    if (!dio_fields_read(kind->params, params, dio_recipe_without(data, "kind", a), "data",
                         DIO_FIELDS_STRICT, a, NULL, NULL, err))
        return false;
    p->source = kind->open(params, root, seed, a, err);
    if (!p->source) /* the place in the recipe, unless a picture's own file is what is wrong */
        return err->file[0] ? false : dio_error_at(err, data->file, data->line, data->column);
    p->kind = kind;
    kind->shape(p->source, &p->shape);
    return true;
}

void dio_gallery_close(dio_gallery *p)
{
    if (p->kind)
        p->kind->close(p->source);
    *p = (dio_gallery){0};
}

/* --- batches --- */

struct job {
    const dio_gallery *p;
    dio_split split;
    int64_t first;
    const dio_gallery_batch *out;
    dio_error *errors; /* by row */
};

/* In order where there is no end to them, by a random draw where there is. */
static int64_t index_of(const struct job *j, int64_t row)
{
    int64_t n = j->p->kind->count(j->p->source, j->split);
    if (n <= 0)
        return row;
    return (int64_t)dio_below(j->p->seed, STREAM + (uint64_t)j->split, (uint64_t)row, (uint32_t)n);
}

static void row_job(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_gallery_shape *s = &j->p->shape;
    int64_t size = (int64_t)s->channels * s->height * s->width;
    dio_picture one = {
        .pixels = j->out->pixels ? j->out->pixels + item * size : NULL,
        .labels = j->out->labels ? j->out->labels + item * s->labels : NULL,
        .noise = j->out->noise ? j->out->noise + item * s->noise : NULL,
    };
    dio_arena *a = dio_arena_create();
    if (!a)
        dio_fail_memory(&j->errors[item], "a training picture");
    else
        (void)j->p->kind->picture(j->p->source, j->split, index_of(j, j->first + item), &one, a,
                                  &j->errors[item]);
    dio_arena_destroy(a);
}

bool dio_gallery_fill(const dio_gallery *p, dio_split split, int64_t step, int rows,
                      const dio_gallery_batch *out, dio_error *err)
{
    dio_error *errors = calloc((size_t)rows, sizeof *errors);
    if (!errors)
        return dio_fail_memory(err, "a batch of pictures");
    struct job j = {p, split, step * rows, out, errors};
    bool ok = true;
    dio_gang_steal(rows, row_job, &j);
    for (int i = 0; ok && i < rows; i++)
        if (errors[i].kind != DIO_ERROR_NONE) {
            *err = errors[i];
            ok = false;
        }
    free(errors);
    return ok;
}
