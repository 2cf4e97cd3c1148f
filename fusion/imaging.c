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

static bool read_words(struct imaging *s, dio_arena *a, dio_error *err)
{
    const struct dio_imaging *im = s->im;
    dio_diffuser_request *r = &s->r.r;
    return dio_request_size("size", im->size, &r->width, &r->height, err) &&
           dio_request_usual("guidance", im->guidance, &r->guidance, err) &&
           dio_request_tile("tile", im->tile, &r->tile_x, &r->tile_y, err) &&
           dio_request_palette(a, "palette", im->palette, &s->palette, &s->n_palette, err) &&
           dio_request_dither("dither", im->dither, &s->dither, err) &&
           read_loras(im, a, &s->open, err) && read_schedule(im, r, err);
}

static bool some(const char *text)
{
    return text && *text;
}

/* Settings that differ from their defaults, by name: makers refuse those that they do not know. */
static bool asks(const struct imaging *s, bool from, const dio_maker *maker, dio_error *err)
{
    const struct dio_imaging *im = s->im;
    const struct {
        const char *name;
        bool given;
    } settings[] = {
        {"prompt", some(im->prompt)},
        {"negative", some(im->negative)},
        {"size", some(im->size)},
        {"steps", im->steps},
        {"guidance", some(im->guidance)},
        {"scheduler", some(im->scheduler)},
        {"schedule", s->r.r.schedule},
        {"clip_skip", im->clip_skip},
        {"tile", some(im->tile)},
        {"alpha", im->alpha},
        {"vae", some(im->vae)},
        {"lora", s->open.n_loras},
        {"init", from},
        {"palette", some(im->palette) && !im->exact},
    };
    const char *names[sizeof settings / sizeof *settings];
    int n = 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].given)
            names[n++] = settings[i].name;
    return dio_maker_asks(maker, names, n, err);
}

/* --- the check --- */

/* What was found wrong with `key`, at its place. */
static void tell(dio_report *report, const dio_value *with, const char *key, bool ok, dio_error *e)
{
    const dio_value *place = dio_map_get(with, key);
    if (!ok && e->line)
        dio_report_add(report, e);
    else if (!ok)
        dio_report_at(report, place ? place : with, "%s", e->message);
    dio_error_clear(e);
}

/* Parameters that are not known yet are NULL. */
void dio_imaging_check(const struct dio_imaging *im, bool from, const dio_value *with,
                       dio_report *report)
{
    dio_error e = {0};
    dio_arena *a = report->arena;
    struct imaging s = {.im = im, .r = dio_maker_request_default()};
    dio_diffuser_request *r = &s.r.r;
    const char *path = im->model ? dio_assets_model(a, im->model, &e) : NULL;
    const dio_maker *maker = path ? dio_maker_find(path, &e) : NULL;
    if (im->model && !maker)
        tell(report, with, "model", dio_error_prefix(&e, "model"), &e);
    if (im->size)
        tell(report, with, "size", dio_request_size("size", im->size, &r->width, &r->height, &e),
             &e);
    if (im->guidance)
        tell(report, with, "guidance",
             dio_request_usual("guidance", im->guidance, &r->guidance, &e), &e);
    if (im->scheduler && *im->scheduler)
        tell(report, with, "scheduler", dio_scheduler_find(im->scheduler, &e) != NULL, &e);
    if (im->tile)
        tell(report, with, "tile", dio_request_tile("tile", im->tile, &r->tile_x, &r->tile_y, &e),
             &e);
    if (im->palette)
        tell(report, with, "palette",
             dio_request_palette(a, "palette", im->palette, &s.palette, &s.n_palette, &e), &e);
    if (im->dither)
        tell(report, with, "dither", dio_request_dither("dither", im->dither, &s.dither, &e), &e);
    tell(report, with, "loras", read_loras(im, a, &s.open, &e), &e);
    tell(report, with, "schedule", read_schedule(im, r, &e), &e);
    if (maker)
        tell(report, with, "", asks(&s, from, maker, &e), &e);
    if (im->exact && im->palette && !*im->palette)
        tell(report, with, "exact", dio_fail(&e, "exact: it needs a palette"), &e);
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
    if (!model || !asks(s, from != NULL, dio_painting_maker(model), err))
        return false;
    if (dio_maker_takes(dio_painting_maker(model), "palette")) {
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
