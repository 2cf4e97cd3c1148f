/* compose_timeline.c: a film of the user's own design: clips, layers over them, sound. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "fusion/av.h"
#include "fusion/compose.h"
#include "fusion/sound.h"
#include "fusion/timeline.h"

struct params {
    const char *preset, *size, *background, *sound, *title;
    const dio_value *timeline, *layers;
    int fps, quality;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, preset, "", 0, 4000,
              "format: one of `diorama presets`, or a file of your own, NAME.yaml; or say size"),
    DIO_FIELD(struct params, size, "", 0, 20, "of the film, 1080x1920; both sides even"),
    DIO_FIELD(struct params, fps, "0", 0, 120, "frames a second; 0: the preset's, or 30"),
    DIO_FIELD(struct params, timeline, NULL, 0, 0,
              "list of clips: {image | video | colour | gradient, duration, fit, motion: "
              "{kenburns: {from, "
              "to, easing}}, transition: {kind, seconds, easing, direction, colour}}"),
    DIO_FIELD(struct params, layers, "null", 0, 0,
              "list of layers over them: {text | image | shape | logo | lower_third | button | "
              "badge | captions, start, end, anchor, x, y, scale, rotation, opacity, keyframes, "
              "blend, mask, "
              "enter, leave, ...}; lengths in 1 % of the frame's shorter side"),
    DIO_FIELD(struct params, background, "black", 1, 40, "behind everything, #rrggbb"),
    DIO_FIELD(struct params, sound, "", 0, 4000,
              "what is heard: a file of sound or film; cut at the end"),
    DIO_FIELD(struct params, title, "", 0, 400, "of the film, for its metadata"),
    DIO_FIELD(struct params, quality, "19", 0, 40, "x264's rate factor: less is better and larger"),
    {0},
};

/* ---- the screen ---- */

static bool parse_size(const char *text, int *w, int *h, dio_error *err)
{
    int end = 0;
    if (strlen(text) > 12 || sscanf(text, "%5dx%5d%n", w, h, &end) != 2 || text[end])
        return dio_fail(err, "size: \"%.20s\" is not WIDTHxHEIGHT, 1080x1920", text);
    if (*w < 16 || *h < 16 || *w > 8192 || *h > 8192)
        return dio_fail(err, "size: %dx%d; sides are 16 to 8192 pixels", *w, *h);
    if (*w % 2 || *h % 2)
        return dio_fail(err,
                        "size: %dx%d; both sides must be even for 4:2:0 film: the nearest is "
                        "%dx%d",
                        *w, *h, *w + *w % 2, *h + *h % 2);
    return true;
}

static bool fill_screen(const struct params *p, const dio_preset *preset, dio_screen *s,
                        dio_error *err)
{
    *s = (dio_screen){.fps = p->fps ? p->fps : preset ? preset->fps : 30};
    if (preset) {
        s->width = preset->width;
        s->height = preset->height;
        s->safe = preset->safe;
    }
    if (*p->size && !parse_size(p->size, &s->width, &s->height, err))
        return false;
    if (!s->width || !s->height)
        return dio_fail(err,
                        preset ? "preset: %s takes any size: say which, with size"
                               : "a film needs a preset, or a size",
                        preset ? preset->name : "");
    if (*p->size || !s->safe.w) /* without a platform, titles keep a twentieth off the edges */
        s->safe = (dio_box){s->width / 20, s->height / 20, s->width - 2 * (s->width / 20),
                            s->height - 2 * (s->height / 20)};
    s->unit = (s->width < s->height ? s->width : s->height) / 100.0;
    return true;
}

/* ---- before anything runs ---- */

/* A file that is not there is said now, not after an hour of rendering. Absolute paths are those of
 * other steps' files, when their values are known; a user's own is refused when it is opened. */
static void check_file(dio_report *report, const dio_value *at, const char *path)
{
    dio_error e = {0};
    if (!path || !*path || *path == '/' || dio_text_waits(path))
        return;
    const char *full = dio_check_file(report, path, &e);
    if (full && !dio_file_exists(full))
        dio_fail(&e, "%s: there is no such file", path);
    if (e.kind != DIO_ERROR_NONE)
        dio_report_at(report, at, "%s", e.message);
}

static void check_files(dio_report *report, const dio_value *with, const dio_timeline_plan *plan)
{
    const dio_value *clips = dio_map_get(with, "timeline");
    for (int i = 0; i < plan->shots; i++)
        if (plan->shot[i].kind)
            check_file(report, clips->list.items[i], plan->shot[i].source);
    for (int i = 0; i < plan->overlays; i++) {
        const dio_overlay_plan *o = &plan->overlay[i];
        if (o->kind && o->params && o->kind->file)
            check_file(report, o->at, *o->kind->file(o->params));
        check_file(report, o->at, o->mask.image);
    }
}

