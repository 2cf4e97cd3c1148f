/* bench_gpt2.c: a published model of GPT-2's 124M shape, opened from a Hugging Face folder and run
 * through a session as `diorama text` does it. The weights are drawn: a figure of speed needs no
 * others, and nothing is downloaded.
 *
 * What the figures count
 *  - decode reads, for every token, each weight once (but one row of the positions' table) and
 *    the keys and values of the text so far: bytes, against the machine's reading speed;
 *  - prefill multiplies and adds: two operations for every number of the linear layers and token,
 *    and four for every number of a head's width and pair of a query with a key that it sees; the
 *    output layer runs for the last token only;
 *  - memory is the process's peak from opening the folder on, less weights and cache.
 */
#include "bench/bench.h"
#include "bench/scratch.h"
#include "text/lm.h"
#include "text/session.h"

/* Tokens: `prompt` are read at once by prefill; decode goes from `prefix` on for `count`. */
struct shape {
    int vocab, width, layers, heads, positions;
    int64_t prompt, prefix, count;
};

static const struct shape gpt2_124m = {50257, 768, 12, 12, 1024, 512, 32, 96};
static const struct shape miniature = {96, 32, 2, 4, 64, 32, 8, 4};

struct job {
    const struct shape *shape;
    const char *dir;
    dio_device *device;
    dio_lm *lm;
    dio_session *session;
    int32_t *ids;
};

static dio_value *config_of(const struct shape *s, dio_arena *a)
{
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "model_type", dio_value_string(a, "gpt2"));
    dio_map_set(a, v, "vocab_size", dio_value_int(a, s->vocab));
    dio_map_set(a, v, "n_embd", dio_value_int(a, s->width));
    dio_map_set(a, v, "n_layer", dio_value_int(a, s->layers));
    dio_map_set(a, v, "n_head", dio_value_int(a, s->heads));
    dio_map_set(a, v, "n_positions", dio_value_int(a, s->positions));
    return v;
}

static bool publish(const struct job *j, dio_arena *a, dio_error *err)
{
    dio_lm *lm = dio_lm_create(config_of(j->shape, a), 1, DIO_BF16, err);
    bool ok = lm && dio_lm_save(lm, j->dir, DIO_BF16, err);
    dio_lm_close(lm);
    return ok;
}

/* The figure's own math, whatever DIORAMA_MATH says: its name is stable. */
static bool begin(struct job *j, dio_bench_run *r, const dio_bench *b, int64_t room, dio_error *err)
{
    *j = (struct job){.shape = r->tiny ? &miniature : &gpt2_124m};
    j->device = dio_device_open_math(r->device->kind, *(const dio_math *)b->attrs, err);
    if (!j->device)
        return false;
    j->dir = dio_scratch_make(r->arena, err);
    if (!j->dir || !publish(j, r->arena, err))
        return false;
    dio_memory_watch(); /* from here on it is what a user sees */
    j->lm = dio_lm_open(j->dir, &(dio_lm_options){.dtype = DIO_BF16}, err);
    if (!j->lm)
        return false;
    j->session = dio_session_create(j->lm, j->device, room, 0, err);
    j->ids = dio_arena_try(r->arena, (size_t)j->shape->prompt * sizeof *j->ids);
    if (!j->ids)
        return dio_fail_memory(err, "a prompt");
    for (int64_t i = 0; i < j->shape->prompt; i++)
        j->ids[i] = (int32_t)(i * 7919 % j->shape->vocab);
    return j->session != NULL;
}

static void end(struct job *j)
{
    dio_session_destroy(j->session);
    dio_lm_close(j->lm);
    dio_device_close(j->device);
    dio_scratch_remove(j->dir);
}

/* --- decode --- */

static int32_t best_of(const float *logits, int count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        best = logits[i] > logits[best] ? i : best;
    return best;
}

static bool decode(void *user, dio_error *err)
{
    struct job *j = user;
    const struct shape *s = j->shape;
    if (!dio_session_rewind(j->session, 0, s->prefix, err))
        return false;
    int32_t id = 0;
    for (int64_t i = 0; i < s->count; i++) {
        if (!dio_session_feed(j->session, &id, 1, NULL, err))
            return false;
        id = best_of(dio_session_logits(j->session, 0), s->vocab);
    }
    return true;
}

