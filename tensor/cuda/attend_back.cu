/* attend_back.cu: attention's gradients. The weights are made again from log sum exp: once by
 * blocks of queries for dq and the mask's, once by blocks of keys for dk and dv, which add over
 * the queries and the heads that share a key head in one fixed order. */
#include "tensor/cuda/attend.cuh"

/* The weight of key s for a query; the gradients of its score before the cap and after the mask. */
struct slope {
    float weight, product, masked;
};

static __device__ slope slope_of(const dio_cuda_attend &a, int64_t b, int64_t head, int64_t t,
                                 int64_t s, float product, float along)
{
    slope r = {0.0f, 0.0f, 0.0f};
    int64_t from, to;
    dio_sight(a, a.keys - a.time + t, &from, &to);
    if (t >= a.time || s < from || s >= to)
        return r;
    int64_t row = (b * a.heads + head) * a.time + t;
    float capped, cap = a.attrs.softcap, score = dio_score(a, product, b, head, t, s, &capped);
    r.weight = expf(score - a.lse[row]);
    r.masked = r.weight * (along - a.delta[row]);
    r.product = cap > 0.0f ? r.masked * (1.0f - capped * capped / (cap * cap)) : r.masked;
    return r;
}

/* Where channel chunk c, element j of a thread lies; false outside. */
template <int THREADS>
static __device__ bool place(int64_t size, int64_t slice, int c, int j, int64_t rows, int *r,
                             int64_t *i)
{
    int64_t c0 = slice + c * DIO_CHANNELS, left = size - c0;
    int width = (int)(left < 0 ? 0 : left < DIO_CHANNELS ? left : DIO_CHANNELS);
    int e = threadIdx.x + j * THREADS;
    if (e >= rows * width)
        return false;
    *r = e / width;
    *i = c0 + e % width;
    return true;
}

template <int ROWS, int THREADS, int CHUNKS>
static __global__ void __launch_bounds__(THREADS) queries_back(dio_cuda_attend a)
{
    constexpr int PER = ROWS * DIO_TILE / THREADS, EACH = ROWS * DIO_CHANNELS / THREADS;
    __shared__ dio_attend_room<ROWS> room;
    __shared__ float weight[ROWS][DIO_TILE];
    const int64_t t0 = (int64_t)blockIdx.y * ROWS, slice = (int64_t)blockIdx.z * DIO_SLICE;
    const int64_t b = blockIdx.x / a.heads, head = blockIdx.x % a.heads;
    const int64_t h = head / (a.heads / a.key_heads);
    const int64_t rows = a.time - t0 < ROWS ? a.time - t0 : ROWS;
    int64_t from, to, unused;
    float acc[CHUNKS][EACH] = {};
    dio_sight(a, a.keys - a.time + t0, &from, &unused);
    dio_sight(a, a.keys - a.time + t0 + rows - 1, &unused, &to);

    for (int64_t j0 = from / DIO_TILE * DIO_TILE; j0 < to; j0 += DIO_TILE) {
        float product[PER] = {}, along[PER] = {};
        dio_attend_dots<ROWS, THREADS>(
            room, product, a.size, false,
            [&](int r, int64_t i) {
                return r < rows ? a.q[dio_query_at(a, b, t0 + r, head) + i] : 0.0f;
            },
            [&](int n, int64_t i) { return j0 + n < to ? dio_key(a, b, h, j0 + n, i) : 0.0f; });
        dio_attend_dots<ROWS, THREADS>(
            room, along, a.size, false,
            [&](int r, int64_t i) {
                return r < rows ? a.dout[dio_query_at(a, b, t0 + r, head) + i] : 0.0f;
            },
            [&](int n, int64_t i) { return j0 + n < to ? dio_value(a, b, h, j0 + n, i) : 0.0f; });
#pragma unroll
        for (int j = 0; j < PER; j++) {
            int e = threadIdx.x + j * THREADS, r = e / DIO_TILE, n = e % DIO_TILE;
            int64_t t = t0 + r, s = j0 + n;
            slope x = slope_of(a, b, head, t, s, product[j], along[j]);
            weight[r][n] = x.product;
            if (a.dmask && slice == 0 && t < a.time && s < a.keys)
                a.dmask[((b * a.heads + head) * a.time + t) * a.keys + s] = x.masked;
        }
        dio_attend_gather<ROWS, THREADS, CHUNKS>(
            room, weight, slice, a.size,
            [&](int n, int64_t i) { return j0 + n < to ? dio_key(a, b, h, j0 + n, i) : 0.0f; },
            [&](int c, int j, int, float sum) { acc[c][j] += sum; });
    }
    for (int c = 0; c < CHUNKS && a.dq; c++)
        for (int j = 0; j < EACH; j++) {
            int r;
            int64_t i;
            if (place<THREADS>(a.size, slice, c, j, rows, &r, &i))
                a.dq[dio_query_at(a, b, t0 + r, head) + i] = acc[c][j] * a.attrs.scale;
        }
}

