/* plan.c: a wish becomes a scene: everything left open is decided by Philox at places of its own,
 * so that asking for one thing more does not change the others. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "vision/scenes/colours.h"
#include "vision/scenes/scene.h"

/* Places in the plan's stream. */
enum {
    AT_SUBJECT,
    AT_MATERIAL,
    AT_LIGHT,
    AT_FRAME,
    AT_BACKDROP,
    AT_STYLE,
    AT_PAINTED,
    AT_FORM,
    AT_FLIP,
    AT_LAMP,
    AT_LIFT,
    AT_PLACE = 16,
    AT_NUMBERS = 64,
    AT_COLOURS = 128,
    AT_ITEMS = 256,
};
static const uint64_t stream_plan = 0x7363656e65000001;

static float at(uint64_t seed, int place, float lo, float hi)
{
    return lo + (hi - lo) * dio_uniform(seed, stream_plan, (uint64_t)place);
}

/* An index by weights that add up to anything. */
static int weighted(uint64_t seed, int place, const float *weight, int n)
{
    float sum = 0, u;
    for (int i = 0; i < n; i++)
        sum += weight[i];
    u = at(seed, place, 0, sum);
    for (int i = 0; i < n; i++) {
        u -= weight[i];
        if (u < 0)
            return i;
    }
    return n - 1;
}

dio_scene_wish dio_scene_any(void)
{
    dio_scene_wish w = {0};
    w.subject = w.material = w.light = w.frame = w.backdrop = w.style = DIO_SCENE_ANY;
    return w;
}

static bool is_scenic(int backdrop)
{
    return backdrop == DIO_BACKDROP_HILLS || backdrop == DIO_BACKDROP_SKY;
}

/* Whether there is ground to stand on. */
static bool has_floor(int backdrop)
{
    return backdrop == DIO_BACKDROP_PLAIN || backdrop == DIO_BACKDROP_SWEEP ||
           backdrop == DIO_BACKDROP_PODIUM || backdrop == DIO_BACKDROP_ARCH ||
           backdrop == DIO_BACKDROP_WINDOW || backdrop == DIO_BACKDROP_BOKEH ||
           backdrop == DIO_BACKDROP_HILLS || backdrop == DIO_BACKDROP_TABLE ||
           backdrop == DIO_BACKDROP_LEAVES || backdrop == DIO_BACKDROP_GRADIENT;
}

bool dio_scene_floor(const dio_scene *s)
{
    return has_floor(s->backdrop) && s->frame != DIO_FRAME_TOP && s->frame != DIO_FRAME_PATTERN;
}

bool dio_scene_stands(const dio_scene *s)
{
    return dio_scene_floor(s) && dio_subject_at(s->subject)->stands && s->frame != DIO_FRAME_FLOAT;
}

static void choose(dio_scene *s, const dio_scene_wish *w)
{
    static const float frames[DIO_FRAMES] = {4, 2.2f, 2.2f, 1.5f, 1.2f, 1.6f, 1, 1, 1.6f, 0.8f};
    static const float styles[DIO_STYLES] = {5, 1.2f, 1.6f, 1.2f, 3};
    static const float materials[DIO_MATERIALS] = {5, 2, 2, 1.3f, 1.3f, 1.5f, 1, 1};
    static const float lights[DIO_LIGHTS] = {4, 2, 1.2f, 1.6f, 1, 1.2f};
    float backdrops[DIO_BACKDROPS] = {2,    1.5f, 2.4f, 2,    1.6f, 1.8f, 1.4f, 1.4f,
                                      0.9f, 0.8f, 1,    0.7f, 1,    1.8f, 1.4f};
    uint64_t seed = s->seed;
    s->subject =
        w->subject >= 0 ? w->subject : (int)at(seed, AT_SUBJECT, 0, (float)dio_subject_count());
    s->material =
        w->material >= 0 ? w->material : weighted(seed, AT_MATERIAL, materials, DIO_MATERIALS);
    s->light = w->light >= 0 ? w->light : weighted(seed, AT_LIGHT, lights, DIO_LIGHTS);
    s->frame = w->frame >= 0 ? w->frame : weighted(seed, AT_FRAME, frames, DIO_FRAMES);
    s->style = w->style >= 0 ? w->style : weighted(seed, AT_STYLE, styles, DIO_STYLES);
    bool flat = s->frame == DIO_FRAME_TOP || s->frame == DIO_FRAME_PATTERN;
    bool stands = dio_subject_at(s->subject)->stands && !flat && s->frame != DIO_FRAME_FLOAT;
    for (int i = 0; i < DIO_BACKDROPS; i++) {
        if (flat && has_floor(i) && i != DIO_BACKDROP_PLAIN && i != DIO_BACKDROP_GRADIENT)
            backdrops[i] = i == DIO_BACKDROP_WINDOW || i == DIO_BACKDROP_LEAVES ? 0.8f : 0;
        if (stands && !has_floor(i))
            backdrops[i] *= 0.5f;
        if (s->frame == DIO_FRAME_FLOAT && (i == DIO_BACKDROP_SKY || i == DIO_BACKDROP_SUNBURST))
            backdrops[i] *= 3;
        if (s->light == DIO_LIGHT_NEON && is_scenic(i))
            backdrops[i] = 0;
    }
    s->backdrop =
        w->backdrop >= 0 ? w->backdrop : weighted(seed, AT_BACKDROP, backdrops, DIO_BACKDROPS);
    s->painted = s->material != DIO_MATERIAL_NATURAL || w->colours >= 3 ||
                 at(seed, AT_PAINTED, 0, 1) < 0.15f;
}

