/* draw.c: the atlas of subjects, and a scene's pixels: backdrop, shadows, actors, row by row. */
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "vision/scenes/stage.h"
#include "vision/srgb.h"

enum { PRODUCT_SIDE = 288 };

struct dio_atlas {
    shape *shapes; /* [subjects, DIO_SUBJECT_FORMS]; glyphs have the first only */
    dio_srgb_bytes bytes;
};

struct making {
    dio_atlas *a;
    dio_error *errors;
};

static void make_product(void *user, int64_t item, int thread)
{
    struct making *m = user;
    (void)thread;
    const dio_subject *subject = dio_subject_at((int)(item / DIO_SUBJECT_FORMS));
    shape *s = &m->a->shapes[item];
    if (subject->glyph || !shape_alloc(s, PRODUCT_SIDE, &m->errors[item]))
        return;
    product_draw(s, subject->draw, (int)(item % DIO_SUBJECT_FORMS));
    s->painted = true;
    shape_finish(s, &m->errors[item]);
}

static bool make_glyphs(dio_atlas *a, dio_error *err)
{
    glyphs *g = glyphs_open(err);
    bool ok = g != NULL;
    for (int i = 0; ok && i < dio_subject_count(); i++) {
        const dio_subject *subject = dio_subject_at(i);
        if (subject->glyph)
            ok = glyph_draw(g, &a->shapes[i * DIO_SUBJECT_FORMS], subject->name, subject->glyph,
                            subject->stands, err);
    }
    glyphs_close(g);
    return ok;
}

dio_atlas *dio_atlas_open(dio_error *err)
{
    int64_t n = (int64_t)dio_subject_count() * DIO_SUBJECT_FORMS;
    dio_atlas *a = calloc(1, sizeof *a);
    struct making m = {a, calloc((size_t)n, sizeof *m.errors)};
    if (a)
        a->shapes = calloc((size_t)n, sizeof *a->shapes);
    bool ok = a && a->shapes && m.errors;
    if (!ok)
        dio_fail_memory(err, "the atlas of subjects");
    if (ok) {
        dio_srgb_bytes_init(&a->bytes);
        dio_gang_steal(n, make_product, &m);
        for (int64_t i = 0; ok && i < n; i++)
            if (m.errors[i].kind != DIO_ERROR_NONE) {
                *err = m.errors[i];
                ok = false;
            }
        ok = ok && make_glyphs(a, err);
    }
    free(m.errors);
    if (ok)
        return a;
    dio_atlas_close(a);
    return NULL;
}

void dio_atlas_close(dio_atlas *a)
{
    if (!a)
        return;
    for (int i = 0; a->shapes && i < dio_subject_count() * DIO_SUBJECT_FORMS; i++)
        shape_free(&a->shapes[i]);
    free(a->shapes);
    free(a);
}

/* --- the stage --- */

static void set_actor(stage *t, actor *to, const dio_atlas *atlas, const dio_scene_item *it)
{
    const dio_scene *s = t->scene;
    const dio_subject *subject = dio_subject_at(s->subject);
    const shape *forms = &atlas->shapes[s->subject * DIO_SUBJECT_FORMS];
    *to = (actor){.shape = subject->glyph ? forms : &forms[it->form],
                  .x = it->x * t->wide,
                  .half = 0.5f * it->size,
                  .cos = cosf(it->angle),
                  .sin = sinf(it->angle),
                  .sign = it->flip ? -1 : 1,
                  .tone = it->tone};
    to->standing = dio_scene_stands(s);
    to->y = it->y * t->tall - (to->standing ? DIO_SCENE_FOOT * to->half : 0);
    to->foot = to->y + to->shape->foot * to->half;
    const int roles[3] = {DIO_ROLE_SUBJECT, DIO_ROLE_SECOND, DIO_ROLE_ACCENT};
    for (int k = 0; k < 3; k++)
        memcpy(to->colour[k], t->palette[roles[k]], sizeof to->colour[k]);
}

static void set_light(stage *t)
{
    static const float strength[DIO_LIGHTS] = {0.66f, 0.98f, 0.30f, 0.98f, 0.50f, 0.86f};
    static const float ambient[DIO_LIGHTS] = {0.46f, 0.32f, 0.34f, 0.34f, 0.36f, 0.26f};
    static const float shadow[DIO_LIGHTS] = {0.52f, 0.66f, 0.7f, 0.62f, 0.6f, 0.72f};
    static const float reach[DIO_LIGHTS] = {0.55f, 1.0f, 0.5f, 1.5f, 0.7f, 0.25f};
    int light = t->scene->light;
    t->strength = strength[light];
    t->wrap = light == DIO_LIGHT_SIDE || light == DIO_LIGHT_SPOT ? 0.12f : 0.28f;
    t->shadow = shadow[light];
    t->reach = reach[light];
    for (int i = 0; i < 3; i++) {
        t->key[i] = light == DIO_LIGHT_GOLDEN ? (const float[]){1.12f, 0.95f, 0.72f}[i] : 1;
        t->sky[i] = ambient[light] * (0.78f + 0.34f * t->palette[DIO_ROLE_GROUND][i]) * 1.06f;
        t->bounce[i] = ambient[light] * (0.42f + 0.6f * t->palette[DIO_ROLE_FLOOR][i]);
        if (light == DIO_LIGHT_NEON)
            t->key[i] = 0.35f + 0.65f * t->palette[DIO_ROLE_ACCENT][i];
    }
}

