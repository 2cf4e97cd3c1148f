/* film.c: scenes, their times, and the sprites that move in them.
 *
 * Two motions only. Headlines rise line by line from behind an edge; everything else fades while
 * it drifts a few pixels up. Both ease out: fast at first, long at the end. */
#include "fusion/film.h"
#include "fusion/hero.h"
#include "fusion/subtitles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum {
    SPRITES = 96,
    BOXES = 32,
    BAND = 32, /* rows drawn at a time; even */
};

/* Seconds. */
static const double stagger_line = 0.09, stagger_item = 0.16, rise_time = 0.75, fade_time = 0.55,
                    leave_time = 0.30;

struct sprite {
    dio_layer *layer;
    bool rises;
    int clip_y0, clip_y1; /* of a rising line */
    float travel;         /* pixels */
    double in, out;       /* when it starts to come, and to go; out < 0: it stays */
};

struct dio_film {
    const dio_preset *preset;
    int frames;
    dio_space space;
    dio_ground *ground;
    dio_hero *hero;           /* or NULL */
    dio_subtitles *subtitles; /* or NULL */
    struct sprite sprite[SPRITES];
    int sprites;
    dio_film_box box[BOXES];
    int boxes;
};

/* ---- sprites ---- */

static bool add_sprite(dio_film *f, struct sprite s, dio_error *err)
{
    if (!s.layer)
        return err->kind == DIO_ERROR_NONE; /* no ink, nothing to show */
    if (f->sprites == SPRITES) {
        dio_layer_destroy(s.layer);
        return dio_fail(err, "a film of more than %d lines of text; shorten it", SPRITES);
    }
    f->sprite[f->sprites++] = s;
    return true;
}

/* A headline: each line on its own, out of a slot as high as its ink. */
static bool add_lines(dio_film *f, const dio_item *item, double in, double out, dio_error *err)
{
    int edge = (int)ceilf(0.06f * dio_typeset_size(item->set));
    for (int i = 0; i < dio_typeset_lines(item->set); i++) {
        dio_box box;
        struct sprite s = {.layer = dio_design_layer(item, i, f->space, &box, err),
                           .rises = true,
                           .in = in + i * stagger_line,
                           .out = out};
        s.clip_y0 = (box.y - edge) & ~1;
        s.clip_y1 = (box.y + box.h + edge + 1) & ~1;
        s.travel = (float)(box.h + edge);
        if (!add_sprite(f, s, err))
            return false;
    }
    return true;
}

static bool add_item(dio_film *f, const dio_item *item, bool rises, int scene, double in,
                     double out, dio_error *err)
{
    if (!item->set || item->box.w <= 0 || item->box.h <= 0)
        return true;
    double fps = f->preset->fps, end = out < 0 ? f->frames / fps : out + leave_time;
    if (f->boxes < BOXES)
        f->box[f->boxes++] =
            (dio_film_box){item->name, item->box, scene, (int)(in * fps), (int)(end * fps)};
    if (rises)
        return add_lines(f, item, in, out, err);
    struct sprite s = {.layer = dio_design_layer(item, -1, f->space, NULL, err),
                       .travel = fminf(0.035f * (float)f->preset->width, 40),
                       .in = in,
                       .out = out};
    return add_sprite(f, s, err);
}

/* ---- scenes ---- */

struct scene {
    dio_item items[4];
    int count;
    bool rises; /* its first item comes line by line */
    double start, end;
};

/* How long people need: a moment to look, then 15 characters a second (notes: 15 to 20). */
static double reading(const char *a, const char *b)
{
    return 1.1 + (double)(dio_utf8_count(a, strlen(a)) + dio_utf8_count(b, strlen(b))) / 15;
}

