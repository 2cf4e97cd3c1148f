/* test_session.c: a row's numbers depend on its own ids only, bit for bit: however the ids were
 * cut into chunks, with one thread or two, alone or among eight rows, after going back, in a fork.
 * Walks every tiny model of every family in the registry. */
#include "base/gang.h"
#include "base/rng.h"
#include "base/value.h"
#include "tests/text/lm_case.h"

enum { N = 100, STEPS = 8, ROWS = 8 };

static dio_device *device;
static int32_t ids[ROWS][N + STEPS];

static dio_lm *make(const char *json, dio_dtype dtype)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *config = dio_json_parse(a, "tiny", json, strlen(json), &err);
    must(config != NULL, &err);
    dio_lm *lm = dio_lm_create(config, 5, dtype, &err);
    must(lm != NULL, &err);
    dio_arena_destroy(a);
    return lm;
}

/* Logits after each of the last STEPS + 1 positions of one row read alone: N ids in chunks of
 * `chunk`, the rest one by one. Caller frees. */
static float *alone(const dio_lm *lm, const int32_t *row, int chunk)
{
    dio_error err = {0};
    size_t vocab = (size_t)lm->shape.vocab;
    float *out = malloc((STEPS + 1) * vocab * sizeof *out);
    dio_session *s = dio_session_create(lm, device, N + STEPS, 0, &err);
    must(s != NULL, &err);
    for (int at = 0; at < N; at += chunk)
        must(dio_session_feed(s, row + at, N - at < chunk ? N - at : chunk, NULL, &err), &err);
    memcpy(out, dio_session_logits(s, 0), vocab * sizeof *out);
    for (int i = 0; i < STEPS; i++) {
        must(dio_session_feed(s, row + N + i, 1, NULL, &err), &err);
        memcpy(out + (size_t)(i + 1) * vocab, dio_session_logits(s, 0), vocab * sizeof *out);
    }
    assert_int_equal(dio_session_length(s, 0), N + STEPS);
    assert_memory_equal(dio_session_ids(s, 0), row, (N + STEPS) * sizeof *row);
    dio_session_destroy(s);
    return out;
}

static void same(const dio_lm *lm, const float *a, const float *b, int count, const char *what)
{
    size_t vocab = (size_t)lm->shape.vocab;
    if (memcmp(a, b, (size_t)count * vocab * sizeof *a) != 0)
        fail_msg("%s: bits differ, %.3e at most", what, worst(a, b, count * lm->shape.vocab, NULL));
}

static void check_chunks(const dio_lm *lm, const float *base)
{
    static const int chunks[] = {1, 3, 16, 37, 64};
    char what[64];
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        float *other = alone(lm, ids[0], chunks[i]);
        snprintf(what, sizeof what, "chunks of %d", chunks[i]);
        same(lm, other, base, STEPS + 1, what);
        free(other);
    }
}

static void check_threads(const dio_lm *lm, const float *base)
{
    int size = dio_gang_size();
    for (int threads = 1; threads <= 2; threads++) {
        dio_gang_resize(threads);
        float *other = alone(lm, ids[0], N);
        same(lm, other, base, STEPS + 1, threads == 1 ? "one thread" : "two threads");
        free(other);
    }
    dio_gang_resize(size);
}

/* Eight rows go different ways from one prompt; row 3 stands still for a while and row 5 goes
 * back and comes again. */
static void check_rows(const dio_lm *lm)
{
    dio_error err = {0};
    size_t vocab = (size_t)lm->shape.vocab;
    float *want[ROWS];
    int at[ROWS] = {0};
    dio_session *s = dio_session_create(lm, device, N, 0, &err);
    must(s != NULL && dio_session_feed(s, ids[0], N, NULL, &err), &err);
    dio_session *fork = dio_session_fork(s, ROWS, N + STEPS, &err);
    must(fork != NULL, &err);
    dio_session_destroy(s);
    for (int r = 0; r < ROWS; r++)
        want[r] = alone(lm, ids[r], N);
    for (int round = 0; round < 2 * STEPS; round++) {
        int32_t next[ROWS] = {0};
        bool active[ROWS];
        if (round == 5) {
            must(dio_session_rewind(fork, 5, N + 2, &err), &err);
            at[5] = 2;
        }
        for (int r = 0; r < ROWS; r++) {
            active[r] = at[r] < STEPS && !(r == 3 && round < 4);
            next[r] = active[r] ? ids[r][N + at[r]] : 1;
        }
        must(dio_session_feed(fork, next, 1, active, &err), &err);
        for (int r = 0; r < ROWS; r++) {
            if (!active[r])
                continue;
            at[r]++;
            same(lm, dio_session_logits(fork, r), want[r] + (size_t)at[r] * vocab, 1,
                 "one of eight rows");
        }
    }
    for (int r = 0; r < ROWS; r++) {
        assert_int_equal(at[r], STEPS);
        free(want[r]);
    }
    dio_session_destroy(fork);
}

