/* attend.cu: attention forward: blocks of queries of one head against tiles of keys. */
#include "tensor/cuda/attend.cuh"

/* The largest and the sum over a warp; every lane gets it. */
static __device__ inline float warp_max(float x)
{
    for (int with = 16; with > 0; with /= 2)
        x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, with));
    return x;
}

static __device__ inline float warp_sum(float x)
{
    for (int with = 16; with > 0; with /= 2)
        x += __shfl_xor_sync(0xffffffffu, x, with);
    return x;
}

/* What a row carries from tile to tile: the largest score, the sum of weights, and for the tile at
 * hand the factors of the old sums and of the tile's. */
struct row_state {
    float top, sum, keep, take;
};

/* Scores of one row become weights exp(score - the tile's largest), by one warp. */
static __device__ inline void weigh(float *score, row_state *s)
{
    int lane = threadIdx.x % 32;
    float a = score[lane], b = score[lane + 32], top = warp_max(fmaxf(a, b));
    float x = top == -INFINITY ? 0.0f : expf(a - top), y = top == -INFINITY ? 0.0f : expf(b - top);
    float sum = warp_sum(x + y);
    score[lane] = x;
    score[lane + 32] = y;
    if (lane == 0) {
        float whole = fmaxf(s->top, top);
        s->keep = s->top == -INFINITY ? 0.0f : expf(s->top - whole);
        s->take = top == -INFINITY ? 0.0f : expf(top - whole);
        s->sum = fmaf(s->sum, s->keep, sum * s->take);
        s->top = whole;
    }
}

template <int ROWS, int THREADS, int CHUNKS>
static __global__ void __launch_bounds__(THREADS) attend_kernel(dio_cuda_attend a)
{
    constexpr int PER = ROWS * DIO_TILE / THREADS, EACH = ROWS * DIO_CHANNELS / THREADS;
    __shared__ dio_attend_room<ROWS> room;
    __shared__ float score[ROWS][DIO_TILE];
    __shared__ row_state state[ROWS];
    const int64_t t0 = (int64_t)blockIdx.y * ROWS, slice = (int64_t)blockIdx.z * DIO_SLICE;
    const int64_t b = blockIdx.x / a.heads, head = blockIdx.x % a.heads;
    const int64_t h = head / (a.heads / a.key_heads), origin = dio_origin(a, b);
    const int64_t rows = a.time - t0 < ROWS ? a.time - t0 : ROWS;
    int64_t from, to, unused;
    float acc[CHUNKS][EACH] = {};
    dio_sight(a, origin + t0, &from, &unused);
    dio_sight(a, origin + t0 + rows - 1, &unused, &to);
    if (threadIdx.x < ROWS)
        state[threadIdx.x] = {-INFINITY, 0.0f, 0.0f, 0.0f};

    for (int64_t j0 = from / DIO_TILE * DIO_TILE; j0 < to; j0 += DIO_TILE) {
        float product[PER] = {};
        dio_attend_dots<ROWS, THREADS>(
            room, product, a.size, a.cached,
            [&](int r, int64_t i) {
                return r < rows ? a.q[dio_query_at(a, b, t0 + r, head) + i] : 0.0f;
            },
            [&](int n, int64_t i) { return j0 + n < to ? dio_key(a, b, h, j0 + n, i) : 0.0f; });
#pragma unroll
        for (int j = 0; j < PER; j++) {
            int e = threadIdx.x + j * THREADS, r = e / DIO_TILE, n = e % DIO_TILE;
            int64_t s = j0 + n, lo, hi;
            float capped, x = -INFINITY;
            dio_sight(a, origin + t0 + r, &lo, &hi);
            if (r < rows && s >= lo && s < hi)
                x = dio_score(a, product[j], b, head, t0 + r, s, &capped);
            score[r][n] = x;
        }
        __syncthreads();
        for (int r = threadIdx.x / 32; r < ROWS; r += THREADS / 32)
            weigh(score[r], &state[r]);
        dio_attend_gather<ROWS, THREADS, CHUNKS>(
            room, score, slice, a.size,
            [&](int n, int64_t i) { return j0 + n < to ? dio_value(a, b, h, j0 + n, i) : 0.0f; },
            [&](int c, int j, int r, float sum) {
                acc[c][j] = fmaf(acc[c][j], state[r].keep, sum * state[r].take);
            });
    }
    __syncthreads();
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int64_t c0 = slice + c * DIO_CHANNELS, left = a.size - c0;
        int width = (int)(left < 0 ? 0 : left < DIO_CHANNELS ? left : DIO_CHANNELS);
#pragma unroll
        for (int j = 0; j < EACH; j++) {
            int e = threadIdx.x + j * THREADS;
            if (e < rows * width) {
                float sum = state[e / width].sum, scale = sum > 0.0f ? 1.0f / sum : 0.0f;
                a.out[dio_query_at(a, b, t0 + e / width, head) + c0 + e % width] =
                    acc[c][j] * scale + 0.0f; /* + 0: an unseen key may have left a -0 */
            }
        }
    }
    if (a.lse && slice == 0 && threadIdx.x < rows) {
        row_state s = state[threadIdx.x];
        a.lse[(b * a.heads + head) * a.time + t0 + threadIdx.x] =
            s.sum > 0.0f ? s.top + logf(s.sum) : INFINITY; /* every weight will be 0 again */
    }
}

struct forward {
    dio_cuda *d;
    const dio_cuda_attend *a;

    template <int CHUNKS> void run() const
    {
        unsigned slices = (unsigned)dio_ceil(a->size, DIO_SLICE);
        unsigned heads = (unsigned)(a->batch * a->heads);
        if (a->time == 1)
            DIO_LAUNCH(d, (attend_kernel<1, 64, CHUNKS>), dim3(heads, 1, slices), 64, 0, *a);
        else
            DIO_LAUNCH(d, (attend_kernel<DIO_ROWS, 256, CHUNKS>),
                       dim3(heads, (unsigned)dio_ceil(a->time, DIO_ROWS), slices), 256, 0, *a);
    }
};

void dio_cuda_attend_run(dio_cuda *d, const dio_cuda_attend *a)
{
    forward f = {d, a};
    if (a->batch * a->heads * a->time * a->size > 0)
        dio_attend_by_size(a->size, f);
}
