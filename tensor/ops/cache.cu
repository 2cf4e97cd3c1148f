/* cache.cu: new keys and values go to their positions; one outside the cache is not written. */
#include "tensor/cuda/common.cuh"

enum { TILE = 64 }; /* DIO_KEY_TILE: positions of a tile of keys */

struct writing {
    const float *x; /* [B,T,Kv,D] */
    const int32_t *start;
    float *cache;
    int64_t time, heads, size, cap;
};

template <bool KEY> static __global__ void write_all(writing w, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t channel = i % w.size, h = i / w.size % w.heads, token = i / w.size / w.heads;
        int64_t b = token / w.time, at = w.start[b] + token % w.time;
        if (at < 0 || at >= w.cap)
            continue;
        float *head = w.cache + (b * w.heads + h) * w.cap * w.size;
        if (KEY)
            head[(at / TILE * w.size + channel) * TILE + at % TILE] = w.x[i];
        else
            head[at * w.size + channel] = w.x[i];
    }
}

template <bool KEY> static void run(dio_cuda *d, const dio_call *c)
{
    const dio_view *cache = &c->out[0], *x = &c->in[1];
    int64_t n = dio_count(x);
    writing w;
    w.x = dio_in<float>(c, 1);
    w.start = dio_in<int32_t>(c, 2);
    w.cache = dio_out<float>(c, 0);
    w.time = x->dim[1];
    w.heads = x->dim[2];
    w.size = x->dim[3];
    w.cap = KEY ? cache->dim[2] * TILE : cache->dim[2];
    if (n)
        DIO_LAUNCH(d, write_all<KEY>, dio_blocks(n), DIO_BLOCK, 0, w, n);
}

DIO_CUDA_KERNEL(cache_write_key, NULL, run<true>)
DIO_CUDA_KERNEL(cache_write_value, NULL, run<false>)
