/* maker.c: the makers as a list, and a model with the maker that opened it. */
#include "vision/maker.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define DIO_MAKER(name) extern const dio_maker dio_maker_##name;
#include "vision/makers/makers.def"
#undef DIO_MAKER

const dio_maker *const dio_makers[] = {
#define DIO_MAKER(name) &dio_maker_##name,
#include "vision/makers/makers.def"
#undef DIO_MAKER
    NULL,
};

struct dio_painting {
    const dio_maker *maker;
    void *self;
};

dio_maker_request dio_maker_request_default(void)
{
    return (dio_maker_request){.r = dio_diffuser_request_default(), .truncation = 1, .label = -1};
}

const dio_maker *dio_maker_find(const char *path, dio_error *err)
{
    dio_str known = {0};
    for (int i = 0; dio_makers[i]; i++) {
        if (dio_makers[i]->opens(path)) {
            dio_str_deinit(&known);
            return dio_makers[i];
        }
        dio_str_printf(&known, "%s%s", i ? "; " : "", dio_makers[i]->looks);
    }
    dio_fail(err, "%s: this makes no pictures; what does is %s", path,
             known.failed ? "a picture model" : known.text);
    dio_str_deinit(&known);
    return NULL;
}

dio_painting *dio_painting_open(const char *path, const dio_diffuser_options *options,
                                dio_device *device, dio_error *err)
{
    const dio_maker *maker = dio_maker_find(path, err);
    dio_painting *p = maker ? calloc(1, sizeof *p) : NULL;
    if (!p) {
        if (maker)
            dio_fail_memory(err, "a picture model");
        return NULL;
    }
    p->maker = maker;
    p->self = maker->open(path, options, device, err);
    if (p->self)
        return p;
    free(p);
    return NULL;
}

void dio_painting_close(dio_painting *p)
{
    if (p)
        p->maker->close(p->self);
    free(p);
}

const dio_maker *dio_painting_maker(const dio_painting *p)
{
    return p->maker;
}

static bool among(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

/* Everything that some maker may take. */
static const char *const settings[] = {
    "prompt",    "negative",  "size",       "steps",     "guidance", "rescale",
    "scheduler", "schedule",  "eta",        "init",      "mask",     "strength",
    "tile",      "clip_skip", "original",   "crop",      "together", "preview",
    "lora",      "embedding", "vae",        "tokenizer", "variant",  "dtype",
    "palette",   "alpha",     "truncation", "label",     NULL,
};

bool dio_maker_takes(const dio_maker *m, const char *name)
{
    return among(m->takes, name);
}

bool dio_maker_asks(const dio_maker *m, const char *const *names, int count, dio_error *err)
{
    for (int i = 0; i < count; i++) {
        if (!among(settings, names[i]) || among(m->takes, names[i]))
            continue;
        dio_str known = {0};
        for (int k = 0; m->takes[k]; k++)
            dio_str_printf(&known, "%s%s", k ? ", " : "", m->takes[k]);
        dio_fail(err, "%s: a model of kind %s has no such setting; it knows %s", names[i], m->name,
                 known.failed || !known.length ? "none" : known.text);
        dio_str_deinit(&known);
        return false;
    }
    return true;
}

bool dio_painting_make(dio_painting *p, const dio_maker_request *r, dio_image **pictures,
                       dio_error *err)
{
    if (r->r.count < 1 || r->r.count > DIO_PICTURE_COUNT)
        return dio_fail(err, "count: %d is outside 1 to %d", r->r.count, DIO_PICTURE_COUNT);
    return p->maker->make(p->self, r, pictures, err);
}
