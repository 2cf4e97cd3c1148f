/* writer.c: a file appears under its name whole, or not at all.
 * Bytes go to a hidden file in the same folder (rename works only within one file system).
 * Commit makes them durable, renames, then makes the rename durable; a crash at any point leaves
 * either the old file or the new one, and at worst a stray .part. */
#define _GNU_SOURCE
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"

enum { BUFFER = 64 * 1024, NAME_KEPT = 200, ATTEMPTS = 1000 };

struct dio_writer {
    int fd;
    int64_t offset; /* where the buffer's first byte goes */
    size_t fill;
    char *path, *part; /* final and temporary names */
    char buffer[BUFFER];
};

static void destroy(dio_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    free(w->path);
    free(w->part);
    free(w);
}

/* Makes the temporary file ".NAME.PID-TRY.part" beside the final one. */
static bool create_part(dio_writer *w, dio_error *err)
{
    const char *base = dio_path_base(w->path);
    size_t size = strlen(w->path) + 64;
    w->part = malloc(size);
    if (!w->part)
        return dio_fail_memory(err, w->path);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        snprintf(w->part, size, "%.*s.%.*s.%ld-%d.part", (int)(base - w->path), w->path, NAME_KEPT,
                 base, (long)getpid(), attempt);
        w->fd = open(w->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->fd >= 0)
            return true;
        if (errno != EEXIST)
            break;
    }
    return dio_fail_errno(err, "create", w->path);
}

dio_writer *dio_writer_open(const char *path, dio_error *err)
{
    struct stat st;
    if (!*dio_path_base(path) || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
        dio_fail(err, "%s is a folder: give the name of a file", *path ? path : "\"\"");
        return NULL;
    }
    dio_writer *w = malloc(sizeof *w);
    if (!w) {
        dio_fail_memory(err, path);
        return NULL;
    }
    w->fd = -1;
    w->offset = 0;
    w->fill = 0;
    w->part = NULL;
    w->path = strdup(path);
    if (!w->path)
        dio_fail_memory(err, path);
    else if (create_part(w, err))
        return w;
    destroy(w);
    return NULL;
}

static bool put_through(dio_writer *w, const char *bytes, size_t n, dio_error *err)
{
    while (n > 0) {
        ssize_t done = pwrite(w->fd, bytes, n, w->offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return dio_fail_errno(err, "write", w->path);
        bytes += done;
        n -= (size_t)done;
        w->offset += done;
    }
    return true;
}

static bool flush(dio_writer *w, dio_error *err)
{
    size_t n = w->fill;
    w->fill = 0;
    return put_through(w, w->buffer, n, err);
}

bool dio_writer_put(dio_writer *w, const void *bytes, size_t n, dio_error *err)
{
    if (n > BUFFER - w->fill && !flush(w, err))
        return false;
    if (n >= BUFFER)
        return put_through(w, bytes, n, err);
    if (n)
        memcpy(w->buffer + w->fill, bytes, n);
    w->fill += n;
    return true;
}

bool dio_writer_seek(dio_writer *w, int64_t offset, dio_error *err)
{
    if (offset < 0)
        return dio_fail(err, "cannot seek %s: offset %lld is negative", w->path, (long long)offset);
    if (!flush(w, err))
        return false;
    w->offset = offset;
    return true;
}

int64_t dio_writer_tell(const dio_writer *w)
{
    return w->offset + (int64_t)w->fill;
}

/* Makes the new name durable: the folder is a file too. Some file systems cannot do that and say
 * EINVAL; they get no better from refusing. */
static bool sync_folder(const char *path, dio_error *err)
{
    const char *base = dio_path_base(path);
    char *dir = base > path ? strndup(path, (size_t)(base - path)) : strdup(".");
    if (!dir)
        return dio_fail_memory(err, path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (!ok)
        dio_fail_errno(err, "sync folder", dir);
    if (fd >= 0)
        close(fd);
    free(dir);
    return ok;
}

bool dio_writer_commit(dio_writer *w, dio_error *err)
{
    bool ok = flush(w, err);
    bool draft = strstr(w->path, ".draft/") != NULL;
    if (ok && !draft && fsync(w->fd) < 0)
        ok = dio_fail_errno(err, "sync", w->path);
    int fd = w->fd;
    w->fd = -1;
    if (close(fd) < 0 && ok)
        ok = dio_fail_errno(err, "close", w->path);
    if (ok && rename(w->part, w->path) < 0)
        ok = dio_fail_errno(err, "put in place", w->path);
    if (ok && !draft)
        ok = sync_folder(w->path, err);
    else if (!ok)
        unlink(w->part);
    destroy(w);
    return ok;
}

void dio_writer_abort(dio_writer *w)
{
    if (!w)
        return;
    unlink(w->part);
    destroy(w);
}

bool dio_file_write(const char *path, const void *bytes, size_t n, dio_error *err)
{
    dio_writer *w = dio_writer_open(path, err);
    if (!w)
        return false;
    if (!dio_writer_put(w, bytes, n, err)) {
        dio_writer_abort(w);
        return false;
    }
    return dio_writer_commit(w, err);
}

/* The PID in ".NAME.PID-TRY.part"; 0 when it is no such name. */
static long owner_of(const char *name)
{
    size_t n = strlen(name);
    if (*name != '.' || n < 10 || strcmp(name + n - 5, ".part") != 0)
        return 0;
    const char *at = name + n - 6;
    while (at > name && *at >= '0' && *at <= '9')
        at--;
    if (*at != '-')
        return 0;
    const char *pid = at;
    while (pid > name && pid[-1] >= '0' && pid[-1] <= '9')
        pid--;
    return pid > name && pid[-1] == '.' ? strtol(pid, NULL, 10) : 0;
}

void dio_writer_sweep(const char *dir, int depth)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[4096];
        if (snprintf(path, sizeof path, "%s/%s", dir, e->d_name) >= (int)sizeof path)
            continue;
        long pid = owner_of(e->d_name);
        if (e->d_type == DT_DIR && depth > 0 && e->d_name[0] != '.')
            dio_writer_sweep(path, depth - 1);
        else if (pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
            unlink(path);
    }
    if (d)
        closedir(d);
}
