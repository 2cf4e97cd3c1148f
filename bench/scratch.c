/* scratch.c: temporary folders, and this process's memory as Linux tells it. */
#define _GNU_SOURCE
#include "bench/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *dio_scratch_make(dio_arena *a, dio_error *err)
{
    const char *under = getenv("TMPDIR");
    char *path = dio_arena_printf(a, "%s/diorama-bench-XXXXXX", under && *under ? under : "/tmp");
    if (mkdtemp(path))
        return path;
    dio_fail_retry(err, "cannot make a folder like %s: %s", path, strerror(errno));
    return NULL;
}

static int drop(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s;
    (void)kind;
    (void)at;
    remove(path);
    return 0;
}

void dio_scratch_remove(const char *path)
{
    if (path)
        nftw(path, drop, 16, FTW_DEPTH | FTW_PHYS);
}

void dio_memory_watch(void)
{
    malloc_trim(0);
    FILE *f = fopen("/proc/self/clear_refs", "w"); /* 5: the peak starts anew from what is held */
    if (!f)
        return;
    fputs("5", f);
    fclose(f);
}

double dio_memory_peak_mb(void)
{
    double kib = 0;
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %lf kB", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib * 1024 / 1e6;
}
