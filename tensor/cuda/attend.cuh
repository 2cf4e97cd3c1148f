#pragma once
/* attend.cuh: attention without its score matrix (arXiv:2205.14135), forward and back.
 *
 * A block takes a few rows (queries, or keys on the way back) against tiles of 64 columns, whose
 * numbers pass through shared memory 64 channels at a time, so any head size fits. Tiles begin at
 * positions that are multiples of 64 and each is summed on its own before it joins the rest: a
 * query's bits depend on its position and the keys it sees, not on the chunk it came in or on
 * whether the keys lie in a cache.
 */
#include "tensor/cuda/common.cuh"

constexpr int DIO_TILE = 64;     /* columns of a tile; DIO_KEY_TILE of the caches */
constexpr int DIO_CHANNELS = 64; /* of a head, in shared memory at a time */
constexpr int DIO_SLICE = 512;   /* channels of the result that one block keeps */
constexpr int DIO_ROWS = 16;     /* rows of a block, 1 when there is one query */

struct dio_cuda_attend {
    dio_attention_attrs attrs; /* scale resolved: not 0 */
    int64_t batch, time, heads, key_heads, size, keys;
    const float *q, *k, *v;
    bool cached;          /* k [B,Kv,keys/64,D,64], v [B,Kv,keys,D]; else both [B,keys,Kv,D] */
    const int32_t *start; /* [B] position of the first query; NULL: keys - time */
    const float *mask;    /* over [B,K,T,S] by these strides; NULL: none */
    int64_t mask_stride[4];
    float *out, *lse; /* [B,T,K,D]; [B,K,T] or NULL */

    /* the way back only */
    const float *dout, *delta;    /* [B,T,K,D]; [B,K,T]: sum of dout * out */
    float *dq, *dk, *dv, *dmask; /* each may be NULL */
};

static inline dio_attention_attrs dio_attend_resolve(const dio_attention_attrs *a, int64_t size)
{
    dio_attention_attrs r = *a;
    if (r.scale == 0.0f)
        r.scale = 1.0f / sqrtf((float)size);
    return r;
}

/* The mask's strides over [B,K,T,S]. */
static inline void dio_attend_mask(dio_cuda_attend *a, const dio_view *mask)
{
    const int64_t whole[4] = {a->batch, a->heads, a->time, a->keys};
    dio_view like;
    memset(&like, 0, sizeof like);
    like.nd = 4;
    memcpy(like.dim, whole, sizeof whole);
    dio_view spread = dio_spread(mask, &like);
    a->mask = static_cast<const float *>(mask->data);
    memcpy(a->mask_stride, spread.stride, sizeof a->mask_stride);
}

/* --- where things lie --------------------------------------------------------------------- */

static __device__ inline int64_t dio_query_at(const dio_cuda_attend &a, int64_t b, int64_t t,
                                              int64_t head)
{
    return ((b * a.time + t) * a.heads + head) * a.size;
}

static __device__ inline float dio_key(const dio_cuda_attend &a, int64_t b, int64_t h, int64_t s,
                                       int64_t i)
{
    if (!a.cached)
        return a.k[((b * a.keys + s) * a.key_heads + h) * a.size + i];
    int64_t tile = (b * a.key_heads + h) * (a.keys / DIO_TILE) + s / DIO_TILE;
    return a.k[(tile * a.size + i) * DIO_TILE + s % DIO_TILE];
}

static __device__ inline float dio_value(const dio_cuda_attend &a, int64_t b, int64_t h, int64_t s,
                                         int64_t i)
{
    return a.v[(a.cached ? (b * a.key_heads + h) * a.keys + s
                         : (b * a.keys + s) * a.key_heads + h) * a.size + i];
}

static __device__ inline int64_t dio_origin(const dio_cuda_attend &a, int64_t b)
{
    return a.start ? a.start[b] : a.keys - a.time;
}

/* The keys from..to-1 that a query at position `at` sees. */
static __device__ inline void dio_sight(const dio_cuda_attend &a, int64_t at, int64_t *from,
                                        int64_t *to)
{
    *to = a.attrs.causal && at + 1 < a.keys ? at + 1 : a.keys;
    *from = a.attrs.window > 0 && at - a.attrs.window + 1 > 0 ? at - a.attrs.window + 1 : 0;
}

