/* shade.c: an actor's surface under the scene's light, by material and style; and its shadow. */
#include "vision/scenes/stage.h"

struct surface {
    float v[TEXELS];
    float albedo[3], n[3];
    float mirror[3]; /* where a mirror would look: the viewer is at z */
    float u, w;      /* place in the actor's square */
    bool first;      /* of the first role: what the material is asked for */
};

/* --- sampling --- */

static void sample(const shape *s, int m, float u, float w, float out[TEXELS])
{
    float half = ((float)s->side[0] * 0.5f - SHAPE_RIM) / (float)(1 << m);
    float fx = u * half + (float)s->side[m] * 0.5f - 0.5f,
          fy = w * half + (float)s->side[m] * 0.5f - 0.5f;
    fx = clampf(fx, 0, (float)s->side[m] - 1.001f);
    fy = clampf(fy, 0, (float)s->side[m] - 1.001f);
    int x = (int)fx, y = (int)fy;
    float a = fx - (float)x, b = fy - (float)y;
    const float *p = s->texel[m] + ((long)y * s->side[m] + x) * TEXELS,
                *q = p + (long)s->side[m] * TEXELS;
    for (int k = 0; k < TEXELS; k++)
        out[k] = (p[k] * (1 - a) + p[TEXELS + k] * a) * (1 - b) +
                 (q[k] * (1 - a) + q[TEXELS + k] * a) * b;
}

static float sample_shade(const shape *s, float level, float u, float w)
{
    float cell = 4.0f / SHADE_SIDE, fx = (u + 2) / cell - 0.5f, fy = (w + 2) / cell - 0.5f, out[2];
    if (fx < 0 || fy < 0 || fx >= SHADE_SIDE - 1 || fy >= SHADE_SIDE - 1)
        return 0;
    int x = (int)fx, y = (int)fy, l = (int)clampf(level, 0, SHADE_LEVELS - 2);
    float a = fx - (float)x, b = fy - (float)y, t = clampf(level - (float)l, 0, 1);
    for (int i = 0; i < 2; i++) {
        const float *p = s->shade[l + i] + y * SHADE_SIDE + x;
        out[i] = (p[0] * (1 - a) + p[1] * a) * (1 - b) +
                 (p[SHADE_SIDE] * (1 - a) + p[SHADE_SIDE + 1] * a) * b;
    }
    return out[0] + (out[1] - out[0]) * t;
}

/* A pattern goes on at the other side. */
static float nearest_way(const stage *t, float d, float length)
{
    return t->scene->frame == DIO_FRAME_PATTERN ? d - length * floorf(d / length + 0.5f) : d;
}

static void to_local(const stage *t, const actor *a, float x, float y, float *u, float *w)
{
    float dx = nearest_way(t, x - a->x, t->wide) / a->half;
    float dy = nearest_way(t, y - a->y, t->tall) / a->half;
    *u = (dx * a->cos + dy * a->sin) * a->sign;
    *w = -dx * a->sin + dy * a->cos;
}

/* --- shadows --- */

float stage_shadow(const stage *t, const actor *a, float x, float y)
{
    const dio_scene *s = t->scene;
    float reach = 2.2f * a->half, u, w, dark;
    if (fabsf(nearest_way(t, x - a->x, t->wide)) > reach * 1.5f ||
        fabsf(nearest_way(t, y - a->y, t->tall)) > reach * 1.6f)
        return 1;
    if (!a->standing && t->floor) { /* it hovers: a soft pool on the ground below */
        float ground = fmaxf(a->foot + 0.07f, t->horizon + 0.05f);
        float px = (x - a->x + s->direction[0] * 0.05f) / (0.62f * a->half),
              py = (y - ground) / (0.12f * a->half);
        return 1 - t->shadow * 0.75f * expf(-1.2f * (px * px + py * py));
    }
    if (!a->standing) { /* on the wall or table behind it */
        float high = s->frame == DIO_FRAME_FLOAT ? 0.20f : 0.07f;
        to_local(t, a, x + s->direction[0] * high * a->half * 1.4f,
                 y + s->direction[1] * high * a->half * 1.4f, &u, &w);
        return 1 - t->shadow * 0.8f *
                       sample_shade(a->shape, s->frame == DIO_FRAME_FLOAT ? 1.6f : 0.6f, u, w);
    }
    /* What touches the ground is darkest. */
    float middle = a->x + 0.5f * (a->shape->left + a->shape->right) * a->half * a->sign;
    float wide = 0.5f * (a->shape->right - a->shape->left) * a->half + 0.012f;
    float dx = (x - middle) / (wide * 1.12f), dy = (y - a->foot + 0.01f) / (0.10f * wide + 0.022f);
    dark = 0.62f * expf(-1.3f * (dx * dx * dx * dx + dy * dy));
    /* The outline laid on the ground, away from the lamp, the softer the farther. */
    float lay = s->direction[2] > 0 ? -0.30f : 0.34f, up = (y - a->foot) / (lay * a->half);
    if (up > -0.12f && up < 2.2f) {
        float slide = -s->direction[0] * t->reach;
        u = ((x - a->x) / a->half - up * slide) * a->sign;
        float level = 0.3f + 1.5f * fmaxf(up, 0);
        float cast = sample_shade(a->shape, level, u, a->shape->foot - up);
        dark = fmaxf(dark, cast * (1 - 0.33f * clampf(up, 0, 2.2f)) * 0.85f);
    }
    if (t->floor)
        dark *= smooth(-0.10f, 0.02f, y - t->horizon) * 0.75f + 0.25f;
    return 1 - t->shadow * dark;
}

