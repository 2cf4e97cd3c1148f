/* cache_tidy.c: what walks over all entries: listing, checking, removing the least recently used.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fusion/cache_parts.h"

struct item {
    char key[DIO_HASH_TEXT];
    struct timespec used;
    uint64_t bytes;
};

struct items {
    struct item *list;
    int count, cap;
    uint64_t bytes;
};

void dio_cache_sweep_stages(dio_cache *c)
{
    dio_arena *a = dio_arena_create();
    DIR *d = a ? opendir(dio_path_join(a, c->root, STAGES)) : NULL;
    for (struct dirent *e; d && (e = readdir(d));) {
        long pid = strtol(e->d_name, NULL, 10);
        if (pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
            dio_cache_drop(dio_arena_printf(a, "%s/" STAGES "/%s", c->root, e->d_name));
    }
    if (d)
        closedir(d);
    dio_arena_destroy(a);
}

/* ---- all entries ---- */

static bool is_key(const char *name)
{
    return strlen(name) + 1 == DIO_HASH_TEXT && strspn(name, "0123456789abcdef") == 64;
}

/* Files of an entry lie in its folder, those of a folder that a step gave one deeper. */
static uint64_t bytes_of(const char *path, int depth)
{
    uint64_t all = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char name[4096];
        struct stat st;
        if (e->d_name[0] == '.' ||
            snprintf(name, sizeof name, "%s/%s", path, e->d_name) >= (int)sizeof name ||
            lstat(name, &st) < 0)
            continue;
        all +=
            S_ISDIR(st.st_mode) ? depth > 0 ? bytes_of(name, depth - 1) : 0 : (uint64_t)st.st_size;
    }
    if (d)
        closedir(d);
    return all;
}

static bool add_item(struct items *items, const char *path, const char *key)
{
    char index[4096];
    struct stat st;
    if (snprintf(index, sizeof index, "%s/entry.json", path) >= (int)sizeof index ||
        stat(index, &st) < 0)
        return true; /* just removed */
    if (items->count == items->cap) {
        int cap = items->cap ? 2 * items->cap : 1024;
        struct item *list = realloc(items->list, (size_t)cap * sizeof *list);
        if (!list)
            return false;
        items->list = list;
        items->cap = cap;
    }
    struct item *i = &items->list[items->count++];
    memcpy(i->key, key, DIO_HASH_TEXT);
    i->used = st.st_mtim;
    i->bytes = bytes_of(path, 2) + ENTRY_COST;
    items->bytes += i->bytes;
    return true;
}

static int by_use(const void *a, const void *b)
{
    const struct item *p = a, *q = b;
    if (p->used.tv_sec != q->used.tv_sec)
        return p->used.tv_sec < q->used.tv_sec ? -1 : 1;
    if (p->used.tv_nsec != q->used.tv_nsec)
        return p->used.tv_nsec < q->used.tv_nsec ? -1 : 1;
    return strcmp(p->key, q->key);
}

static bool add_shelf(struct items *items, const char *shelf)
{
    bool ok = true;
    DIR *d = opendir(shelf);
    for (struct dirent *e; ok && d && (e = readdir(d));) {
        char path[4096];
        if (is_key(e->d_name) &&
            snprintf(path, sizeof path, "%s/%s", shelf, e->d_name) < (int)sizeof path)
            ok = add_item(items, path, e->d_name);
    }
    if (d)
        closedir(d);
    return ok;
}

static bool collect(const dio_cache *c, struct items *items, dio_error *err)
{
    bool ok = true;
    for (int i = 0; ok && i < 256; i++) {
        char shelf[4096];
        ok = snprintf(shelf, sizeof shelf, "%s/%02x", c->root, (unsigned)i) < (int)sizeof shelf &&
             add_shelf(items, shelf);
    }
    if (!ok) {
        free(items->list);
        return dio_fail_memory(err, "a list of the cache");
    }
    if (items->count > 1)
        qsort(items->list, (size_t)items->count, sizeof *items->list, by_use);
    return true;
}

