/* blend_mode.c: one function of two straight colours a mode; what alpha does is the same for all.
 */
#include "fusion/blend_mode.h"

#include <math.h>
#include <string.h>

#include "base/value.h"
#include "base/rows.h"

typedef float vec4 __attribute__((vector_size(16)));

/* By far the most frequent: on its own. */
DIO_WIDE static void normal(float *restrict under, const float *restrict over, int n, float opacity)
{
    for (int i = 0; i < n; i++) {
        vec4 a, b;
        memcpy(&a, under + 4 * (size_t)i, sizeof a);
        memcpy(&b, over + 4 * (size_t)i, sizeof b);
        b *= opacity;
        float rest = 1 - b[3];
        a = b + a * (rest > 0 ? rest : 0);
        memcpy(under + 4 * (size_t)i, &a, sizeof a);
    }
}

static inline float multiply(float b, float s)
{
    return b * s;
}
static inline float screen(float b, float s)
{
    return b + s - b * s;
}
static inline float hard_light(float b, float s)
{
    return s <= 0.5f ? multiply(b, 2 * s) : screen(b, 2 * s - 1);
}
static inline float overlay(float b, float s)
{
    return hard_light(s, b);
}
static inline float darken(float b, float s)
{
    return b < s ? b : s;
}
static inline float lighten(float b, float s)
{
    return b > s ? b : s;
}
static inline float difference(float b, float s)
{
    return fabsf(b - s);
}
static inline float exclusion(float b, float s)
{
    return b + s - 2 * b * s;
}
static inline float color_dodge(float b, float s)
{
    return b <= 0 ? 0 : s >= 1 ? 1 : fminf(1, b / (1 - s));
}
static inline float color_burn(float b, float s)
{
    return b >= 1 ? 1 : s <= 0 ? 0 : 1 - fminf(1, (1 - b) / s);
}
static inline float soft_light(float b, float s)
{
    float d = b <= 0.25f ? ((16 * b - 12) * b + 4) * b : sqrtf(b);
    return s <= 0.5f ? b - (1 - 2 * s) * b * (1 - b) : b + (2 * s - 1) * (d - b);
}

/* co = cs as (1 - ab) + cb ab (1 - as) + as ab B(cb, cs), section 5 of the specification. */
#define MODE(mode)                                                                                 \
    static void mode##_rows(float *under, const float *over, int n, float opacity)                 \
    {                                                                                              \
        for (int i = 0; i < n; i++, under += 4, over += 4) {                                       \
            float as = over[3] * opacity, ab = under[3];                                           \
            if (as <= 0)                                                                           \
                continue;                                                                          \
            for (int k = 0; k < 3; k++) {                                                          \
                float s = over[k] / over[3], b = ab > 0 ? under[k] / ab : 0;                       \
                under[k] = s * as * (1 - ab) + under[k] * (1 - as) + as * ab * mode(b, s);         \
            }                                                                                      \
            under[3] = as + ab * (1 - as);                                                         \
        }                                                                                          \
    }
MODE(multiply)
MODE(screen)
MODE(hard_light)
MODE(overlay)
MODE(darken)
MODE(lighten)
MODE(difference)
MODE(exclusion)
MODE(color_dodge)
MODE(color_burn)
MODE(soft_light)

/* "plus-lighter" of CSS: light added to light. */
static void add_rows(float *under, const float *over, int n, float opacity)
{
    for (int i = 0; i < 4 * n; i++)
        under[i] = fminf(under[i] + over[i] * opacity, 1);
}

const dio_blend_mode dio_blend_modes[] = {
    {"normal", "lies over", normal},
    {"multiply", "as two slides in one projector", multiply_rows},
    {"screen", "as two projectors on one wall, never above white", screen_rows},
    {"overlay", "darkens what is dark, lightens what is light", overlay_rows},
    {"add", "light on light", add_rows},
    {"darken", "the darker of both", darken_rows},
    {"lighten", "the lighter of both", lighten_rows},
    {"hard-light", "overlay with the sides changed", hard_light_rows},
    {"soft-light", "a milder overlay", soft_light_rows},
    {"color-dodge", "brightens up to white", color_dodge_rows},
    {"color-burn", "deepens down to black", color_burn_rows},
    {"difference", "how far apart both are", difference_rows},
    {"exclusion", "a milder difference", exclusion_rows},
    {0},
};

const dio_blend_mode *dio_blend_mode_find(const char *name, dio_error *err)
{
    const char *names[32];
    int n = 0;
    for (const dio_blend_mode *m = dio_blend_modes; m->name; m++) {
        names[n++] = m->name;
        if (strcmp(m->name, name) == 0)
            return m;
    }
    const char *near = dio_nearest(name, names, n);
    dio_fail(err, "blend: there is no \"%.40s\"%s%s%s", name,
             near ? "; did you mean \"" : "; normal, multiply, screen, overlay are some",
             near ? near : "", near ? "\"?" : "");
    return NULL;
}
