/* blas.cu: products by cuBLASLt with TF32 tensor cores and its epilogues: the fast mode.
 *
 * cuBLASLt picks an algorithm by the whole shape, so a row's bits change with the number of rows
 * beside it, and TF32 keeps 10 bits of each factor: good for training large models, not for REPRO.
 * Hence it runs only when asked for (device_cuda.cu), and declines what it cannot express; our own
 * kernels then do the product.
 *
 * cuBLASLt thinks in columns. Our row-major C[M,N] is its N x M matrix, so the operands swap. */
#include <cublasLt.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/cuda/act.cuh"
#include "tensor/cuda/gemm.cuh"

enum { SCRATCH = 32 << 20, REMEMBERED = 512 };

/* Everything an algorithm is chosen by. Filled with memset first, compared with memcmp. */
struct shape {
    int64_t n, m, k, ld_b, ld_a, ld_c, batch, step_b, step_a, step_c;
    cublasOperation_t op_b, op_a;
    cublasLtEpilogue_t epilogue;
};

struct choice {
    struct shape shape;
    cublasLtMatmulAlgo_t algo;
    bool works;
};

struct dio_cuda_blas {
    cublasLtHandle_t handle;
    cublasLtMatmulPreference_t preference;
    void *scratch;
    int count;
    struct choice known[REMEMBERED];
};

struct plan { /* handles of one product; NULL: not made */
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t b, a, c;
};

extern "C" struct dio_cuda_blas *dio_cuda_blas_create(dio_error *err)
{
    dio_cuda_blas *s = static_cast<dio_cuda_blas *>(calloc(1, sizeof *s));
    size_t scratch = SCRATCH;
    if (!s) {
        dio_fail_memory(err, "cuBLASLt");
        return NULL;
    }
    if (cublasLtCreate(&s->handle) == CUBLAS_STATUS_SUCCESS &&
        cublasLtMatmulPreferenceCreate(&s->preference) == CUBLAS_STATUS_SUCCESS &&
        cublasLtMatmulPreferenceSetAttribute(s->preference,
                                             CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &scratch,
                                             sizeof scratch) == CUBLAS_STATUS_SUCCESS &&
        cudaMalloc(&s->scratch, SCRATCH) == cudaSuccess)
        return s;
    dio_fail(err, "device cuda: cuBLASLt does not start; unset DIORAMA_MATH to do without");
    dio_cuda_blas_destroy(s);
    return NULL;
}

extern "C" void dio_cuda_blas_destroy(struct dio_cuda_blas *s)
{
    if (!s)
        return;
    cudaFree(s->scratch);
    if (s->preference)
        cublasLtMatmulPreferenceDestroy(s->preference);
    if (s->handle)
        cublasLtDestroy(s->handle);
    free(s);
}

static cublasLtEpilogue_t epilogue_of(const dio_cuda_gemm *g)
{
    if (g->act == DIO_ACT_RELU)
        return g->bias ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
    if (g->act == DIO_ACT_GELU_TANH)
        return g->bias ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU;
    return g->bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
}

/* False when the strides are none that cuBLASLt knows. */
static bool describe(const dio_cuda_gemm *g, struct shape *s)
{
    if (g->b_dtype != DIO_F32 || g->batch_nd > 1 || g->k == 0)
        return false;
    memset(s, 0, sizeof *s);
    s->n = g->n;
    s->m = g->m;
    s->k = g->k;
    s->batch = dio_cuda_gemm_count(g);
    s->step_a = g->batch_nd ? g->a_step[0] : 0;
    s->step_b = g->batch_nd ? g->b_step[0] : 0;
    s->step_c = g->batch_nd ? g->c_step[0] : 0;
    s->ld_c = g->c_row;
    s->op_b = g->b_col == 1 ? CUBLAS_OP_N : CUBLAS_OP_T;
    s->ld_b = g->b_col == 1 ? g->b_row : g->b_col;
    s->op_a = g->a_col == 1 ? CUBLAS_OP_N : CUBLAS_OP_T;
    s->ld_a = g->a_col == 1 ? g->a_row : g->a_col;
    s->epilogue = epilogue_of(g);
    return (g->b_col == 1 || g->b_row == 1) && (g->a_col == 1 || g->a_row == 1) &&
           s->ld_b >= (g->b_col == 1 ? g->n : g->k) && s->ld_a >= (g->a_col == 1 ? g->k : g->m) &&
           s->ld_c >= g->n;
}