/* The score of a product: capped in *capped, masked in the result. */
static __device__ inline float dio_score(const dio_cuda_attend &a, float product, int64_t b,
                                         int64_t head, int64_t t, int64_t s, float *capped)
{
    float cap = a.attrs.softcap, score = product * a.attrs.scale;
    if (cap > 0.0f)
        score = cap * tanhf(score / cap);
    *capped = score;
    if (a.mask)
        score += a.mask[b * a.mask_stride[0] + head * a.mask_stride[1] + t * a.mask_stride[2] +
                        s * a.mask_stride[3]];
    return score;
}

/* --- products through shared memory ------------------------------------------------------- */

template <int ROWS> struct dio_attend_room {
    float wide[DIO_TILE][DIO_CHANNELS + 1]; /* + 1: columns fall into different banks */
    float narrow[ROWS][DIO_CHANNELS];
};

/* sum[j] += row . column for element tid + j * THREADS of [ROWS][64]. row(r, i) and column(n, i)
 * give the numbers; `across` says that neighbours in memory are columns, not channels. */
template <int ROWS, int THREADS, int PER, typename Row, typename Column>
static __device__ inline void dio_attend_dots(dio_attend_room<ROWS> &room, float (&sum)[PER],
                                              int64_t size, bool across, Row row, Column column)
{
    for (int64_t c0 = 0; c0 < size; c0 += DIO_CHANNELS) {
        int width = (int)(size - c0 < DIO_CHANNELS ? size - c0 : DIO_CHANNELS);
        __syncthreads(); /* the room is free */
        for (int e = threadIdx.x; e < DIO_TILE * width; e += THREADS) {
            int n = across ? e % DIO_TILE : e / width, i = across ? e / DIO_TILE : e % width;
            room.wide[n][i] = column(n, c0 + i);
        }
        for (int e = threadIdx.x; e < ROWS * width; e += THREADS)
            room.narrow[e / width][e % width] = row(e / width, c0 + e % width);
        __syncthreads();
#pragma unroll
        for (int j = 0; j < PER; j++) {
            int e = threadIdx.x + j * THREADS, r = e / DIO_TILE, n = e % DIO_TILE;
            for (int i = 0; i < width; i++)
                sum[j] = fmaf(room.narrow[r][i], room.wide[n][i], sum[j]);
        }
    }
}

/* For each channel of the block's slice: fold(c, j, sum over the 64 columns of weight * column). */
template <int ROWS, int THREADS, int CHUNKS, typename Column, typename Fold>
static __device__ inline void dio_attend_gather(dio_attend_room<ROWS> &room,
                                                const float (&weight)[ROWS][DIO_TILE],
                                                int64_t first, int64_t size, Column column,
                                                Fold fold)
{
    constexpr int PER = ROWS * DIO_CHANNELS / THREADS;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int64_t c0 = first + c * DIO_CHANNELS, left = size - c0;
        int width = (int)(left < 0 ? 0 : left < DIO_CHANNELS ? left : DIO_CHANNELS);
        __syncthreads();
        for (int e = threadIdx.x; e < DIO_TILE * width; e += THREADS)
            room.wide[e / width][e % width] = column(e / width, c0 + e % width);
        __syncthreads();
#pragma unroll
        for (int j = 0; j < PER; j++) {
            int e = threadIdx.x + j * THREADS;
            if (e < ROWS * width) {
                float sum = 0.0f;
                for (int n = 0; n < DIO_TILE; n++)
                    sum = fmaf(weight[e / width][n], room.wide[n][e % width], sum);
                fold(c, j, e / width, sum);
            }
        }
    }
}

/* Runs launch.run<CHUNKS>() for as many chunks as a block's slice of `size` channels has. */
template <typename Launch> static void dio_attend_by_size(int64_t size, const Launch &launch)
{
    if (size <= DIO_CHANNELS)
        launch.template run<1>();
    else if (size <= 2 * DIO_CHANNELS)
        launch.template run<2>();
    else
        launch.template run<DIO_SLICE / DIO_CHANNELS>();
}

/* attend.cu and attend_back.cu */
void dio_cuda_attend_run(dio_cuda *d, const dio_cuda_attend *a);
void dio_cuda_attend_back(dio_cuda *d, const dio_cuda_attend *a);
