/* test_attention.c: attention's promise that bits depend on the query and the keys it sees alone:
 * the same from a cache and without one, in one chunk or many, alone or in a batch, with one
 * thread or two, and whatever the cache holds beyond the last token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/rng.h"
#include "tensor/device.h"
#include "tensor/graph.h"
#include "tensor/ops.h"
#include "tensor/plan.h"

enum { B = 3, T = 150, CAP = 192 };

struct setup {
    int64_t heads, key_heads, size;
    dio_attention_attrs attrs;
};

static const struct setup setups[] = {
    {4, 4, 16, {.causal = true}},
    {6, 2, 33, {.causal = true, .window = 70}},
    {3, 1, 64, {.causal = true, .softcap = 4, .scale = 0.3f}},
};

static float *numbers(int64_t n, uint64_t stream)
{
    float *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = 4 * dio_uniform(3, stream, (uint64_t)i) - 2;
    return x;
}

static dio_plan *finish(dio_device *d, dio_graph *g, dio_val out)
{
    dio_error err = {0};
    dio_plan *p = dio_graph_ready(g, &err)
                      ? dio_plan_create(g, &out, 1, false, d, &(dio_plan_options){0}, &err)
                      : NULL;
    if (!p)
        fail_msg("%s", err.message);
    dio_graph_destroy(g);
    return p;
}

static void set(dio_plan *p, const char *name, const void *data, int64_t count)
{
    dio_error err = {0};
    if (!dio_plan_set(p, name, data, (size_t)count * 4, &err))
        fail_msg("%s", err.message);
}

/* Attention over the first t tokens of one sequence, without a cache. */
static void whole(dio_device *d, const struct setup *s, int64_t t, const float *q, const float *k,
                  const float *v, float *out)
{
    dio_graph *g = dio_graph_create();
    dio_val in[3];
    const int64_t qn = t * s->heads * s->size, kn = t * s->key_heads * s->size;
    in[0] = dio_input(g, "q", dio_type_4d(DIO_F32, 1, t, s->heads, s->size));
    in[1] = dio_input(g, "k", dio_type_4d(DIO_F32, 1, t, s->key_heads, s->size));
    in[2] = dio_input(g, "v", dio_type_4d(DIO_F32, 1, t, s->key_heads, s->size));
    dio_plan *p = finish(d, g, dio_attention(g, in[0], in[1], in[2], DIO_NONE, s->attrs));
    dio_error err = {0};
    set(p, "q", q, qn);
    set(p, "k", k, kn);
    set(p, "v", v, kn);
    assert_true(dio_plan_run(p, &err));
    memcpy(out, dio_plan_output(p, 0, NULL), (size_t)qn * 4);
    dio_plan_destroy(p);
}

/* A plan that takes `t` more tokens of `batch` sequences into its cache. */
static dio_plan *step_plan(dio_device *d, const struct setup *s, int64_t batch, int64_t t)
{
    dio_graph *g = dio_graph_create();
    dio_val q = dio_input(g, "q", dio_type_4d(DIO_F32, batch, t, s->heads, s->size));
    dio_val k = dio_input(g, "k", dio_type_4d(DIO_F32, batch, t, s->key_heads, s->size));
    dio_val v = dio_input(g, "v", dio_type_4d(DIO_F32, batch, t, s->key_heads, s->size));
    dio_val start = dio_input(g, "start", dio_type_1d(DIO_I32, batch));
    dio_val keys = dio_state(g, "keys", dio_cache_key_type(batch, s->key_heads, CAP, s->size));
    dio_val values =
        dio_state(g, "values", dio_cache_value_type(batch, s->key_heads, CAP, s->size));
    keys = dio_cache_write_key(g, keys, k, start);
    values = dio_cache_write_value(g, values, v, start);
    return finish(d, g, dio_attention_cached(g, q, keys, values, start, s->attrs));
}

/* What an earlier, longer text may have left behind. */
static void dirty(dio_plan *p)
{
    const char *const names[] = {"keys", "values"};
    for (int i = 0; i < 2; i++) {
        dio_type t;
        float *x = dio_plan_memory(p, names[i], &t);
        for (int64_t n = 0; n < dio_type_count(&t); n++)
            x[n] = n % 3 == 0 ? -1e30f : n % 3 == 1 ? 77.0f : 1e30f;
    }
}

