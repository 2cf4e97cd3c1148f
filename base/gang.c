/* gang.c: OpenMP behind two functions.
 * The ranges of dio_gang_run are contiguous, so that a thread keeps touching the memory it
 * touched the last time. Nothing here may influence what an item computes. */
#include "base/gang.h"

#include <omp.h>

static void alone(int64_t items, dio_gang_fn *fn, void *user)
{
    for (int64_t i = 0; i < items; i++)
        fn(user, i, 0);
}

/* A gang inside a gang would give two items the same thread number: the caller does it alone,
 * under its own number. */
static void inside(int64_t items, dio_gang_fn *fn, void *user)
{
    int thread = omp_get_thread_num();
    for (int64_t i = 0; i < items; i++)
        fn(user, i, thread);
}

void dio_gang_run(int64_t items, dio_gang_fn *fn, void *user)
{
    if (omp_in_parallel()) {
        inside(items, fn, user);
    } else if (items <= 1 || omp_get_max_threads() == 1) {
        alone(items, fn, user);
    } else {
#pragma omp parallel for schedule(static)
        for (int64_t i = 0; i < items; i++)
            fn(user, i, omp_get_thread_num());
    }
}

void dio_gang_steal(int64_t items, dio_gang_fn *fn, void *user)
{
    if (omp_in_parallel()) {
        inside(items, fn, user);
    } else if (items <= 1 || omp_get_max_threads() == 1) {
        alone(items, fn, user);
    } else {
#pragma omp parallel for schedule(dynamic, 1)
        for (int64_t i = 0; i < items; i++)
            fn(user, i, omp_get_thread_num());
    }
}

int dio_gang_size(void)
{
    return omp_get_max_threads();
}

/* OpenMP keeps the number by calling thread: it holds for gangs that this thread starts. */
void dio_gang_resize(int threads)
{
    omp_set_num_threads(threads < 1 ? 1 : threads);
}
