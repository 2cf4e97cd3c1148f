/* shape.c: what follows from an outline: how far it is, how round, what shadow it throws. */
#include "vision/scenes/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const float shade_blur[SHADE_LEVELS] = {0.03f, 0.08f, 0.18f, 0.36f};

bool shape_alloc(shape *s, int side, dio_error *err)
{
    *s = (shape){0};
    bool ok = true;
    for (int m = 0; m < SHAPE_MIPS; m++) {
        s->side[m] = side >> m;
        s->texel[m] = calloc((size_t)s->side[m] * (size_t)s->side[m] * TEXELS, sizeof(float));
        ok = ok && s->texel[m];
    }
    for (int i = 0; i < SHADE_LEVELS; i++) {
        s->shade[i] = calloc(SHADE_SIDE * SHADE_SIDE, sizeof(float));
        ok = ok && s->shade[i];
    }
    s->cover = calloc((size_t)side * (size_t)side, sizeof(float));
    return ok && s->cover ? true : dio_fail_memory(err, "a subject's shape");
}

void shape_free(shape *s)
{
    for (int m = 0; m < SHAPE_MIPS; m++)
        free(s->texel[m]);
    for (int i = 0; i < SHADE_LEVELS; i++)
        free(s->shade[i]);
    free(s->cover);
}

float shape_texel(const shape *s)
{
    return 1 / ((float)s->side[0] * 0.5f - SHAPE_RIM);
}

float shape_place(const shape *s, int i)
{
    return ((float)i + 0.5f - (float)s->side[0] * 0.5f) * shape_texel(s);
}

/* --- distance: Felzenszwalb and Huttenlocher's lower envelope of parabolas, by rows --- */

static void envelope(const float *f, int n, float *d, int *v, float *z)
{
    int k = 0;
    v[0] = 0;
    z[0] = -1e20f;
    z[1] = 1e20f;
    for (int q = 1; q < n; q++) {
        float s;
        for (;;) {
            int p = v[k];
            s = ((f[q] + (float)(q * q)) - (f[p] + (float)(p * p))) / (float)(2 * q - 2 * p);
            if (s > z[k] || k == 0)
                break;
            k--;
        }
        if (s <= z[k])
            s = z[k];
        k++;
        v[k] = q;
        z[k] = s;
        z[k + 1] = 1e20f;
    }
    k = 0;
    for (int q = 0; q < n; q++) {
        while (z[k + 1] < (float)q)
            k++;
        d[q] = (float)((q - v[k]) * (q - v[k])) + f[v[k]];
    }
}

/* Squared distance of every texel to the nearest with seed 0, in place; `work` holds 6 n floats. */
static void transform(float *f, int n, float *work)
{
    float *column = work, *d = work + n, *z = work + 2 * n;
    int *v = (int *)(work + 4 * n);
    for (int x = 0; x < n; x++) {
        for (int y = 0; y < n; y++)
            column[y] = f[y * n + x];
        envelope(column, n, d, v, z);
        for (int y = 0; y < n; y++)
            f[y * n + x] = d[y];
    }
    for (int y = 0; y < n; y++) {
        memcpy(column, f + y * n, (size_t)n * sizeof *column);
        envelope(column, n, f + y * n, v, z);
    }
}

/* A [1 2 1] blur both ways, `times` over. */
static void soften(float *f, int n, int times, float *row)
{
    for (int t = 0; t < times; t++) {
        for (int y = 0; y < n; y++) {
            memcpy(row, f + y * n, (size_t)n * sizeof *row);
            for (int x = 0; x < n; x++)
                f[y * n + x] = 0.25f * row[x > 0 ? x - 1 : 0] + 0.5f * row[x] +
                               0.25f * row[x < n - 1 ? x + 1 : x];
        }
        for (int x = 0; x < n; x++) {
            for (int y = 0; y < n; y++)
                row[y] = f[y * n + x];
            for (int y = 0; y < n; y++)
                f[y * n + x] = 0.25f * row[y > 0 ? y - 1 : 0] + 0.5f * row[y] +
                               0.25f * row[y < n - 1 ? y + 1 : y];
        }
    }
}

