/* arena.c: a chain of blocks with a bump pointer; big requests get a block of their own. */
#include "base/arena.h"

#include <stdint.h>
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
