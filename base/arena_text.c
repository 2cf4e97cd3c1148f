/* arena_text.c: strings and growing lists in an arena, whatever it is made of. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

char *dio_arena_strndup(dio_arena *a, const char *s, size_t n)
{
    char *copy = n < DIO_ARENA_SMALL ? dio_arena_alloc(a, n + 1) : dio_arena_try(a, n + 1);
    if (copy && n > 0)
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
