/* encode_film.c: a film's frames, in one pass or several. */
#include "fusion/encode_film.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "fusion/av.h"
#include "fusion/av_picture.h"
#include "vision/image_io.h"

enum { LOOKS = 96, NAME = 32 }; /* frames of a film whose colours are counted */

static bool tell(struct dio_film_work *w, int i, dio_error *err)
{
    const dio_film_source *s = w->source;
    double done = w->done + w->share * i / (s->frames ? s->frames : 1);
    return !s->progress || s->progress(s->user, done, err);
}

/* Frame i as a picture, whatever form the source has. */
static dio_image *picture_of(struct dio_film_work *w, int i, dio_error *err)
{
    const dio_film_source *s = w->source;
    dio_image *image = NULL;
    if (s->show)
        return s->show(s->user, i, &image, err) ? image : NULL;
    if (!w->canvas.plane[0].data &&
        !dio_canvas_init(&w->canvas, DIO_SPACE_BT709, s->width, s->height, err))
        return NULL;
    return s->draw(s->user, i, &w->canvas, err) ? dio_av_picture(&w->canvas, err) : NULL;
}

/* A few frames are enough: palettes of neighbours are the same, and a cut is longer than the gap.
 */
static bool count_colours(struct dio_film_work *w, dio_error *err)
{
    const dio_film_source *s = w->source;
    int looks = s->frames < LOOKS ? s->frames : LOOKS;
    w->palette = dio_film_palette_create(err);
    bool ok = w->palette != NULL;
    for (int k = 0; ok && k < looks; k++) {
        int i = (int)((int64_t)k * s->frames / looks);
        dio_image *image = tell(w, i, err) ? picture_of(w, i, err) : NULL;
        ok = image && dio_film_palette_add(w->palette, image, err);
        if (ok && s->alpha && !dio_image_opaque(image))
            w->clear = true;
        dio_image_unref(image);
    }
    return ok;
}

bool dio_film_prepare(struct dio_film_work *w, dio_error *err)
{
    const dio_film_source *s = w->source;
    const dio_format *f = w->how->format;
    if (s->frames < 1)
        return dio_fail(err, "a film has one frame at least");
    if (!dio_format_here(f, err))
        return false;
    w->share = 1;
    if (!f->video || !f->video->palette)
        return true;
    w->share = 0.2;
    if (!count_colours(w, err))
        return false;
    w->done = 0.2;
    w->share = 0.8;
    return true;
}

void dio_film_deinit(struct dio_film_work *w)
{
    dio_film_palette_destroy(w->palette);
    dio_canvas_deinit(&w->canvas);
}

/* ---- a file ---- */

static bool put(struct dio_film_work *w, dio_video *v, int i, dio_error *err)
{
    const dio_film_source *s = w->source;
    dio_canvas canvas;
    if (!tell(w, i, err))
        return false;
    if (s->draw && dio_format_canvas(w->how->format, s->alpha))
        return dio_video_canvas(v, &canvas, err) && s->draw(s->user, i, &canvas, err) &&
               dio_video_put(v, err);
    dio_image *image = picture_of(w, i, err);
    bool ok = image && dio_video_picture(v, image, err);
    dio_image_unref(image);
    return ok;
}

static bool write_film(struct dio_film_work *w, const char *path, double knob, dio_error *err)
{
    const dio_film_source *s = w->source;
    dio_film_colours colours;
    if (w->palette)
        dio_film_palette_make(w->palette, (int)lrint(knob), true, &colours);
    dio_video *v = dio_video_open(path,
                                  &(dio_video_settings){.width = s->width,
                                                        .height = s->height,
                                                        .fps = s->fps,
                                                        .fps_den = s->fps_den,
                                                        .frames = s->frames,
                                                        .quality = knob,
                                                        .title = w->how->title,
                                                        .sound = s->sound,
                                                        .format = w->how->format,
                                                        .alpha = s->alpha,
                                                        .loop = w->how->loop,
                                                        .colours = w->palette ? &colours : NULL},
                                  err);
    bool ok = v != NULL;
    for (int i = 0; ok && i < s->frames; i++)
        ok = put(w, v, i, err);
    if (ok)
        return dio_video_close(v, err);
    dio_video_abort(v);
    return false;
}

/* ---- a folder ---- */

static char *frame_path(const char *folder, int i)
{
    size_t size = snprintf(NULL, 0, "%s/frame-%05d.png", folder, i + 1) + (size_t)1;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/frame-%05d.png", folder, i + 1);
    return path;
}

static void remove_frames(const char *folder, int count)
{
    for (int i = 0; i < count; i++) {
        char *path = frame_path(folder, i);
        if (path)
            unlink(path);
        free(path);
    }
    rmdir(folder);
}

static bool write_frame(struct dio_film_work *w, const char *folder, int i, dio_error *err)
{
    if (!tell(w, i, err))
        return false;
    char *path = frame_path(folder, i);
    dio_image *image = path ? picture_of(w, i, err) : NULL;
    bool ok =
        path ? image && dio_image_write(image, path, NULL, err) : dio_fail_memory(err, folder);
    dio_image_unref(image);
    free(path);
    return ok;
}

static bool write_frames(struct dio_film_work *w, const char *folder, dio_error *err)
{
    int i = 0;
    bool ok = dio_dir_make(folder, err);
    for (; ok && i < w->source->frames; i++)
        ok = write_frame(w, folder, i, err);
    if (!ok)
        remove_frames(folder, i);
    return ok;
}

/* Passes after the first are not known in number: each takes half of what is left. */
bool dio_film_pass(struct dio_film_work *w, const char *path, double knob, dio_error *err)
{
    if (w->how->max_bytes)
        w->share = (1 - w->done) / 2;
    bool ok = w->how->format->kind == DIO_FORMAT_FRAMES ? write_frames(w, path, err)
                                                        : write_film(w, path, knob, err);
    w->done += w->share;
    return ok;
}
