/* imaging.c: a picture model at work within a step: settings, progress, palette, file, record. */
#include "fusion/imaging.h"

#include <string.h>

#include "base/assets.h"
#include "vision/image_io.h"
#include "vision/sample/schedule.h"

/* Everything that one picture needs. */
struct imaging {
    dio_task *task;
    const struct dio_imaging *im;
    dio_diffuser_options open;
    dio_maker_request r;
    uint8_t (*palette)[3];
    int n_palette;
    dio_dither dither;
};

static bool read_loras(const struct dio_imaging *im, dio_arena *a, dio_diffuser_options *o,
                       dio_error *err)
{
    const dio_value *v = im->loras;
    if (!v || v->kind == DIO_NULL || (v->kind == DIO_STRING && !v->string.length))
        return true;
    if (v->kind != DIO_LIST || v->list.count > 64)
        return dio_value_fail(v, err, "loras: expected a list of at most 64 files");
    dio_lora_file *files = dio_arena_alloc(a, 65 * sizeof *files);
    for (int i = 0; i < v->list.count; i++) {
        const dio_value *item = v->list.items[i];
        if (item->kind != DIO_STRING)
            return dio_value_fail(item, err, "loras: expected FILE or FILE:SCALE, found %s",
                                  dio_kind_name(item->kind));
        if (!dio_request_lora(a, "loras", item->string.text, &files[i], err))
            return dio_error_at(err, item->file, item->line, item->column);
    }
    o->loras = files;
    o->n_loras = v->list.count;
    return true;
}

static bool read_schedule(const struct dio_imaging *im, dio_diffuser_request *r, dio_error *err)
{
    const dio_value *v = im->schedule;
    if (!v || v->kind == DIO_NULL || (v->kind == DIO_STRING && !v->string.length))
        return true;
    if (v->kind != DIO_MAP)
        return dio_value_fail(v, err, "schedule: expected a map of the scheduler's keys, found %s",
                              dio_kind_name(v->kind));
    r->schedule = v;
    return true;
}

/* The words of the parameters, as far as they are known. */
static bool read_words(struct imaging *s, dio_arena *a, dio_error *err)
{
    const struct dio_imaging *im = s->im;
    dio_diffuser_request *r = &s->r.r;
    return (!im->size || dio_request_size("size", im->size, &r->width, &r->height, err)) &&
           (!im->guidance || dio_request_usual("guidance", im->guidance, &r->guidance, err)) &&
           (!im->tile || dio_request_tile("tile", im->tile, &r->tile_x, &r->tile_y, err)) &&
           (!im->palette ||
            dio_request_palette(a, "palette", im->palette, &s->palette, &s->n_palette, err)) &&
           (!im->dither || dio_request_dither("dither", im->dither, &s->dither, err)) &&
           (!im->scheduler || !*im->scheduler || dio_scheduler_find(im->scheduler, err)) &&
           read_loras(im, a, &s->open, err) && read_schedule(im, r, err);
}

void dio_imaging_check(const struct dio_imaging *im, const dio_value *with, dio_report *report)
{
    dio_error e = {0};
    struct imaging s = {.im = im, .r = dio_maker_request_default()};
    const dio_value *model = dio_map_get(with, "model");
    if (im->model && !dio_assets_model(report->arena, im->model, &e))
        dio_report_at(report, model ? model : with, "model: %s", e.message);
    dio_error_clear(&e);
    if (!read_words(&s, report->arena, &e)) {
        if (!e.line)
            dio_error_at(&e, with->file, with->line, with->column);
        dio_report_add(report, &e);
    }
    if (im->exact && im->palette && !*im->palette)
        dio_report_at(report, dio_map_get(with, "exact"), "exact: it needs a palette");
}

/* --- the request --- */

static const char *optional(const char *text)
{
    return text && *text ? text : NULL;
}

static bool progress(void *user, int done, int total, dio_error *err)
{
    return dio_task_progress(user, (double)done / total, err);
}