/* --- light on a surface --- */

/* A lamp behind a frosted pane, as a mirror sees it: a soft square. */
static float pane(const stage *t, const struct surface *f, float size, float soft)
{
    const float *d = t->scene->direction;
    float along = f->mirror[0] * d[0] + f->mirror[1] * d[1] + f->mirror[2] * fmaxf(d[2], 0.3f);
    float across = f->mirror[0] * d[1] - f->mirror[1] * d[0];
    float down = f->mirror[1] - d[1];
    float right = f->mirror[0] - d[0];
    if (along < 0)
        return 0;
    (void)across;
    return smooth(size + soft, size - soft, fabsf(right)) *
           smooth(size * 1.3f + soft, size * 1.3f - soft, fabsf(down));
}

static void diffuse(const stage *t, const struct surface *f, float wrap, float rgb[3])
{
    const float *d = t->scene->direction;
    float lit = (f->n[0] * d[0] + f->n[1] * d[1] + f->n[2] * d[2] + wrap) / (1 + wrap);
    float up = 0.5f - 0.5f * f->n[1];
    lit = lit > 0 ? lit : 0;
    for (int i = 0; i < 3; i++)
        rgb[i] = f->albedo[i] *
                 (t->strength * lit * t->key[i] + t->bounce[i] * (1 - up) + t->sky[i] * up);
}

/* From behind: an edge of light, in the lamp's colour or (neon) in the palette's. */
static void add_rim(const stage *t, const struct surface *f, float rgb[3])
{
    const float *d = t->scene->direction;
    float edge = 1 - f->n[2], side = f->n[0] * d[0] + f->n[1] * d[1];
    edge *= edge;
    if (t->scene->light == DIO_LIGHT_RIM) {
        float k = 1.5f * edge * smooth(-0.1f, 0.6f, side) +
                  0.5f * edge * edge * smooth(0.1f, 0.8f, -f->n[0] * d[0]);
        for (int i = 0; i < 3; i++)
            rgb[i] += k * t->key[i];
    }
    if (t->scene->light == DIO_LIGHT_NEON)
        for (int i = 0; i < 3; i++)
            rgb[i] += 1.1f * edge *
                      (t->palette[DIO_ROLE_ACCENT][i] * smooth(0, 0.7f, side) +
                       t->palette[DIO_ROLE_SECOND][i] * smooth(0, 0.7f, -side));
}

static float fresnel(const struct surface *f)
{
    float e = 1 - f->n[2], e2 = e * e;
    return 0.04f + 0.7f * e2 * e2;
}

static void glossy(const stage *t, const struct surface *f, float shine, float rgb[3])
{
    diffuse(t, f, t->wrap, rgb);
    float lamp = t->scene->direction[0] < 0 ? -1 : 1, strip = f->n[0] * -lamp - 0.86f;
    float k = 0.75f * shine * pane(t, f, 0.24f, 0.05f) +
              shine * 0.22f * expf(-strip * strip / 0.004f) + shine * fresnel(f) * 0.6f;
    for (int i = 0; i < 3; i++)
        rgb[i] += k * (t->key[i] - rgb[i] * 0.4f);
}

