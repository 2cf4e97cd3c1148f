/* embedding.cu: rows of a table by number or position, and the sums that are their gradients.
 *
 * Gradients add up in the order of the ids and without atomics: a thread owns one column of every
 * 64th row, walks all ids and adds those that are its own. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in embedding.c */
    int64_t size;
};

enum { SHARES = 64 };

/* The row that item i names: an id, or the i % count -th after a start; -1 for none. */
static __device__ int64_t row_of(const int32_t *ids, int64_t i, int64_t count, int64_t rows)
{
    int64_t id = count ? ids[i / count] + i % count : ids[i];
    return id >= 0 && id < rows ? id : -1;
}

static __global__ void look_up(float *y, const void *table, dio_dtype dtype, const int32_t *ids,
                               int64_t count, int64_t rows, int64_t width, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t row = row_of(ids, i / width, count, rows);
        y[i] = row < 0 ? 0.0f : dio_load(table, dtype, row * width + i % width);
    }
}

static __global__ void add_rows(float *table, const float *dy, const int32_t *ids, int64_t count,
                                int64_t rows, int64_t width, int64_t items)
{
    int64_t column = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= width)
        return;
    for (int64_t i = 0; i < items; i++) {
        int64_t row = row_of(ids, i, count, rows);
        if (row >= 0 && row % SHARES == blockIdx.y)
            table[row * width + column] += dy[i * width + column];
    }
}

static void run_count(dio_cuda *d, const dio_call *c, int64_t count)
{
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, look_up, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   (const void *)c->in[0].data, c->in[0].dtype, dio_in<int32_t>(c, 1), count,
                   c->in[0].dim[0], dio_width(&c->out[0]), n);
}

static void run(dio_cuda *d, const dio_call *c)
{
    run_count(d, c, 0);
}

static void run_range(dio_cuda *d, const dio_call *c)
{
    if (dio_attrs<attrs>(c)->size)
        run_count(d, c, dio_attrs<attrs>(c)->size);
}

static void run_sums(dio_cuda *d, const dio_call *c, int64_t count)
{
    int64_t width = dio_width(&c->in[0]), items = dio_rows(&c->in[0]);
    int64_t rows = c->out[0].dim[0];
    if (rows * width == 0)
        return;
    cudaMemsetAsync(c->out[0].data, 0, (size_t)(rows * width) * sizeof(float), d->stream);
    dim3 grid((unsigned)dio_ceil(width, 128), SHARES);
    DIO_LAUNCH(d, add_rows, grid, 128, 0, dio_out<float>(c, 0), dio_in<float>(c, 0),
               dio_in<int32_t>(c, 1), count, rows, width, items);
}

static void run_grad(dio_cuda *d, const dio_call *c)
{
    run_sums(d, c, 0);
}

static void run_range_grad(dio_cuda *d, const dio_call *c)
{
    run_sums(d, c, c->in[0].dim[1]);
}

DIO_CUDA_KERNEL(embedding, NULL, run)
DIO_CUDA_KERNEL(embedding_grad, NULL, run_grad)
DIO_CUDA_KERNEL(embedding_range, NULL, run_range)
DIO_CUDA_KERNEL(embedding_range_grad, NULL, run_range_grad)