static void plan_scenes(const dio_film *f, const dio_words *w, const dio_palette *palette,
                        const dio_style *styles, double seconds, struct scene scene[3])
{
    const dio_preset *p = f->preset;
    memset(scene, 0, 3 * sizeof *scene);
    scene[0] = (struct scene){
        .items = {dio_design_item(DIO_ROLE_HEADLINE, w->headline, p, palette, styles)},
        .count = 1,
        .rises = true};
    bool lead = w->subline[0] != '\0';
    scene[1] =
        (struct scene){.items = {dio_design_item(DIO_ROLE_LEAD, w->subline, p, palette, styles),
                                 dio_design_item(DIO_ROLE_BODY, w->body, p, palette, styles)},
                       .count = 2,
                       .rises = lead};
    scene[2] = (struct scene){
        .items = {dio_design_item(DIO_ROLE_TITLE, w->product, p, palette, styles),
                  dio_design_item(DIO_ROLE_CTA, w->cta, p, palette, styles),
                  dio_design_item(DIO_ROLE_HASHTAGS, w->hashtags, p, palette, styles)},
        .count = 3,
        .rises = w->product[0] != '\0'};
    double need[3] = {
        reading(w->headline, "") + 0.4,
        lead || w->body[0] ? reading(w->subline, w->body) : 0,
        w->product[0] || w->cta[0] || w->hashtags[0] ? reading(w->product, w->cta) + 0.7 : 0,
    };
    /* A long body must not squeeze the two cards that sell: they get a quarter at least. */
    double all = need[0] + need[1] + need[2], at = 0;
    for (int i = 0; i < 3; i += 2) {
        if (need[1] > 0 && need[i] > 0 && need[i] < 0.27 * all)
            need[i] = 0.27 * all;
    }
    all = need[0] + need[1] + need[2];
    for (int i = 0; i < 3; i++) {
        scene[i].start = at;
        at += seconds * need[i] / all;
        scene[i].end = at;
    }
}

static bool build_scene(dio_film *f, dio_fonts *fonts, struct scene *s, int number, dio_box zone,
                        bool last, dio_error *err)
{
    dio_stack stack = {.items = s->items,
                       .count = s->count,
                       .zone = zone,
                       .centred = f->preset->centred,
                       .rise = f->preset->rise};
    bool ok = dio_stack_place(&stack, fonts, err);
    double in = s->start + (number == 0 ? 0.05 : leave_time * 0.8);
    for (int i = 0; ok && i < s->count; i++) {
        bool rises = s->rises && i == 0;
        ok = add_item(f, &s->items[i], rises, number, in, last ? -1 : s->end, err);
        if (s->items[i].set)
            in += stagger_item + (rises ? stagger_line * dio_typeset_lines(s->items[i].set) : 0);
    }
    dio_stack_release(&stack);
    return ok;
}

/* The product's name stands above all scenes but the last, which shows it large. */
static bool build_kicker(dio_film *f, dio_fonts *fonts, const dio_words *words,
                         const dio_palette *palette, const dio_style *styles, double until,
                         int *height, dio_error *err)
{
    dio_item item = dio_design_item(DIO_ROLE_KICKER, words->product, f->preset, palette, styles);
    dio_stack stack = {.items = &item,
                       .count = 1,
                       .zone = f->preset->zone,
                       .centred = f->preset->centred,
                       .rise = 0};
    bool ok = dio_stack_place(&stack, fonts, err) && add_item(f, &item, false, -1, 0, until, err);
    *height = item.set ? item.box.h + (int)(0.30f * f->preset->headline) : 0;
    dio_stack_release(&stack);
    return ok;
}

static bool build(dio_film *f, dio_fonts *fonts, const dio_palette *palette, const dio_words *words,
                  double seconds, uint64_t seed, dio_error *err)
{
    const dio_preset *p = f->preset;
    if (seconds < p->least_seconds || seconds > p->most_seconds)
        return dio_fail(err, "seconds: %g; a film for %s takes %g to %g", seconds, p->name,
                        p->least_seconds, p->most_seconds);
    dio_style styles[DIO_ROLES];
    dio_design_styles(p, styles);
    struct scene scene[3];
    f->frames = (int)lrint(seconds * p->fps);
    plan_scenes(f, words, palette, styles, seconds, scene);
    int final = 2;
    while (final > 0 && scene[final].end <= scene[final].start)
        final--;
    int strip = 0;
    bool card = final == 2;
    if (!build_kicker(f, fonts, words, palette, styles, card ? scene[2].start : -1, &strip, err))
        return false;
    for (int i = 0; i < 3; i++) {
        if (scene[i].end <= scene[i].start)
            continue;
        dio_box zone = words->captions ? dio_subtitles_rest(p) : p->zone;
        if (i < 2) {
            zone.y += strip;
            zone.h -= strip;
        }
        if (!build_scene(f, fonts, &scene[i], i, zone, i == final, err))
            return false;
    }
    if (words->hero && !(f->hero = dio_hero_create(words->hero, p, palette, f->space, err)))
        return false;
    if (words->captions &&
        !(f->subtitles = dio_subtitles_create(fonts, p, palette, words->captions, f->space, err)))
        return false;
    f->ground = dio_ground_create(palette, &p->scenery, f->space, p->width, p->height, seed, err);
    return f->ground != NULL;
}