/* A studio in the mirror: dark floor, bright walls, a bright ceiling with a dark middle. */
static void metal(const stage *t, const struct surface *f, float rgb[3])
{
    float y = f->mirror[1] + 0.25f * f->mirror[0] * (t->scene->direction[0] < 0 ? 1 : -1);
    float e = 0.24f + 0.95f * smooth(0.16f, -0.30f, y) - 0.42f * smooth(-0.50f, -0.95f, y) +
              0.40f * smooth(0.42f, 0.85f, y);
    for (int i = 0; i < 3; i++) {
        float tint = f->albedo[i] * 1.15f + 0.06f;
        rgb[i] = tint * e * (0.35f + 0.65f * (t->sky[i] + t->strength * 0.62f)) +
                 0.85f * pane(t, f, 0.22f, 0.08f) * t->key[i];
    }
}

static void clay(const stage *t, const struct surface *f, float rgb[3])
{
    struct surface g = *f;
    g.n[0] += 0.09f * stage_noise(f->u * 7, f->w * 7, 21);
    g.n[1] += 0.09f * stage_noise(f->u * 7, f->w * 7, 22);
    diffuse(t, &g, 0.45f, rgb);
    float warm = 0.10f * (1 - f->n[2]);
    for (int i = 0; i < 3; i++)
        rgb[i] += warm * f->albedo[i] + 0.05f * pane(t, f, 0.5f, 0.4f) * t->key[i];
}

static void felt(const stage *t, const struct surface *f, float rgb[3])
{
    diffuse(t, f, 0.5f, rgb);
    float fibre = 0.07f * stage_noise(f->u * 16, f->w * 16, 31) +
                  0.05f * stage_noise(f->u * 34, f->w * 9, 32);
    float edge = (1 - f->n[2]) * (1 - f->n[2]) * 0.30f;
    for (int i = 0; i < 3; i++)
        rgb[i] = rgb[i] * (1 + fibre) + edge * (0.6f * f->albedo[i] + 0.2f);
}

static void glass(const stage *t, const actor *a, const struct surface *f, float x, float y,
                  float rgb[3])
{
    float bent[3], rim = (1 - f->n[2]) * (1 - f->n[2]);
    float k = 0.34f * a->half;
    stage_backdrop(t, x - f->n[0] * k, y - f->n[1] * k, bent);
    float thick = 0.40f + 0.42f * rim;
    for (int i = 0; i < 3; i++) {
        float tint = 0.25f + 0.9f * f->albedo[i];
        rgb[i] = bent[i] * (1 + (tint - 1) * thick) * (1 - 0.35f * rim) + 0.16f * f->albedo[i];
        rgb[i] +=
            0.95f * pane(t, f, 0.20f, 0.03f) * t->key[i] + 0.32f * rim * rim * (t->sky[i] + 0.3f);
    }
    float lamp = t->scene->direction[0] < 0 ? -1 : 1, strip = f->n[0] * -lamp - 0.80f;
    for (int i = 0; i < 3; i++)
        rgb[i] += 0.35f * expf(-strip * strip / 0.003f);
}

/* Sheets of paper, one over the other, each a little smaller than the one below. */
static void paper(const stage *t, const actor *a, const struct surface *f, float rgb[3])
{
    const float steps[] = {0.0f, 0.10f, 0.24f, 0.42f};
    float shade[TEXELS], dark = 0, level = 0;
    float ux = t->scene->direction[0], uy = t->scene->direction[1], off = 0.05f;
    float lu = (ux * a->cos + uy * a->sin) * a->sign, lw = -ux * a->sin + uy * a->cos;
    sample(a->shape, 1, f->u + off * lu, f->w + off * lw, shade);
    for (int k = 1; k < 4; k++) {
        float in = f->v[TEXEL_DISTANCE] - steps[k], above = shade[TEXEL_DISTANCE] - steps[k];
        level += smooth(-0.008f, 0.008f, in);
        dark = fmaxf(dark, smooth(-0.03f, 0.03f, above) * smooth(0.008f, -0.008f, in));
    }
    float grain = 0.02f * stage_noise(f->u * 28, f->w * 28, 41);
    for (int i = 0; i < 3; i++)
        rgb[i] =
            f->albedo[i] * (0.82f + 0.09f * level + grain) * (1 - 0.26f * dark) + 0.012f * level;
}

/* Two tones and no more. */
static void flat(const stage *t, const struct surface *f, bool print, float rgb[3])
{
    const float *d = t->scene->direction;
    float lit = f->n[0] * d[0] + f->n[1] * d[1] * 0.7f;
    float tone = 1 - 0.22f * smooth(-0.24f, -0.30f, lit);
    if (print)
        tone = 1 - 0.30f * smooth(-0.20f, -0.25f, lit) + 0.16f * smooth(0.42f, 0.46f, lit);
    for (int i = 0; i < 3; i++)
        rgb[i] = f->albedo[i] * tone;
}