static const dio_preset *find_preset(dio_studio *studio, const struct params *p,
                                     const dio_value *with, dio_report *report)
{
    dio_error e = {0};
    const dio_value *at = dio_map_get(with, "preset");
    const char *name = p->preset;
    if (!name || !*name || dio_text_waits(name))
        return NULL;
    if (dio_preset_is_path(name))
        name = dio_check_file(report, name, &e);
    const dio_preset *preset = name ? dio_studio_preset(studio, name, &e) : NULL;
    if (!preset)
        dio_report_at(report, at, "preset: %s", e.message);
    else if (!preset->limits[DIO_DELIVERY_FILM])
        dio_report_at(report, at, "preset: %s takes no films", preset->name);
    return preset;
}

static void check_length(const dio_preset *preset, const dio_value *with,
                         const dio_timeline_plan *plan, dio_report *report)
{
    double seconds = (double)plan->frames / plan->screen.fps;
    if (preset && preset->most_seconds > 0 && plan->frames &&
        (seconds < preset->least_seconds - 1e-6 || seconds > preset->most_seconds + 1e-6))
        dio_report_at(report, dio_map_get(with, "timeline"),
                      "timeline: %g seconds; a film for %s takes %g to %g", seconds, preset->name,
                      preset->least_seconds, preset->most_seconds);
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    dio_timeline_plan plan = {0};
    dio_intake r = {report, report->arena, true};
    dio_error e = {0};
    int before = report->count;
    const dio_preset *preset = find_preset(studio, p, with, report);
    const dio_value *size = dio_map_get(with, "size"), *fps = dio_map_get(with, "fps");
    bool known = p->size && !dio_waits(size) && !dio_waits(dio_map_get(with, "preset"));
    if (fps && fps->kind == DIO_INT && fps->integer == 0)
        dio_report_at(report, fps, "fps: 0 frames a second are no film; 1 to 120 are");
    if (known && report->count == before && !fill_screen(p, preset, &plan.screen, &e))
        dio_report_at(report, size ? size : with, "%s", e.message);
    if (!plan.screen.width) /* lists are checked all the same */
        plan.screen = (dio_screen){.width = 1080, .height = 1920, .fps = 30};
    if (p->background)
        dio_intake_colour(&r, with, "background", p->background, &plan.screen.background);
    const dio_value *clips = dio_map_get(with, "timeline");
    bool ok = !clips || dio_timeline_read(&r, with, clips, dio_map_get(with, "layers"), &plan);
    if (clips && !dio_waits(clips))
        check_files(report, with, &plan);
    if (ok && known)
        check_length(preset, with, &plan, report);
}

/* ---- the work ---- */

static bool find_file(dio_task *t, const char **path, dio_error *err)
{
    if (*path && **path)
        *path = dio_task_file(t, *path, err);
    return *path != NULL;
}

static bool find_files(dio_task *t, dio_timeline_plan *plan, dio_error *err)
{
    for (int i = 0; i < plan->shots; i++)
        if (!find_file(t, &plan->shot[i].source, err))
            return dio_error_prefix(err, "clip %d", i + 1);
    for (int i = 0; i < plan->overlays; i++) {
        dio_overlay_plan *o = &plan->overlay[i];
        if ((o->kind->file && !find_file(t, o->kind->file(o->params), err)) ||
            (o->mask.any && !find_file(t, &o->mask.image, err)))
            return dio_overlay_prefix(o, err);
    }
    return true;
}

/* The plan with its values, all of which are known now. */
static bool read_plan(dio_task *t, const struct params *p, dio_timeline_plan *plan, dio_error *err)
{
    const dio_preset *preset = NULL;
    dio_report report = {.arena = t->arena};
    dio_intake r = {&report, t->arena, false};
    const char *name = p->preset;
    if (*name && dio_preset_is_path(name) && !(name = dio_task_file(t, name, err)))
        return false;
    if (*name && !(preset = dio_studio_preset(t->studio, name, err)))
        return false;
    *plan = (dio_timeline_plan){0};
    if (!fill_screen(p, preset, &plan->screen, err) ||
        !(plan->screen.fonts = dio_studio_fonts(t->studio, err)))
        return false;
    bool ok = dio_intake_colour(&r, NULL, "background", p->background, &plan->screen.background);
    ok = dio_timeline_read(&r, NULL, p->timeline, p->layers, plan) && ok;
    if (ok)
        check_length(preset, NULL, plan, &report);
    if (report.count) {
        *err = report.list[0];
        return false;
    }
    return ok ? find_files(t, plan, err) : dio_fail_memory(err, "a timeline");
}

/* A layer of captions gives way to the layers of its cues. The first one's captions come back, for
 * the files beside the film. */
