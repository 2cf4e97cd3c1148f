/* glyph.c: shapes from an emoji font. The font's pictures are small bitmaps; what is taken from
 * one is its outline, its colours, and which of its parts go together by colour, so that it can be
 * painted anew in a palette and lit as a body. */
#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vision/scenes/scene.h"
#include "vision/scenes/shape.h"
#include "vision/srgb.h"

enum { STRIKE = 136, GROUPS = 3, ROUNDS = 12 };

struct glyphs {
    FT_Library library;
    FT_Face face;
};

static char *find_font(dio_error *err)
{
    FcConfig *config = FcInitLoadConfigAndFonts();
    FcPattern *want = FcNameParse((const FcChar8 *)"Noto Color Emoji:color=true");
    char *path = NULL;
    if (config && want) {
        FcResult result;
        FcChar8 *file = NULL, *family = NULL;
        FcConfigSubstitute(config, want, FcMatchPattern);
        FcDefaultSubstitute(want);
        FcPattern *got = FcFontMatch(config, want, &result);
        if (got && FcPatternGetString(got, FC_FAMILY, 0, &family) == FcResultMatch &&
            strstr((const char *)family, "Emoji") &&
            FcPatternGetString(got, FC_FILE, 0, &file) == FcResultMatch)
            path = strdup((const char *)file);
        if (got)
            FcPatternDestroy(got);
    }
    if (want)
        FcPatternDestroy(want);
    if (config)
        FcConfigDestroy(config);
    if (!path)
        dio_fail(err, "no colour emoji font: the painter's training scenes need Noto Color Emoji "
                      "(Debian: fonts-noto-color-emoji)");
    return path;
}

glyphs *glyphs_open(dio_error *err)
{
    glyphs *g = calloc(1, sizeof *g);
    char *path = g ? find_font(err) : NULL;
    if (!g)
        dio_fail_memory(err, "the emoji font");
    bool ok = path && FT_Init_FreeType(&g->library) == 0 &&
              FT_New_Face(g->library, path, 0, &g->face) == 0 && g->face->num_fixed_sizes > 0 &&
              FT_Select_Size(g->face, 0) == 0;
    if (path && !ok)
        dio_fail(err, "%s: FreeType finds no colour bitmaps in it", path);
    free(path);
    if (ok)
        return g;
    glyphs_close(g);
    return NULL;
}

void glyphs_close(glyphs *g)
{
    if (!g)
        return;
    if (g->face)
        FT_Done_Face(g->face);
    if (g->library)
        FT_Done_FreeType(g->library);
    free(g);
}

/* The last row that is more seen than not. */
static int lowest(const FT_Bitmap *b)
{
    for (int y = (int)b->rows - 1; y > 0; y--)
        for (int x = 0; x < (int)b->width; x++)
            if (b->buffer[(long)y * b->pitch + 4 * x + 3] > 127)
                return y;
    return 0;
}

/* In the middle; what stands, with its foot where all feet are. */
static void put_bitmap(shape *s, const FT_Bitmap *b, bool stands)
{
    int n = s->side[0], w = (int)b->width, h = (int)b->rows;
    int x0 = (n - w) / 2, y0 = (n - h) / 2;
    if (stands)
        y0 = (int)((float)n * 0.5f + DIO_SCENE_FOOT / shape_texel(s)) - 1 - lowest(b);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            if (x + x0 < 0 || x + x0 >= n || y + y0 < 0 || y + y0 >= n)
                continue;
            const uint8_t *p = b->buffer + (long)y * b->pitch + 4 * x; /* BGRA, premultiplied */
            float a = (float)p[3] / 255, *t = shape_at(s, x + x0, y + y0);
            s->cover[(y + y0) * n + x + x0] = a;
            for (int k = 0; k < 3 && a > 0; k++)
                t[TEXEL_RED + k] = dio_srgb_to_linear(fminf((float)p[2 - k] / 255 / a, 1));
        }
}

/* --- parts by colour: k-means in OKLab, hue counting more than lightness --- */

struct groups {
    float middle[GROUPS][3], light[GROUPS], share[GROUPS];
};

static float away(const float a[3], const float b[3])
{
    float l = 0.6f * (a[0] - b[0]), p = a[1] - b[1], q = a[2] - b[2];
    return l * l + 2 * (p * p + q * q);
}

static int nearest(const struct groups *g, const float lab[3])
{
    int best = 0;
    for (int i = 1; i < GROUPS; i++)
        if (away(g->middle[i], lab) < away(g->middle[best], lab))
            best = i;
    return best;
}

