/* cudnn_attention.cu: attention by cuDNN's fused engines, in the fast mode.
 *
 * They read halves only, so REPRO has nothing of them. Queries, keys and values are rounded to
 * bf16, whose range is f32's, and so is the result; scores and sums are f32. Served are heads of at
 * most 256 channels in eights, with no mask, or causal where there are as many queries as keys:
 * with fewer, cuDNN would count positions from the other end.
 *
 * The graph is attention as written down, q k^T to softmax to v: cuDNN knows the pattern and never
 * holds the scores. */
#include "tensor/cuda/cudnn_graph.cuh"

#include <float.h>
#include <string.h>

#include "tensor/cuda/attend.cuh"
#include "tensor/cuda/turn.cuh"

/* What its key says; KIND keeps it apart from a convolution's. */
enum { BATCH, HEADS, KEY_HEADS, TIME, KEYS, SIZE, CAUSAL, KIND = DIO_DNN_KEY - 1 };
enum { Q_ID = 1, K_ID, V_ID, OUT_ID, STATS_ID, SCALE_ID, LOWEST_ID, BETWEEN_ID };
enum { PIECE = 256 };

struct builder {
    dio_dnn_graph *g;
    const int64_t *n;
    int64_t next; /* id for what lies between */
};

static dio_dnn_part tensor(builder *b, int64_t uid, cudnnDataType_t type, const int64_t dim[4],
                           const int64_t stride[4], bool between)
{
    dio_dnn_tensor t;
    memset(&t, 0, sizeof t);
    t.uid = uid;
    t.type = type;
    memcpy(t.dim, dim, sizeof t.dim);
    memcpy(t.stride, stride, sizeof t.stride);
    t.align = type == CUDNN_DATA_BFLOAT16 ? 16 : 4;
    t.between = between;
    return dio_dnn_tensor_part(b->g, &t);
}

/* [B,T,heads,D] as cuDNN names its dims: B, heads, T, D. */
static dio_dnn_part rows(builder *b, int64_t uid, int64_t heads, int64_t time)
{
    const int64_t d = b->n[SIZE], dim[4] = {b->n[BATCH], heads, time, d};
    const int64_t stride[4] = {time * heads * d, d, heads * d, 1};
    return tensor(b, uid, CUDNN_DATA_BFLOAT16, dim, stride, false);
}

/* Scores, or with wide = 1 one number a query. */
static dio_dnn_part scores(builder *b, cudnnDataType_t type, int64_t wide)
{
    const int64_t *n = b->n, dim[4] = {n[BATCH], n[HEADS], n[TIME], wide};
    const int64_t stride[4] = {n[HEADS] * n[TIME] * wide, n[TIME] * wide, wide, 1};
    return tensor(b, b->next++, type, dim, stride, true);
}

static dio_dnn_part number(builder *b, int64_t uid)
{
    dio_dnn_tensor t;
    memset(&t, 0, sizeof t);
    t.uid = uid;
    t.type = CUDNN_DATA_FLOAT;
    for (int i = 0; i < 4; i++)
        t.dim[i] = t.stride[i] = 1;
    t.align = 4;
    t.by_value = true;
    return dio_dnn_tensor_part(b->g, &t);
}

