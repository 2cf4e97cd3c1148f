/* compose_video.c: a short film: headline, what is behind it, and a last card with the button. */
#include <string.h>

#include "fusion/compose.h"
#include "fusion/film.h"
#include "fusion/finish.h"
#include "fusion/sound.h"
#include "fusion/subtitles.h"

enum { TIMES_LIMIT = 16 << 20 };

struct params {
    struct dio_compose c;
    struct dio_finish f;
    double seconds;
    const char *sound, *captions;
    double speech_start;
};

static const dio_field fields[] = {
    DIO_COMPOSE_FIELDS(NULL),
    DIO_FIELD(struct params, seconds, "8", 1, 600, "length of the film"),
    DIO_FINISH_FIELDS(struct params, f, "mp4", dio_format_films),
    DIO_FIELD(struct params, sound, "", 0, 4000,
              "what is heard: a file of sound or film; cut at the end"),
    DIO_FIELD(struct params, captions, "", 0, 4000,
              "times of what is said, from audio.speak: set into the film as captions"),
    DIO_FIELD(struct params, speech_start, "0", 0, 600,
              "seconds into the film at which that speech begins"),
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    const dio_preset *preset = dio_compose_check(studio, &p->c, with, report);
    const dio_value *seconds = dio_map_get(with, "seconds");
    dio_finish_check(&p->f, dio_format_films, with, report);
    if (preset && !preset->limits[DIO_DELIVERY_FILM])
        dio_report_at(report, with, "preset: %s takes no films", preset->name);
    else if (preset && p->seconds > 0 &&
             (p->seconds < preset->least_seconds || p->seconds > preset->most_seconds))
        dio_report_at(report, seconds ? seconds : with, "seconds: %g; a film for %s takes %g to %g",
                      p->seconds, preset->name, preset->least_seconds, preset->most_seconds);
}

/* A film at work: in the form that its format takes. */
struct shown {
    dio_task *task;
    dio_film *film;
    dio_canvas canvas; /* RGB, for formats that take pictures */
};

static bool draw(void *user, int i, dio_canvas *out, dio_error *err)
{
    const struct shown *s = user;
    (void)err;
    dio_film_frame(s->film, i, out);
    return true;
}

static bool show(void *user, int i, dio_image **out, dio_error *err)
{
    struct shown *s = user;
    dio_film_frame(s->film, i, &s->canvas);
    *out = dio_compose_picture(&s->canvas, err);
    return *out != NULL;
}

static bool tell(void *user, double done, dio_error *err)
{
    const struct shown *s = user;
    return dio_task_progress(s->task, done, err);
}

static const dio_captions *read_captions(dio_task *t, const struct params *p,
                                         const dio_preset *preset, dio_error *err)
{
    const char *path = dio_task_file(t, p->captions, err);
    const dio_value *v = path ? dio_value_read(t->arena, path, TIMES_LIMIT, err) : NULL;
    dio_times *times = v ? dio_times_read(t->arena, v, err) : NULL;
    dio_caption_rules rules = dio_subtitles_rules(preset);
    if (!times)
        return NULL;
    dio_times_shift(times, p->speech_start);
    return dio_captions_cut(t->arena, times, &rules, err);
}

/* What is heard and said; files are named in messages by the parameter. */
static bool open_sound(dio_task *t, const struct params *p, struct dio_composing *c,
                       dio_clip **sound, dio_error *err)
{
    const char *path = *p->sound ? dio_task_file(t, p->sound, err) : NULL;
    if (*p->sound && (!path || !(*sound = dio_sound_open(path, 48000, 2, err))))
        return dio_error_prefix(err, "sound");
    if (*p->captions && !(c->words.captions = read_captions(t, p, c->preset, err)))
        return dio_error_prefix(err, "captions");
    return true;
}

/* What stands where and when: for run.json, and for `diorama check`. */
static void note(dio_task *t, const dio_film *film, int fps)
{
    dio_value *list = dio_value_list(t->arena);
    const dio_film_box *boxes;
    int n = dio_film_boxes(film, &boxes);
    for (int i = 0; i < n; i++)
        dio_list_add(t->arena, list,
                     dio_compose_box(t->arena, boxes[i].name, &boxes[i].box,
                                     (double)boxes[i].first / fps, (double)boxes[i].last / fps));
    dio_box box;
    double start, end;
    for (int i = 0; dio_film_caption(film, i, &box, &start, &end); i++)
        dio_list_add(t->arena, list, dio_compose_box(t->arena, "captions", &box, start, end));
    dio_task_note(t, "boxes", list);
}

static bool encode(struct shown *s, const dio_writing *how, const dio_preset *preset,
                   const dio_clip *sound, const char *path, dio_error *err)
{
    bool planes = dio_format_canvas(how->format, false);
    dio_film_source source = {.width = preset->width,
                              .height = preset->height,
                              .fps = preset->fps,
                              .frames = dio_film_frames(s->film),
                              .sound = sound,
                              .user = s,
                              .draw = planes ? draw : NULL,
                              .show = planes ? NULL : show,
                              .progress = tell};
    dio_written done;
    if (!planes && !dio_canvas_init(&s->canvas, DIO_SPACE_RGB, preset->width, preset->height, err))
        return false;
    bool ok = dio_encode_film(&source, how, path, &done, err);
    dio_canvas_deinit(&s->canvas);
    if (ok)
        dio_finish_note(s->task, how->format, &done);
    return ok;
}

static bool make(dio_task *t, const struct params *p, const struct dio_composing *with,
                 const dio_clip *sound, dio_error *err)
{
    struct dio_composing c = *with;
    dio_writing how = dio_finish_writing(&p->f, dio_format_films, t);
    bool folder = how.format->kind == DIO_FORMAT_FRAMES;
    const char *port = folder ? "frames" : "video";
    const char *path = dio_task_path(t, port, how.format->suffix);
    struct shown s = {.task = t};
    how.title = p->c.headline;
    s.film = dio_film_create(c.fonts, c.preset, c.palette, &c.words, p->seconds, t->seed,
                             dio_format_canvas(how.format, false) ? DIO_SPACE_BT709 : DIO_SPACE_RGB,
                             err);
    bool ok = s.film && encode(&s, &how, c.preset, sound, path, err);
    if (ok)
        note(t, s.film, c.preset->fps);
    dio_film_destroy(s.film);
    if (ok)
        dio_task_give_file(t, port, path);
    return ok;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    struct dio_composing c;
    dio_clip *sound = NULL;
    bool ok = dio_compose_open(t, &p->c, &c, err) && open_sound(t, p, &c, &sound, err) &&
              make(t, p, &c, sound, err);
    dio_clip_unref(sound);
    dio_compose_close(&c);
    return ok;
}

static bool gives(const void *params, const char *port)
{
    const struct params *p = params;
    const dio_format *f = dio_finish_format(&p->f, dio_format_films);
    return (f->kind == DIO_FORMAT_FRAMES) == (strcmp(port, "frames") == 0);
}

const dio_step dio_step_compose_video = {
    .name = "compose.video",
    .version = 1,
    .doc = "A short film: scenes of words over a moving paper landscape.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"video", DIO_MEDIA_VIDEO, "the film", ".mp4|.webm|.mov|.gif|.webp"},
                              {"frames", DIO_MEDIA_FOLDER, "its frames, of format frames"},
                              {0}},
    .weight = 3,
    .check = check,
    .gives = gives,
    .run = run,
};
