#pragma once
/* maker.h: whatever makes pictures, behind one door.
 *
 * A maker is one file in makers/ that ends in a `const dio_maker`, and one line in makers.def. It
 * says which paths it opens and which settings it knows; whoever asks for more is told so, and no
 * setting is passed over in silence.
 *
 *     dio_painting *p = dio_painting_open(path, NULL, device, err);
 *     dio_maker_request r = dio_maker_request_default();
 *     r.r.prompt = "a red teapot";
 *     if (p && dio_painting_make(p, &r, pictures, err)) ...
 */
#include "vision/diffuser.h"

typedef struct dio_maker_request {
    dio_diffuser_request r;      /* the fields that the maker knows */
    const uint8_t (*palette)[3]; /* colours to steer towards, sRGB */
    int n_palette;
    bool alpha;        /* a picture without its backdrop */
    double truncation; /* psi of StyleGAN2: 1 as trained, less is nearer to the mean */
    int label;         /* class; -1: none */
} dio_maker_request;

dio_maker_request dio_maker_request_default(void);

typedef struct dio_maker {
    const char *name, *doc;
    const char *looks;        /* what it opens, for messages: "a diffusers folder" */
    const char *const *takes; /* settings beside size, seed and count; NULL-terminated */
    /* Whether the path looks like one of its models; reads no more than names. */
    bool (*opens)(const char *path);
    void *(*open)(const char *path, const dio_diffuser_options *options, dio_device *device,
                  dio_error *err);
    bool (*make)(void *self, const dio_maker_request *r, dio_image **pictures, dio_error *err);
    void (*close)(void *self);
} dio_maker;

extern const dio_maker *const dio_makers[]; /* NULL-terminated, in the order in which they look */

/* Who opens this path; NULL with a message that says what can be opened. */
const dio_maker *dio_maker_find(const char *path, dio_error *err);
/* Whether the maker knows all the settings that were given; names that are no maker's settings (a
 * file to write, a seed) are passed over. False names the first that it does not know, and what it
 * does. */
bool dio_maker_asks(const dio_maker *m, const char *const *names, int count, dio_error *err);
bool dio_maker_takes(const dio_maker *m, const char *name);

/* A model that has been opened by its maker. */
typedef struct dio_painting dio_painting;

/* NULL with a message that says what can be opened. options as for dio_diffuser_open. */
dio_painting *dio_painting_open(const char *path, const dio_diffuser_options *options,
                                dio_device *device, dio_error *err);
void dio_painting_close(dio_painting *p); /* NULL is fine */
const dio_maker *dio_painting_maker(const dio_painting *p);
/* Pictures [r->r.count]; the caller unrefs. None on failure. */
bool dio_painting_make(dio_painting *p, const dio_maker_request *r, dio_image **pictures,
                       dio_error *err);