static void put_distance(shape *s, float *inside, float *outside, float *work)
{
    int n = s->side[0];
    for (int i = 0; i < n * n; i++) {
        /* Where cover is between, the outline runs through the texel: begin below one half. */
        float c = s->cover[i];
        inside[i] = c < 0.5f ? 0 : c < 1 ? (c - 0.5f) * (c - 0.5f) : 1e8f;
        outside[i] = c >= 0.5f ? 0 : c > 0 ? (0.5f - c) * (0.5f - c) : 1e8f;
    }
    transform(inside, n, work);
    transform(outside, n, work);
    for (int i = 0; i < n * n; i++)
        inside[i] = sqrtf(fminf(inside[i], 1e6f)) - sqrtf(fminf(outside[i], 1e6f));
    soften(inside, n, 2, work);
    for (int i = 0; i < n * n; i++)
        s->texel[0][i * TEXELS + TEXEL_DISTANCE] = inside[i] * shape_texel(s);
}

/* Gives texels outside the mean of their neighbours that have colours, ring by ring, so that
 * sampling at the outline meets no black. */
static void bleed(shape *s, float *known, float *next, int rings)
{
    int n = s->side[0];
    for (int i = 0; i < n * n; i++)
        known[i] = s->cover[i] >= 0.5f ? 1 : 0;
    for (int ring = 0; ring < rings; ring++) {
        memcpy(next, known, (size_t)n * (size_t)n * sizeof *next);
        for (int y = 1; y < n - 1; y++)
            for (int x = 1; x < n - 1; x++) {
                if (known[y * n + x] > 0)
                    continue;
                float sum[TEXELS] = {0}, count = 0;
                for (int j = -1; j <= 1; j++)
                    for (int i = -1; i <= 1; i++) {
                        if (known[(y + j) * n + x + i] <= 0)
                            continue;
                        const float *from = shape_at(s, x + i, y + j);
                        for (int k = 0; k < TEXELS; k++)
                            sum[k] += from[k];
                        count += 1;
                    }
                if (count == 0)
                    continue;
                float *to = shape_at(s, x, y), distance = to[TEXEL_DISTANCE];
                for (int k = 0; k < TEXELS; k++)
                    to[k] = sum[k] / count;
                to[TEXEL_DISTANCE] = distance;
                next[y * n + x] = 1;
            }
        memcpy(known, next, (size_t)n * (size_t)n * sizeof *known);
    }
}

static void measure(shape *s)
{
    int n = s->side[0];
    s->top = 1, s->foot = -1;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++)
            if (s->cover[y * n + x] >= 0.5f) {
                s->top = fminf(s->top, shape_place(s, y));
                s->foot = fmaxf(s->foot, shape_place(s, y));
            }
    s->left = 1, s->right = -1; /* of its lowest tenth */
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++)
            if (s->cover[y * n + x] >= 0.5f && shape_place(s, y) > s->foot - 0.16f) {
                s->left = fminf(s->left, shape_place(s, x));
                s->right = fmaxf(s->right, shape_place(s, x));
            }
}

static void put_shades(shape *s, float *row)
{
    int n = s->side[0];
    float cell = 4.0f / SHADE_SIDE;
    float *first = s->shade[0];
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            int i = (int)((shape_place(s, x) + 2) / cell),
                j = (int)((shape_place(s, y) + 2) / cell);
            first[j * SHADE_SIDE + i] += s->cover[y * n + x];
        }
    float per_cell = cell / shape_texel(s);
    for (int i = 0; i < SHADE_SIDE * SHADE_SIDE; i++)
        first[i] = fminf(first[i] / (per_cell * per_cell), 1);
    float had = 0;
    for (int k = 0; k < SHADE_LEVELS; k++) {
        /* [1 2 1] has a variance of half a cell. */
        float want = shade_blur[k] / cell, more = 2 * (want * want - had);
        if (k > 0)
            memcpy(s->shade[k], s->shade[k - 1], SHADE_SIDE * SHADE_SIDE * sizeof(float));
        soften(s->shade[k], SHADE_SIDE, more < 1 ? 0 : (int)(more + 0.5f), row);
        had = want * want;
    }
}