/* One that nobody reads or makes. */
static bool remove_item(dio_cache *c, const struct item *i)
{
    bool taken = false;
    dio_error ignored = {0};
    if (!dio_cache_claim(c, i->key, &taken, &ignored) || !taken)
        return false;
    dio_cache_evict(c, i->key);
    dio_cache_unclaim(c, i->key);
    return true;
}

/* ---- the limit ---- */

uint64_t dio_cache_limit(void)
{
    const char *text = getenv("DIORAMA_CACHE_LIMIT");
    char *end = NULL;
    double n = text ? strtod(text, &end) : 0;
    double unit = 1;
    if (end && (*end == 'k' || *end == 'K'))
        unit = 1 << 10;
    else if (end && *end == 'M')
        unit = 1 << 20;
    else if (end && *end == 'G')
        unit = 1 << 30;
    return n > 0 && n * unit < 9e18 ? (uint64_t)(n * unit) : (uint64_t)8 << 30;
}

/* Not synced: it is a guess, and counted anew when it says too much. */
static void write_size(dio_cache *c, uint64_t bytes)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/size", c->root) >= (int)sizeof path)
        return;
    FILE *f = fopen(path, "we");
    if (f) {
        fprintf(f, "%llu\n", (unsigned long long)bytes);
        fclose(f);
    }
}

static uint64_t read_size(dio_cache *c)
{
    size_t length;
    dio_error ignored = {0};
    dio_arena *a = dio_arena_create();
    const char *text =
        a ? dio_file_read(a, dio_path_join(a, c->root, "size"), 64, &length, &ignored) : NULL;
    uint64_t n = text ? strtoull(text, NULL, 10) : 0;
    dio_arena_destroy(a);
    return n;
}

bool dio_cache_gc(dio_cache *c, uint64_t limit, uint64_t *freed, int *entries, dio_error *err)
{
    struct items items = {0};
    *freed = 0;
    *entries = 0;
    if (!collect(c, &items, err))
        return false;
    for (int i = 0; i < items.count && items.bytes - *freed > limit; i++) {
        if (!remove_item(c, &items.list[i]))
            continue;
        *freed += items.list[i].bytes;
        ++*entries;
    }
    write_size(c, items.bytes - *freed);
    c->added = 0;
    free(items.list);
    return true;
}

bool dio_cache_tidy(dio_cache *c, uint64_t limit, dio_error *err)
{
    uint64_t freed;
    int entries;
    if (c->own || c->added == 0)
        return true;
    uint64_t size = read_size(c) + c->added;
    if (size > limit)
        return dio_cache_gc(c, limit / 10 * 9, &freed, &entries, err);
    write_size(c, size);
    c->added = 0;
    return true;
}

/* ---- telling ---- */

static bool tell(dio_cache *c, const struct item *i, bool check, dio_cache_visit *visit, void *user)
{
    char used[32];
    struct tm tm;
    dio_entry e = {0};
    dio_arena *a = dio_arena_create();
    dio_hashes *remembered = c->hashes;
    dio_error ignored = {0};
    if (!a)
        return false;
    dio_hashes *anew = check ? dio_hashes_open(NULL, &ignored) : NULL;
    c->hashes = anew ? anew : remembered;
    bool sound = dio_cache_read(c, i->key, a, &e);
    c->hashes = remembered;
    dio_hashes_close(anew);
    strftime(used, sizeof used, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&i->used.tv_sec, &tm));
    bool more = visit(user, &(dio_cache_item){.key = i->key,
                                              .uses = e.uses ? e.uses : "",
                                              .label = e.label ? e.label : "",
                                              .used = used,
                                              .bytes = i->bytes,
                                              .damaged = !sound});
    if (!sound)
        remove_item(c, i);
    dio_arena_destroy(a);
    return more;
}

bool dio_cache_walk(dio_cache *c, bool check, dio_cache_visit *visit, void *user, dio_error *err)
{
    struct items items = {0};
    if (!collect(c, &items, err))
        return false;
    for (int i = 0; i < items.count && tell(c, &items.list[i], check, visit, user); i++)
        ;
    free(items.list);
    return true;
}
