#pragma once
/* locks.h: one lock for every number, between processes.
 *
 * A number's lock is one byte of a file that holds none: a range lock of the open file (Linux'
 * F_OFD_SETLK). The kernel lets go of it when the process ends, however that happens, so there is
 * nothing to expire and nothing to tidy up. Two handles of one process exclude each other as two
 * processes do.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_locks dio_locks;

/* Makes the file when there is none. NULL with a message. */
dio_locks *dio_locks_open(const char *path, dio_error *err);
void dio_locks_close(dio_locks *l); /* gives back what is held; NULL is fine */

/* Takes the lock of `number` (the highest bit counts nothing) for this handle alone; *taken is
 * false while another has it. False with a message when the file system knows no locks. */
bool dio_locks_try(dio_locks *l, uint64_t number, bool *taken, dio_error *err);
/* The same, together with others that share it; what this handle held alone becomes shared. */
bool dio_locks_share(dio_locks *l, uint64_t number, bool *taken, dio_error *err);
void dio_locks_release(dio_locks *l, uint64_t number);

#ifdef __cplusplus
}
#endif
