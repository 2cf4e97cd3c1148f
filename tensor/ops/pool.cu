/* pool.cu: averages and maxima of windows, and their gradients gathered by the element that takes
 * them: no two threads ever add to one place. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in pool.h */
    int kernel, stride, pad;
    int64_t size[2];
};

struct planes {
    int64_t h, w, oh, ow;
    int kh, sh, ph, kw, sw, pw;
};

struct window {
    int64_t y0, y1, x0, x1;
};

static __device__ window window_at(const planes &s, int64_t oy, int64_t ox)
{
    int64_t y = oy * s.sh - s.ph, x = ox * s.sw - s.pw;
    window v;
    v.y0 = y < 0 ? 0 : y;
    v.y1 = y + s.kh > s.h ? s.h : y + s.kh;
    v.x0 = x < 0 ? 0 : x;
    v.x1 = x + s.kw > s.w ? s.w : x + s.kw;
    return v;
}

/* Where the first of the largest of a window stands in its plane. */
static __device__ int64_t top_at(const float *x, const planes &s, const window &v)
{
    int64_t best = v.y0 * s.w + v.x0;
    for (int64_t y = v.y0; y < v.y1; y++)
        for (int64_t i = y * s.w + v.x0; i < y * s.w + v.x1; i++)
            if (x[i] > x[best])
                best = i;
    return best;
}

static __global__ void averages(float *y, const float *x, planes s, int64_t n)
{
    DIO_EACH(i, n) {
        const float *plane = x + i / s.ow / s.oh * s.h * s.w;
        window v = window_at(s, i / s.ow % s.oh, i % s.ow);
        float sum = 0.0f;
        for (int64_t row = v.y0; row < v.y1; row++)
            for (int64_t col = v.x0; col < v.x1; col++)
                sum += plane[row * s.w + col];
        y[i] = sum / (float)(s.kh * s.kw);
    }
}

static __global__ void maxima(float *y, const float *x, planes s, int64_t n)
{
    DIO_EACH(i, n) {
        const float *plane = x + i / s.ow / s.oh * s.h * s.w;
        y[i] = plane[top_at(plane, s, window_at(s, i / s.ow % s.oh, i % s.ow))];
    }
}

/* Output places first..last whose window holds place `at` of an axis. */
static __device__ void holders(int64_t at, int stride, int pad, int kernel, int64_t outputs,
                               int64_t *first, int64_t *last)
{
    int64_t from = at + pad - kernel + 1;
    *first = from <= 0 ? 0 : (from + stride - 1) / stride;
    *last = (at + pad) / stride < outputs - 1 ? (at + pad) / stride : outputs - 1;
}

/* x given: each window's number goes to its first top; else it is spread over the window. */
static __global__ void give_back(float *dx, const float *gy, const float *x, planes s, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t at = i % (s.h * s.w), plane = i / (s.h * s.w), oy0, oy1, ox0, ox1;
        float sum = 0.0f;
        holders(at / s.w, s.sh, s.ph, s.kh, s.oh, &oy0, &oy1);
        holders(at % s.w, s.sw, s.pw, s.kw, s.ow, &ox0, &ox1);
        for (int64_t oy = oy0; oy <= oy1; oy++)
            for (int64_t ox = ox0; ox <= ox1; ox++)
                if (!x || top_at(x + plane * s.h * s.w, s, window_at(s, oy, ox)) == at)
                    sum += gy[(plane * s.oh + oy) * s.ow + ox];
        dx[i] = x ? sum : sum / (float)(s.kh * s.kw);
    }
}

static planes planes_of(const attrs *a, const dio_view *whole, const dio_view *pooled)
{
    bool flat = whole->nd == 3;
    planes s;
    s.h = flat ? 1 : whole->dim[2];
    s.oh = flat ? 1 : pooled->dim[2];
    s.w = whole->dim[whole->nd - 1];
    s.ow = pooled->dim[whole->nd - 1];
    s.kh = flat ? 1 : a->kernel;
    s.sh = flat ? 1 : a->stride;
    s.ph = flat ? 0 : a->pad;
    s.kw = a->kernel;
    s.sw = a->stride;
    s.pw = a->pad;
    return s;
}

template <bool MAX> static void run(dio_cuda *d, const dio_call *c)
{
    planes s = planes_of(dio_attrs<attrs>(c), &c->in[0], &c->out[0]);
    int64_t n = dio_count(&c->out[0]);
    if (n && MAX)
        DIO_LAUNCH(d, maxima, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), s, n);
    else if (n)
        DIO_LAUNCH(d, averages, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), s, n);
}

template <bool MAX> static void run_back(dio_cuda *d, const dio_call *c)
{
    planes s = planes_of(dio_attrs<attrs>(c), &c->out[0], &c->in[0]);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, give_back, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), MAX ? dio_in<float>(c, 1) : (const float *)NULL, s, n);
}

DIO_CUDA_KERNEL(avg_pool, NULL, run<false>)
DIO_CUDA_KERNEL(max_pool, NULL, run<true>)
DIO_CUDA_KERNEL(avg_unpool, NULL, run_back<false>)
DIO_CUDA_KERNEL(max_unpool, NULL, run_back<true>)
