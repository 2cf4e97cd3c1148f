/* onednn.c: convolution forward and to the data, through oneDNN's C interface (2.6).
 *
 * oneDNN decides by the number of threads and by the batch how it cuts a convolution, and in some
 * shapes (3 threads, 96 channels of 42x64, kernel 2x3) that reaches the last bits. So it is only
 * ever asked for one image on one thread, by the direct algorithm, and the cut is ours: the
 * result's channels in chunks that the shape gives, one an item of the gang.
 *
 * A primitive wants its operands in a layout of its own (channels in blocks of 16). The source is
 * brought into it once an image, each chunk's weights once a call, each chunk's result is brought
 * back by its item; all in the caller's scratch, where oneDNN's own scratch lies too. Primitives
 * are made anew for each call: oneDNN keeps the compiled code of recent ones. */
#include "tensor/cpu/onednn.h"

#include <dnnl.h>
#include <stdint.h>

#include "base/gang.h"

enum { X, W, Y, OPERANDS };
enum { MAIN, LAST, KINDS }; /* all chunks but the last are of one size */
enum { BLOCK = 16 };
/* Weights (of one tap) times places below which changing layouts costs more than it gives: measured
 * at 16 channels of 8x8 (2^14: half as fast) and of 64x64 (2^20: 1.4 times as fast). */
static const int64_t SMALLEST = 1 << 18;

/* The primitive of a chunk. */
struct kind {
    dnnl_primitive_desc_t forward, backward; /* the second only to the data; it needs the first */
    dnnl_primitive_t run;
    dnnl_memory_desc_t plain[OPERANDS], blocked[OPERANDS], bias, scratch;
};

struct conv {
    const dio_conv_shape *s;
    bool back;
    int64_t step, chunks; /* channels of a chunk; chunks */
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct kind kind[KINDS];
    const float *in, *w, *bias;
    float *out;
    unsigned char *work;
    bool failed;
};

static bool ok(dnnl_status_t status)
{
    return status == dnnl_success;
}

/* The size must be the one that the formula gives, padded alike on both sides. */
static bool is_regular(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                       int64_t out)
{
    int64_t room = in + 2 * pad - (kernel - 1) * dilation - 1;
    return room >= 0 && room / stride + 1 == out;
}

bool dio_onednn_serves(const dio_cpu *cpu, const dio_conv_shape *s)
{
    return cpu->isa != DIO_ISA_GENERIC && s->kernel == DIO_F32 && s->groups == 1 && s->c >= BLOCK &&
           s->o >= BLOCK && s->kh > 1 && s->kw > 1 && s->c * s->o * s->oh * s->ow >= SMALLEST &&
           is_regular(s->h, s->kh, s->sh, s->ph, s->dh, s->oh) &&
           is_regular(s->w, s->kw, s->sw, s->pw, s->dw, s->ow);
}

/* --- chunks --- */

/* Wide enough for oneDNN's kernels, narrow enough for a few threads. */
static int64_t chunk_step(int64_t channels)
{
    return channels >= 16 * BLOCK ? 4 * BLOCK : channels >= 4 * BLOCK ? 2 * BLOCK : BLOCK;
}

static int64_t channels_out(const struct conv *c)
{
    return c->back ? c->s->c : c->s->o;
}

static int64_t chunk_count(const struct conv *c, int k)
{
    int64_t rest = channels_out(c) - (c->chunks - 1) * c->step;
    return k == LAST ? rest : c->step;
}

static const struct kind *kind_of(const struct conv *c, int64_t chunk)
{
    return &c->kind[chunk == c->chunks - 1 ? LAST : MAIN];
}

static size_t rounded(const dnnl_memory_desc_t *m)
{
    return (dnnl_memory_desc_get_size(m) + 63) / 64 * 64;
}

/* The scratch: the blocked source, then for each chunk its weights, result and oneDNN's scratch. */
static size_t chunk_bytes(const struct conv *c, const struct kind *k)
{
    return rounded(&k->blocked[W]) + rounded(&k->blocked[c->back ? X : Y]) + rounded(&k->scratch);
}

static size_t source_bytes(const struct conv *c)
{
    return rounded(&c->kind[LAST].blocked[c->back ? Y : X]);
}

struct places {
    void *source, *weights, *result, *scratch;
};

static struct places places_of(const struct conv *c, int64_t chunk)
{
    const struct kind *k = kind_of(c, chunk);
    unsigned char *at = c->work + source_bytes(c);
    struct places p = {.source = c->work};
    at += chunk ? (size_t)chunk * chunk_bytes(c, &c->kind[MAIN]) : 0;
    p.weights = at;
    p.result = at += rounded(&k->blocked[W]);
    p.scratch = at + rounded(&k->blocked[c->back ? X : Y]);
    return p;
}

/* --- making primitives --- */