static bool read_from(struct imaging *s, const struct dio_imaging_from *from, dio_error *err)
{
    if (!from)
        return true;
    dio_diffuser_request *r = &s->r.r;
    const char *init = dio_task_file(s->task, from->init, err);
    if (!init || !(r->init = dio_image_read(init, err)))
        return dio_error_prefix(err, "init");
    const char *mask = *from->mask ? dio_task_file(s->task, from->mask, err) : NULL;
    if (*from->mask && (!mask || !(r->mask = dio_image_read(mask, err))))
        return dio_error_prefix(err, "mask");
    return dio_request_usual("strength", from->strength, &r->strength, err);
}

static bool prepare(struct imaging *s, const struct dio_imaging_from *from, dio_error *err)
{
    const struct dio_imaging *im = s->im;
    dio_diffuser_request *r = &s->r.r;
    s->open = (dio_diffuser_options){.keep = DIO_DTYPES, .vae = optional(im->vae)};
    s->r = dio_maker_request_default();
    r->prompt = im->prompt;
    r->negative = optional(im->negative);
    r->steps = im->steps;
    r->scheduler = optional(im->scheduler);
    r->clip_skip = im->clip_skip;
    r->seed = s->task->seed + im->seed;
    r->progress = progress;
    r->user = s->task;
    s->r.alpha = im->alpha;
    return read_words(s, s->task->arena, err) && read_from(s, from, err);
}

/* Settings that differ from their defaults, by name: makers refuse those that they do not know. */
static bool check_settings(struct imaging *s, const struct dio_imaging_from *from,
                           const dio_painting *model, dio_error *err)
{
    const struct dio_imaging *im = s->im;
    const struct {
        const char *name;
        bool given;
    } settings[] = {
        {"prompt", *im->prompt},
        {"negative", *im->negative},
        {"size", *im->size},
        {"steps", im->steps},
        {"guidance", *im->guidance},
        {"scheduler", *im->scheduler},
        {"schedule", s->r.r.schedule},
        {"clip_skip", im->clip_skip},
        {"tile", *im->tile},
        {"alpha", im->alpha},
        {"vae", *im->vae},
        {"lora", s->open.n_loras},
        {"init", from},
        {"palette", *im->palette && !im->exact},
    };
    const char *names[sizeof settings / sizeof *settings];
    int n = 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].given)
            names[n++] = settings[i].name;
    return dio_painting_asks(model, names, n, err);
}

static bool takes_palette(const dio_painting *model)
{
    for (const char *const *t = dio_painting_maker(model)->takes; *t; t++)
        if (strcmp(*t, "palette") == 0)
            return true;
    return false;
}

static bool to_palette(const struct imaging *s, dio_image **picture, dio_error *err)
{
    if (!s->im->exact)
        return true;
    dio_image *exact = dio_image_quantise(*picture, s->palette, s->n_palette,
                                          &(dio_quantise){.dither = s->dither}, err);
    if (!exact)
        return false;
    dio_image_unref(*picture);
    *picture = exact;
    return true;
}

static bool make(struct imaging *s, const struct dio_imaging_from *from, dio_error *err)
{
    dio_image *picture = NULL;
    dio_painting *model = dio_studio_painting(s->task->studio, s->im->model, &s->open, err);
    if (!model || !check_settings(s, from, model, err))
        return false;
    if (takes_palette(model)) {
        s->r.palette = s->palette;
        s->r.n_palette = s->n_palette;
    }
    const char *path = dio_task_path(s->task, "image", ".png");
    bool ok = dio_painting_make(model, &s->r, &picture, err) && to_palette(s, &picture, err) &&
              dio_image_write(picture, path, NULL, err);
    dio_image_unref(picture);
    if (ok)
        dio_task_give_file(s->task, "image", path);
    return ok;
}

bool dio_imaging_run(dio_task *t, const struct dio_imaging *im, const struct dio_imaging_from *from,
                     dio_error *err)
{
    struct imaging s = {.task = t, .im = im};
    dio_error quiet = {0};
    bool ok = prepare(&s, from, err) && make(&s, from, err);
    const dio_value *facts =
        ok ? dio_studio_model_facts(t->studio, im->model, t->arena, &quiet) : NULL;
    if (facts)
        dio_task_note(t, "model", facts);
    dio_image_unref(s.r.r.init);
    dio_image_unref(s.r.r.mask);
    return ok;
}