static void set_stage(stage *t, const dio_atlas *atlas, const dio_scene *s, const dio_window *w)
{
    float shorter = (float)(w->full_w < w->full_h ? w->full_w : w->full_h);
    *t = (stage){.scene = s,
                 .wide = (float)w->full_w / shorter,
                 .tall = (float)w->full_h / shorter,
                 .pixel = 1 / shorter,
                 .left = 1e9f,
                 .right = -1e9f,
                 .top = 1e9f};
    t->horizon = s->horizon * t->tall;
    for (int r = 0; r < DIO_ROLES; r++)
        for (int i = 0; i < 3; i++)
            t->palette[r][i] = dio_srgb_to_linear(s->palette[r][i]);
    t->floor = dio_scene_floor(s);
    t->actors = s->items;
    for (int i = 0; i < s->items; i++) {
        actor *a = &t->actor[i];
        set_actor(t, a, atlas, &s->item[i]);
        t->left = fminf(t->left, a->x - 0.6f * a->half);
        t->right = fmaxf(t->right, a->x + 0.6f * a->half);
        t->top = fminf(t->top, a->y + a->shape->top * a->half);
    }
    if (s->frame == DIO_FRAME_PATTERN)
        t->left = 0, t->right = t->wide, t->top = 0.2f * t->tall;
    set_light(t);
}

/* --- pixels --- */

static void draw_pixel(const stage *t, float x, float y, float rgba[4])
{
    const dio_scene *s = t->scene;
    rgba[0] = rgba[1] = rgba[2] = 0;
    rgba[3] = s->alpha ? 0 : 1;
    if (!s->alpha) {
        stage_backdrop(t, x, y, rgba);
        float left = 1;
        for (int i = 0; i < t->actors; i++)
            left = fminf(left, stage_shadow(t, &t->actor[i], x, y));
        /* A shadow keeps something of the ground's colour. */
        for (int i = 0; i < 3; i++)
            rgba[i] *= left + (1 - left) * 0.22f * t->palette[DIO_ROLE_GROUND][i];
    }
    for (int i = 0; i < t->actors; i++) {
        float under[3] = {rgba[0], rgba[1], rgba[2]};
        if (s->alpha)
            for (int k = 0; k < 3; k++)
                under[k] = t->palette[DIO_ROLE_GROUND][k];
        float cover = stage_actor(t, &t->actor[i], x, y, under);
        if (!s->alpha) {
            memcpy(rgba, under, sizeof under);
            continue;
        }
        if (cover <= 0)
            continue;
        for (int k = 0; k < 3; k++) { /* the actor's colour alone, over what is there */
            float alone = t->palette[DIO_ROLE_GROUND][k] +
                          (under[k] - t->palette[DIO_ROLE_GROUND][k]) / cover;
            rgba[k] = rgba[k] * (1 - cover) + alone * cover;
        }
        rgba[3] = rgba[3] * (1 - cover) + cover;
    }
}

void dio_atlas_draw(const dio_atlas *a, const dio_scene *s, const dio_window *w, uint8_t *rgba)
{
    stage t;
    set_stage(&t, a, s, w);
    for (int y = 0; y < w->h; y++)
        for (int x = 0; x < w->w; x++) {
            float p[4];
            uint8_t *to = rgba + ((size_t)y * (size_t)w->w + (size_t)x) * 4;
            draw_pixel(&t, ((float)(w->x + x) + 0.5f) * t.pixel,
                       ((float)(w->y + y) + 0.5f) * t.pixel, p);
            for (int k = 0; k < 3; k++) {
                /* Above 0.9 light gives way softly instead of being cut. */
                float v = p[3] > 0 ? p[k] / p[3] : 0;
                v = v > 0.9f ? 0.9f + 0.1f * (1 - expf(-(v - 0.9f) * 10)) : v;
                to[k] = (uint8_t)((float)dio_srgb_byte(&a->bytes, v) * p[3] + 0.5f);
            }
            to[3] = (uint8_t)(p[3] * 255 + 0.5f);
        }
}
