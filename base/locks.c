/* locks.c: range locks that belong to an open file. Plain fcntl locks would be lost whenever any
 * descriptor of the file is closed, and would not part two threads. */
#define _GNU_SOURCE
#include "base/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"

struct dio_locks {
    int fd;
};

dio_locks *dio_locks_open(const char *path, dio_error *err)
{
    dio_locks *l = malloc(sizeof *l);
    if (!l) {
        dio_fail_memory(err, "a file of locks");
        return NULL;
    }
    l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (l->fd >= 0)
        return l;
    dio_fail_errno(err, "open", path);
    free(l);
    return NULL;
}

void dio_locks_close(dio_locks *l)
{
    if (!l)
        return;
    close(l->fd);
    free(l);
}

static int set(const dio_locks *l, uint64_t number, short type)
{
    struct flock range = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(number & INT64_MAX), .l_len = 1};
    if (range.l_start == INT64_MAX) /* the range would end beyond the last offset */
        range.l_start--;
    return fcntl(l->fd, F_OFD_SETLK, &range);
}

static bool take(const dio_locks *l, uint64_t number, short type, bool *taken, dio_error *err)
{
    *taken = set(l, number, type) == 0;
    if (*taken || errno == EAGAIN || errno == EACCES)
        return true;
    return dio_fail_retry(err, "cannot lock: %s; choose a folder on a local disk", strerror(errno));
}

bool dio_locks_try(dio_locks *l, uint64_t number, bool *taken, dio_error *err)
{
    return take(l, number, F_WRLCK, taken, err);
}

bool dio_locks_share(dio_locks *l, uint64_t number, bool *taken, dio_error *err)
{
    return take(l, number, F_RDLCK, taken, err);
}

void dio_locks_release(dio_locks *l, uint64_t number)
{
    set(l, number, F_UNLCK);
}