/* Rows are keys, columns queries. */
template <int ROWS, int THREADS, int CHUNKS>
static __global__ void __launch_bounds__(THREADS) keys_back(dio_cuda_attend a)
{
    constexpr int PER = ROWS * DIO_TILE / THREADS, EACH = ROWS * DIO_CHANNELS / THREADS;
    __shared__ dio_attend_room<ROWS> room;
    __shared__ float weight[ROWS][DIO_TILE], product_slope[ROWS][DIO_TILE];
    const int64_t s0 = (int64_t)blockIdx.y * ROWS, slice = (int64_t)blockIdx.z * DIO_SLICE;
    const int64_t b = blockIdx.x / a.key_heads, h = blockIdx.x % a.key_heads;
    const int64_t group = a.heads / a.key_heads, origin = a.keys - a.time;
    const int64_t rows = a.keys - s0 < ROWS ? a.keys - s0 : ROWS;
    float dk[CHUNKS][EACH] = {}, dv[CHUNKS][EACH] = {};

    for (int64_t at = 0; at < group * dio_ceil(a.time, DIO_TILE); at++) {
        int64_t head = h * group + at / dio_ceil(a.time, DIO_TILE);
        int64_t t0 = at % dio_ceil(a.time, DIO_TILE) * DIO_TILE;
        int64_t last = origin + (t0 + DIO_TILE < a.time ? t0 + DIO_TILE : a.time) - 1;
        bool before = a.attrs.causal && last < s0;
        bool after = a.attrs.window > 0 && origin + t0 - a.attrs.window + 1 > s0 + rows - 1;
        if (before || after)
            continue;
        float product[PER] = {}, along[PER] = {};
        auto query = [&](int n, int64_t i) {
            return t0 + n < a.time ? a.q[dio_query_at(a, b, t0 + n, head) + i] : 0.0f;
        };
        auto slopes = [&](int n, int64_t i) {
            return t0 + n < a.time ? a.dout[dio_query_at(a, b, t0 + n, head) + i] : 0.0f;
        };
        dio_attend_dots<ROWS, THREADS>(
            room, product, a.size, false,
            [&](int r, int64_t i) { return r < rows ? dio_key(a, b, h, s0 + r, i) : 0.0f; }, query);
        dio_attend_dots<ROWS, THREADS>(
            room, along, a.size, false,
            [&](int r, int64_t i) { return r < rows ? dio_value(a, b, h, s0 + r, i) : 0.0f; },
            slopes);
#pragma unroll
        for (int j = 0; j < PER; j++) {
            int e = threadIdx.x + j * THREADS, r = e / DIO_TILE, n = e % DIO_TILE;
            slope x = slope_of(a, b, head, t0 + n, s0 + r, product[j], along[j]);
            weight[r][n] = x.weight;
            product_slope[r][n] = x.product;
        }
        dio_attend_gather<ROWS, THREADS, CHUNKS>(
            room, product_slope, slice, a.size, query,
            [&](int c, int j, int, float sum) { dk[c][j] += sum; });
        dio_attend_gather<ROWS, THREADS, CHUNKS>(
            room, weight, slice, a.size, slopes,
            [&](int c, int j, int, float sum) { dv[c][j] += sum; });
    }
    for (int c = 0; c < CHUNKS; c++)
        for (int j = 0; j < EACH; j++) {
            int r;
            int64_t i;
            if (!place<THREADS>(a.size, slice, c, j, rows, &r, &i))
                continue;
            int64_t to = ((b * a.keys + s0 + r) * a.key_heads + h) * a.size + i;
            if (a.dk)
                a.dk[to] = dk[c][j] * a.attrs.scale;
            if (a.dv)
                a.dv[to] = dv[c][j];
        }
}

struct back {
    dio_cuda *d;
    const dio_cuda_attend *a;

    template <int CHUNKS> void run() const
    {
        unsigned slices = (unsigned)dio_ceil(a->size, DIO_SLICE);
        if (a->time && (a->dq || a->dmask))
            DIO_LAUNCH(d, (queries_back<DIO_ROWS, 256, CHUNKS>),
                       dim3((unsigned)(a->batch * a->heads), (unsigned)dio_ceil(a->time, DIO_ROWS),
                            slices),
                       256, 0, *a);
        if (a->dk || a->dv)
            DIO_LAUNCH(d, (keys_back<DIO_ROWS, 256, CHUNKS>),
                       dim3((unsigned)(a->batch * a->key_heads),
                            (unsigned)dio_ceil(a->keys, DIO_ROWS), slices),
                       256, 0, *a);
    }
};

void dio_cuda_attend_back(dio_cuda *d, const dio_cuda_attend *a)
{
    back f = {d, a};
    if (a->batch * a->heads * a->size * a->keys > 0)
        dio_attend_by_size(a->size, f);
}
