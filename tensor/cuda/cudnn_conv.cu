/* cudnn_conv.cu: convolutions by cuDNN.
 *
 * REPRO: f32 as they lie, channels first, multiply-adds in f32; kernels stored as halves are
 * widened first. The engine is that of the layer's usual shape, so that batch and stripes change no
 * bit (cudnn_graph.cuh). A bias is the end of cuDNN's graph, or a pass of ours where it has none.
 *
 * Fast mode: tensor cores, which want channels last: picture and kernel are turned on the way in,
 * the result on the way back, where the bias joins it. Kernels stored as bf16 make cuDNN read and
 * write bf16. All others are multiplied in TF32: it holds an f16 exactly, and unlike f16 it has
 * f32's range, which the decoders of large pictures need. Sums are f32. Where channels do not come
 * in eights (in fours for TF32) cuDNN gets them as they lie. */
#include "tensor/cuda/cudnn_graph.cuh"

#include <string.h>

#include "tensor/cuda/conv.cuh"
#include "tensor/cuda/turn.cuh"

/* What a convolution's key says. */
enum { BATCH, GROUPS, C, O, H, W, OH, OW, KH, KW, SH, SW, PH, PW, DH, DW, TYPE, LAST, BIAS, FLAT };
enum { X_ID = 1, W_ID, Y_ID, BIAS_ID, SUM_ID };
enum { PIECE = 256, USUAL_SIDE = 64 };

struct work {
    dio_dnn_key key;
    bool has_bias;
    dio_dtype type; /* that cuDNN reads */
    size_t x, w, y; /* bytes of copies; 0: as they lie */
    dio_dnn_answer *answer;
};

static void fill_strides(dio_dnn_tensor *t, bool last)
{
    int64_t c = t->dim[1], h = t->dim[2], w = t->dim[3];
    int64_t first[4] = {c * h * w, h * w, w, 1}, lasts[4] = {h * w * c, 1, w * c, c};
    memcpy(t->stride, last ? lasts : first, sizeof first);
}

static dio_dnn_part tensor(dio_dnn_graph *g, const dio_dnn_key *k, int64_t uid, int64_t type,
                           int64_t n, int64_t c, int64_t h, int64_t w, bool between)
{
    dio_dnn_tensor t;
    memset(&t, 0, sizeof t);
    t.uid = uid;
    t.type = static_cast<cudnnDataType_t>(type);
    t.dim[0] = n, t.dim[1] = c, t.dim[2] = h, t.dim[3] = w;
    fill_strides(&t, k->n[LAST] != 0);
    t.align = k->n[LAST] ? 16 : 4; /* scratch is aligned; an operand may begin at any number */
    t.between = between;
    return dio_dnn_tensor_part(g, &t);
}