static void product(builder *b, dio_dnn_part x, dio_dnn_part y, dio_dnn_part out)
{
    const cudnnDataType_t sums = CUDNN_DATA_FLOAT;
    dio_dnn_part how = dio_dnn_make(b->g, CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    dio_dnn_set(b->g, how, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    dio_dnn_seal(b->g, how);
    dio_dnn_part op = dio_dnn_make(b->g, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
    dio_dnn_set_part(b->g, op, CUDNN_ATTR_OPERATION_MATMUL_ADESC, x);
    dio_dnn_set_part(b->g, op, CUDNN_ATTR_OPERATION_MATMUL_BDESC, y);
    dio_dnn_set_part(b->g, op, CUDNN_ATTR_OPERATION_MATMUL_CDESC, out);
    dio_dnn_set_part(b->g, op, CUDNN_ATTR_OPERATION_MATMUL_DESC, how);
    dio_dnn_append(b->g, op);
}

static void reduce(builder *b, cudnnReduceTensorOp_t what, dio_dnn_part x, dio_dnn_part y)
{
    const cudnnDataType_t sums = CUDNN_DATA_FLOAT;
    dio_dnn_part how = dio_dnn_make(b->g, CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    dio_dnn_set(b->g, how, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    dio_dnn_set(b->g, how, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1,
                &what);
    dio_dnn_seal(b->g, how);
    dio_dnn_part op = dio_dnn_make(b->g, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
    dio_dnn_set_part(b->g, op, CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x);
    dio_dnn_set_part(b->g, op, CUDNN_ATTR_OPERATION_REDUCTION_YDESC, y);
    dio_dnn_set_part(b->g, op, CUDNN_ATTR_OPERATION_REDUCTION_DESC, how);
    dio_dnn_append(b->g, op);
}

/* A new part = mode(x, y). */
static dio_dnn_part apply(builder *b, cudnnPointwiseMode_t mode, dio_dnn_part x, dio_dnn_part y,
                          int64_t wide)
{
    dio_dnn_part out = scores(b, CUDNN_DATA_FLOAT, wide);
    dio_dnn_pointwise(b->g, mode, CUDNN_DATA_FLOAT, x, y, NULL, out, 0);
    return out;
}

/* Scores of keys behind the query become the lowest number. */
static dio_dnn_part mask(builder *b, dio_dnn_part x)
{
    const int64_t wide = b->n[KEYS];
    dio_dnn_part row = scores(b, CUDNN_DATA_INT32, wide), col = scores(b, CUDNN_DATA_INT32, wide);
    dio_dnn_part seen = scores(b, CUDNN_DATA_BOOLEAN, wide),
                 out = scores(b, CUDNN_DATA_FLOAT, wide);
    dio_dnn_pointwise(b->g, CUDNN_POINTWISE_GEN_INDEX, CUDNN_DATA_INT32, x, NULL, NULL, row, 2);
    dio_dnn_pointwise(b->g, CUDNN_POINTWISE_GEN_INDEX, CUDNN_DATA_INT32, x, NULL, NULL, col, 3);
    dio_dnn_pointwise(b->g, CUDNN_POINTWISE_CMP_GE, CUDNN_DATA_BOOLEAN, row, col, NULL, seen, 0);
    dio_dnn_pointwise(b->g, CUDNN_POINTWISE_BINARY_SELECT, CUDNN_DATA_FLOAT, x,
                      number(b, LOWEST_ID), seen, out, 0);
    return out;
}

static void describe(dio_dnn_graph *g, const dio_dnn_key *key)
{
    const int64_t *n = key->n, keys = n[KEYS], d = n[SIZE];
    builder b = {g, n, BETWEEN_ID};
    const int64_t turned[4] = {n[BATCH], n[KEY_HEADS], d, keys};
    const int64_t turned_stride[4] = {keys * n[KEY_HEADS] * d, d, 1, n[KEY_HEADS] * d};
    const int64_t each[4] = {n[BATCH], n[HEADS], n[TIME], 1};
    const int64_t each_stride[4] = {n[HEADS] * n[TIME], n[TIME], 1, 1};

    dio_dnn_part q = rows(&b, Q_ID, n[HEADS], n[TIME]), v = rows(&b, V_ID, n[KEY_HEADS], keys);
    dio_dnn_part k = tensor(&b, K_ID, CUDNN_DATA_BFLOAT16, turned, turned_stride, false);
    dio_dnn_part raw = scores(&b, CUDNN_DATA_FLOAT, keys);
    product(&b, q, k, raw);
    dio_dnn_part x = apply(&b, CUDNN_POINTWISE_MUL, raw, number(&b, SCALE_ID), keys);
    if (n[CAUSAL])
        x = mask(&b, x);

    dio_dnn_part top = scores(&b, CUDNN_DATA_FLOAT, 1), sum = scores(&b, CUDNN_DATA_FLOAT, 1);
    dio_dnn_part stats = tensor(&b, STATS_ID, CUDNN_DATA_FLOAT, each, each_stride, false);
    reduce(&b, CUDNN_REDUCE_TENSOR_MAX, x, top);
    dio_dnn_part e =
        apply(&b, CUDNN_POINTWISE_EXP, apply(&b, CUDNN_POINTWISE_SUB, x, top, keys), NULL, keys);
    reduce(&b, CUDNN_REDUCE_TENSOR_ADD, e, sum);
    dio_dnn_pointwise(g, CUDNN_POINTWISE_ADD, CUDNN_DATA_FLOAT, top,
                      apply(&b, CUDNN_POINTWISE_LOG, sum, NULL, 1), NULL, stats, 0);
    dio_dnn_part weights = scores(&b, CUDNN_DATA_BFLOAT16, keys);
    dio_dnn_pointwise(g, CUDNN_POINTWISE_DIV, CUDNN_DATA_FLOAT, e, sum, NULL, weights, 0);
    product(&b, weights, v, rows(&b, OUT_ID, n[HEADS], n[TIME]));
}

struct work {
    dio_dnn_key key;
    size_t q, kv, lse; /* bytes; the result's halves take q's again */
    dio_dnn_answer *answer;
};

static size_t piece(int64_t elements, size_t size)
{
    return ((size_t)elements * size + PIECE - 1) / PIECE * PIECE;
}

static bool prepare(dio_cuda *d, const dio_call *c, work *w)
{
    const dio_view *q = &c->in[0], *k = &c->in[1];
    const dio_attention_attrs *a = dio_attrs<dio_attention_attrs>(c);
    const int64_t size = q->dim[3], nq = dio_count(q), nk = dio_count(k);
    if (!d->dnn || !d->blas || nq < 1 || nk < 1 || nq > INT32_MAX || nk > INT32_MAX)
        return false;
    if ((c->n_in > 3 && c->in[3].nd >= 0) || a->window > 0 || a->softcap > 0 || size % 8 ||
        size > 256 || (a->causal && q->dim[1] != k->dim[1]))
        return false;
    memset(w, 0, sizeof *w);
    const int64_t numbers[] = {q->dim[0], q->dim[2], k->dim[2], q->dim[1],
                               k->dim[1], size,      a->causal};
    memcpy(w->key.n, numbers, sizeof numbers);
    w->key.n[KIND] = 1;
    w->q = piece(nq, 2);
    w->kv = piece(nk, 2);
    w->lse = piece(nq / size, sizeof(float));
    w->answer = dio_dnn_ask(d, &w->key, NULL, describe);
    return w->answer != NULL;
}

size_t dio_cudnn_attention_work(dio_cuda *d, const dio_call *c)
{
    work w;
    return prepare(d, c, &w) ? 2 * w.q + 2 * w.kv + w.lse + w.answer->work : 0;
}

bool dio_cudnn_attention(dio_cuda *d, const dio_call *c)
{
    work w;
    if (!prepare(d, c, &w))
        return false;
    unsigned char *q = static_cast<unsigned char *>(c->work), *k = q + w.q, *v = k + w.kv;
    unsigned char *out = v + w.kv, *own = out + w.q;
    float scale = dio_attend_resolve(dio_attrs<dio_attention_attrs>(c), w.key.n[SIZE]).scale;
    float lowest = -FLT_MAX;
    void *lse = c->out[1].data ? c->out[1].data : own;
    dio_cuda_retype(d, c->in[0].data, DIO_F32, q, DIO_BF16, dio_count(&c->in[0]));
    dio_cuda_retype(d, c->in[1].data, DIO_F32, k, DIO_BF16, dio_count(&c->in[1]));
    dio_cuda_retype(d, c->in[2].data, DIO_F32, v, DIO_BF16, dio_count(&c->in[2]));
    const int64_t uid[] = {Q_ID, K_ID, V_ID, OUT_ID, STATS_ID, SCALE_ID, LOWEST_ID};
    void *const memory[] = {q, k, v, out, lse, &scale, &lowest};
    if (!dio_dnn_run(d, w.answer, w.key.n[CAUSAL] ? 7 : 6, uid, memory, own + w.lse))
        return false;
    dio_cuda_retype(d, out, DIO_BF16, c->out[0].data, DIO_F32, dio_count(&c->out[0]));
    return true;
}