/* One chunk: tokens t..t+n of each sequence, which lie at x + b * T * size. */
static void run_chunk(dio_plan *p, const struct setup *s, int64_t batch, int64_t t, int64_t n,
                      const float *const x[3], float *out)
{
    const char *const names[] = {"q", "k", "v"};
    const int64_t qs = s->heads * s->size;
    const int32_t start[B] = {(int32_t)t, (int32_t)t, (int32_t)t};
    float *part = malloc((size_t)(batch * n * qs) * 4);
    dio_error err = {0};
    set(p, "start", start, batch);
    for (int i = 0; i < 3; i++) {
        const int64_t size = i ? s->key_heads * s->size : qs;
        for (int64_t b = 0; b < batch; b++)
            memcpy(part + b * n * size, x[i] + (b * T + t) * size, (size_t)(n * size) * 4);
        set(p, names[i], part, batch * n * size);
    }
    assert_true(dio_plan_run(p, &err));
    const float *y = dio_plan_output(p, 0, NULL);
    for (int64_t b = 0; b < batch; b++)
        memcpy(out + (b * T + t) * qs, y + b * n * qs, (size_t)(n * qs) * 4);
    free(part);
}

/* All T tokens of `batch` sequences, a chunk at a time; the last may be shorter. */
static void chunked(dio_device *d, const struct setup *s, int64_t batch, int64_t chunk,
                    const float *q, const float *k, const float *v, float *out)
{
    const float *const x[3] = {q, k, v};
    dio_plan *p = step_plan(d, s, batch, chunk);
    dio_error err = {0};
    int64_t t = 0;
    dirty(p);
    for (; t + chunk <= T; t += chunk)
        run_chunk(p, s, batch, t, chunk, x, out);
    if (t < T) {
        dio_plan *rest = step_plan(d, s, batch, T - t);
        assert_true(dio_plan_share_state(rest, p, &err));
        run_chunk(rest, s, batch, t, T - t, x, out);
        dio_plan_destroy(rest);
    }
    dio_plan_destroy(p);
}

static void same(const char *what, const struct setup *s, const float *a, const float *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0)
            fail_msg("%s, heads %d: number %d is %.9g, not %.9g", what, (int)s->heads, (int)i,
                     (double)b[i], (double)a[i]);
}

static void check(dio_device *d, const struct setup *s)
{
    const int64_t qn = T * s->heads * s->size, kn = T * s->key_heads * s->size;
    float *q = numbers(B * qn, 1), *k = numbers(B * kn, 2), *v = numbers(B * kn, 3);
    float *want = malloc((size_t)(B * qn) * 4), *have = malloc((size_t)(B * qn) * 4);
    const int threads = dio_gang_size();
    for (int64_t b = 0; b < B; b++)
        whole(d, s, T, q + b * qn, k + b * kn, v + b * kn, want + b * qn);
    const int64_t chunks[] = {T, 1, 7, 64, 90};
    for (int n = 1; n <= 2; n++) {
        dio_gang_resize(n);
        for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
            chunked(d, s, B, chunks[i], q, k, v, have);
            same("a batch from the cache", s, want, have, B * qn);
        }
        chunked(d, s, 1, 13, q, k, v, have);
        same("one from the cache", s, want, have, qn);
    }
    dio_gang_resize(threads);
    whole(d, s, 100, q, k, v, have); /* a shorter text: the same first 100 queries */
    same("a prefix", s, want, have, 100 * s->heads * s->size);
    free(q);
    free(k);
    free(v);
    free(want);
    free(have);
}

static void test_bits(void **state)
{
    (void)state;
    const char *const sets[] = {"generic", "avx2", "avx512"};
    for (int isa = 0; isa < 3; isa++) {
        dio_error err = {0};
        setenv("DIORAMA_CPU", sets[isa], 1);
        dio_device *d = dio_device_cpu(&err);
        if (!d) {
            print_message("SKIPPED on %s: %s\n", sets[isa], err.message);
            continue;
        }
        for (size_t i = 0; i < sizeof setups / sizeof *setups; i++)
            check(d, &setups[i]);
        dio_device_close(d);
    }
    unsetenv("DIORAMA_CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