static bool describe_operands(const struct conv *c, int which, struct kind *k,
                              dnnl_memory_desc_t any[OPERANDS])
{
    const dio_conv_shape *s = c->s;
    int64_t n = chunk_count(c, which), in = c->back ? n : s->c, out = c->back ? s->o : n;
    dnnl_dims_t dims[OPERANDS] = {
        {1, in, s->h, s->w}, {out, in, s->kh, s->kw}, {1, out, s->oh, s->ow}};
    dnnl_dims_t whole = {s->c * s->kh * s->kw, s->kh * s->kw, s->kw, 1}, channels = {out};
    for (int i = 0; i < OPERANDS; i++)
        if (!ok(dnnl_memory_desc_init_by_tag(&k->plain[i], 4, dims[i], dnnl_f32, dnnl_abcd)) ||
            !ok(dnnl_memory_desc_init_by_tag(&any[i], 4, dims[i], dnnl_f32, dnnl_format_tag_any)))
            return false;
    return ok(dnnl_memory_desc_init_by_strides(&k->plain[W], 4, dims[W], dnnl_f32, whole)) &&
           ok(dnnl_memory_desc_init_by_tag(&k->bias, 1, channels, dnnl_f32, dnnl_x));
}

static bool make_descs(const struct conv *c, int which, struct kind *k)
{
    const dio_conv_shape *s = c->s;
    dnnl_memory_desc_t any[OPERANDS];
    dnnl_dims_t stride = {s->sh, s->sw}, dilation = {s->dh - 1, s->dw - 1}, pad = {s->ph, s->pw};
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    bool made = describe_operands(c, which, k, any) && ok(dnnl_primitive_attr_create(&attr)) &&
                ok(dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user)) &&
                ok(dnnl_dilated_convolution_forward_desc_init(
                    &desc, c->back ? dnnl_forward_training : dnnl_forward_inference,
                    dnnl_convolution_direct, &any[X], &any[W], c->bias ? &k->bias : NULL, &any[Y],
                    stride, dilation, pad, pad)) &&
                ok(dnnl_primitive_desc_create(&k->forward, &desc, attr, c->engine, NULL));
    if (made && c->back)
        made = ok(dnnl_dilated_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct,
                                                                   &any[X], &any[W], &any[Y],
                                                                   stride, dilation, pad, pad)) &&
               ok(dnnl_primitive_desc_create(&k->backward, &desc, attr, c->engine, k->forward));
    dnnl_primitive_attr_destroy(attr);
    return made;
}

static bool make_kind(const struct conv *c, int which, struct kind *k)
{
    if (!make_descs(c, which, k))
        return false;
    const dnnl_primitive_desc_t d = c->back ? k->backward : k->forward;
    k->blocked[X] =
        *dnnl_primitive_desc_query_md(d, c->back ? dnnl_query_diff_src_md : dnnl_query_src_md, 0);
    k->blocked[W] = *dnnl_primitive_desc_query_md(d, dnnl_query_weights_md, 0);
    k->blocked[Y] =
        *dnnl_primitive_desc_query_md(d, c->back ? dnnl_query_diff_dst_md : dnnl_query_dst_md, 0);
    k->scratch = *dnnl_primitive_desc_query_md(d, dnnl_query_scratchpad_md, 0);
    return ok(dnnl_primitive_create(&k->run, d));
}

static void conv_deinit(struct conv *c)
{
    for (int i = 0; i < KINDS; i++) {
        dnnl_primitive_destroy(c->kind[i].run);
        dnnl_primitive_desc_destroy(c->kind[i].backward);
        dnnl_primitive_desc_destroy(c->kind[i].forward);
    }
    dnnl_stream_destroy(c->stream);
    dnnl_engine_destroy(c->engine);
}

/* conv_deinit afterwards, whatever it returns. While primitives are made the gang counts one
 * thread, since they remember it. */
static bool conv_init(struct conv *c)
{
    int threads = dio_gang_size(), source = c->back ? Y : X;
    c->step = chunk_step(channels_out(c));
    c->chunks = (channels_out(c) + c->step - 1) / c->step;
    dio_gang_resize(1);
    bool made =
        ok(dnnl_engine_create(&c->engine, dnnl_cpu, 0)) &&
        ok(dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags)) &&
        make_kind(c, LAST, &c->kind[LAST]) && make_kind(c, MAIN, &c->kind[MAIN]) &&
        dnnl_memory_desc_equal(&c->kind[LAST].blocked[source], &c->kind[MAIN].blocked[source]);
    dio_gang_resize(threads);
    return made;
}

size_t dio_onednn_work(const dio_conv_shape *s)
{
    const float any = 0;
    size_t most = 0;
    for (int back = 0; back < 2; back++) {
        struct conv c = {.s = s, .back = back, .bias = back ? NULL : &any};
        if (conv_init(&c)) {
            size_t bytes = source_bytes(&c) + (size_t)c.chunks * chunk_bytes(&c, &c.kind[MAIN]) +
                           chunk_bytes(&c, &c.kind[LAST]);
            most = bytes > most ? bytes : most;
        }
        conv_deinit(&c);
    }
    return most;
}