/* Where things are. Parts of the picture; sizes are parts of its shorter side. */
static void place_one(dio_scene *s, dio_scene_item *it)
{
    uint64_t seed = s->seed;
    const dio_subject *subject = dio_subject_at(s->subject);
    bool standing = dio_scene_stands(s);
    float wide = s->aspect > 1 ? s->aspect : 1, tall = s->aspect < 1 ? 1 / s->aspect : 1;
    float size = at(seed, AT_PLACE, 0.64f, 0.80f), x = 0.5f;
    float side = fminf(0.24f * (wide > 1.4f ? 1 : wide), 0.27f);
    if (s->frame == DIO_FRAME_LEFT || s->frame == DIO_FRAME_RIGHT) {
        size *= wide > 1.2f ? 1 : 0.82f;
        x = s->frame == DIO_FRAME_LEFT ? 0.5f - side + 0.03f : 0.5f + side - 0.03f;
    }
    if (s->frame == DIO_FRAME_LOW)
        size *= 0.82f;
    if (s->frame == DIO_FRAME_CLOSE)
        size *= 1.45f;
    if (s->frame == DIO_FRAME_WIDE)
        size *= 0.55f;
    if (s->backdrop == DIO_BACKDROP_PODIUM)
        size *= 0.86f;
    if (tall > 1.3f)
        size *= 1.12f;
    it->size = size * subject->size;
    it->x = x + at(seed, AT_PLACE + 1, -0.02f, 0.02f);
    float lean = s->frame == DIO_FRAME_FLOAT ? 0.32f : s->frame == DIO_FRAME_TOP ? 0.6f : 0.04f;
    it->angle = standing ? 0 : at(seed, AT_PLACE + 2, -lean, lean);
    it->flip = at(seed, AT_FLIP, 0, 1) < 0.5f;
    it->form = (int)at(seed, AT_FORM, 0, DIO_SUBJECT_FORMS);
    it->tone = 1;
    /* y is the foot of what stands, the middle of all else. */
    float foot = 0.5f + 0.5f * it->size / tall + 0.07f;
    if (s->frame == DIO_FRAME_LOW)
        foot = 0.90f;
    if (s->frame == DIO_FRAME_WIDE)
        foot = 0.74f;
    if (s->frame == DIO_FRAME_CLOSE)
        foot = 0.5f + 0.5f * it->size / tall - 0.02f;
    if (s->backdrop == DIO_BACKDROP_PODIUM)
        foot = fminf(foot, 0.76f);
    foot = fminf(foot, s->frame == DIO_FRAME_CLOSE ? 1.3f : 0.92f);
    bool hovers = !standing && dio_scene_floor(s);
    it->y = standing ? foot + at(seed, AT_PLACE + 3, -0.015f, 0.015f)
                     : (s->frame == DIO_FRAME_LOW ? 0.66f : 0.5f) - (hovers ? 0.04f : 0) +
                           at(seed, AT_PLACE + 3, -0.02f, 0.02f);
}

