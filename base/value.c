/* value.c: the tree that both readers fill: making, finding, naming.
 * Maps keep their keys in source order; from 17 keys on a table of hashes finds them, so that a
 * vocabulary of 150 000 words is as quick to ask as a config of five. */
#include "base/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "base/tree.h"

enum { LINEAR = 16 };

const char *dio_kind_name(dio_kind kind)
{
    static const char *const names[] = {"null",     "a boolean", "an integer", "a number",
                                        "a string", "a list",    "a map"};
    return names[kind];
}

bool dio_value_fail(const dio_value *v, dio_error *err, const char *format, ...)
{
    char message[DIO_ERROR_MESSAGE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    dio_fail(err, "%s", message);
    return dio_error_at(err, v->file, v->line, v->column);
}

dio_value *dio_value_read(dio_arena *a, const char *path, size_t limit, dio_error *err)
{
    size_t length;
    const char *text = dio_file_read(a, path, limit, &length, err);
    if (!text)
        return NULL;
    size_t n = strlen(path);
    bool json = n > 5 && strcmp(path + n - 5, ".json") == 0;
    return json ? dio_json_parse(a, path, text, length, err)
                : dio_yaml_parse(a, path, text, length, err);
}

static dio_value *make(dio_arena *a, dio_kind kind)
{
    dio_value *v = dio_arena_alloc(a, sizeof *v);
    v->kind = kind;
    return v;
}

dio_value *dio_value_string(dio_arena *a, const char *text)
{
    dio_value *v = make(a, DIO_STRING);
    const char *copy = dio_arena_strdup(a, text);
    v->string.text = copy ? copy : "";
    v->string.length = strlen(v->string.text);
    return v;
}

dio_value *dio_value_int(dio_arena *a, int64_t i)
{
    dio_value *v = make(a, DIO_INT);
    v->integer = i;
    return v;
}

dio_value *dio_value_real(dio_arena *a, double r)
{
    dio_value *v = make(a, DIO_REAL);
    v->real = r;
    return v;
}

dio_value *dio_value_bool(dio_arena *a, bool b)
{
    dio_value *v = make(a, DIO_BOOL);
    v->boolean = b;
    return v;
}

dio_value *dio_value_list(dio_arena *a)
{
    return make(a, DIO_LIST);
}

dio_value *dio_value_map(dio_arena *a)
{
    return make(a, DIO_MAP);
}

/* After memory ran out, values may share the arena's reserve block: nothing is linked then, so
 * that no tree can contain itself. */
void dio_list_add(dio_arena *a, dio_value *list, dio_value *item)
{
    if (dio_arena_failed(a) || !dio_arena_grow(a, &list->list.items, list->list.count,
                                               &list->list.cap, sizeof *list->list.items))
        return;
    list->list.items[list->list.count++] = item;
}

/* Multiplies and folds eight bytes at a time. The map's address is mixed in, so that a file
 * cannot be written to make its keys collide. */
static uint64_t hash(const void *seed, const char *key, size_t n)
{
    uint64_t h = (uint64_t)(uintptr_t)seed ^ 0x9e3779b97f4a7c15u ^ n;
    for (size_t i = 0; i < n; i += 8) {
        uint64_t word = 0;
        memcpy(&word, key + i, n - i < 8 ? n - i : 8);
        unsigned __int128 p =
            (unsigned __int128)(h ^ word) * (0xd6e8feb86659fd93u ^ (uint64_t)(uintptr_t)seed << 7);
        h = (uint64_t)p ^ (uint64_t)(p >> 64);
    }
    return h ^ h >> 32;
}

/* Slots of the index: a power of two, at least twice the keys it has room for. */
static uint32_t slots_of(int cap)
{
    uint32_t slots = 64;
    while (slots < 2 * (uint32_t)cap)
        slots *= 2;
    return slots;
}

/* The slot where `key` is, or the empty one where it would go. Slots hold position + 1. */
static uint32_t slot_of(const dio_value *map, const char *key, size_t n)
{
    uint32_t mask = slots_of(map->map.cap) - 1;
    uint32_t slot = (uint32_t)hash(map, key, n) & mask;
    for (; map->map.index[slot]; slot = (slot + 1) & mask) {
        const dio_value *k = map->map.keys[map->map.index[slot] - 1];
        if (k->string.length == n && memcmp(k->string.text, key, n) == 0)
            break;
    }
    return slot;
}

static bool build_index(dio_arena *a, dio_value *map)
{
    map->map.index = dio_arena_try(a, (size_t)slots_of(map->map.cap) * sizeof *map->map.index);
    if (!map->map.index)
        return false;
    for (int i = 0; i < map->map.count; i++) {
        const dio_value *k = map->map.keys[i];
        map->map.index[slot_of(map, k->string.text, k->string.length)] = (uint32_t)i + 1;
    }
    return true;
}

/* Position of `key`, or -1. */
static int find(const dio_value *map, const char *key, size_t n)
{
    if (map->map.index)
        return (int)map->map.index[slot_of(map, key, n)] - 1;
    for (int i = 0; i < map->map.count; i++) {
        const dio_value *k = map->map.keys[i];
        if (k->string.length == n && memcmp(k->string.text, key, n) == 0)
            return i;
    }
    return -1;
}

dio_value *dio_map_get(const dio_value *v, const char *key)
{
    if (!v || v->kind != DIO_MAP)
        return NULL;
    int i = find(v, key, strlen(key));
    return i < 0 ? NULL : v->map.items[i];
}

/* Room for one more; false when there is no memory. */
static bool grow_map(dio_arena *a, dio_value *map)
{
    int cap = map->map.cap, count = map->map.count;
    if (count < cap)
        return true;
    if (!dio_arena_grow(a, &map->map.keys, count, &cap, sizeof *map->map.keys))
        return false;
    cap = map->map.cap;
    if (!dio_arena_grow(a, &map->map.items, count, &cap, sizeof *map->map.items))
        return false;
    map->map.cap = cap;
    return cap <= LINEAR || build_index(a, map);
}

dio_value *dio_map_put(dio_arena *a, dio_value *map, dio_value *key, dio_value *item)
{
    if (dio_arena_failed(a))
        return NULL;
    int i = find(map, key->string.text, key->string.length);
    if (i >= 0)
        return map->map.keys[i];
    if (!grow_map(a, map))
        return NULL;
    i = map->map.count++;
    map->map.keys[i] = key;
    map->map.items[i] = item;
    if (map->map.index)
        map->map.index[slot_of(map, key->string.text, key->string.length)] = (uint32_t)i + 1;
    return NULL;
}

bool dio_map_reserve(dio_arena *a, dio_value *map, size_t count)
{
    size_t bytes;
    if (count > INT32_MAX / 4 || !dio_mul_size(count, sizeof(dio_value *), &bytes))
        return false;
    map->map.keys = dio_arena_try(a, bytes);
    map->map.items = dio_arena_try(a, bytes);
    if (!map->map.keys || !map->map.items)
        return false;
    map->map.cap = (int)count;
    return count <= LINEAR || build_index(a, map);
}

bool dio_list_reserve(dio_arena *a, dio_value *list, size_t count)
{
    size_t bytes;
    if (count > INT32_MAX / 4 || !dio_mul_size(count, sizeof(dio_value *), &bytes))
        return false;
    list->list.items = dio_arena_try(a, bytes);
    list->list.cap = list->list.items ? (int)count : 0;
    return list->list.items != NULL;
}

void dio_map_set(dio_arena *a, dio_value *map, const char *key, dio_value *item)
{
    if (dio_arena_failed(a)) /* map and item may be one place */
        return;
    int i = find(map, key, strlen(key));
    if (i >= 0)
        map->map.items[i] = item;
    else
        dio_map_put(a, map, dio_value_string(a, key), item);
}
