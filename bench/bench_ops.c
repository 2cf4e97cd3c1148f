/* bench_ops.c: operators at the sizes that models give them, run as a plan runs them. */
#include "bench/one_graph.h"
#include "tensor/ops.h"

struct spec {
    dio_val (*build)(dio_graph *g, const void *user, dio_error *err);
    int64_t m, n, k;     /* rows, columns, depth; or as the builder reads them */
    dio_dtype dtype;     /* of the weight */
    bool train;          /* weights change between runs: not packed */
    bool fast;           /* with DIORAMA_MATH=fast */
    double flops, bytes; /* of one run; the one that the figure counts is not 0 */
    int32_t start;       /* what i32 inputs are filled with */
};

static int64_t at_most(int64_t x, int64_t most)
{
    return x < most ? x : most;
}

/* The same in a moment, for tests. 64 is the least that a cache holds. */
static struct spec reduced(struct spec s)
{
    s.m = at_most(s.m, 3);
    s.n = at_most(s.n, 64);
    s.k = at_most(s.k, 32);
    s.start = (int32_t)at_most(s.start, 63);
    return s;
}

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    const struct spec full = *(const struct spec *)b->attrs, few = reduced(full);
    const struct spec *s = r->tiny ? &few : &full;
    const dio_one_graph one = {.build = s->build,
                               .user = s,
                               .train = s->train,
                               .fast = s->fast,
                               .start = s->start,
                               .work = s->flops > 0 ? s->flops : s->bytes};
    return dio_one_graph_run(r, &one, value, reached, err);
}

static dio_val weight(dio_graph *g, const struct spec *s, int64_t rows, int64_t cols,
                      dio_error *err)
{
    return dio_one_graph_weight(g, dio_type_2d(DIO_F32, rows, cols), s->dtype, err);
}

static dio_val product(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    const dio_val a = dio_input(g, "a", dio_type_2d(DIO_F32, s->m, s->k));
    return dio_matmul(g, a, dio_input(g, "b", dio_type_2d(DIO_F32, s->k, s->n)), false, false);
}

/* The forward of a layer, and its gradients: dx [M,K] from dy [M,N], dw [N,K] from dy and x. */
static dio_val forward(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    const dio_val a = dio_input(g, "a", dio_type_2d(DIO_F32, s->m, s->k));
    return dio_linear(g, a, weight(g, s, s->n, s->k, err), DIO_NONE, DIO_ACT_NONE);
}

static dio_val to_input(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    const dio_val dy = dio_input(g, "a", dio_type_2d(DIO_F32, s->m, s->n));
    return dio_linear_kn(g, dy, weight(g, s, s->n, s->k, err), DIO_NONE, DIO_ACT_NONE);
}

static dio_val to_weight(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    const dio_val dy = dio_input(g, "a", dio_type_2d(DIO_F32, s->m, s->n));
    return dio_matmul(g, dy, dio_input(g, "b", dio_type_2d(DIO_F32, s->m, s->k)), true, false);
}

enum { HEADS = 12, SIZE = 64 }; /* GPT-2's */

/* Batch m, n tokens. */
static dio_val attention(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    const dio_type t = dio_type_4d(DIO_F32, s->m, s->n, HEADS, SIZE);
    const dio_val q = dio_input(g, "a", t), k = dio_input(g, "b", t), v = dio_input(g, "c", t);
    const dio_attention_attrs attrs = {.causal = true};
    const dio_val out = dio_attention(g, q, k, v, DIO_NONE, attrs);
    if (!s->train)
        return out;
    dio_val grads[3];
    const dio_val loss = dio_sum(g, dio_mul(g, out, dio_input(g, "d", t)), 15, false);
    dio_backward(g, loss, (dio_val[]){q, k, v}, 3, grads);
    return dio_add(g, dio_add(g, grads[0], grads[1]), grads[2]);
}

/* One token after `start` others. */
static dio_val cached(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    const dio_val q = dio_input(g, "a", dio_type_4d(DIO_F32, 1, 1, HEADS, SIZE));
    const dio_val keys = dio_state(g, "keys", dio_cache_key_type(1, HEADS, s->n, SIZE));
    const dio_val values = dio_state(g, "values", dio_cache_value_type(1, HEADS, s->n, SIZE));
    const dio_val start = dio_input(g, "start", dio_type_1d(DIO_I32, 1));
    return dio_attention_cached(g, q, keys, values, start, (dio_attention_attrs){0});
}

static dio_val rows(dio_graph *g, const struct spec *s)
{
    return dio_input(g, "a", dio_type_2d(DIO_F32, s->m, s->n));
}

static dio_val vector(dio_graph *g, const char *name, const struct spec *s)
{
    return dio_input(g, name, dio_type_1d(DIO_F32, s->n));
}

static dio_val layer_norm(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    return dio_layer_norm(g, rows(g, s), vector(g, "b", s), vector(g, "c", s), 1e-5f);
}