/* Rows trade places: each then continues as the one it became. */
static void check_gather(const dio_lm *lm)
{
    dio_error err = {0};
    const int from[3] = {2, 2, 0};
    size_t vocab = (size_t)lm->shape.vocab;
    dio_session *s = dio_session_create(lm, device, N, 0, &err);
    must(s != NULL && dio_session_feed(s, ids[0], N, NULL, &err), &err);
    dio_session *fork = dio_session_fork(s, 3, N + STEPS, &err);
    must(fork != NULL, &err);
    dio_session_destroy(s);
    for (int i = 0; i < 3; i++)
        must(dio_session_feed(fork, (int32_t[]){ids[0][N + i], ids[1][N + i], ids[2][N + i]}, 1,
                              NULL, &err),
             &err);
    must(dio_session_gather(fork, from, &err), &err);
    must(dio_session_feed(fork, (int32_t[]){ids[2][N + 3], ids[2][N + 3], ids[0][N + 3]}, 1, NULL,
                          &err),
         &err);
    for (int r = 0; r < 3; r++) {
        float *want = alone(lm, ids[from[r]], N);
        same(lm, dio_session_logits(fork, r), want + 4 * vocab, 1, "a row that moved");
        free(want);
    }
    dio_session_destroy(fork);
}

/* Without a cache the whole text gives the scores that the cache gives step by step. */
static void check_whole(const dio_lm *lm, const float *base)
{
    dio_error err = {0};
    dio_graph *g = dio_graph_create();
    dio_lm_io io = {.ids = dio_input(g, "input_ids", dio_type_2d(DIO_I32, 1, N + STEPS))};
    dio_lm_forward(g, lm, &io);
    dio_plan *p = dio_plan_create(g, &io.logits, 1, false, device, NULL, &err);
    must(p != NULL && dio_plan_set(p, "input_ids", ids[0], sizeof ids[0], &err) &&
             dio_plan_run(p, &err),
         &err);
    const float *all = dio_plan_output(p, 0, NULL);
    same(lm, all + (size_t)(N - 1) * (size_t)lm->shape.vocab, base, STEPS + 1, "without a cache");
    dio_plan_destroy(p);
    dio_graph_destroy(g);
}

static void check_model(const char *json, dio_dtype dtype)
{
    dio_lm *lm = make(json, dtype);
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < N + STEPS; i++)
            ids[r][i] = (int32_t)dio_below(9, (uint64_t)(i < N ? 0 : r), (uint64_t)i,
                                           (uint32_t)lm->shape.vocab);
    float *base = alone(lm, ids[0], N);
    double spread = 0;
    for (int i = 0; i < lm->shape.vocab; i++)
        spread += fabs((double)base[i]);
    assert_true(spread > 1); /* flat scores would hide everything */
    check_chunks(lm, base);
    check_threads(lm, base);
    check_rows(lm);
    check_gather(lm);
    check_whole(lm, base);
    free(base);
    dio_lm_close(lm);
}

static void test_all(void **state)
{
    const dio_model *m = *state;
    for (int i = 0; m->tiny[i]; i++) {
        check_model(m->tiny[i], DIO_F32);
        check_model(m->tiny[i], DIO_BF16);
    }
}

static void test_limits(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_lm *lm = make(dio_text_models.items[0]->tiny[0], DIO_F32);
    assert_null(dio_session_create(lm, device, 257, 0, &err));
    assert_string_equal(err.message, "257 ids are more than the 256 that this model can read: "
                                     "shorten the prompt or ask for less text");
    dio_error_clear(&err);
    dio_session *s = dio_session_create(lm, device, 256, 0, &err);
    must(s != NULL, &err);
    assert_false(dio_session_feed(s, (int32_t[]){96}, 1, NULL, &err));
    assert_string_equal(err.message, "id 96 is not in the model's vocabulary of 96");
    dio_error_clear(&err);
    for (int i = 0; i < 256; i++)
        must(dio_session_feed(s, ids[0], 1, NULL, &err), &err);
    assert_false(dio_session_feed(s, ids[0], 1, NULL, &err));
    assert_string_equal(err.message, "row 0 holds 256 of 256 ids: there is no room for 1 more");
    dio_session_destroy(s);
    dio_lm_close(lm);
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    device = dio_device_cpu(&err);
    return device ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    dio_device_close(device);
    return 0;
}

int main(void)
{
    struct CMUnitTest tests[64] = {0};
    size_t n = 0;
    for (int i = 0; i < dio_text_models.count; i++) {
        const dio_model *m = dio_text_models.items[i];
        tests[n++] = (struct CMUnitTest){m->name, test_all, NULL, NULL, (void *)(uintptr_t)m};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_limits);
    return _cmocka_run_group_tests("session", tests, n, setup, teardown);
}