/* A smaller pair behind or beside the first. */
static void place_group(dio_scene *s)
{
    uint64_t seed = s->seed;
    dio_scene_item first = s->item[0];
    int n = at(seed, AT_ITEMS, 0, 1) < 0.5f ? 2 : 3;
    float wide = s->aspect > 1 ? s->aspect : 1, side = at(seed, AT_ITEMS + 1, 0, 1) < 0.5f ? 1 : -1;
    first.size *= 0.86f;
    for (int i = 0; i < n; i++) {
        dio_scene_item *it = &s->item[i];
        bool last = i == n - 1;
        *it = first; /* the last is in front */
        float out = last ? (n == 2 ? -0.5f : 0) : i == 0 ? 1 : -1;
        if (n == 2 && !last)
            out = 0.62f;
        it->x += side * out * (n == 3 ? 0.40f : 0.34f) * first.size / wide;
        it->size *= last     ? 1
                    : i == 0 ? at(seed, AT_ITEMS + 2, 0.68f, 0.84f)
                             : at(seed, AT_ITEMS + 3, 0.56f, 0.72f);
        it->y -= last ? 0 : 0.035f;
        it->form = (first.form + i) % DIO_SUBJECT_FORMS;
        it->flip = first.flip != (i % 2 == 1);
        it->tone = last ? 1 : 0.93f;
        if (it->angle != 0)
            it->angle += 0.3f * (float)i;
    }
    s->items = n;
}

static void place_pattern(dio_scene *s)
{
    uint64_t seed = s->seed;
    dio_scene_item first = s->item[0];
    int columns = s->aspect > 1.3f   ? 6
                  : s->aspect < 0.8f ? 3
                                     : 4,
        rows = s->aspect > 1.3f   ? 4
               : s->aspect < 0.8f ? 6
                                  : 4;
    float tilt = at(seed, AT_ITEMS, -0.5f, 0.5f), cell = 1.0f / 4.2f;
    s->items = 0;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            dio_scene_item *it = &s->item[s->items++];
            *it = first;
            it->size = 0.78f * cell * (s->aspect < 0.8f ? 1.25f : s->aspect > 1.3f ? 1 : 1.05f);
            it->x = ((float)c + (r % 2 ? 0.75f : 0.25f)) / (float)columns;
            it->y = ((float)r + 0.5f) / (float)rows;
            it->angle = (c + r) % 2 ? tilt : -tilt;
            it->flip = first.flip != (r % 2 == 1);
        }
}

static void place(dio_scene *s)
{
    s->items = 1;
    place_one(s, &s->item[0]);
    bool standing = s->item[0].y > 0.69f;
    s->horizon = standing
                     ? fminf(fmaxf(s->item[0].y - at(s->seed, AT_LIFT, 0.10f, 0.2f), 0.45f), 0.85f)
                     : at(s->seed, AT_LIFT, 0.62f, 0.78f);
    if (s->frame == DIO_FRAME_GROUP)
        place_group(s);
    if (s->frame == DIO_FRAME_PATTERN)
        place_pattern(s);
}

static void light(dio_scene *s)
{
    static const float lamps[DIO_LIGHTS][3] = {{-0.42f, -0.55f, 0.72f},  {-0.86f, -0.35f, 0.36f},
                                               {-0.55f, -0.72f, -0.25f}, {-0.88f, -0.26f, 0.42f},
                                               {-0.85f, -0.15f, 0.45f},  {-0.10f, -0.82f, 0.55f}};
    float side = at(s->seed, AT_LAMP, 0, 1) < 0.6f ? 1 : -1, sum = 0;
    for (int i = 0; i < 3; i++) {
        s->direction[i] = lamps[s->light][i] + at(s->seed, AT_LAMP + 1 + i, -0.1f, 0.1f);
        s->direction[i] *= i == 0 ? side : 1;
        sum += s->direction[i] * s->direction[i];
    }
    for (int i = 0; i < 3; i++)
        s->direction[i] /= sqrtf(sum);
}

void dio_scene_plan(dio_scene *s, const dio_scene_wish *wish, float aspect, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->seed = seed;
    s->aspect = aspect;
    s->alpha = wish->alpha;
    choose(s, wish);
    place(s);
    light(s);
    for (int i = 0; i < DIO_SCENE_NUMBERS; i++)
        s->number[i] = at(seed, AT_NUMBERS + i, 0, 1);
    scene_colours(s, wish, AT_COLOURS);
}
