/* test_gang.c: every item once, for any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>

#include "base/gang.h"

enum { ITEMS = 1000 };

struct count {
    atomic_int hits[ITEMS];
    atomic_int wrong_thread;
};

static void hit(void *user, int64_t item, int thread)
{
    struct count *c = user;
    atomic_fetch_add(&c->hits[item], 1);
    if (thread < 0 || thread >= dio_gang_size())
        atomic_fetch_add(&c->wrong_thread, 1);
}

static void every_item_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        dio_gang_resize(threads);
        assert_int_equal(dio_gang_size(), threads);
        for (int items = 0; items <= ITEMS; items = items * 3 + 1) {
            struct count c = {0};
            dio_gang_run(items, hit, &c);
            dio_gang_steal(items, hit, &c);
            for (int i = 0; i < ITEMS; i++)
                assert_int_equal(atomic_load(&c.hits[i]), i < items ? 2 : 0);
            assert_int_equal(atomic_load(&c.wrong_thread), 0);
        }
    }
    dio_gang_resize(0);
    assert_int_equal(dio_gang_size(), 1);
}

struct outer {
    atomic_int sum, wrong_thread;
};

struct inner {
    struct outer *outer;
    int thread;
};

static void inner_item(void *user, int64_t item, int thread)
{
    struct inner *in = user;
    atomic_fetch_add(&in->outer->sum, (int)item);
    if (thread != in->thread)
        atomic_fetch_add(&in->outer->wrong_thread, 1);
}

static void outer_item(void *user, int64_t item, int thread)
{
    (void)item;
    struct inner in = {.outer = user, .thread = thread};
    dio_gang_run(10, inner_item, &in);
    dio_gang_steal(10, inner_item, &in);
}

/* The inner one keeps the thread number of the outer: scratch memory stays apart. */
static void a_gang_inside_a_gang_is_alone(void **state)
{
    (void)state;
    dio_gang_resize(2);
    struct outer o = {0};
    dio_gang_run(50, outer_item, &o);
    assert_int_equal(atomic_load(&o.sum), 50 * 2 * 45);
    assert_int_equal(atomic_load(&o.wrong_thread), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_once),
        cmocka_unit_test(a_gang_inside_a_gang_is_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
