#pragma once
/* cache.h: results of steps, found again by what they were made from.
 *
 *     ROOT/ab/ab12.../entry.json      what the step gave: texts, names and hashes of files, notes
 *     ROOT/ab/ab12.../video.mp4       the files, whole: the folder was renamed to its place
 *     ROOT/stage.draft/PID-XXXXXX/    where a step is at work
 *     ROOT/locks, ROOT/hashes.db      who makes or reads which entry; hashes of unchanged files
 *     ROOT/size                       bytes in all, roughly; counted anew by a tidying
 *
 * An entry is found by its key (key.h) and counts only when every file in it still has its hash:
 * anything else is a miss with a warning, and the entry goes. Entries are never changed. While a
 * run lasts it shares the locks of the entries that it uses, and tidying leaves those alone.
 */
#include "base/arena.h"
#include "base/file.h"
#include "base/value.h"
#include "fusion/hashes.h"

enum { DIO_RESULTS = 32 };

typedef struct dio_result {
    const char *port, *text;  /* a text's words, or the path of a file or folder */
    bool is_file, moved;      /* moved: it has its final name already, out of the cache */
    char hash[DIO_HASH_TEXT]; /* of the file, or of the folder's list; "" until it is kept */
    uint64_t bytes;
} dio_result;

typedef struct dio_entry {
    const char *uses, *label, *params; /* params: canonical JSON, as given */
    uint64_t seed;
    double seconds;          /* that the work took */
    dio_value *notes, *deps; /* a map; a list (key.h) */
    dio_result result[DIO_RESULTS];
    int results;
} dio_entry;

typedef struct dio_cache dio_cache;

/* The user's: $DIORAMA_CACHE, else diorama in $XDG_CACHE_HOME or ~/.cache; in the arena. "off":
 * the user wants none. NULL when no place can be told. */
const char *dio_cache_folder(dio_arena *a);

/* Opens or makes the folder. `own`: it is for one run alone: nothing is locked, counted or tidied,
 * and closing removes it. NULL with a message when it cannot be written. */
dio_cache *dio_cache_open(const char *root, bool own, dio_error *err);
void dio_cache_close(dio_cache *c); /* NULL is fine; gives back all locks */
/* Gives back the locks of entries in use, between two runs. */
bool dio_cache_rest(dio_cache *c, dio_error *err);
const char *dio_cache_root(const dio_cache *c);
bool dio_cache_is_own(const dio_cache *c);
dio_hashes *dio_cache_hashes(dio_cache *c);

/* Reads the entry of a key. *found is false when there is none, or it was damaged: then *warning
 * says what was thrown away. A found one is locked against tidying until close. */
bool dio_cache_find(dio_cache *c, const char *key, dio_arena *a, dio_entry *out, bool *found,
                    const char **warning, dio_error *err);
/* The right to make the entry: *taken is false while another process makes it. */
bool dio_cache_claim(dio_cache *c, const char *key, bool *taken, dio_error *err);
void dio_cache_unclaim(dio_cache *c, const char *key); /* when nothing came of it */

/* A new folder to work in, in the arena; then either keep moves it to its place with what the step
 * gave (results' paths become those in the entry, with hashes and bytes), or drop removes it. */
char *dio_cache_stage(dio_cache *c, dio_arena *a, dio_error *err);
bool dio_cache_keep(dio_cache *c, const char *stage, const char *key, dio_entry *e, dio_arena *a,
                    dio_error *err);
void dio_cache_drop(const char *stage);
/* Removes an entry, as one that no longer counts. */
void dio_cache_evict(dio_cache *c, const char *key);

/* Where more than `limit` bytes lie: removes the least recently used until nine tenths are left. */
bool dio_cache_tidy(dio_cache *c, uint64_t limit, dio_error *err);
/* The limit: $DIORAMA_CACHE_LIMIT, "2G", "500M"; else 8 GiB. */
uint64_t dio_cache_limit(void);

/* Every entry, oldest use first. `check`: their files are read and hashed again; damaged ones are
 * told with `damaged` and removed. */
typedef struct dio_cache_item {
    const char *key, *uses, *label, *used; /* used: "2026-11-22T20:15:00Z" */
    uint64_t bytes;
    bool damaged;
} dio_cache_item;
typedef bool dio_cache_visit(void *user, const dio_cache_item *item);
bool dio_cache_walk(dio_cache *c, bool check, dio_cache_visit *visit, void *user, dio_error *err);
/* Removes the least recently used until at most `limit` bytes are left; *freed, *entries: how much.
 */
bool dio_cache_gc(dio_cache *c, uint64_t limit, uint64_t *freed, int *entries, dio_error *err);
