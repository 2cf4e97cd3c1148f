/* rope.cu: rotary position embedding. The angle is rounded to float as rope.c says why; sine and
 * cosine are the exact functions' nearest, for any position. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in rope.c */
    bool interleaved;
    bool back;
    float factor;
};

struct rotation {
    const float *x, *inv_freq;
    const int32_t *start;
    float *y;
    int64_t time, heads, size, pairs;
    attrs a;
};

/* A thread for each pair, and one for each number that does not turn. y may be x. */
static __global__ void turn_all(rotation r, int64_t n)
{
    int64_t per_head = r.size - r.pairs;
    DIO_EACH(i, n) {
        int64_t at = i % per_head, head = i / per_head, row = head / r.heads;
        const float *x = r.x + head * r.size;
        float *y = r.y + head * r.size;
        if (at >= r.pairs) {
            y[r.pairs + at] = x[r.pairs + at];
            continue;
        }
        float angle = (float)(r.start[row / r.time] + row % r.time) * r.inv_freq[at];
        float cosine = cosf(angle) * r.a.factor, sine = sinf(angle) * r.a.factor;
        int64_t first = r.a.interleaved ? 2 * at : at;
        int64_t second = r.a.interleaved ? 2 * at + 1 : at + r.pairs;
        float p = x[first], q = x[second];
        sine = r.a.back ? -sine : sine;
        y[first] = p * cosine - q * sine;
        y[second] = q * cosine + p * sine;
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    rotation r;
    r.x = dio_in<float>(c, 0);
    r.start = dio_in<int32_t>(c, 1);
    r.inv_freq = dio_in<float>(c, 2);
    r.y = dio_out<float>(c, 0);
    r.time = c->in[0].dim[1];
    r.heads = c->in[0].dim[2];
    r.size = c->in[0].dim[3];
    r.pairs = c->in[2].dim[0];
    r.a = *dio_attrs<attrs>(c);
    int64_t n = c->in[0].dim[0] * r.time * r.heads * (r.size - r.pairs);
    if (n)
        DIO_LAUNCH(d, turn_all, dio_blocks(n), DIO_BLOCK, 0, r, n);
}

DIO_CUDA_KERNEL(rope, NULL, run)
