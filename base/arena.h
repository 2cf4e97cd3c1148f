#pragma once
/* arena.h: memory for what dies together.
 *
 * A parsed file, a graph, a job's strings: each owns one arena and is freed by freeing it, so
 * that early returns need no cleanup. Not thread-safe: one owner at a time.
 * Running out of memory is not survivable inside an arena's owner without checks everywhere, so
 * allocation never returns NULL: the arena remembers that it failed (dio_arena_failed) and hands
 * out from a reserve block, after which the owner asks once and gives up in order. Single
 * requests above the reserve's size are the caller's to check with dio_arena_try.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_arena dio_arena;

/* NULL when there is no memory. An arena that is made has room for its owner's own struct: the
 * first small request cannot fail. Destroy with dio_arena_destroy (NULL is fine). */
dio_arena *dio_arena_create(void);
void dio_arena_destroy(dio_arena *a);

/* Zeroed bytes, aligned to 64; NULL when there is no memory. For sizes that input decides. */
void *dio_arena_try(dio_arena *a, size_t bytes);

/* Zeroed bytes, aligned to 16, never NULL; bytes must be at most DIO_ARENA_SMALL. */
enum { DIO_ARENA_SMALL = 64 * 1024 };
void *dio_arena_alloc(dio_arena *a, size_t bytes);

/* True once any allocation could not be met; the arena's content is then not to be used. */
bool dio_arena_failed(const dio_arena *a);

/* Bytes handed out so far. */
size_t dio_arena_used(const dio_arena *a);

/* Copies into the arena. `dio_arena_strndup` copies n bytes and adds a NUL. NULL on no memory
 * when longer than DIO_ARENA_SMALL. */
char *dio_arena_strdup(dio_arena *a, const char *s);
char *dio_arena_strndup(dio_arena *a, const char *s, size_t n);
char *dio_arena_printf(dio_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *dio_arena_vprintf(dio_arena *a, const char *format, va_list args);

/* Doubles `*items` (elements of `size` bytes, `*cap` of them) when count == *cap. The old block
 * stays in the arena until it dies. False when there is no memory. */
bool dio_arena_grow(dio_arena *a, void *items, int count, int *cap, size_t size);

#ifdef __cplusplus
}
#endif
