/* gan_sheet.c: what a generator makes at a moment of its training, as one picture. */
#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "tensor/plan.h"
#include "vision/image_io.h"
#include "vision/recipe_gan.h"

enum { COLUMNS = 12, GAP = 2 };

/* Rows of a sheet are taken in pairs where there is a truth to stand above what was made. */
static int rows_of(const dio_gan_job *j)
{
    int rows = (j->recipe.batch + COLUMNS - 1) / COLUMNS;
    return rows * (j->gallery.shape.noise ? 2 : 1);
}

static dio_plan *make_plan(dio_gan_job *j, dio_error *err)
{
    const dio_generator_shape *s = &j->generator->shape;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a sheet of samples");
        return NULL;
    }
    dio_generator_io io = {
        .z = dio_input(g, "z", dio_type_2d(DIO_F32, j->recipe.batch, s->z)),
        .label = s->labels ? dio_input(g, "label", dio_type_2d(DIO_F32, j->recipe.batch, s->labels))
                           : DIO_NONE,
    };
    dio_generator_forward(g, j->generator, &io);
    dio_plan_options o = {.train = true}; /* its weights go on changing */
    dio_plan *p = dio_plan_create(g, &io.out, 1, false, j->run->device, &o, err);
    dio_graph_destroy(g);
    return p;
}

/* One picture [C,H,W] at (x, y), on a chequered ground where it has alpha. */
static void put(dio_image *sheet, const dio_gallery_shape *s, const float *pixels, int x, int y)
{
    int plane = s->height * s->width;
    for (int i = 0; i < plane; i++) {
        int px = x + i % s->width, py = y + i / s->width;
        uint8_t *out = (uint8_t *)dio_image_row(sheet, py) + 3 * px;
        float ground = ((px >> 3) + (py >> 3)) & 1 ? 0.42f : 0.36f;
        float clear = s->channels == 4 ? 1 - (pixels[3 * plane + i] + 1) / 2 : 0;
        for (int c = 0; c < 3; c++) {
            float v = (pixels[(s->channels < 3 ? 0 : c) * plane + i] + 1) / 2 + clear * ground;
            out[c] = (uint8_t)lrintf(255 * fminf(fmaxf(v, 0), 1));
        }
    }
}

static dio_image *lay_out(dio_gan_job *j, const float *made, dio_error *err)
{
    const dio_gallery_shape *s = &j->gallery.shape;
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    int pair = s->noise ? 2 : 1, size = s->channels * s->height * s->width;
    int w = s->width + GAP, h = s->height + GAP;
    dio_image *sheet = dio_image_create(COLUMNS * w, rows_of(j) * h, &form, err);
    for (int i = 0; sheet && i < j->recipe.batch; i++) {
        int x = i % COLUMNS * w, y = i / COLUMNS * h * pair;
        if (s->noise)
            put(sheet, s, j->batch.pixels + (size_t)i * (size_t)size, x, y);
        put(sheet, s, made + (size_t)i * (size_t)size, x, y + (s->noise ? h : 0));
    }
    return sheet;
}

bool dio_gan_sheet(dio_gan_job *j, const char *name, dio_error *err)
{
    const dio_generator_shape *s = &j->generator->shape;
    size_t rows = (size_t)j->recipe.batch * sizeof(float);
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "a sheet of samples");
    if (!j->sheet)
        j->sheet = make_plan(j, err);
    const char *dir = dio_path_join(a, j->run->dir, "samples");
    bool ok = j->sheet && dio_gan_take(j, DIO_SPLIT_VALID, 0, err) &&
              dio_plan_set(j->sheet, "z", j->batch.noise, rows * (size_t)s->z, err) &&
              (!s->labels ||
               dio_plan_set(j->sheet, "label", j->batch.labels, rows * (size_t)s->labels, err)) &&
              dio_plan_run(j->sheet, err) && dio_dir_make(dir, err);
    dio_image *sheet = ok ? lay_out(j, dio_plan_output(j->sheet, 0, NULL), err) : NULL;
    ok = sheet && dio_image_write(sheet, dio_path_join(a, dir, dio_arena_printf(a, "%s.png", name)),
                                  NULL, err);
    dio_image_unref(sheet);
    dio_arena_destroy(a);
    return ok;
}
