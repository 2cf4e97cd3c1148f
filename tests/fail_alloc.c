/* fail_alloc.c: allocation that fails when it is told to, and the sweep over every place. */
#define _GNU_SOURCE
#include "tests/fail_alloc.h"

#include <errno.h>
#include <execinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Allocations until the one that fails; negative: none does. */
static long left = -1;
static bool onwards, out; /* all fail from that one on; it has come to that */
static bool paused;
static void *where[12]; /* who asked for the one that failed */
static int depth;

static bool fails(void)
{
    if (paused)
        return false;
    bool now = left >= 0 && left-- == 0;
    out = out || (now && onwards);
    if (now)
        depth = backtrace(where, sizeof where / sizeof *where);
    return now || out;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(align, n);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
}

void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    if (!fails())
        return __real_mmap(at, n, protection, flags, fd, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}

void fail_alloc_onwards(bool on)
{
    onwards = on;
}

void fail_alloc_pause(bool on)
{
    paused = on;
}

void fail_alloc_sweep(const char *what, bool (*work)(dio_error *err), bool any_kind, long each)
{
    depth = backtrace(where, 1); /* loads what it needs */
    for (long n = 0;; n += n < each ? 1 : 1 + n / each) {
        dio_error err = {0};
        left = n;
        bool ok = work(&err);
        bool failed = left < 0;
        left = -1;
        out = false;
        if (!failed) {
            if (!ok)
                fail_msg("%s without a failing allocation: %s", what, err.message);
            print_message("%s: %ld allocations%s\n", what, n, onwards ? ", and all after it" : "");
            return;
        }
        if (!ok && err.kind != DIO_ERROR_RETRY && !(any_kind && err.kind == DIO_ERROR_INVALID)) {
            backtrace_symbols_fd(where, depth, 2); /* for addr2line */
            fail_msg("%s, allocation %ld: \"%s\" of kind %d", what, n, err.message, err.kind);
        }
    }
}
