/* torch_rng.c: mt19937 and the normals that torch's CPU generator makes of it.
 * A user who knows seed 42 from another program should meet the same noise here. Matched:
 * at::CPUGeneratorImpl, at::normal_distribution and normal_fill (ATen/native/cpu,
 * DistributionTemplates.h). The words are the same bits; see tests/base/test_torch_rng.c for how
 * close the normals are. numpy's legacy generator is the same one, with its own way to normals. */
#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { N = 624, M = 397, FILL = 16 };

void dio_torch_seed(dio_torch_rng *r, uint64_t seed)
{
    memset(r, 0, sizeof *r);
    r->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < N; i++)
        r->state[i] = 1812433253u * (r->state[i - 1] ^ r->state[i - 1] >> 30) + i;
    r->left = 1;
}

static uint32_t twist(uint32_t u, uint32_t v)
{
    return ((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1 ^ (v & 1 ? 0x9908b0dfu : 0);
}

static void next_state(dio_torch_rng *r)
{
    uint32_t *p = r->state;
    for (int i = 0; i < N; i++)
        p[i] = p[(i + M) % N] ^ twist(p[i], p[(i + 1) % N]);
    r->left = N;
    r->next = 0;
}

uint32_t dio_torch_u32(dio_torch_rng *r)
{
    if (--r->left == 0)
        next_state(r);
    uint32_t y = r->state[r->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

uint64_t dio_torch_u64(dio_torch_rng *r)
{
    uint64_t high = dio_torch_u32(r);
    return high << 32 | dio_torch_u32(r);
}

float dio_torch_uniform(dio_torch_rng *r)
{
    return (float)(dio_torch_u32(r) & 0xffffffu) * 0x1p-24f;
}

static double uniform53(dio_torch_rng *r)
{
    return (double)(dio_torch_u64(r) & ((1ull << 53) - 1)) * 0x1p-53;
}

/* One of a pair of doubles; the other waits in the generator, also for a later call. */
static float normal_one(dio_torch_rng *r)
{
    if (r->has_normal) {
        r->has_normal = false;
        return (float)r->normal;
    }
    double angle = 2.0 * M_PI * uniform53(r);
    double radius = sqrt(-2.0 * log1p(-uniform53(r)));
    r->normal = radius * sin(angle);
    r->has_normal = true;
    return (float)(radius * cos(angle));
}

static void uniform_fill(dio_torch_rng *r, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = dio_torch_uniform(r);
}

/* Sixteen uniforms become normals in place: 0..7 are radii, 8..15 angles. */
static void normal_16(float *x)
{
    for (int i = 0; i < FILL / 2; i++) {
        float radius = sqrtf(-2.0f * logf(1.0f - x[i]));
        float angle = 2.0f * (float)M_PI * x[i + FILL / 2];
        x[i] = radius * cosf(angle);
        x[i + FILL / 2] = radius * sinf(angle);
    }
}

void dio_torch_normal(dio_torch_rng *r, float *out, size_t n)
{
    if (n < FILL) {
        for (size_t i = 0; i < n; i++)
            out[i] = normal_one(r);
        return;
    }
    uniform_fill(r, out, n);
    for (size_t i = 0; i + FILL <= n; i += FILL)
        normal_16(out + i);
    if (n % FILL) { /* the last sixteen are drawn afresh, over the end of the group before */
        uniform_fill(r, out + n - FILL, FILL);
        normal_16(out + n - FILL);
    }
}

/* 53 bits of two words, as numpy's legacy generator takes them. */
static double numpy_uniform(dio_torch_rng *r)
{
    uint32_t high = dio_torch_u32(r) >> 5, low = dio_torch_u32(r) >> 6;
    return ((double)high * 0x1p26 + (double)low) * 0x1p-53;
}

/* A point of the unit disc gives two; the first waits for the next call. */
static double numpy_one(dio_torch_rng *r)
{
    double x, y, square;
    if (r->has_normal) {
        r->has_normal = false;
        return r->normal;
    }
    do {
        x = 2 * numpy_uniform(r) - 1;
        y = 2 * numpy_uniform(r) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    double factor = sqrt(-2 * log(square) / square);
    r->normal = factor * x;
    r->has_normal = true;
    return factor * y;
}

void dio_numpy_normal(dio_torch_rng *r, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)numpy_one(r);
}
