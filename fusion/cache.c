/* cache.c: finding, making and keeping entries. What walks over all of them is cache_tidy.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/locks.h"
#include "base/str.h"
#include "fusion/cache_parts.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    remove(path);
    return 0; /* goes on with the others */
}

void dio_cache_drop(const char *stage)
{
    nftw(stage, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *dio_cache_folder(dio_arena *a)
{
    const char *own = getenv("DIORAMA_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (own && *own)
        return dio_arena_strdup(a, own);
    if (xdg && *xdg == '/')
        return dio_path_join(a, xdg, "diorama");
    return home && *home == '/' ? dio_path_join(a, home, ".cache/diorama") : NULL;
}

static bool open_parts(dio_cache *c, dio_error *err)
{
    if (!dio_dir_make(dio_path_join(c->arena, c->root, STAGES), err))
        return false;
    c->hashes = dio_hashes_open(c->own ? NULL : dio_path_join(c->arena, c->root, "hashes.db"), err);
    if (c->own)
        return c->hashes != NULL;
    c->locks_path = dio_path_join(c->arena, c->root, "locks");
    c->locks = dio_locks_open(c->locks_path, err);
    return c->hashes && c->locks;
}

dio_cache *dio_cache_open(const char *root, bool own, dio_error *err)
{
    dio_cache *c = calloc(1, sizeof *c);
    if (c && !(c->arena = dio_arena_create())) {
        free(c);
        c = NULL;
    }
    if (!c) {
        dio_fail_memory(err, "a cache");
        return NULL;
    }
    c->root = dio_arena_strdup(c->arena, root);
    c->own = own;
    if (open_parts(c, err)) {
        if (!own)
            dio_cache_sweep_stages(c);
        return c;
    }
    dio_cache_close(c);
    return NULL;
}

void dio_cache_close(dio_cache *c)
{
    if (!c)
        return;
    dio_locks_close(c->locks);
    dio_hashes_close(c->hashes);
    if (c->own)
        dio_cache_drop(c->root);
    dio_arena_destroy(c->arena);
    free(c);
}

bool dio_cache_rest(dio_cache *c, dio_error *err)
{
    dio_error ignored = {0};
    if (c->own)
        return true;
    dio_cache_tidy(c, dio_cache_limit(), &ignored);
    dio_locks_close(c->locks);
    c->locks = dio_locks_open(c->locks_path, err);
    return c->locks != NULL;
}

const char *dio_cache_root(const dio_cache *c)
{
    return c->root;
}

bool dio_cache_is_own(const dio_cache *c)
{
    return c->own;
}

dio_hashes *dio_cache_hashes(dio_cache *c)
{
    return c->hashes;
}

/* ---- places and locks ---- */

char *dio_cache_place(const dio_cache *c, const char *key, dio_arena *a)
{
    return dio_arena_printf(a, "%s/%.2s/%s", c->root, key, key);
}

/* Sixty-three bits of a SHA-256: two entries under one lock would wait for each other, no more. */
static uint64_t number_of(const char *key)
{
    char first[17] = {0};
    memcpy(first, key, 16);
    return strtoull(first, NULL, 16);
}

bool dio_cache_claim(dio_cache *c, const char *key, bool *taken, dio_error *err)
{
    *taken = true;
    return c->own || dio_locks_try(c->locks, number_of(key), taken, err);
}

void dio_cache_unclaim(dio_cache *c, const char *key)
{
    if (!c->own)
        dio_locks_release(c->locks, number_of(key));
}

void dio_cache_evict(dio_cache *c, const char *key)
{
    dio_error ignored = {0};
    dio_arena *scratch = dio_arena_create();
    char *away = scratch ? dio_cache_stage(c, scratch, &ignored) : NULL;
    /* Out of the way in one step, then file by file. */
    if (away && rename(dio_cache_place(c, key, scratch), dio_path_join(scratch, away, "old")) < 0)
        errno = 0;
    if (away)
        dio_cache_drop(away);
    dio_arena_destroy(scratch);
}

/* ---- finding ---- */

static const char *text_of(const dio_value *map, const char *key)
{
    const dio_value *v = dio_map_get(map, key);
    return v && v->kind == DIO_STRING ? v->string.text : NULL;
}

/* A name that stays in its folder. */
static bool is_plain(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/');
}

static bool read_result(dio_cache *c, const char *place, const dio_value *v, dio_arena *a,
                        dio_result *out)
{
    const char *port = text_of(v, "port"), *words = text_of(v, "text"), *file = text_of(v, "file");
    const char *hash = text_of(v, "sha256");
    const dio_value *bytes = dio_map_get(v, "bytes");
    dio_error ignored = {0};
    *out = (dio_result){.port = port, .text = words};
    if (!port || (!words && !(file && hash && is_plain(file))))
        return false;
    if (words)
        return true;
    char now[DIO_HASH_TEXT];
    out->text = dio_path_join(a, place, file);
    out->is_file = true;
    out->bytes = bytes && bytes->kind == DIO_INT ? (uint64_t)bytes->integer : 0;
    if (strlen(hash) + 1 != DIO_HASH_TEXT || !dio_hashes_path(c->hashes, out->text, now, &ignored))
        return false;
    memcpy(out->hash, now, DIO_HASH_TEXT);
    return strcmp(hash, now) == 0;
}

bool dio_cache_read(dio_cache *c, const char *key, dio_arena *a, dio_entry *out)
{
    const char *place = dio_cache_place(c, key, a);
    dio_error ignored = {0};
    const dio_value *v =
        dio_value_read(a, dio_path_join(a, place, "entry.json"), ENTRY_LIMIT, &ignored);
    const dio_value *form = dio_map_get(v, "form"), *results = dio_map_get(v, "results");
    const dio_value *seconds = dio_map_get(v, "seconds"), *with = dio_map_get(v, "with");
    const char *of = text_of(v, "key"), *seed = text_of(v, "seed");
    *out = (dio_entry){.uses = text_of(v, "step"),
                       .label = text_of(v, "label"),
                       .params = with ? dio_json_write(a, with, 0) : NULL,
                       .seconds = seconds && seconds->kind == DIO_REAL ? seconds->real : 0,
                       .notes = dio_map_get(v, "notes"),
                       .deps = dio_map_get(v, "deps")};
    if (!form || form->kind != DIO_INT || form->integer != ENTRY_FORM || !of || !out->uses ||
        strcmp(of, key) != 0 || !results || results->kind != DIO_LIST ||
        results->list.count > DIO_RESULTS || !out->notes || out->notes->kind != DIO_MAP ||
        !out->deps || out->deps->kind != DIO_LIST || !seed || !dio_parse_u64(seed, &out->seed))
        return false;
    for (int i = 0; i < results->list.count; i++)
        if (!read_result(c, place, results->list.items[i], a, &out->result[out->results++]))
            return false;
    return true;
}

bool dio_cache_find(dio_cache *c, const char *key, dio_arena *a, dio_entry *out, bool *found,
                    const char **warning, dio_error *err)
{
    const char *place = dio_cache_place(c, key, a);
    const char *index = dio_path_join(a, place, "entry.json");
    bool shared = true;
    *found = false;
    *warning = NULL;
    if (!dio_file_exists(index))
        return true;
    if (!c->own && !dio_locks_share(c->locks, number_of(key), &shared, err))
        return false;
    if (!shared)
        return true; /* it is being made or removed */
    *found = dio_cache_read(c, key, a, out);
    if (*found) {
        utimensat(AT_FDCWD, index, NULL, 0); /* used now: tidying begins with the oldest */
        return true;
    }
    *warning = dio_arena_printf(a, "the cache's entry %.12s (%s) is damaged; it is made again", key,
                                out->label ? out->label : place);
    /* Only by one alone: another that reads it now may make it anew before we would remove it. */
    bool alone = false;
    if (dio_cache_claim(c, key, &alone, err) && alone)
        dio_cache_evict(c, key);
    dio_cache_unclaim(c, key);
    return true;
}

/* ---- keeping ---- */

char *dio_cache_stage(dio_cache *c, dio_arena *a, dio_error *err)
{
    char *path = dio_arena_printf(a, "%s/" STAGES "/%ld-XXXXXX", c->root, (long)getpid());
    if (dio_arena_failed(a)) { /* the path would change its text, and then be removed */
        dio_fail_memory(err, "a folder to work in");
        return NULL;
    }
    if (mkdtemp(path))
        return path;
    dio_fail_retry(err, "cannot work in %s/" STAGES ": %s", c->root, strerror(errno));
    return NULL;
}

static uint64_t bytes_in(const char *path)
{
    uint64_t all = 0;
    struct stat st;
    if (stat(path, &st) == 0)
        all = (uint64_t)st.st_size;
    return all;
}

static dio_value *result_value(const dio_result *r, dio_arena *a)
{
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "port", dio_value_string(a, r->port));
    if (!r->is_file) {
        dio_map_set(a, v, "text", dio_value_string(a, r->text));
        return v;
    }
    dio_map_set(a, v, "file", dio_value_string(a, dio_path_base(r->text)));
    dio_map_set(a, v, "bytes", dio_value_int(a, (int64_t)r->bytes));
    dio_map_set(a, v, "sha256", dio_value_string(a, r->hash));
    return v;
}

static bool write_index(const char *stage, const char *key, const dio_entry *e, dio_arena *a,
                        dio_error *err)
{
    dio_error ignored = {0};
    dio_value *v = dio_value_map(a), *results = dio_value_list(a);
    dio_value *with =
        e->params ? dio_json_parse(a, "with", e->params, strlen(e->params), &ignored) : NULL;
    for (int i = 0; i < e->results; i++)
        dio_list_add(a, results, result_value(&e->result[i], a));
    dio_map_set(a, v, "form", dio_value_int(a, ENTRY_FORM));
    dio_map_set(a, v, "key", dio_value_string(a, key));
    dio_map_set(a, v, "step", dio_value_string(a, e->uses));
    dio_map_set(a, v, "label", dio_value_string(a, e->label));
    dio_map_set(a, v, "seed",
                dio_value_string(a, dio_arena_printf(a, "%llu", (unsigned long long)e->seed)));
    dio_map_set(a, v, "seconds", dio_value_real(a, e->seconds));
    dio_map_set(a, v, "with", with ? with : dio_value_map(a));
    dio_map_set(a, v, "notes", e->notes);
    dio_map_set(a, v, "deps", e->deps);
    dio_map_set(a, v, "results", results);
    char *text = dio_json_write(a, v, 1);
    if (!text || dio_arena_failed(a))
        return dio_fail_memory(err, "an entry of the cache");
    return dio_file_write(dio_path_join(a, stage, "entry.json"), text, strlen(text), err);
}

/* Hashes what the step has left and writes the index; all of it has been synced by its writers. */
static bool seal(dio_cache *c, const char *stage, const char *key, dio_entry *e, dio_arena *a,
                 dio_error *err)
{
    for (int i = 0; i < e->results; i++) {
        dio_result *r = &e->result[i];
        if (!r->is_file)
            continue;
        r->bytes = bytes_in(r->text);
        if (!dio_hashes_path(c->hashes, r->text, r->hash, err))
            return false;
    }
    return write_index(stage, key, e, a, err);
}

bool dio_cache_keep(dio_cache *c, const char *stage, const char *key, dio_entry *e, dio_arena *a,
                    dio_error *err)
{
    const char *place = dio_cache_place(c, key, a);
    bool shared;
    if (!seal(c, stage, key, e, a, err) || !dio_dir_make(dio_path_dir(a, place), err))
        return false;
    if (rename(stage, place) < 0) {
        /* Something damaged lies there that could not be read as an entry. */
        dio_cache_evict(c, key);
        if (rename(stage, place) < 0)
            return dio_fail_retry(err, "cannot keep %s: %s", place, strerror(errno));
    }
    for (int i = 0; i < e->results; i++) {
        dio_result *r = &e->result[i];
        if (r->is_file)
            r->text = dio_path_join(a, place, dio_path_base(r->text));
        c->added += r->is_file ? r->bytes : 0;
    }
    c->added += ENTRY_COST;
    return c->own || dio_locks_share(c->locks, number_of(key), &shared, err);
}
