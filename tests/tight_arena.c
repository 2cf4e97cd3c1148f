/* tight_arena.c: base/arena.h with a piece of memory for every request, in tests that link it in
 * arena.c's place: each is an allocation that can be made to fail, and the address sanitizer sees
 * where it ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct piece {
    struct piece *next;
    _Alignas(64) unsigned char data[];
};

struct dio_arena {
    struct piece *pieces;
    size_t used;
    bool failed, begun;
    _Alignas(64) unsigned char reserve[DIO_ARENA_SMALL], first[DIO_ARENA_SMALL];
};

dio_arena *dio_arena_create(void)
{
    dio_arena *a = aligned_alloc(64, sizeof(dio_arena));
    if (a)
        memset(a, 0, sizeof *a);
    return a;
}

void dio_arena_destroy(dio_arena *a)
{
    for (struct piece *p = a ? a->pieces : NULL, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    free(a);
}

void *dio_arena_try(dio_arena *a, size_t bytes)
{
    struct piece *p = NULL;
    if (!a->begun && bytes <= DIO_ARENA_SMALL) {
        a->begun = true;
        return a->first;
    }
    if (bytes < SIZE_MAX - 2 * sizeof *p)
        p = aligned_alloc(64, (sizeof *p + bytes + 63) / 64 * 64);
    if (!p) {
        a->failed = true;
        return NULL;
    }
    p->next = a->pieces;
    a->pieces = p;
    a->begun = true;
    a->used += bytes;
    return memset(p->data, 0, bytes);
}

void *dio_arena_alloc(dio_arena *a, size_t bytes)
{
    if (bytes > DIO_ARENA_SMALL)
        abort();
    void *p = dio_arena_try(a, bytes);
    return p ? p : memset(a->reserve, 0, bytes);
}

bool dio_arena_failed(const dio_arena *a)
{
    return a->failed;
}

size_t dio_arena_used(const dio_arena *a)
{
    return a->used;
}