static void lit_by_material(const stage *t, const actor *a, const struct surface *f, float x,
                            float y, float rgb[3])
{
    int material = t->scene->material, style = t->scene->style;
    float own = f->v[TEXEL_OWN];
    if (style == DIO_STYLE_FLAT || style == DIO_STYLE_PRINT)
        flat(t, f, style == DIO_STYLE_PRINT, rgb);
    else if (style == DIO_STYLE_PAPER || (material == DIO_MATERIAL_PAPER && own < 0.5f))
        paper(t, a, f, rgb);
    else if (own > 0.5f || (a->shape->painted && !f->first))
        glossy(t, f, 0.35f, rgb);
    else if (material == DIO_MATERIAL_GLASS)
        glass(t, a, f, x, y, rgb);
    else if (material == DIO_MATERIAL_METAL)
        metal(t, f, rgb);
    else if (material == DIO_MATERIAL_GLOSSY)
        glossy(t, f, 1, rgb);
    else if (material == DIO_MATERIAL_CLAY)
        clay(t, f, rgb);
    else if (material == DIO_MATERIAL_FELT)
        felt(t, f, rgb);
    else if (material == DIO_MATERIAL_MATTE)
        diffuse(t, f, t->wrap + 0.1f, rgb);
    else
        glossy(t, f, 0.45f, rgb);
    if (style == DIO_STYLE_SOFT || style == DIO_STYLE_STUDIO)
        add_rim(t, f, rgb);
}

static void colours(const stage *t, const actor *a, struct surface *f)
{
    const float *v = f->v;
    float second = v[TEXEL_SECOND], accent = v[TEXEL_ACCENT], first = 1 - second - accent;
    bool painted = a->shape->painted || t->scene->painted;
    f->first = first > 0.5f;
    for (int i = 0; i < 3; i++) {
        float c = first * a->colour[0][i] + second * a->colour[1][i] + accent * a->colour[2][i];
        float tone = v[TEXEL_TONE];
        c = tone > 0 ? c + (0.96f - c) * tone * 0.8f : c * (1 + tone * 0.78f);
        float own = painted ? v[TEXEL_OWN] : 1;
        f->albedo[i] = (c + (v[TEXEL_RED + i] - c) * own) * a->tone;
    }
}

float stage_actor(const stage *t, const actor *a, float x, float y, float rgb[3])
{
    struct surface f;
    to_local(t, a, x, y, &f.u, &f.w);
    float rim = 1 + 2 * t->pixel / a->half;
    if (fabsf(f.u) > rim || fabsf(f.w) > rim)
        return 0;
    float ratio = t->pixel / (a->half * shape_texel(a->shape));
    int m = ratio < 1.5f ? 0 : ratio < 3 ? 1 : ratio < 6 ? 2 : 3;
    sample(a->shape, m, f.u, f.w, f.v);
    if (t->scene->material == DIO_MATERIAL_FELT && t->scene->style != DIO_STYLE_FLAT)
        f.v[TEXEL_DISTANCE] += 0.007f * stage_noise(f.u * 22, f.w * 22, 33) - 0.003f;
    float cover = clampf(f.v[TEXEL_DISTANCE] * a->half / t->pixel + 0.5f, 0, 1), lit[3];
    if (cover <= 0)
        return 0;
    float nx = f.v[TEXEL_X] * a->sign, ny = f.v[TEXEL_Y];
    f.n[0] = nx * a->cos - ny * a->sin;
    f.n[1] = nx * a->sin + ny * a->cos;
    float flat_part = 1 - f.n[0] * f.n[0] - f.n[1] * f.n[1];
    f.n[2] = sqrtf(flat_part > 0.0025f ? flat_part : 0.0025f);
    for (int i = 0; i < 3; i++)
        f.mirror[i] = 2 * f.n[2] * f.n[i] - (i == 2);
    colours(t, a, &f);
    for (int i = 0; i < 3; i++)
        lit[i] = rgb[i];
    lit_by_material(t, a, &f, x, y, lit);
    float glow = f.v[TEXEL_GLOW];
    for (int i = 0; i < 3; i++) {
        lit[i] += (f.albedo[i] * 1.15f - lit[i]) * glow;
        rgb[i] += (lit[i] - rgb[i]) * cover;
    }
    return cover;
}