/* --- running --- */

static bool move(const struct conv *c, const dnnl_memory_desc_t *from_type, const void *from,
                 const dnnl_memory_desc_t *to_type, void *to)
{
    dnnl_memory_t a = NULL, b = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t run = NULL;
    bool done = ok(dnnl_memory_create(&a, from_type, c->engine, (void *)(uintptr_t)from)) &&
                ok(dnnl_memory_create(&b, to_type, c->engine, to)) &&
                ok(dnnl_reorder_primitive_desc_create(&desc, from_type, c->engine, to_type,
                                                      c->engine, NULL)) &&
                ok(dnnl_primitive_create(&run, desc));
    if (done) {
        const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, a}, {DNNL_ARG_TO, b}};
        done = ok(dnnl_primitive_execute(run, c->stream, 2, args));
    }
    dnnl_primitive_destroy(run);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(a);
    dnnl_memory_destroy(b);
    return done;
}

static bool execute(const struct conv *c, const struct kind *k, const struct places *p,
                    const float *bias)
{
    enum { SOURCE, WEIGHTS, RESULT, SCRATCH, BIAS, N };
    const int source = c->back ? Y : X, result = c->back ? X : Y;
    const dnnl_memory_desc_t *types[N] = {&k->blocked[source], &k->blocked[W], &k->blocked[result],
                                          &k->scratch, &k->bias};
    void *data[N] = {p->source, p->weights, p->result, p->scratch, (void *)(uintptr_t)bias};
    const int names[N] = {c->back ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC, DNNL_ARG_WEIGHTS,
                          c->back ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD,
                          DNNL_ARG_BIAS};
    dnnl_memory_t m[N] = {NULL};
    dnnl_exec_arg_t args[N];
    int n = bias ? N : N - 1;
    bool done = true;
    for (int i = 0; done && i < n; i++) {
        done = ok(dnnl_memory_create(&m[i], types[i], c->engine, data[i]));
        args[i] = (dnnl_exec_arg_t){names[i], m[i]};
    }
    done = done && ok(dnnl_primitive_execute(k->run, c->stream, n, args));
    for (int i = 0; i < n; i++)
        dnnl_memory_destroy(m[i]);
    return done;
}

static void fail_quietly(struct conv *c)
{
    __atomic_store_n(&c->failed, true, __ATOMIC_RELAXED);
}

static void bring_weights(void *user, int64_t chunk, int thread)
{
    (void)thread;
    struct conv *c = user;
    const dio_conv_shape *s = c->s;
    const struct kind *k = kind_of(c, chunk);
    int64_t window = s->kh * s->kw, row = c->back ? window : s->c * window;
    if (!move(c, &k->plain[W], c->w + chunk * c->step * row, &k->blocked[W],
              places_of(c, chunk).weights))
        fail_quietly(c);
}

static void run_chunk(void *user, int64_t chunk, int thread)
{
    (void)thread;
    struct conv *c = user;
    const struct kind *k = kind_of(c, chunk);
    const int result = c->back ? X : Y;
    int64_t plane = c->back ? c->s->h * c->s->w : c->s->oh * c->s->ow, first = chunk * c->step;
    struct places p = places_of(c, chunk);
    if (!execute(c, k, &p, c->bias ? c->bias + first : NULL) ||
        !move(c, &k->blocked[result], p.result, &k->plain[result], c->out + first * plane))
        fail_quietly(c);
}

static bool run(struct conv *c)
{
    const dio_conv_shape *s = c->s;
    const int source = c->back ? Y : X;
    const int64_t step_x = s->c * s->h * s->w, step_y = s->o * s->oh * s->ow;
    c->failed = !conv_init(c);
    if (!c->failed)
        dio_gang_run(c->chunks, bring_weights, c);
    for (int64_t b = 0; b < s->batch && !c->failed; b++) {
        const struct kind *k = &c->kind[LAST];
        if (!move(c, &k->plain[source], c->in, &k->blocked[source], c->work))
            c->failed = true;
        else
            dio_gang_run(c->chunks, run_chunk, c);
        c->in += c->back ? step_y : step_x;
        c->out += c->back ? step_x : step_y;
    }
    conv_deinit(c);
    return !c->failed;
}

bool dio_onednn_conv(const dio_conv_shape *s, const float *x, const float *w, const float *bias,
                     float *y, void *work)
{
    struct conv c = {.s = s, .in = x, .w = w, .bias = bias, .out = y, .work = work};
    return run(&c);
}

bool dio_onednn_conv_data(const dio_conv_shape *s, const float *y, const float *w, float *x,
                          void *work)
{
    struct conv c = {.s = s, .back = true, .in = y, .w = w, .out = x, .work = work};
    return run(&c);
}
