/* dropout.cu: the same mask as on the CPU: Philox 4x32-10 (dio_philox) at (seed, stream, place). */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in dropout.c */
    int stream;
    float p;
};

static __device__ void philox(uint32_t k0, uint32_t k1, uint64_t stream, uint64_t index,
                              uint32_t out[4])
{
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32);
    uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* Four elements a thread share one draw. seed: low word, high word. */
static __global__ void drop_all(float *y, const float *x, const int32_t *seed, uint64_t stream,
                                uint32_t threshold, float scale, int64_t n)
{
    DIO_EACH(quad, (n + 3) / 4) {
        uint32_t word[4];
        philox((uint32_t)seed[0], (uint32_t)seed[1], stream, (uint64_t)quad, word);
        for (int64_t i = quad * 4; i < quad * 4 + 4 && i < n; i++)
            y[i] = word[i % 4] >> 8 >= threshold ? x[i] * scale : 0.0f;
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    const attrs *a = dio_attrs<attrs>(c);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, drop_all, dio_blocks(dio_ceil(n, 4)), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<int32_t>(c, 1), (uint64_t)(uint32_t)a->stream,
                   (uint32_t)((double)a->p * (1 << 24)), 1 / (1 - a->p), n);
}

DIO_CUDA_KERNEL(dropout, NULL, run)
