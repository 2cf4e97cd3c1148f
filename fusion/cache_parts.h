#pragma once
/* cache_parts.h: between cache.c and cache_tidy.c. */
#include "base/locks.h"
#include "fusion/cache.h"

enum {
    ENTRY_FORM = 1,
    ENTRY_LIMIT = 16 << 20, /* bytes of an index */
    ENTRY_COST = 8192,      /* of an entry beside its files: its folder, its index */
};

/* Not synced (base/file.h): an entry that a power cut has torn fails its hashes, and is a miss. */
#define STAGES "stage.draft"

struct dio_cache {
    dio_arena *arena;
    const char *root, *locks_path;
    bool own;
    dio_locks *locks;
    dio_hashes *hashes;
    uint64_t added; /* bytes, since they were last counted into ROOT/size */
};

/* ROOT/ab/KEY. */
char *dio_cache_place(const dio_cache *c, const char *key, dio_arena *a);
/* The entry with its files checked; false when anything about it is wrong. */
bool dio_cache_read(dio_cache *c, const char *key, dio_arena *a, dio_entry *out);
/* Removes folders of work that processes have left which are no more. */
void dio_cache_sweep_stages(dio_cache *c);