static bool layout(cublasLtMatrixLayout_t *l, int64_t rows, int64_t cols, int64_t ld, int64_t batch,
                   int64_t step)
{
    int32_t count = (int32_t)batch;
    return cublasLtMatrixLayoutCreate(l, CUDA_R_32F, (uint64_t)rows, (uint64_t)cols, ld) ==
               CUBLAS_STATUS_SUCCESS &&
           cublasLtMatrixLayoutSetAttribute(*l, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count,
                                            sizeof count) == CUBLAS_STATUS_SUCCESS &&
           cublasLtMatrixLayoutSetAttribute(*l, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step,
                                            sizeof step) == CUBLAS_STATUS_SUCCESS;
}

template <typename T>
static bool set(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what, const T &value)
{
    return cublasLtMatmulDescSetAttribute(d, what, &value, sizeof value) == CUBLAS_STATUS_SUCCESS;
}

static bool make(struct plan *p, const struct shape *s, const float *bias)
{
    bool b_plain = s->op_b == CUBLAS_OP_N, a_plain = s->op_a == CUBLAS_OP_N;
    return cublasLtMatmulDescCreate(&p->product, CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F) ==
               CUBLAS_STATUS_SUCCESS &&
           set(p->product, CUBLASLT_MATMUL_DESC_TRANSA, s->op_b) &&
           set(p->product, CUBLASLT_MATMUL_DESC_TRANSB, s->op_a) &&
           set(p->product, CUBLASLT_MATMUL_DESC_EPILOGUE, s->epilogue) &&
           (!bias || set(p->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias)) &&
           layout(&p->b, b_plain ? s->n : s->k, b_plain ? s->k : s->n, s->ld_b, s->batch,
                  s->step_b) &&
           layout(&p->a, a_plain ? s->k : s->m, a_plain ? s->m : s->k, s->ld_a, s->batch,
                  s->step_a) &&
           layout(&p->c, s->n, s->m, s->ld_c, s->batch, s->step_c);
}

static void unmake(struct plan *p)
{
    if (p->c)
        cublasLtMatrixLayoutDestroy(p->c);
    if (p->a)
        cublasLtMatrixLayoutDestroy(p->a);
    if (p->b)
        cublasLtMatrixLayoutDestroy(p->b);
    if (p->product)
        cublasLtMatmulDescDestroy(p->product);
}

/* The algorithm for this shape: remembered, since asking takes longer than a small product. */
static const struct choice *choose(dio_cuda_blas *s, const struct shape *shape,
                                   const struct plan *p)
{
    for (int i = 0; i < s->count; i++)
        if (memcmp(&s->known[i].shape, shape, sizeof *shape) == 0)
            return &s->known[i];
    int at = s->count < REMEMBERED ? s->count++ : 0, found = 0;
    cublasLtMatmulHeuristicResult_t best;
    struct choice *c = &s->known[at];
    c->shape = *shape;
    c->works = cublasLtMatmulAlgoGetHeuristic(s->handle, p->product, p->b, p->a, p->c, p->c,
                                              s->preference, 1, &best,
                                              &found) == CUBLAS_STATUS_SUCCESS &&
               found > 0;
    if (c->works)
        c->algo = best.algo;
    return c;
}

static __global__ void activate(dio_cuda_gemm g, int64_t per_product, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t batch = i / per_product, left = i % per_product;
        float *c = g.c + (g.batch_nd ? batch * g.c_step[0] : 0) + left / g.n * g.c_row + left % g.n;
        *c = dio_act_of(g.act, *c);
    }
}

bool dio_cuda_blas_run(dio_cuda *d, const dio_cuda_gemm *g)
{
    struct shape s;
    struct plan p = {NULL, NULL, NULL, NULL};
    float one = 1.0f, beta = g->accumulate ? 1.0f : 0.0f;
    if (!describe(g, &s))
        return false;
    bool done = false;
    const struct choice *c = make(&p, &s, g->bias) ? choose(d->blas, &s, &p) : NULL;
    if (c && c->works)
        done = cublasLtMatmul(d->blas->handle, p.product, &one, g->b, p.b, g->a, p.a, &beta, g->c,
                              p.c, g->c, p.c, &c->algo, d->blas->scratch, SCRATCH,
                              d->stream) == CUBLAS_STATUS_SUCCESS;
    unmake(&p);
    if (done && g->act != DIO_ACT_NONE && g->act != DIO_ACT_RELU && g->act != DIO_ACT_GELU_TANH) {
        int64_t n = g->m * g->n * s.batch;
        DIO_LAUNCH(d, activate, dio_blocks(n), DIO_BLOCK, 0, *g, g->m * g->n, n);
    }
    return done;
}
