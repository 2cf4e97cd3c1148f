#pragma once
/* rng.h: random numbers that can be asked for by place.
 *
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the
 * value at (seed, stream, index) depends on nothing else, so order, threads and batch do not
 * matter. Streams keep uses apart. mt19937 as torch's CPU generator uses it is here so that a
 * user's seed gives the noise they know.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Four 32-bit words at (seed, stream, index). */
void dio_philox(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4]);

/* Uniform in [0, 1) with 24 random bits; uniform in [0, 1) with 53. */
float dio_uniform(uint64_t seed, uint64_t stream, uint64_t index);
double dio_uniform53(uint64_t seed, uint64_t stream, uint64_t index);

/* An integer in 0..n-1 without bias that matters (64-bit multiply-shift); n >= 1. */
uint32_t dio_below(uint64_t seed, uint64_t stream, uint64_t index, uint32_t n);

/* out[i] for i in 0..n-1: standard normal at index first + i (Box-Muller on pairs of words). */
void dio_normal(uint64_t seed, uint64_t stream, uint64_t first, float *out, size_t n);

/* A cursor over one stream, where a sequence is natural. */
typedef struct dio_rng {
    uint64_t seed, stream, index;
} dio_rng;
uint32_t dio_rng_u32(dio_rng *r);
float dio_rng_uniform(dio_rng *r);
uint32_t dio_rng_below(dio_rng *r, uint32_t n);

/* torch-cpu: at::CPUGeneratorImpl, mt19937 seeded with the low 32 bits; normal as torch.randn on
 * the CPU does for float32 (sizes of 16 and more take the vectorised path, smaller ones pairs of
 * doubles; ATen/native/cpu/DistributionTemplates.h). */
typedef struct dio_torch_rng {
    uint32_t state[624];
    int left, next;
    bool has_normal;
    double normal;
} dio_torch_rng;
void dio_torch_seed(dio_torch_rng *r, uint64_t seed);
uint32_t dio_torch_u32(dio_torch_rng *r);
uint64_t dio_torch_u64(dio_torch_rng *r);
/* As torch.rand: 24 random bits in [0, 1). */
float dio_torch_uniform(dio_torch_rng *r);
void dio_torch_normal(dio_torch_rng *r, float *out, size_t n);
/* As numpy.random.RandomState(seed).randn(n), rounded to float32, when r was seeded with a seed
 * below 2^32 and has given nothing yet: the same words, by Marsaglia's polar method. */
void dio_numpy_normal(dio_torch_rng *r, float *out, size_t n);

#ifdef __cplusplus
}
#endif