static void shrink(shape *s)
{
    for (int m = 1; m < SHAPE_MIPS; m++) {
        int n = s->side[m], up = s->side[m - 1];
        for (int y = 0; y < n; y++)
            for (int x = 0; x < n; x++) {
                const float *a = s->texel[m - 1] + ((long)2 * y * up + 2 * x) * TEXELS;
                const float *b = a + (long)up * TEXELS;
                float *to = s->texel[m] + ((long)y * n + x) * TEXELS;
                for (int k = 0; k < TEXELS; k++)
                    to[k] = 0.25f * (a[k] + a[TEXELS + k] + b[k] + b[TEXELS + k]);
            }
    }
}

bool shape_finish(shape *s, dio_error *err)
{
    size_t n = (size_t)s->side[0];
    float *work = malloc((2 * n * n + 6 * n + 64) * sizeof *work);
    if (!work)
        return dio_fail_memory(err, "a subject's shape");
    float *more = work + 2 * n * n;
    put_distance(s, work, work + n * n, more);
    bleed(s, work, work + n * n, SHAPE_RIM + 8);
    measure(s);
    put_shades(s, more);
    shrink(s);
    free(work);
    free(s->cover);
    s->cover = NULL;
    return true;
}

/* Half the height's square is the solution of Poisson's equation over the outline: of a disc, that
 * is a ball's. Gauss and Seidel with over-relaxation, from coarse to fine. */
static void relax(const float *mask, float *phi, int n, float cell, int times)
{
    const float omega = 1.85f;
    for (int t = 0; t < times; t++)
        for (int y = 1; y < n - 1; y++)
            for (int x = 1; x < n - 1; x++) {
                int i = y * n + x;
                if (mask[i] < 0.5f)
                    continue;
                float mean =
                    0.25f * (phi[i - 1] + phi[i + 1] + phi[i - n] + phi[i + n] + cell * cell);
                phi[i] += omega * (mean - phi[i]);
            }
}

bool shape_inflate(shape *s, float height, dio_error *err)
{
    int n = s->side[0], c = n / 4;
    size_t all = (size_t)n * (size_t)n;
    float *phi = calloc(2 * all, sizeof *phi), *coarse = phi ? phi + all : NULL;
    if (!phi)
        return dio_fail_memory(err, "a subject's shape");
    float *mask = coarse + c * c;
    for (int y = 0; y < c; y++)
        for (int x = 0; x < c; x++)
            mask[y * c + x] = s->cover[(4 * y + 2) * n + 4 * x + 2];
    relax(mask, coarse, c, 4 * shape_texel(s), 40);
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++)
            if (s->cover[y * n + x] >= 0.5f)
                phi[y * n + x] =
                    coarse[(y / 4 < c ? y / 4 : c - 1) * c + (x / 4 < c ? x / 4 : c - 1)];
    relax(s->cover, phi, n, shape_texel(s), 40);
    for (int i = 0; i < n * n; i++)
        s->texel[0][(long)i * TEXELS + TEXEL_HEIGHT] = 2 * sqrtf(fmaxf(phi[i], 0)) * height;
    /* The square root is steep at the outline: slopes from phi itself stay finite. */
    for (int y = 1; y < n - 1; y++)
        for (int x = 1; x < n - 1; x++) {
            int i = y * n + x;
            float h = sqrtf(fmaxf(phi[i], 1e-5f)), k = height / (h * 2 * shape_texel(s));
            float dx = (phi[i + 1] - phi[i - 1]) * k, dy = (phi[i + n] - phi[i - n]) * k;
            float scale = 1 / sqrtf(1 + dx * dx + dy * dy);
            shape_at(s, x, y)[TEXEL_X] = -dx * scale;
            shape_at(s, x, y)[TEXEL_Y] = -dy * scale;
        }
    free(phi);
    return true;
}
