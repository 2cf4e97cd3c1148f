/* noise.c: torch's generators, one a picture. */
#include <stdlib.h>

#include "base/rng.h"
#include "base/str.h"
#include "vision/sample/sampling.h"

struct dio_noise {
    int batch;
    dio_torch_rng rng[];
};

dio_noise *dio_noise_create(const uint64_t *seeds, int batch, dio_error *err)
{
    dio_noise *n = NULL;
    size_t bytes;
    if (batch > 0 && dio_mul_size((size_t)batch, sizeof n->rng[0], &bytes) &&
        dio_add_size(bytes, sizeof *n, &bytes))
        n = malloc(bytes);
    if (!n) {
        dio_fail_memory(err, "a generator of noise");
        return NULL;
    }
    n->batch = batch;
    for (int i = 0; i < batch; i++)
        dio_torch_seed(&n->rng[i], seeds[i]);
    return n;
}

void dio_noise_destroy(dio_noise *n)
{
    free(n);
}

int dio_noise_batch(const dio_noise *n)
{
    return n->batch;
}

void dio_noise_draw(dio_noise *n, float *out, size_t size)
{
    for (int i = 0; i < n->batch; i++)
        dio_torch_normal(&n->rng[i], out + (size_t)i * size, size);
}
