/* test_capture.c: a plan whose runs are recorded and played gives the bytes of one that is launched
 * kernel by kernel: with other inputs in every run, with state that runs leave to each other, after
 * its memory moved; and a device that cannot record loses nothing but speed. On the GPU, or on the
 * emulated one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/ops/adamw.h"
#include "tensor/plan.h"

enum { ROWS = 5, WIDTH = 48, COUNT = ROWS * WIDTH, RUNS = 6 };

static dio_device *open_device(const char *graphs)
{
    dio_error err = {0};
    setenv("DIORAMA_CUDA_GRAPH", graphs, 1);
    dio_device *d = dio_device_open("cuda", &err);
    if (!d) {
        print_message("SKIPPED: %s\n", err.message);
        skip();
    }
    return d;
}

static dio_tensor *weight(void)
{
    dio_error err = {0};
    dio_type square = dio_type_2d(DIO_F32, WIDTH, WIDTH);
    dio_tensor *w = dio_tensor_create("w", &square, &err);
    assert_non_null(w);
    for (int i = 0; i < WIDTH * WIDTH; i++)
        ((float *)dio_tensor_data(w))[i] = dio_uniform(4, 0, (uint64_t)i) - 0.5f;
    return w;
}

/* Products, a row's sum, a copy and an average that every run moves. */
static dio_plan *plan_of(dio_device *d, dio_tensor *w, bool lent)
{
    dio_error err = {0};
    dio_graph *g = dio_graph_create();
    dio_type shape = dio_type_2d(DIO_F32, ROWS, WIDTH);
    dio_val x = dio_input(g, "x", shape), average = dio_state(g, "average", shape);
    dio_val h = dio_linear(g, x, dio_param(g, w), DIO_NONE, DIO_ACT_SILU);
    dio_val y = dio_softmax(g, dio_add(g, dio_cumsum(g, h, 1), x));
    const dio_val out[2] = {y, dio_ema(g, average, y, 0.75f)};
    dio_plan *p = dio_plan_create(g, out, 2, false, d, &(dio_plan_options){.lent = lent}, &err);
    if (!p)
        fail_msg("%s", err.message);
    dio_graph_destroy(g);
    return p;
}

struct outcome {
    float y[COUNT], average[COUNT];
};

static void run(dio_plan *p, int turn, struct outcome *o)
{
    float x[COUNT];
    dio_error err = {0};
    for (int i = 0; i < COUNT; i++)
        x[i] = dio_uniform(3, (uint64_t)turn, (uint64_t)i);
    assert_true(dio_plan_set(p, "x", x, sizeof x, &err));
    if (!dio_plan_run(p, &err))
        fail_msg("%s", err.message);
    memcpy(o->y, dio_plan_output(p, 0, NULL), sizeof o->y);
    memcpy(o->average, dio_plan_output(p, 1, NULL), sizeof o->average);
}

static bool was_played(const dio_plan *p)
{
    dio_plan_report report;
    dio_plan_report_get(p, &report);
    return report.replayed;
}

/* What a device without recordings computes. */
static void launch_all(dio_tensor *w, struct outcome want[RUNS])
{
    dio_device *d = open_device("off");
    dio_plan *p = plan_of(d, w, false);
    for (int i = 0; i < RUNS; i++) {
        run(p, i, &want[i]);
        assert_false(was_played(p));
    }
    dio_plan_destroy(p);
    dio_device_close(d);
}

static void played_runs_give_the_same_bytes(void **state)
{
    struct outcome want[RUNS], got;
    dio_tensor *w = weight();
    (void)state;
    launch_all(w, want);
    dio_device *d = open_device("on");
    dio_plan *p = plan_of(d, w, false);
    for (int i = 0; i < RUNS; i++) {
        run(p, i, &got);
        assert_int_equal(was_played(p), i > 0); /* the first run is plain */
        assert_memory_equal(&got, &want[i], sizeof got);
    }
    assert_memory_not_equal(&want[0], &want[1], sizeof got);
    dio_plan_destroy(p);
    dio_device_close(d);
    dio_tensor_unref(w);
}

