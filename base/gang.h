#pragma once
/* gang.h: the process's one gang of threads: OpenMP's, which oneDNN shares.
 *
 * Work is cut into items; which thread takes an item never changes what is computed in it. That
 * is how a result stays the same for any number of threads: cut by outputs, at boundaries that
 * depend on the shape alone.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `item` in 0..items-1; `thread` in 0..dio_gang_size()-1, for scratch memory only. */
typedef void dio_gang_fn(void *user, int64_t item, int thread);

/* Runs fn for every item, in contiguous ranges a thread, and returns when all are done. Runs in
 * the caller alone when items is 1 or it is already inside a gang. */
void dio_gang_run(int64_t items, dio_gang_fn *fn, void *user);

/* The same, but threads take the next item when free: for items of unequal cost. */
void dio_gang_steal(int64_t items, dio_gang_fn *fn, void *user);

int dio_gang_size(void);
/* Sets the size, at least 1. Call it while no gang is running. */
void dio_gang_resize(int threads);

#ifdef __cplusplus
}
#endif
