/* material.c: three kinds of things that frames come from. */
#define _GNU_SOURCE
#include "fusion/material.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "fusion/frames.h"
#include "fusion/sound.h"
#include "vision/blend.h"
#include "vision/image_io.h"
#include "vision/resize.h"

enum { HEAD = 64, FRAMES_MOST = 24 * 3600 * 240, FOLDER_MOST = 1000000, RATE_MOST = 240 };

struct dio_material {
    dio_material_ask ask;
    dio_arena *arena;
    dio_frames *film; /* one of the three */
    dio_image *still;
    char **names; /* of the folder's files, in order */
    int name_count;
    int width, height; /* as they come */
    bool alpha;
    dio_film_source out;
    dio_clip *sound;
};

/* ---- what it is ---- */

static bool is_picture(const char *path)
{
    static const char *const suffixes[] = {".png", ".jpg", ".jpeg", ".webp", NULL};
    const char *dot = strrchr(path, '.');
    for (int i = 0; dot && suffixes[i]; i++)
        if (strcasecmp(dot, suffixes[i]) == 0)
            return true;
    return false;
}

static int is_frame(const struct dirent *e)
{
    return e->d_name[0] != '.' && is_picture(e->d_name);
}

static bool open_folder(dio_material *m, const char *path, dio_error *err)
{
    struct dirent **list = NULL;
    int n = scandir(path, &list, is_frame, versionsort);
    bool ok = n >= 0 || dio_fail(err, "%s: cannot read this folder: %s", path, strerror(errno));
    if (ok && (n == 0 || n > FOLDER_MOST))
        ok = dio_fail(err, "%s: %d pictures lie in it; 1 to %d make a film", path, n, FOLDER_MOST);
    m->names = ok ? dio_arena_try(m->arena, (size_t)n * sizeof *m->names) : NULL;
    if (ok && !m->names)
        ok = dio_fail_memory(err, path);
    for (int i = 0; i < n; i++) {
        if (ok)
            m->names[m->name_count++] = dio_path_join(m->arena, path, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    dio_image *first = ok ? dio_image_read(m->names[0], err) : NULL;
    if (!first)
        return false;
    m->width = first->width;
    m->height = first->height;
    m->alpha = dio_form_alpha(&first->form);
    dio_image_unref(first);
    return true;
}

/* By its first bytes: a picture that stands still, or else a film. */
static bool open_file(dio_material *m, const char *path, dio_error *err)
{
    dio_image_head head;
    dio_error no = {0};
    dio_map_file *map = dio_map_open(path, err);
    if (!map)
        return false;
    bool still = dio_image_probe(dio_map_data(map), dio_map_size(map), path, &head, &no);
    dio_map_unref(map);
    if (still) {
        m->still = dio_image_read(path, err);
        if (!m->still)
            return false;
        m->width = m->still->width;
        m->height = m->still->height;
        m->alpha = !dio_image_opaque(m->still);
        return true;
    }
    m->film = dio_frames_open(path, err);
    if (!m->film)
        return false;
    const dio_frames_facts *f = dio_frames_facts_of(m->film);
    m->width = f->width;
    m->height = f->height;
    m->alpha = f->alpha;
    return true;
}

/* ---- what becomes of it ---- */

static void set_rate(dio_material *m)
{
    const dio_frames_facts *f = m->film ? dio_frames_facts_of(m->film) : NULL;
    double fps = m->ask.fps;
    dio_film_source *o = &m->out;
    o->fps_den = 1;
    if (fps <= 0 && f && f->fps_num > 0 && (double)f->fps_num / f->fps_den <= RATE_MOST &&
        f->fps_den < 1 << 20) {
        o->fps = f->fps_num;
        o->fps_den = f->fps_den;
        return;
    }
    fps = fps > 0 ? fps : 25;
    o->fps = (int)lrint(fps);
    if (fabs(fps - o->fps) < 1e-6)
        return;
    double tv = fps * 1001 / 1000; /* 23.976, 29.97, 59.94 */
    bool is_tv = fabs(tv - rint(tv)) < 0.01;
    o->fps = is_tv ? (int)lrint(tv) * 1000 : (int)lrint(fps * 1000);
    o->fps_den = is_tv ? 1001 : 1000;
}

static bool set_size(dio_material *m, dio_error *err)
{
    double w = m->width, h = m->height;
    int even =
        m->ask.format && m->ask.format->video && !m->ask.format->video->palette &&
        (dio_format_canvas(m->ask.format, m->out.alpha) || dio_format_canvas(m->ask.format, false));
    if (m->ask.width && m->ask.height) {
        w = m->ask.width;
        h = m->ask.height;
    } else if (m->ask.width) {
        h = rint(h * m->ask.width / w);
        w = m->ask.width;
    } else if (m->ask.height) {
        w = rint(w * m->ask.height / h);
        h = m->ask.height;
    }
    m->out.width = (int)fmax(w, 1 + even) & ~even;
    m->out.height = (int)fmax(h, 1 + even) & ~even;
    return dio_image_size_check(m->out.width, m->out.height, err);
}

static bool set_length(dio_material *m, const char *path, dio_error *err)
{
    double rate = (double)m->out.fps / m->out.fps_den, seconds = m->ask.seconds;
    double all = m->film ? dio_frames_facts_of(m->film)->seconds : m->name_count / rate;
    if (m->still)
        seconds = seconds > 0 ? seconds : 5;
    else if (m->ask.start >= all)
        return dio_fail(err, "start: %g; %s lasts %.2f s", m->ask.start, path, all);
    else if (seconds <= 0 || seconds > all - m->ask.start)
        seconds = all - m->ask.start;
    double frames = rint(seconds * rate);
    if (!(frames <= FRAMES_MOST))
        return dio_fail(err, "%s: %.0f frames; a film has %d at most", path, frames, FRAMES_MOST);
    m->out.frames = frames < 1 ? 1 : (int)frames;
    return true;
}

static bool set_sound(dio_material *m, const char *path, dio_error *err)
{
    const dio_frames_facts *f = m->film ? dio_frames_facts_of(m->film) : NULL;
    if (!f || !f->sound || m->ask.mute || !m->ask.format || !m->ask.format->audio)
        return true;
    dio_clip *all = dio_sound_open(path, 48000, 2, err);
    if (!all)
        return false;
    int64_t begin = llrint((m->ask.start - f->sound_start) * 48000);
    int64_t length = (int64_t)m->out.frames * 48000 * m->out.fps_den / m->out.fps;
    m->sound = dio_clip_cut(all, begin, length, err);
    m->out.sound = m->sound;
    dio_clip_unref(all);
    return m->sound != NULL;
}

/* ---- frames ---- */

static dio_image *finish(const dio_material *m, dio_image *image, dio_error *err)
{
    dio_image *sized = dio_image_resize(image, m->out.width, m->out.height, NULL, err);
    if (!sized || !m->ask.background)
        return sized;
    dio_image *flat = dio_image_flatten(sized, m->ask.background, err);
    dio_image_unref(sized);
    return flat;
}

static bool show(void *user, int i, dio_image **out, dio_error *err)
{
    dio_material *m = user;
    double at = m->ask.start + (double)i * m->out.fps_den / m->out.fps;
    double place = at * m->out.fps / m->out.fps_den;
    dio_image *image = NULL;
    if (m->film && !dio_frames_at(m->film, at, &image, err))
        return false;
    if (m->names)
        image = dio_image_read(m->names[place < m->name_count ? (int)(place + 0.01) % m->name_count
                                                              : m->name_count - 1],
                               err);
    if (m->still)
        image = dio_image_ref(m->still);
    *out = image ? finish(m, image, err) : NULL;
    dio_image_unref(image);
    return *out != NULL;
}

dio_material *dio_material_open(const char *path, const dio_material_ask *ask, dio_error *err)
{
    struct stat s;
    dio_material *m = calloc(1, sizeof *m);
    dio_arena *arena = m ? dio_arena_create() : NULL;
    if (!arena) {
        free(m);
        dio_fail_memory(err, path);
        return NULL;
    }
    m->ask = *ask;
    m->arena = arena;
    bool folder = stat(path, &s) == 0 && S_ISDIR(s.st_mode);
    bool ok = folder ? open_folder(m, path, err) : open_file(m, path, err);
    m->out.user = m;
    m->out.show = show;
    m->out.alpha = m->alpha && !ask->background;
    if (ok) {
        set_rate(m);
        ok = set_size(m, err) && set_length(m, path, err) && set_sound(m, path, err);
    }
    if (ok)
        return m;
    dio_material_close(m);
    return NULL;
}

void dio_material_close(dio_material *m)
{
    if (!m)
        return;
    dio_frames_close(m->film);
    dio_image_unref(m->still);
    dio_clip_unref(m->sound);
    dio_arena_destroy(m->arena);
    free(m);
}

dio_film_source dio_material_source(dio_material *m)
{
    return m->out;
}

dio_image *dio_material_picture(dio_material *m, dio_error *err)
{
    dio_image *image = NULL;
    return show(m, 0, &image, err) ? image : NULL;
}
