/* rng.c: Philox4x32-10 and what is made of its words.
 * The counter is (index, stream) and the key is the seed, so a value can be asked for by its
 * place. Normals are computed in double and rounded once: the last bit of a libm's log or cos
 * then rarely reaches the result. */
#include "base/rng.h"

#include <math.h>

static const uint32_t MUL0 = 0xd2511f53, MUL1 = 0xcd9e8d57; /* Salmon et al., table 2 */
static const uint32_t WEYL0 = 0x9e3779b9, WEYL1 = 0xbb67ae85;

void dio_philox(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32);
    uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)MUL0 * c0, p1 = (uint64_t)MUL1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += WEYL0;
        k1 += WEYL1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

float dio_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t w[4];
    dio_philox(seed, stream, index, w);
    return (float)(w[0] >> 8) * 0x1p-24f;
}

double dio_uniform53(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t w[4];
    dio_philox(seed, stream, index, w);
    return (double)(((uint64_t)w[0] << 32 | w[1]) >> 11) * 0x1p-53;
}

uint32_t dio_below(uint64_t seed, uint64_t stream, uint64_t index, uint32_t n)
{
    uint32_t w[4];
    dio_philox(seed, stream, index, w);
    uint64_t word = (uint64_t)w[0] << 32 | w[1];
    return (uint32_t)((unsigned __int128)word * n >> 64); /* bias n / 2^64 */
}

/* Four normals of one block: words 0 and 1 give lanes 0 and 1, words 2 and 3 the others.
 * The radius comes from (0, 1], so its logarithm is finite; it reaches 6.66. */
static void normal_block(uint64_t seed, uint64_t stream, uint64_t block, float out[4])
{
    uint32_t w[4];
    dio_philox(seed, stream, block, w);
    for (int i = 0; i < 4; i += 2) {
        double radius = sqrt(-2.0 * log(((double)w[i] + 1.0) * 0x1p-32));
        double angle = 2.0 * M_PI * ((double)w[i + 1] * 0x1p-32);
        out[i] = (float)(radius * cos(angle));
        out[i + 1] = (float)(radius * sin(angle));
    }
}

void dio_normal(uint64_t seed, uint64_t stream, uint64_t first, float *out, size_t n)
{
    float block[4];
    for (size_t i = 0; i < n;) {
        uint64_t index = first + i;
        normal_block(seed, stream, index / 4, block);
        for (uint64_t lane = index % 4; lane < 4 && i < n; lane++)
            out[i++] = block[lane];
    }
}

uint32_t dio_rng_u32(dio_rng *r)
{
    uint32_t w[4];
    dio_philox(r->seed, r->stream, r->index++, w);
    return w[0];
}

float dio_rng_uniform(dio_rng *r)
{
    return dio_uniform(r->seed, r->stream, r->index++);
}

uint32_t dio_rng_below(dio_rng *r, uint32_t n)
{
    return dio_below(r->seed, r->stream, r->index++, n);
}