dio_film *dio_film_create(dio_fonts *fonts, const dio_preset *preset, const dio_palette *palette,
                          const dio_words *words, double seconds, uint64_t seed, dio_space space,
                          dio_error *err)
{
    dio_film *f = calloc(1, sizeof *f);
    if (!f) {
        dio_fail_memory(err, "a film");
        return NULL;
    }
    f->preset = preset;
    f->space = space;
    if (!build(f, fonts, palette, words, seconds, seed, err)) {
        dio_film_destroy(f);
        return NULL;
    }
    return f;
}

void dio_film_destroy(dio_film *f)
{
    if (!f)
        return;
    for (int i = 0; i < f->sprites; i++)
        dio_layer_destroy(f->sprite[i].layer);
    dio_ground_destroy(f->ground);
    dio_hero_destroy(f->hero);
    dio_subtitles_destroy(f->subtitles);
    free(f);
}

int dio_film_frames(const dio_film *f)
{
    return f->frames;
}

int dio_film_boxes(const dio_film *f, const dio_film_box **boxes)
{
    *boxes = f->box;
    return f->boxes;
}

/* ---- frames ---- */

static double unit(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* 1 - (1 - v)^4: most of the way in the first third, then a long settling. */
static double ease_out(double v)
{
    double rest = 1 - unit(v);
    return 1 - rest * rest * rest * rest;
}

static dio_pose pose_at(const struct sprite *s, double seconds)
{
    if (seconds < s->in || (s->out >= 0 && seconds >= s->out + leave_time))
        return (dio_pose){0};
    double come = ease_out((seconds - s->in) / (s->rises ? rise_time : fade_time));
    double gone = s->out < 0 ? 0 : unit((seconds - s->out) / leave_time);
    double alpha = s->rises ? unit((seconds - s->in) / 0.15) : come;
    dio_pose pose = {.dy = (float)((1 - come) * (double)s->travel),
                     .alpha = (int)lrint(256 * alpha * (1 - gone * gone))};
    if (s->rises && come < 1) {
        pose.clip_y0 = s->clip_y0;
        pose.clip_y1 = s->clip_y1;
    }
    /* Below a hundredth of a pixel it has arrived: the plain blend is then both right and fast. */
    if (pose.dy < 0.01f)
        pose.dy = 0;
    return pose;
}

/* Drawn by the caller alone: the encoder's threads have the other cores, and a frame takes 2 ms
 * against the encoder's 8. In bands, so that the rows a text is blended into are still in the
 * cache. */
void dio_film_frame(dio_film *f, int i, dio_canvas *out)
{
    double seconds = (double)i / f->preset->fps; /* from the count: sums of 1/30 would drift */
    dio_pose pose[SPRITES];
    for (int k = 0; k < f->sprites; k++)
        pose[k] = pose_at(&f->sprite[k], seconds);
    bool covered = f->hero && dio_hero_covers(f->hero);
    if (!covered)
        dio_ground_at(f->ground, seconds);
    for (int y0 = 0; y0 < out->h; y0 += BAND) {
        int y1 = y0 + BAND < out->h ? y0 + BAND : out->h;
        if (!covered)
            dio_ground_draw(f->ground, out, y0, y1);
        if (f->hero)
            dio_hero_draw(f->hero, seconds, out, y0, y1);
        for (int k = 0; k < f->sprites; k++)
            dio_layer_blend(f->sprite[k].layer, pose[k], out, y0, y1);
        if (f->subtitles)
            dio_subtitles_draw(f->subtitles, seconds, out, y0, y1);
    }
}

bool dio_film_caption(const dio_film *f, int i, dio_box *box, double *start, double *end)
{
    return f->subtitles && dio_subtitles_box(f->subtitles, i, box, start, end);
}