static dio_dnn_part geometry(dio_dnn_graph *g, const dio_dnn_key *k)
{
    const cudnnDataType_t sums = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const int64_t dims = 2;
    dio_dnn_part p = dio_dnn_make(g, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    dio_dnn_set(g, p, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    dio_dnn_set(g, p, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    dio_dnn_set(g, p, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &dims);
    dio_dnn_set(g, p, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, &k->n[PH]);
    dio_dnn_set(g, p, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, &k->n[PH]);
    dio_dnn_set(g, p, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, &k->n[SH]);
    dio_dnn_set(g, p, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, &k->n[DH]);
    dio_dnn_seal(g, p);
    return p;
}

static void describe(dio_dnn_graph *g, const dio_dnn_key *k)
{
    const float one = 1.0f, zero = 0.0f;
    const int64_t *n = k->n, channels = n[GROUPS] * n[O];
    dio_dnn_part x = tensor(g, k, X_ID, n[TYPE], n[BATCH], n[GROUPS] * n[C], n[H], n[W], false);
    dio_dnn_part w = tensor(g, k, W_ID, n[TYPE], channels, n[C], n[KH], n[KW], false);
    dio_dnn_part y = tensor(g, k, Y_ID, n[TYPE], n[BATCH], channels, n[OH], n[OW], false);
    dio_dnn_part sum = y;
    if (n[BIAS])
        sum = tensor(g, k, SUM_ID, CUDNN_DATA_FLOAT, n[BATCH], channels, n[OH], n[OW], true);
    dio_dnn_part how = geometry(g, k);
    dio_dnn_part op = dio_dnn_make(g, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x);
    dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w);
    dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, sum);
    dio_dnn_set_part(g, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, how);
    dio_dnn_set(g, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &one);
    dio_dnn_set(g, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &zero);
    dio_dnn_append(g, op);
    if (n[BIAS])
        dio_dnn_pointwise(g, CUDNN_POINTWISE_ADD, CUDNN_DATA_FLOAT, sum,
                          tensor(g, k, BIAS_ID, CUDNN_DATA_FLOAT, 1, channels, 1, 1, false), NULL,
                          y, 0);
}

/* The layer as it would be asked for alone: one example, padded evenly (a stripe's rows are not),
 * whose result is 64x64, or 4096 long. */
static dio_dnn_key usual_of(const dio_dnn_key *key)
{
    dio_dnn_key u = *key;
    int64_t *n = u.n;
    n[BATCH] = 1;
    n[OH] = n[FLAT] ? 1 : USUAL_SIDE;
    n[OW] = n[FLAT] ? USUAL_SIDE * USUAL_SIDE : USUAL_SIDE;
    for (int i = 0; i < 2; i++) {
        int64_t reach = (n[KH + i] - 1) * n[DH + i] + 1;
        n[PH + i] = (reach - 1) / 2;
        n[H + i] = (n[OH + i] - 1) * n[SH + i] + reach - 2 * n[PH + i];
    }
    return u;
}

static size_t piece(int64_t elements, dio_dtype type)
{
    return ((size_t)elements * (size_t)dio_cuda_size(type) + PIECE - 1) / PIECE * PIECE;
}

static void fill_key(const dio_cuda_conv *s, bool flat, work *k)
{
    const int64_t numbers[] = {s->batch, s->groups, s->c,  s->o,  s->h,  s->w,  s->oh, s->ow,
                               s->kh,    s->kw,     s->sh, s->sw, s->ph, s->pw, s->dh, s->dw};
    memcpy(k->key.n, numbers, sizeof numbers);
    k->key.n[FLAT] = flat;
}

static bool ask_for(dio_cuda *d, work *k, bool bias)
{
    k->key.n[BIAS] = bias;
    const dio_dnn_key usual = usual_of(&k->key);
    k->answer = dio_dnn_ask(d, &k->key, d->blas ? NULL : &usual, describe);
    return k->answer != NULL;
}

/* The best that cuDNN has: with the bias in its graph, unless the result is turned back anyway. */
static bool ask(dio_cuda *d, dio_dtype stored, work *k)
{
    k->type = d->blas && stored == DIO_BF16 ? DIO_BF16 : DIO_F32;
    const int64_t by = k->type == DIO_BF16 ? 8 : 4;
    k->key.n[LAST] = d->blas && k->key.n[C] % by == 0 && k->key.n[O] % by == 0;
    if (!k->key.n[LAST])
        k->type = DIO_F32;
    k->key.n[TYPE] = k->type == DIO_BF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    return (k->has_bias && !k->key.n[LAST] && ask_for(d, k, true)) || ask_for(d, k, false);
}

/* How cuDNN would do this call; false when it would not. */
static bool prepare(dio_cuda *d, const dio_call *c, work *k)
{
    const dio_view *x = &c->in[0], *w = &c->in[1], *y = &c->out[0];
    if (!d->dnn)
        return false;
    dio_cuda_conv s = dio_cuda_conv_of(x, w, y, dio_attrs<dio_conv_attrs>(c));
    const int64_t most = INT32_MAX, nx = dio_count(x), nw = dio_count(w), ny = dio_count(y);
    if (nx < 1 || nw < 1 || ny < 1 || nx > most || nw > most || ny > most)
        return false; /* its engines count in 32 bits */
    memset(k, 0, sizeof *k);
    k->has_bias = c->n_in > 2 && c->in[2].nd >= 0;
    fill_key(&s, x->nd == 3, k);
    if (!ask(d, w->dtype, k))
        return false;
    k->x = k->key.n[LAST] ? piece(nx, k->type) : 0;
    k->w = k->key.n[LAST] || w->dtype != k->type ? piece(nw, k->type) : 0;
    k->y = k->key.n[LAST] ? piece(ny, k->type) : 0;
    return true;
}

size_t dio_cudnn_conv_work(dio_cuda *d, const dio_call *c)
{
    work k;
    return prepare(d, c, &k) ? k.x + k.w + k.y + k.answer->work : 0;
}

/* Operands as cuDNN wants them. */
static void bring(dio_cuda *d, const dio_call *c, const work *k, void *x, void *w)
{
    const dio_view *from = &c->in[0], *kernel = &c->in[1];
    const int64_t *n = k->key.n;
    if (k->x) {
        const dio_cuda_turn t = {n[BATCH], n[GROUPS] * n[C], n[H] * n[W], from->data, NULL,
                                 x,        DIO_F32,          k->type};
        dio_cuda_turn_run(d, &t);
        const dio_cuda_turn u = {n[GROUPS] * n[O], n[C],   n[KH] * n[KW], kernel->data, NULL, w,
                                 kernel->dtype,    k->type};
        dio_cuda_turn_run(d, &u);
    } else if (k->w) {
        dio_cuda_retype(d, kernel->data, kernel->dtype, w, k->type, dio_count(kernel));
    }
}

bool dio_cudnn_conv(dio_cuda *d, const dio_call *c)
{
    work k;
    if (!prepare(d, c, &k))
        return false;
    const int64_t *n = k.key.n, channels = n[GROUPS] * n[O], places = n[OH] * n[OW];
    unsigned char *at = static_cast<unsigned char *>(c->work);
    void *x = k.x ? at : c->in[0].data, *w = k.w ? at + k.x : c->in[1].data;
    void *y = k.y ? at + k.x + k.w : c->out[0].data, *bias = k.has_bias ? c->in[2].data : NULL;
    bring(d, c, &k, x, w);
    const int64_t uid[4] = {X_ID, W_ID, Y_ID, BIAS_ID};
    void *const memory[4] = {x, w, y, bias};
    if (!dio_dnn_run(d, k.answer, n[BIAS] ? 4 : 3, uid, memory, at + k.x + k.w + k.y))
        return false;
    if (k.y) {
        const dio_cuda_turn t = {n[BATCH], places,         channels, y,
                                 bias,     c->out[0].data, k.type,   DIO_F32};
        dio_cuda_turn_run(d, &t);
    } else if (bias && !n[BIAS]) {
        dio_cuda_add_bias(d, static_cast<float *>(y), static_cast<const float *>(bias), n[BATCH],
                          channels, places);
    }
    return true;
}
