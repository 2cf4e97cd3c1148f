/* arena.c: a chain of blocks with a bump pointer; big requests get a block of their own. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 * 1024, SMALL_ALIGN = 16, BIG_ALIGN = 64 };

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(BIG_ALIGN) unsigned char data[];
};

struct dio_arena {
    struct block *blocks;
    size_t used;
    bool failed;
    /* Handed out, again and again, once memory has run out: writes stay in bounds until the
     * owner asks dio_arena_failed. */
    _Alignas(SMALL_ALIGN) unsigned char reserve[DIO_ARENA_SMALL];
};

static struct block *add_block(dio_arena *a, size_t bytes)
{
    size_t size = bytes > BLOCK ? bytes : BLOCK;
    if (size > SIZE_MAX - sizeof(struct block) - BIG_ALIGN)
        return NULL;
    size_t total = (sizeof(struct block) + size + BIG_ALIGN - 1) / BIG_ALIGN * BIG_ALIGN;
    struct block *b = aligned_alloc(BIG_ALIGN, total);
    if (!b)
        return NULL;
    b->used = 0;
    b->size = size;
    /* A block of one big request goes behind the current one, which may have room left. */
    if (a->blocks && bytes > BLOCK) {
        b->next = a->blocks->next;
        a->blocks->next = b;
    } else {
        b->next = a->blocks;
        a->blocks = b;
    }
    return b;
}

static void *take(dio_arena *a, size_t bytes, size_t align)
{
    struct block *b = a->blocks;
    size_t at = b ? (b->used + align - 1) / align * align : 0;
    if (!b || bytes > b->size || at > b->size - bytes) {
        b = add_block(a, bytes);
        if (!b) {
            a->failed = true;
            return NULL;
        }
        at = 0;
    }
    b->used = at + bytes;
    a->used += bytes;
    return memset(b->data + at, 0, bytes);
}

dio_arena *dio_arena_create(void)
{
    dio_arena *a = calloc(1, sizeof *a);
    if (a && add_block(a, 0))
        return a;
    free(a);
    return NULL;
}

void dio_arena_destroy(dio_arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

void *dio_arena_try(dio_arena *a, size_t bytes)
{
    return take(a, bytes, BIG_ALIGN);
}

void *dio_arena_alloc(dio_arena *a, size_t bytes)
{
    if (bytes > DIO_ARENA_SMALL)
        abort(); /* a programmer's mistake: sizes from input go through dio_arena_try */
    void *p = take(a, bytes, SMALL_ALIGN);
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

char *dio_arena_strndup(dio_arena *a, const char *s, size_t n)
{
    char *copy = n < DIO_ARENA_SMALL ? dio_arena_alloc(a, n + 1) : dio_arena_try(a, n + 1);
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

char *dio_arena_strdup(dio_arena *a, const char *s)
{
    return dio_arena_strndup(a, s, strlen(s));
}

char *dio_arena_vprintf(dio_arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0)
        n = 0;
    char *s =
        n < DIO_ARENA_SMALL ? dio_arena_alloc(a, (size_t)n + 1) : dio_arena_try(a, (size_t)n + 1);
    if (s)
        vsnprintf(s, (size_t)n + 1, format, args);
    return s;
}

char *dio_arena_printf(dio_arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *s = dio_arena_vprintf(a, format, args);
    va_end(args);
    return s;
}

bool dio_arena_grow(dio_arena *a, void *items, int count, int *cap, size_t size)
{
    if (count < *cap)
        return true;
    if (*cap > (1 << 29))
        return false;
    int more = *cap ? 2 * *cap : 16;
    void *fresh = dio_arena_try(a, (size_t)more * size);
    if (!fresh)
        return false;
    void **slot = items; /* any T ** has the representation of void ** on our platforms */
    void *old;
    memcpy(&old, slot, sizeof old);
    if (count > 0)
        memcpy(fresh, old, (size_t)count * size);
    memcpy(slot, &fresh, sizeof fresh);
    *cap = more;
    return true;
}