/* Memory that is lent anew, a timed run and a state that becomes another plan's. */
static void what_moves_is_recorded_anew(void **state)
{
    struct outcome want[RUNS], got;
    dio_error err = {0};
    dio_plan_report report;
    dio_tensor *w = weight();
    (void)state;
    launch_all(w, want);
    dio_device *d = open_device("");
    dio_plan *first = plan_of(d, w, false), *p = plan_of(d, w, true);
    dio_plan_report_get(p, &report);
    void *memory[2] = {d->alloc(d, report.workspace, &err), d->alloc(d, report.workspace, &err)};
    run(first, 0, &got);
    assert_true(dio_plan_lend(p, memory[0], &err) && dio_plan_share_state(p, first, &err));
    for (int i = 1; i < RUNS; i++) {
        assert_true(dio_plan_lend(p, memory[i / 2 % 2], &err));
        dio_plan_profile(p, i == 3); /* which begins to count runs anew */
        run(p, i, &got);
        assert_memory_equal(&got, &want[i], sizeof got);
    }
    run(p, RUNS, &got);
    assert_true(was_played(p));
    dio_plan_destroy(p);
    dio_plan_destroy(first);
    d->release(d, memory[0]);
    d->release(d, memory[1]);
    dio_device_close(d);
    dio_tensor_unref(w);
}

static int asked;
static void *(*record_end)(dio_device *d, dio_error *err);

static bool spoil(dio_device *d, dio_error *err)
{
    asked++;
    (void)d;
    return dio_fail(err, "not today");
}

static void *lose(dio_device *d, dio_error *err)
{
    dio_error late = {0};
    void *tape = record_end(d, &late);
    asked++;
    if (tape)
        d->erase(d, tape);
    dio_fail(err, "not tomorrow");
    return NULL;
}

static char said[256];
static int lines;

static void note(void *user, dio_log_level level, const char *line)
{
    (void)user;
    assert_int_equal(level, DIO_LOG_WARNING);
    lines++;
    strncpy(said, line, sizeof said - 1);
}

static void check_refused(dio_device *d, dio_tensor *w, const struct outcome *want,
                          const char *sentence)
{
    struct outcome got;
    dio_plan *p = plan_of(d, w, false);
    asked = lines = 0;
    for (int i = 0; i < RUNS; i++) {
        run(p, i, &got);
        assert_false(was_played(p));
        assert_memory_equal(&got, &want[i], sizeof got);
    }
    assert_int_equal(asked, 1);
    assert_int_equal(lines, 1);
    assert_string_equal(said, sentence);
    dio_plan_destroy(p);
}

static void a_device_that_cannot_record_is_asked_once(void **state)
{
    struct outcome want[RUNS];
    dio_tensor *w = weight();
    (void)state;
    launch_all(w, want);
    dio_device *d = open_device("on");
    bool (*begin)(dio_device *, dio_error *) = d->record_begin;
    const dio_logger log = {note, NULL, DIO_LOG_WARNING};
    d->log = &log;
    d->record_begin = spoil;
    check_refused(d, w, want, "runs are launched kernel by kernel: not today");
    d->record_begin = begin;
    record_end = d->record_end;
    d->record_end = lose;
    check_refused(d, w, want, "runs are launched kernel by kernel: not tomorrow");
    dio_device_close(d);
    dio_tensor_unref(w);
}

static bool (*run_one)(dio_device *d, dio_call *c, dio_error *err);

/* As an operator would that reads a number back in the middle of a run. */
static bool peek(dio_device *d, dio_call *c, dio_error *err)
{
    float seen;
    return run_one(d, c, err) && d->download(d, &seen, c->out[0].data, sizeof seen, err);
}

static void a_run_that_reads_back_is_launched_plainly(void **state)
{
    struct outcome want[RUNS], got;
    dio_tensor *w = weight();
    (void)state;
    launch_all(w, want);
    dio_device *d = open_device("on");
    const dio_logger log = {note, NULL, DIO_LOG_WARNING};
    d->log = &log;
    run_one = d->run;
    d->run = peek;
    lines = 0;
    dio_plan *p = plan_of(d, w, false);
    for (int i = 0; i < RUNS; i++) {
        run(p, i, &got);
        assert_false(was_played(p));
        assert_memory_equal(&got, &want[i], sizeof got);
    }
    assert_int_equal(lines, 1);
    dio_plan_destroy(p);
    dio_device_close(d);
    dio_tensor_unref(w);
}

static void other_words_are_refused(void **state)
{
    dio_error err = {0};
    (void)state;
    dio_device_close(open_device("on"));
    setenv("DIORAMA_CUDA_GRAPH", "maybe", 1);
    assert_null(dio_device_open("cuda", &err));
    assert_string_equal(err.message, "DIORAMA_CUDA_GRAPH: \"maybe\" is not one of on, off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(played_runs_give_the_same_bytes),
        cmocka_unit_test(what_moves_is_recorded_anew),
        cmocka_unit_test(a_device_that_cannot_record_is_asked_once),
        cmocka_unit_test(a_run_that_reads_back_is_launched_plainly),
        cmocka_unit_test(other_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
