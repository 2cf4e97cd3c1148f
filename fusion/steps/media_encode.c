/* media_encode.c: any picture, film, sound or folder of frames in another format, size or number
 * of bytes. */
#include <string.h>

#include "fusion/colour.h"
#include "fusion/finish.h"
#include "fusion/material.h"
#include "fusion/sound.h"
#include "vision/image_io.h"

struct params {
    struct dio_finish f;
    const char *source, *background, *sound;
    double fps, start, seconds;
    int width, height;
    bool mute;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, source, NULL, 1, 4000,
              "a picture, film or sound, or a folder of pictures"),
    DIO_FINISH_FIELDS(struct params, f, "mp4", dio_format_names),
    DIO_FIELD(struct params, width, "0", 0, 8192, "in pixels; 0: as it is, or by height"),
    DIO_FIELD(struct params, height, "0", 0, 8192, "in pixels; 0: as it is, or by width"),
    DIO_FIELD(struct params, fps, "0", 0, 240, "frames a second; 0: as it is, or 25"),
    DIO_FIELD(struct params, start, "0", 0, 86400, "seconds of a film or sound to leave out"),
    DIO_FIELD(struct params, seconds, "0", 0, 86400, "length; 0: to the end, or 5 of a picture"),
    DIO_FIELD(struct params, background, "", 0, 7,
              "colour under what is clear, for formats without alpha: #ffffff"),
    DIO_FIELD(struct params, sound, "", 0, 4000, "a film's sound, in the place of its own"),
    DIO_FIELD(struct params, mute, "false", 0, 0, "a film's own sound is left out"),
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    dio_rgb colour;
    dio_error e = {0};
    (void)studio;
    dio_finish_check(&p->f, dio_format_names, with, report);
    if (p->background && *p->background && !dio_colour_parse(p->background, &colour, &e))
        dio_report_at(report, dio_map_get(with, "background"), "background: %s", e.message);
}

static const char *port_of(const dio_format *f)
{
    return f->kind == DIO_FORMAT_FILM     ? "video"
           : f->kind == DIO_FORMAT_FRAMES ? "frames"
           : f->kind == DIO_FORMAT_SOUND  ? "audio"
                                          : "image";
}

static bool gives(const void *params, const char *port)
{
    const struct params *p = params;
    return strcmp(port_of(dio_finish_format(&p->f, dio_format_names)), port) == 0;
}

/* ---- the work ---- */

static bool progress(void *user, double done, dio_error *err)
{
    return dio_task_progress(user, done, err);
}

/* What frames and the one who waits for them see. */
struct seen {
    dio_task *task;
    dio_film_source from;
};

static bool show(void *user, int i, dio_image **out, dio_error *err)
{
    const struct seen *s = user;
    return s->from.show(s->from.user, i, out, err);
}

static bool tell(void *user, double done, dio_error *err)
{
    const struct seen *s = user;
    return progress(s->task, done, err);
}

static bool write_film(dio_task *t, const struct params *p, dio_material *m, const dio_writing *how,
                       const char *path, dio_written *done, dio_error *err)
{
    struct seen seen = {t, dio_material_source(m)};
    dio_film_source s = seen.from;
    const char *file = *p->sound ? dio_task_file(t, p->sound, err) : NULL;
    dio_clip *clip = file ? dio_sound_open(file, 48000, 2, err) : NULL;
    if (*p->sound && !clip)
        return dio_error_prefix(err, "sound");
    s.user = &seen;
    s.show = show;
    s.progress = tell;
    s.sound = clip ? clip : s.sound;
    bool ok = dio_encode_film(&s, how, path, done, err);
    dio_clip_unref(clip);
    return ok;
}

static bool write_seen(dio_task *t, const struct params *p, const char *from,
                       const dio_writing *how, const char *path, dio_written *done, dio_error *err)
{
    dio_rgb c = {0};
    if (*p->background && !dio_colour_parse(p->background, &c, err))
        return dio_error_prefix(err, "background");
    const float ground[3] = {c.r, c.g, c.b};
    const dio_material_ask ask = {.fps = p->fps,
                                  .width = p->width,
                                  .height = p->height,
                                  .start = p->start,
                                  .seconds = p->seconds,
                                  .mute = p->mute || *p->sound,
                                  .background = *p->background ? ground : NULL,
                                  .format = how->format};
    dio_material *m = dio_material_open(from, &ask, err);
    bool ok = m != NULL;
    if (ok && how->format->kind == DIO_FORMAT_PICTURE) {
        dio_image *image = dio_material_picture(m, err);
        ok = image && dio_encode_picture(image, how, path, done, err);
        dio_image_unref(image);
    } else if (ok) {
        ok = write_film(t, p, m, how, path, done, err);
    }
    dio_material_close(m);
    return ok;
}

static bool write_sound(const struct params *p, const char *from, const dio_writing *how,
                        const char *path, dio_written *done, dio_error *err)
{
    dio_clip *all = dio_sound_open_whole(from, 48000, err);
    if (!all)
        return false;
    double end = dio_clip_seconds(all), seconds = p->seconds;
    if (p->start >= end) {
        dio_clip_unref(all);
        return dio_fail(err, "start: %g; the sound lasts %.2f s", p->start, end);
    }
    seconds = seconds > 0 && seconds < end - p->start ? seconds : end - p->start;
    dio_clip *part =
        dio_clip_cut(all, (int64_t)(p->start * 48000 + 0.5), (int64_t)(seconds * 48000 + 0.5), err);
    dio_clip_unref(all);
    bool ok = part && dio_encode_sound(part, how, path, done, err);
    dio_clip_unref(part);
    return ok;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    const dio_writing how = dio_finish_writing(&p->f, dio_format_names, t);
    const char *port = port_of(how.format), *from = dio_task_file(t, p->source, err);
    const char *path = dio_task_path(t, port, how.format->suffix);
    dio_written done = {0};
    bool ok = from && (how.format->kind == DIO_FORMAT_SOUND
                           ? write_sound(p, from, &how, path, &done, err)
                           : write_seen(t, p, from, &how, path, &done, err));
    if (!ok)
        return false;
    dio_finish_note(t, how.format, &done);
    dio_task_give_file(t, port, path);
    return true;
}

const dio_step dio_step_media_encode = {
    .name = "media.encode",
    .version = 1,
    .doc = "Any picture, film, sound or folder of frames in another format, size or number of "
           "bytes.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out =
        (const dio_port[]){
            {"video", DIO_MEDIA_VIDEO, "of formats for films", ".mp4|.webm|.mov|.gif|.webp"},
            {"image", DIO_MEDIA_IMAGE, "of formats for pictures", ".png|.jpg|.webp"},
            {"audio", DIO_MEDIA_AUDIO, "of formats for sound", ".wav|.flac|.mp3|.opus|.m4a"},
            {"frames", DIO_MEDIA_FOLDER, "of frames: frame-00001.png and on"},
            {0}},
    .weight = 2,
    .check = check,
    .gives = gives,
    .run = run,
};
