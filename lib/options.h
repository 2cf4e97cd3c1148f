#pragma once
/* options.h: private to lib/: what the door's two halves share. */
#include "base/arena.h"
#include "base/error.h"
#include "lib/diorama.h"

enum { DIORAMA_OPTIONS_MOST = 4096 }; /* bytes of any options' struct, of any version */

/* Copies a program's options, which begin with their size, into those of this version: what it did
 * not know of is 0. `theirs` may be NULL. Fails when it asks for what this version does not know.
 */
bool diorama_take(void *own, size_t size, const void *theirs, dio_error *err);

diorama_status diorama_status_of(const dio_error *err, bool stopped);
/* The folders that NULL stands for; results are NULL for none. */
const char *diorama_assets(dio_arena *a, const char *assets, dio_error *err);
const char *diorama_cache(dio_arena *a, const char *cache);