static double cache_bytes(const struct shape *s, double length)
{
    return 2.0 * 4 * s->layers * s->width * length;
}

static double decode_bytes(const struct job *j)
{
    const struct shape *s = j->shape;
    double unread = 2.0 * (s->positions - 1) * s->width;
    double length = (double)s->prefix + ((double)s->count + 1) / 2;
    return (double)dio_walk_bytes(&j->lm->net.walk) - unread + cache_bytes(s, length);
}

static bool run_decode(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                       dio_error *err)
{
    struct job j;
    const struct shape *s = r->tiny ? &miniature : &gpt2_124m;
    bool ok = begin(&j, r, b, s->prefix + s->count, err) &&
              dio_session_feed(j.session, j.ids, s->prefix, NULL, err);
    double seconds = ok ? dio_bench_best(r, 4 * r->seconds, decode, &j, err) : -1;
    if (seconds > 0) {
        *value = (double)s->count / seconds;
        *reached = decode_bytes(&j) * *value / 1e9;
    }
    end(&j);
    return seconds > 0;
}

/* A text of prompt, prefix and answer as long as the figure of speed has it. */
static bool run_memory(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                       dio_error *err)
{
    struct job j;
    const struct shape *s = r->tiny ? &miniature : &gpt2_124m;
    int64_t room = s->prefix + s->count;
    bool ok = begin(&j, r, b, room, err) &&
              dio_session_feed(j.session, j.ids, s->prefix, NULL, err) && decode(&j, err);
    if (ok) {
        double known = (double)dio_walk_bytes(&j.lm->net.walk) + cache_bytes(s, (double)room);
        *value = dio_memory_peak_mb() - known / 1e6;
        *reached = 0;
    }
    end(&j);
    return ok;
}

/* --- prefill --- */

static bool prefill(void *user, dio_error *err)
{
    struct job *j = user;
    return dio_session_rewind(j->session, 0, 0, err) &&
           dio_session_feed(j->session, j->ids, j->shape->prompt, NULL, err);
}

static double prefill_flops(const struct shape *s)
{
    double t = (double)s->prompt, c = s->width;
    double linear = 2 * t * s->layers * 12 * c * c; /* q k v: 3, out: 1, the MLP: 4 and 4 */
    double attention = 4 * s->layers * c * t * (t + 1) / 2;
    return linear + attention + 2 * c * s->vocab;
}

static bool run_prefill(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                        dio_error *err)
{
    struct job j;
    const struct shape *s = r->tiny ? &miniature : &gpt2_124m;
    bool ok = begin(&j, r, b, s->prompt, err) && prefill(&j, err);
    double seconds = ok ? dio_bench_best(r, 4 * r->seconds, prefill, &j, err) : -1;
    if (seconds > 0) {
        *value = (double)s->prompt / seconds;
        *reached = prefill_flops(s) / seconds / 1e9;
    }
    end(&j);
    return seconds > 0;
}

static const dio_math repro = DIO_MATH_REPRO, fast = DIO_MATH_FAST;

DIO_FIGURE(text_decode, "text.decode.gpt2-124m",
           "one row of text, a token at a time, weights in bf16", "tok/s", DIO_PEAK_READ,
           run_decode, &repro)
DIO_FIGURE(text_decode_fast, "text.decode.gpt2-124m.fast", "the same with DIORAMA_MATH=fast",
           "tok/s", DIO_PEAK_READ, run_decode, &fast)
DIO_FIGURE(text_memory, "text.memory.gpt2-124m",
           "decoding in repro: peak of the process beyond weights and cache", "MB", DIO_PEAK_NONE,
           run_memory, &repro)
DIO_FIGURE(text_prefill, "text.prefill.gpt2-124m",
           "a prompt of 512 tokens read at once, weights in bf16", "tok/s", DIO_PEAK_FMA,
           run_prefill, &repro)
DIO_FIGURE(text_prefill_fast, "text.prefill.gpt2-124m.fast", "the same with DIORAMA_MATH=fast",
           "tok/s", DIO_PEAK_BF16, run_prefill, &fast)
