/* turn.cu: turning and retyping: see turn.cuh. */
#include "tensor/cuda/turn.cuh"

#include "tensor/cuda/common.cuh"

enum { SIDE = 32, DEEP = 8 }; /* a tile's side; rows of threads, each of which takes four */

static __device__ inline void put(void *to, dio_dtype type, int64_t at, float x)
{
    if (type == DIO_F32)
        static_cast<float *>(to)[at] = x;
    else if (type == DIO_BF16)
        static_cast<uint16_t *>(to)[at] = __bfloat16_as_ushort(__float2bfloat16_rn(x));
    else /* not fminf, which would make a number of a NaN */
        static_cast<uint16_t *>(to)[at] = __half_as_ushort(
            __float2half_rn(x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x));
}

/* One tile after the other: in along the rows, out along the columns. */
static __global__ void turn_tiles(dio_cuda_turn t, int64_t across, int64_t down, int64_t tiles)
{
    __shared__ float tile[SIDE][SIDE + 1]; /* + 1: a column falls into different banks */
    const float *bias = static_cast<const float *>(t.bias);
    for (int64_t i = blockIdx.x; i < tiles; i += gridDim.x) {
        int64_t col = i % across * SIDE, row = i / across % down * SIDE;
        int64_t base = i / across / down * t.rows * t.cols;
        for (int y = threadIdx.y; y < SIDE; y += DEEP)
            if (row + y < t.rows && col + threadIdx.x < t.cols)
                tile[y][threadIdx.x] = dio_load(
                    t.from, t.from_type, base + (row + y) * t.cols + col + threadIdx.x);
        __syncthreads();
        for (int y = threadIdx.y; y < SIDE; y += DEEP)
            if (col + y < t.cols && row + threadIdx.x < t.rows)
                put(t.to, t.to_type, base + (col + y) * t.rows + row + threadIdx.x,
                    tile[threadIdx.x][y] + (bias ? bias[col + y] : 0.0f));
        __syncthreads(); /* the tile has been read by all */
    }
}

void dio_cuda_turn_run(dio_cuda *d, const dio_cuda_turn *t)
{
    int64_t across = dio_ceil(t->cols, SIDE), down = dio_ceil(t->rows, SIDE);
    int64_t tiles = across * down * t->count;
    if (tiles > 0)
        DIO_LAUNCH(d, turn_tiles, dio_row_blocks(tiles), dim3(SIDE, DEEP), 0, *t, across, down,
                   tiles);
}

static __global__ void retype_all(const void *from, dio_dtype from_type, void *to,
                                  dio_dtype to_type, int64_t n)
{
    DIO_EACH(i, n)
        put(to, to_type, i, dio_load(from, from_type, i));
}

void dio_cuda_retype(dio_cuda *d, const void *from, dio_dtype from_type, void *to,
                     dio_dtype to_type, int64_t n)
{
    if (n > 0)
        DIO_LAUNCH(d, retype_all, dio_blocks(n), DIO_BLOCK, 0, from, from_type, to, to_type, n);
}

static __global__ void bias_all(float *y, const float *bias, int64_t channels, int64_t places,
                                int64_t n)
{
    DIO_EACH(i, n)
        y[i] += bias[i / places % channels];
}

void dio_cuda_add_bias(dio_cuda *d, float *y, const float *bias, int64_t count, int64_t channels,
                       int64_t places)
{
    int64_t n = count * channels * places;
    if (n > 0)
        DIO_LAUNCH(d, bias_all, dio_blocks(n), DIO_BLOCK, 0, y, bias, channels, places, n);
}