static bool expand(dio_task *t, dio_timeline_plan *plan, const dio_captions **said, dio_error *err)
{
    dio_report report = {.arena = t->arena};
    dio_intake r = {&report, t->arena, false};
    for (int i = 0; i < plan->overlays; i++) {
        dio_overlay_plan *cues;
        int n = 0;
        if (plan->overlay[i].kind != &dio_overlay_captions)
            continue;
        if (!*said &&
            !(*said = dio_overlay_captions_of(&plan->overlay[i], &plan->screen, t->arena, err)))
            return dio_overlay_prefix(&plan->overlay[i], err);
        if (!dio_overlay_captions_expand(&plan->overlay[i], &plan->screen,
                                         (double)plan->frames / plan->screen.fps, &r, &cues, &n,
                                         err))
            return false;
        if (report.count) {
            *err = report.list[0];
            return false;
        }
        size_t one = sizeof *cues;
        dio_overlay_plan *all = dio_arena_try(t->arena, one * (size_t)(plan->overlays + n));
        if (!all)
            return dio_fail_memory(err, "captions");
        memcpy(all, plan->overlay, one * (size_t)i);
        memcpy(all + i, cues, one * (size_t)n);
        memcpy(all + i + n, plan->overlay + i + 1, one * (size_t)(plan->overlays - i - 1));
        plan->overlay = all;
        plan->overlays += n - 1;
        i += n - 1;
    }
    return true;
}

static bool write_captions(dio_task *t, const dio_captions *said, dio_error *err)
{
    const char *text[2] = {dio_captions_srt(t->arena, said), dio_captions_vtt(t->arena, said)};
    static const char *const port[2] = {"srt", "vtt"}, *const suffix[2] = {".srt", ".vtt"};
    for (int i = 0; i < 2; i++) {
        const char *path = dio_task_path(t, port[i], suffix[i]);
        if (!text[i])
            return dio_fail_memory(err, "captions");
        if (!dio_file_write(path, text[i], strlen(text[i]), err))
            return false;
        dio_task_give_file(t, port[i], path);
    }
    return true;
}

/* Files of captions come with a layer of them. */
static bool gives(const void *params, const char *port)
{
    const dio_value *layers = ((const struct params *)params)->layers;
    if (strcmp(port, "video") == 0)
        return true;
    for (int i = 0; layers && layers->kind == DIO_LIST && i < layers->list.count; i++)
        if (dio_map_get(layers->list.items[i], "captions"))
            return true;
    return layers && dio_waits(layers);
}

static bool encode(dio_task *t, dio_timeline *film, int frames, dio_video *v, dio_error *err)
{
    for (int i = 0; i < frames; i++) {
        dio_canvas canvas;
        if (!dio_task_progress(t, (double)i / frames, err) || !dio_video_canvas(v, &canvas, err) ||
            !dio_timeline_frame(film, i, &canvas, err) || !dio_video_put(v, err))
            return false;
    }
    return true;
}

/* What stands where and when: for run.json, and for `diorama check`. */
static void note(dio_task *t, const dio_timeline *film)
{
    dio_value *list = dio_value_list(t->arena);
    const char *name;
    dio_box box;
    double start, end;
    for (int i = 0; dio_timeline_box(film, i, &name, &box, &start, &end); i++)
        dio_list_add(t->arena, list, dio_compose_box(t->arena, name, &box, start, end));
    dio_task_note(t, "boxes", list);
}

static bool make(dio_task *t, const struct params *p, const dio_timeline_plan *plan,
                 const dio_clip *sound, dio_error *err)
{
    dio_timeline *film = dio_timeline_create(plan, err);
    if (!film)
        return false;
    const char *path = dio_task_path(t, "video", ".mp4");
    dio_video *v = dio_video_open(path,
                                  &(dio_video_settings){.width = plan->screen.width,
                                                        .height = plan->screen.height,
                                                        .fps = plan->screen.fps,
                                                        .frames = plan->frames,
                                                        .quality = p->quality,
                                                        .title = *p->title ? p->title : t->title,
                                                        .sound = sound},
                                  err);
    bool ok = v && encode(t, film, plan->frames, v, err);
    if (ok)
        ok = dio_video_close(v, err);
    else
        dio_video_abort(v);
    if (ok) {
        note(t, film);
        dio_task_give_file(t, "video", path);
    }
    dio_timeline_destroy(film);
    return ok;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const struct params *p = params;
    dio_timeline_plan plan;
    dio_clip *sound = NULL;
    const dio_captions *said = NULL;
    if (!read_plan(t, p, &plan, err) || !expand(t, &plan, &said, err))
        return false;
    if (*p->sound) {
        const char *path = dio_task_file(t, p->sound, err);
        if (!path || !(sound = dio_sound_open(path, 48000, 2, err)))
            return dio_error_prefix(err, "sound");
    }
    bool ok = make(t, p, &plan, sound, err) && (!said || write_captions(t, said, err));
    dio_clip_unref(sound);
    return ok;
}

const dio_step dio_step_compose_timeline = {
    .name = "compose.timeline",
    .version = 1,
    .doc = "A film of your own design: clips with transitions, layers over them, sound.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"video", DIO_MEDIA_VIDEO, "the film, MP4"},
                              {"srt", DIO_MEDIA_TEXT, "captions, SubRip", ".srt"},
                              {"vtt", DIO_MEDIA_TEXT, "captions, WebVTT", ".vtt"},
                              {0}},
    .weight = 4,
    .check = check,
    .gives = gives,
    .run = run,
};
