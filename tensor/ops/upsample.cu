/* upsample.cu: planes brought to another size, and the transpose of that: each input element looks
 * for the output elements that took from it. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in upsample.c */
    int64_t from[2], to[2];
    bool linear, align_corners;
};

/* y[i] = x[low] * (1 - part) + x[high] * part */
struct tap {
    int64_t low, high;
    float part;
};

static __device__ tap tap_at(const attrs &a, int axis, int64_t i)
{
    int64_t from = a.from[axis], to = a.to[axis];
    tap t;
    t.part = 0.0f;
    if (!a.linear) {
        t.low = to == 2 * from ? i / 2
                : to != from   ? (int64_t)floorf((float)i * ((float)from / (float)to))
                               : i;
        t.low = t.low > from - 1 ? from - 1 : t.low;
        t.high = t.low;
        return t;
    }
    float at;
    if (from == to)
        at = (float)i;
    else if (a.align_corners)
        at = to > 1 ? (float)i * ((float)(from - 1) / (float)(to - 1)) : 0.0f;
    else
        at = fmaxf(((float)from / (float)to) * ((float)i + 0.5f) - 0.5f, 0.0f);
    t.low = (int64_t)at < from - 1 ? (int64_t)at : from - 1;
    t.high = t.low + (t.low < from - 1);
    t.part = fminf(fmaxf(at - (float)t.low, 0.0f), 1.0f);
    return t;
}

static __global__ void resize_all(float *y, const float *x, attrs a, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t row = i / a.to[1];
        tap v = tap_at(a, 0, row % a.to[0]), h = tap_at(a, 1, i % a.to[1]);
        const float *plane = x + row / a.to[0] * a.from[0] * a.from[1];
        const float *low = plane + v.low * a.from[1], *high = plane + v.high * a.from[1];
        float top = low[h.low] * (1.0f - h.part) + low[h.high] * h.part;
        float bottom = high[h.low] * (1.0f - h.part) + high[h.high] * h.part;
        y[i] = a.linear ? top * (1.0f - v.part) + bottom * v.part : low[h.low];
    }
}

/* Outputs first..last-1 of an axis that may take from input `at`: a generous guess. */
static __device__ void takers(const attrs &a, int axis, int64_t at, int64_t *first, int64_t *last)
{
    double from = (double)a.from[axis], to = (double)a.to[axis];
    double ratio = a.linear && a.align_corners && from > 1 ? (to - 1) / (from - 1) : to / from;
    double low = floor((double)(at - 1) * ratio) - 2, high = ceil((double)(at + 2) * ratio) + 3;
    *first = at == 0 || low < 0 ? 0 : (int64_t)low;
    *last = at == a.from[axis] - 1 || high > to ? a.to[axis] : (int64_t)high;
}

/* How much of input element `at` is in a tap. */
static __device__ float share(const tap &t, int64_t at)
{
    return (t.low == at ? 1.0f - t.part : 0.0f) + (t.high == at ? t.part : 0.0f);
}

static __global__ void give_back(float *dx, const float *gy, attrs a, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t x = i % a.from[1], y = i / a.from[1] % a.from[0], oy0, oy1, ox0, ox1;
        const float *plane = gy + i / a.from[1] / a.from[0] * a.to[0] * a.to[1];
        float sum = 0.0f;
        takers(a, 0, y, &oy0, &oy1);
        takers(a, 1, x, &ox0, &ox1);
        for (int64_t oy = oy0; oy < oy1; oy++) {
            float rows = share(tap_at(a, 0, oy), y);
            for (int64_t ox = ox0; rows != 0.0f && ox < ox1; ox++)
                sum += rows * share(tap_at(a, 1, ox), x) * plane[oy * a.to[1] + ox];
        }
        dx[i] = sum;
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, resize_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), *dio_attrs<attrs>(c), n);
}

static void run_back(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, give_back, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), *dio_attrs<attrs>(c), n);
}

DIO_CUDA_KERNEL(upsample, NULL, run)
DIO_CUDA_KERNEL(upsample_grad, NULL, run_back)
