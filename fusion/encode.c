/* encode.c: what all formats have in common: tries under a name of their own, and the limit. */
#include "fusion/encode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/clip_io.h"
#include "audio/resample.h"
#include "base/file.h"
#include "fusion/av.h"
#include "fusion/encode_film.h"
#include "fusion/fit.h"
#include "vision/image_io.h"

/* One thing on its way into a file. */
struct work {
    const char *path;
    char *attempt; /* beside it: what a search tries */
    const dio_writing *how;
    double best; /* knob of what lies at path; NaN: nothing yet */
    bool (*make)(struct work *w, const char *path, double knob, dio_error *err);
    void *user;
};

static bool size_of(const char *path, int64_t *bytes, dio_error *err)
{
    struct stat s;
    if (stat(path, &s) < 0)
        return dio_fail_retry(err, "%s was written, but cannot be read", path);
    *bytes = s.st_size;
    return true;
}

/* A try that fits is better than all before it that did: the search goes upward from there. */
static bool attempt(void *user, double knob, int64_t *bytes, dio_error *err)
{
    struct work *w = user;
    if (!w->make(w, w->attempt, knob, err) || !size_of(w->attempt, bytes, err))
        return false;
    if (*bytes > w->how->max_bytes) {
        unlink(w->attempt);
        return true;
    }
    if (rename(w->attempt, w->path) < 0)
        return dio_fail_retry(err, "cannot put %s in place", w->path);
    return true;
}

/* The suffix stays: writers go by it. */
static char *attempt_name(const char *path, const char *suffix)
{
    size_t stem = strlen(path) - strlen(suffix), size = strlen(path) + 8;
    char *name = malloc(size);
    if (name)
        snprintf(name, size, "%.*s-try%s", (int)stem, path, suffix);
    return name;
}

static bool search(struct work *w, double quality, const char *what, dio_written *out,
                   dio_error *err)
{
    dio_fitted fitted;
    const dio_format *f = w->how->format;
    size_t n = strlen(w->path), s = strlen(f->suffix);
    if (n < s || strcmp(w->path + n - s, f->suffix) != 0)
        return dio_fail(err, "%s: files of %s end in %s", w->path, f->name, f->suffix);
    w->attempt = attempt_name(w->path, f->suffix);
    if (!w->attempt)
        return dio_fail_memory(err, w->path);
    bool ok = dio_fit(&f->quality, quality, w->how->max_bytes, what, attempt, w, &fitted, err);
    if (!ok) {
        unlink(w->attempt);
        unlink(w->path);
    }
    free(w->attempt);
    *out = (dio_written){fitted.knob, fitted.bytes, fitted.tries};
    return ok;
}

static bool deliver(struct work *w, const char *what, dio_written *out, dio_error *err)
{
    dio_written ignored;
    double quality;
    const dio_format *f = w->how->format;
    out = out ? out : &ignored;
    *out = (dio_written){0};
    if (!dio_format_quality(f, w->how->quality, &quality, err))
        return false;
    if (w->how->max_bytes && f->kind == DIO_FORMAT_FRAMES)
        return dio_fail(err, "max_bytes: a folder of pictures has no limit; give one to each");
    if (w->how->max_bytes > 0)
        return search(w, quality, what, out, err);
    if (!w->make(w, w->path, quality, err))
        return false;
    out->quality = quality;
    out->tries = 1;
    return f->kind == DIO_FORMAT_FRAMES || size_of(w->path, &out->bytes, err);
}

/* ---- films ---- */

static bool make_film(struct work *w, const char *path, double knob, dio_error *err)
{
    return dio_film_pass(w->user, path, knob, err);
}

bool dio_encode_film(const dio_film_source *s, const dio_writing *how, const char *path,
                     dio_written *out, dio_error *err)
{
    struct dio_film_work film = {.source = s, .how = how};
    struct work w = {.path = path, .how = how, .make = make_film, .user = &film};
    char what[96];
    snprintf(what, sizeof what, "the film of %d frames as %s", s->frames, how->format->name);
    if (s->alpha && !dio_format_alpha(how->format))
        return dio_fail(err,
                        "%s holds no alpha: lay the film on a colour first (background), or "
                        "take webm, prores, animated_webp or frames",
                        how->format->name);
    bool ok = dio_film_prepare(&film, err) && deliver(&w, what, out, err);
    dio_film_deinit(&film);
    return ok;
}

/* ---- sound ---- */

static bool make_sound(struct work *w, const char *path, double knob, dio_error *err)
{
    const dio_clip *clip = w->user;
    const dio_clip_save save = {.seed = w->how->seed, .title = w->how->title};
    return w->how->format->container
               ? dio_av_sound_write(path, w->how->format, clip, knob, w->how->title, err)
               : dio_clip_write(clip, path, &save, err);
}

bool dio_encode_sound(dio_clip *clip, const dio_writing *how, const char *path, dio_written *out,
                      dio_error *err)
{
    char what[64];
    if (how->format->container && clip->channels > 2)
        return dio_fail(err, "%s: sound of %d channels; one or two are written", how->format->name,
                        clip->channels);
    dio_clip *same =
        how->format->container ? dio_clip_resample(clip, 48000, err) : dio_clip_ref(clip);
    struct work w = {.path = path, .how = how, .make = make_sound, .user = same};
    snprintf(what, sizeof what, "this sound as %s", how->format->name);
    bool ok = same && deliver(&w, what, out, err);
    dio_clip_unref(same);
    return ok;
}

/* ---- pictures ---- */

/* In fewer colours: what PNG has in the place of a quality. */
static bool make_indexed(dio_image *image, const char *path, int colours, dio_error *err)
{
    dio_film_palette *p = dio_film_palette_create(err);
    dio_film_colours c;
    bool opaque = dio_image_opaque(image);
    dio_image *few = NULL;
    if (p && dio_film_palette_add(p, image, err)) {
        dio_film_palette_make(p, colours, false, &c);
        few = dio_film_colours_picture(&c, image, err);
    }
    const dio_image_save save = {.indexed = opaque};
    bool ok = few && dio_image_write(few, path, &save, err);
    dio_image_unref(few);
    dio_film_palette_destroy(p);
    return ok;
}

static bool make_picture(struct work *w, const char *path, double knob, dio_error *err)
{
    bool png = strcmp(w->how->format->name, "png") == 0;
    const dio_image_save save = {.quality = png ? 0 : (int)lrint(knob)};
    if (png && knob <= DIO_FILM_COLOURS)
        return make_indexed(w->user, path, (int)lrint(knob), err);
    return dio_image_write(w->user, path, &save, err);
}

bool dio_encode_picture(dio_image *image, const dio_writing *how, const char *path,
                        dio_written *out, dio_error *err)
{
    char what[96];
    struct work w = {.path = path, .how = how, .make = make_picture, .user = image};
    snprintf(what, sizeof what, "the picture of %d x %d as %s", image->width, image->height,
             how->format->name);
    if (!dio_format_alpha(how->format) && !dio_image_opaque(image))
        return dio_fail(err,
                        "%s holds no alpha: lay the picture on a colour first (background), "
                        "or take png or webp",
                        how->format->name);
    return deliver(&w, what, out, err);
}