/* The first is the mean; each next begins at the colour that is farthest from all before. */
static void begin(struct groups *g, float (*lab)[3], const float *cover, int n)
{
    float sum[4] = {0};
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 4; k++)
            sum[k] += cover[i] > 0.9f ? k < 3 ? lab[i][k] : 1 : 0;
    for (int k = 0; k < 3; k++)
        g->middle[0][k] = sum[k] / fmaxf(sum[3], 1);
    for (int m = 1; m < GROUPS; m++) {
        float farthest = -1;
        int at = 0;
        for (int i = 0; i < n; i++) {
            if (cover[i] <= 0.9f)
                continue;
            float near = 1e9f;
            for (int k = 0; k < m; k++)
                near = fminf(near, away(g->middle[k], lab[i]));
            if (near > farthest)
                farthest = near, at = i;
        }
        memcpy(g->middle[m], lab[at], sizeof g->middle[m]);
    }
}

static void settle(struct groups *g, float (*lab)[3], const float *cover, int n)
{
    for (int round = 0; round < ROUNDS; round++) {
        float sum[GROUPS][4] = {{0}};
        for (int i = 0; i < n; i++) {
            if (cover[i] <= 0.9f)
                continue;
            float *to = sum[nearest(g, lab[i])];
            for (int k = 0; k < 3; k++)
                to[k] += lab[i][k];
            to[3] += 1;
        }
        for (int m = 0; m < GROUPS; m++)
            for (int k = 0; k < 3 && sum[m][3] > 0; k++)
                g->middle[m][k] = sum[m][k] / sum[m][3];
        for (int m = 0; m < GROUPS; m++)
            g->share[m] = sum[m][3];
    }
    for (int i = 0; i < GROUPS; i++) /* largest first */
        for (int j = i + 1; j < GROUPS; j++)
            if (g->share[j] > g->share[i]) {
                struct groups old = *g;
                memcpy(g->middle[i], old.middle[j], sizeof g->middle[i]);
                memcpy(g->middle[j], old.middle[i], sizeof g->middle[j]);
                g->share[i] = old.share[j];
                g->share[j] = old.share[i];
            }
}

static void put_parts(shape *s, float (*lab)[3])
{
    int n = s->side[0] * s->side[0];
    struct groups g = {0};
    for (int i = 0; i < n; i++)
        dio_srgb_oklab(s->texel[0] + (long)i * TEXELS, lab[i]);
    begin(&g, lab, s->cover, n);
    settle(&g, lab, s->cover, n);
    for (int i = 0; i < n; i++) {
        float *t = s->texel[0] + (long)i * TEXELS;
        int m = nearest(&g, lab[i]);
        t[TEXEL_SECOND] = m == 1;
        t[TEXEL_ACCENT] = m == 2;
        t[TEXEL_TONE] = fminf(fmaxf(1.6f * (lab[i][0] - g.middle[m][0]), -1), 1);
    }
}

/* What is painted light on the glyph stands out a little from the body. */
static void emboss(shape *s, float (*lab)[3], float depth)
{
    int n = s->side[0];
    for (int y = 1; y < n - 1; y++)
        for (int x = 1; x < n - 1; x++) {
            int i = y * n + x;
            if (s->cover[i] < 0.9f || s->cover[i - 1] < 0.9f || s->cover[i + 1] < 0.9f ||
                s->cover[i - n] < 0.9f || s->cover[i + n] < 0.9f)
                continue;
            float *t = shape_at(s, x, y);
            float dx = (lab[i + 1][0] - lab[i - 1][0]) * depth;
            float dy = (lab[i + n][0] - lab[i - n][0]) * depth;
            t[TEXEL_X] = fminf(fmaxf(t[TEXEL_X] - dx, -0.98f), 0.98f);
            t[TEXEL_Y] = fminf(fmaxf(t[TEXEL_Y] - dy, -0.98f), 0.98f);
        }
}

bool glyph_draw(glyphs *g, shape *s, const char *name, uint32_t code, bool stands, dio_error *err)
{
    FT_UInt index = FT_Get_Char_Index(g->face, code);
    if (!index || FT_Load_Glyph(g->face, index, FT_LOAD_COLOR) != 0 ||
        g->face->glyph->bitmap.pixel_mode != FT_PIXEL_MODE_BGRA)
        return dio_fail(err, "the emoji font has no colour glyph U+%04X for \"%s\"", (unsigned)code,
                        name);
    if (!shape_alloc(s, STRIKE + 2 * SHAPE_RIM, err))
        return false;
    size_t n = (size_t)s->side[0];
    float(*lab)[3] = malloc(n * n * sizeof *lab);
    if (!lab)
        return dio_fail_memory(err, "a subject's shape");
    put_bitmap(s, &g->face->glyph->bitmap, stands);
    put_parts(s, lab);
    bool ok = shape_inflate(s, 0.75f, err);
    if (ok)
        emboss(s, lab, 0.5f);
    free(lab);
    return ok && shape_finish(s, err);
}