static dio_val rms_norm(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    return dio_rms_norm(g, rows(g, s), vector(g, "b", s), 1e-5f);
}

static dio_val softmax(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    return dio_softmax(g, rows(g, s));
}

static dio_val gelu_tanh(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    return dio_gelu_tanh(g, rows(g, s));
}

static dio_val cross_entropy(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    (void)err;
    const dio_val target = dio_input(g, "start", dio_type_1d(DIO_I32, s->m));
    return dio_cross_entropy(g, rows(g, s), target, -100, 0);
}

#define FIGURE(symbol, name, doc, unit, peak, ...)                                                 \
    DIO_FIGURE(symbol, name, doc, unit, peak, run, &(const struct spec){__VA_ARGS__})
#define FLOPS(symbol, name, doc, ...)                                                              \
    FIGURE(symbol, name, doc, "GFLOP/s", DIO_PEAK_FMA, __VA_ARGS__)
#define BYTES(symbol, name, doc, ...) FIGURE(symbol, name, doc, "GB/s", DIO_PEAK_READ, __VA_ARGS__)
#define MNK(m_, n_, k_)               .m = m_, .n = n_, .k = k_, .flops = 2.0 * (m_) * (n_) * (k_)

FLOPS(text_gemm, "text.gemm.f32.1024", "1024^3 in f32, nothing packed before", product,
      MNK(1024, 1024, 1024))
FLOPS(gemm_train, "ops.gemm.train.forward", "a layer 256 -> 768 over 4096 tokens", forward,
      MNK(4096, 768, 256), .train = true)
FLOPS(gemm_train_dx, "ops.gemm.train.dx", "its input's gradient", to_input, MNK(4096, 768, 256),
      .train = true)
FLOPS(gemm_train_dw, "ops.gemm.train.dw", "its weight's gradient", to_weight, MNK(4096, 768, 256),
      .train = true)
FLOPS(gemm_prefill_bf16, "ops.gemm.prefill.bf16", "512 tokens through a layer 768 -> 3072 in bf16",
      forward, MNK(512, 3072, 768), .dtype = DIO_BF16)
FIGURE(gemm_prefill_fast, "ops.gemm.prefill.fast", "the same with DIORAMA_MATH=fast", "GFLOP/s",
       DIO_PEAK_BF16, .build = forward, MNK(512, 3072, 768), .dtype = DIO_BF16, .fast = true)
BYTES(gemv_bf16, "ops.gemv.bf16", "one token through a layer 768 -> 50257 in bf16", forward, .m = 1,
      .n = 50257, .k = 768, .dtype = DIO_BF16, .bytes = 2.0 * 50257 * 768)
BYTES(gemv_f32, "ops.gemv.f32", "the same in f32", forward, .m = 1, .n = 50257, .k = 768,
      .bytes = 4.0 * 50257 * 768)
BYTES(gemv_bf16_8, "ops.gemv.bf16.batch8", "eight tokens through the same in bf16", forward, .m = 8,
      .n = 50257, .k = 768, .dtype = DIO_BF16, .bytes = 2.0 * 50257 * 768)
/* A causal query sees half of the tokens on average; two products forward, five backward. */
#define SEEN(batch, time) (2.0 * (batch)*HEADS * (time) * ((time) + 1) / 2 * SIZE)
FLOPS(attention, "ops.attention.prefill", "512 tokens, 12 heads of 64, causal", attention, .m = 1,
      .n = 512, .flops = 2 * SEEN(1, 512))
FLOPS(attention_train, "ops.attention.train", "16 x 256 tokens, forward and backward", attention,
      .m = 16, .n = 256, .train = true, .flops = 7 * SEEN(16, 256))
BYTES(attention_decode, "ops.attention.decode", "one token after 4095 others, 12 heads of 64",
      cached, .n = 4096, .start = 4095, .bytes = 2.0 * 4 * 4096 * HEADS * SIZE)
BYTES(layer_norm, "ops.layer_norm", "65536 rows of 768", layer_norm, .m = 65536, .n = 768,
      .bytes = 2.0 * 4 * 65536 * 768)
BYTES(rms_norm, "ops.rms_norm", "65536 rows of 768", rms_norm, .m = 65536, .n = 768,
      .bytes = 2.0 * 4 * 65536 * 768)
BYTES(softmax, "ops.softmax", "65536 rows of 768", softmax, .m = 65536, .n = 768,
      .bytes = 2.0 * 4 * 65536 * 768)
BYTES(gelu_tanh, "ops.gelu_tanh", "65536 x 768 numbers", gelu_tanh, .m = 65536, .n = 768,
      .bytes = 2.0 * 4 * 65536 * 768)
BYTES(cross_entropy, "ops.cross_entropy", "1024 rows of a vocabulary of 50257", cross_entropy,
      .m = 1024, .n = 50257, .start = 7, .bytes = 4.0 * 1024 * 50257)
