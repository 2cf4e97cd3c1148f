/* compose_image.c: a poster: all the words in one picture, as PNG. */
#include <string.h>
#include <sys/stat.h>

#include "fusion/compose.h"
#include "fusion/finish.h"
#include "vision/png.h"

struct params {
    struct dio_compose c;
    struct dio_finish f;
};

static const dio_field fields[] = {
    DIO_COMPOSE_FIELDS("feed-4x5"),
    DIO_FINISH_FIELDS(struct params, f, "png", dio_format_pictures),
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    dio_compose_check(studio, &p->c, with, report);
    dio_finish_check(&p->f, dio_format_pictures, with, report);
}

/* Planes to the interleaved bytes that PNG holds. */
static bool write_picture(const dio_canvas *c, const char *path, const char *title, dio_error *err)
{
    dio_png_writer *png = dio_png_open(path, c->w, c->h, title, err);
    unsigned char row[4096 * 3];
    bool ok = png != NULL;
    for (int y = 0; ok && y < c->h; y++) {
        for (int x = 0; x < c->w; x++) {
            for (int p = 0; p < 3; p++)
                row[3 * x + p] = c->plane[p].data[(size_t)y * (size_t)c->plane[p].stride + x];
        }
        ok = dio_png_row(png, row, err);
    }
    if (!ok) {
        dio_png_abort(png);
        return false;
    }
    return dio_png_close(png, err);
}

static int64_t bytes_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* PNG as it comes goes row by row; all else by way of a picture. Where nobody says how many bytes
 * there may be, the placement does: a PNG above its cap is written again, to fit. */
static bool write_as(dio_task *t, const struct params *p, const dio_preset *preset,
                     const dio_canvas *c, const char *path, dio_error *err)
{
    dio_writing how = dio_finish_writing(&p->f, dio_format_pictures, t);
    const dio_limits *limits = preset->limits[DIO_DELIVERY_PICTURE];
    const int64_t cap = limits ? limits->most_bytes : 0;
    dio_written done;
    if (strcmp(how.format->name, "png") == 0 && !how.max_bytes && how.quality < 0) {
        if (!write_picture(c, path, p->c.headline, err))
            return false;
        if (!cap || bytes_of(path) <= cap)
            return true;
    }
    how.max_bytes = how.max_bytes ? how.max_bytes : cap;
    dio_image *image = dio_compose_picture(c, err);
    bool ok = image && dio_encode_picture(image, &how, path, &done, err);
    dio_image_unref(image);
    if (ok)
        dio_finish_note(t, how.format, &done);
    return ok;
}

/* What stands where, and what had to go: for run.json, and for `diorama check`. */
static void note(dio_task *t, const dio_poster_facts *facts)
{
    dio_value *boxes = dio_value_list(t->arena), *left_out = dio_value_list(t->arena);
    for (int i = 0; i < facts->count; i++)
        dio_list_add(t->arena, boxes,
                     dio_compose_box(t->arena, facts->name[i], &facts->box[i], 0, 0));
    for (int i = 0; i < facts->left_out_count; i++)
        dio_list_add(t->arena, left_out, dio_value_string(t->arena, facts->left_out[i]));
    dio_task_note(t, "boxes", boxes);
    if (facts->left_out_count)
        dio_task_note(t, "left_out", left_out);
}

static bool draw(dio_task *t, const struct params *p, const struct dio_composing *with,
                 dio_error *err)
{
    struct dio_composing c = *with;
    dio_canvas canvas;
    if (!dio_canvas_init(&canvas, DIO_SPACE_RGB, c.preset->width, c.preset->height, err))
        return false;
    const char *path =
        dio_task_path(t, "image", dio_finish_format(&p->f, dio_format_pictures)->suffix);
    dio_poster_facts facts;
    bool ok =
        dio_poster_draw(c.fonts, c.preset, c.palette, &c.words, t->seed, &canvas, &facts, err) &&
        dio_task_progress(t, 0.3, err) && write_as(t, p, c.preset, &canvas, path, err);
    dio_canvas_deinit(&canvas);
    if (ok) {
        note(t, &facts);
        dio_task_give_file(t, "image", path);
    }
    return ok;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    struct dio_composing c;
    bool ok = dio_compose_open(t, &p->c, &c, err) && draw(t, p, &c, err);
    dio_compose_close(&c);
    return ok;
}

const dio_step dio_step_compose_image = {
    .name = "compose.image",
    .version = 1,
    .doc = "A poster: product, headline, text and button over a paper landscape.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"image", DIO_MEDIA_IMAGE, "the poster", ".png|.jpg|.webp"}, {0}},
    .weight = 0.5,
    .check = check,
    .run = run,
};
