/* room.c: asks the kernel how much memory is left.
 * Linux hands out pages that it does not have and kills who touches them, so a malloc that
 * succeeds says nothing: sizes have to be compared with this number first. */
#include "base/room.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LINE = 512, PATH = 768 };
static const size_t UNKNOWN = (size_t)4 << 30;

/* The number behind `key` at the start of a line of `path`; SIZE_MAX when there is none. */
static size_t number_in(const char *path, const char *key)
{
    char line[LINE];
    size_t found = SIZE_MAX, n = strlen(key);
    FILE *f = fopen(path, "re");
    while (f && found == SIZE_MAX && fgets(line, sizeof line, f))
        if (strncmp(line, key, n) == 0 && sscanf(line + n, "%zu", &found) != 1)
            found = SIZE_MAX; /* "max": no limit */
    if (f)
        fclose(f);
    return found;
}

static size_t less(size_t from, size_t part)
{
    return from > part ? from - part : 0;
}

/* Version 2 of control groups: a group's limit less what it holds that cannot be given back. */
static size_t group_room(const char *dir)
{
    char path[PATH + 32];
    snprintf(path, sizeof path, "%s/memory.max", dir);
    size_t limit = number_in(path, "");
    if (limit == SIZE_MAX)
        return SIZE_MAX;
    snprintf(path, sizeof path, "%s/memory.current", dir);
    size_t used = number_in(path, "");
    snprintf(path, sizeof path, "%s/memory.stat", dir);
    size_t cached = number_in(path, "inactive_file ");
    if (used == SIZE_MAX)
        return SIZE_MAX;
    return less(limit, less(used, cached == SIZE_MAX ? 0 : cached));
}

/* A limit may stand at any level from the process's own group up. */
static size_t groups_room(void)
{
    static const char root[] = "/sys/fs/cgroup";
    char line[LINE] = "", dir[PATH];
    size_t room = SIZE_MAX;
    FILE *f = fopen("/proc/self/cgroup", "re");
    while (f && fgets(line, sizeof line, f) && strncmp(line, "0::/", 4) != 0)
        line[0] = 0;
    if (f)
        fclose(f);
    line[strcspn(line, "\n")] = 0;
    snprintf(dir, sizeof dir, "%s%s", root, strncmp(line, "0::/", 4) == 0 ? line + 3 : "");
    while (strlen(dir) >= sizeof root - 1) {
        size_t here = group_room(dir);
        room = here < room ? here : room;
        *strrchr(dir, '/') = 0;
    }
    return room;
}

static size_t address_room(void)
{
    struct rlimit limit;
    size_t pages = number_in("/proc/self/statm", "");
    if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || pages == SIZE_MAX)
        return SIZE_MAX;
    return less((size_t)limit.rlim_cur, pages * (size_t)sysconf(_SC_PAGESIZE));
}

size_t dio_room_memory(void)
{
    size_t kib = number_in("/proc/meminfo", "MemAvailable:");
    size_t room = kib < SIZE_MAX / 1024 ? kib * 1024 : SIZE_MAX;
    size_t group = groups_room(), address = address_room();
    room = group < room ? group : room;
    room = address < room ? address : room;
    return room == SIZE_MAX ? UNKNOWN : room;
}
