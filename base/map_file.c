/* map_file.c: reads files, by mapping them or whole.
 * A view is counted, since tensors of one checkpoint share it across modules and threads.
 * Only regular files are taken: a pipe has no size to check against a limit. */
#define _GNU_SOURCE
#include "base/file.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"

struct dio_map_file {
    atomic_int refs;
    const void *data;
    size_t size;
};

int dio_file_open(const char *path, size_t *size, dio_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* no waiting for a pipe's writer */
    if (fd < 0) {
        dio_fail_errno(err, "open", path);
        return -1;
    }
    struct stat st;
    if (fstat(fd, &st) < 0) {
        dio_fail_errno(err, "look at", path);
    } else if (S_ISDIR(st.st_mode)) {
        dio_fail(err, "%s is a folder, not a file", path);
    } else if (!S_ISREG(st.st_mode)) {
        dio_fail(err, "%s is not a regular file", path);
    } else {
        *size = (size_t)st.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

dio_map_file *dio_map_open(const char *path, dio_error *err)
{
    dio_map_file *m = NULL;
    void *data = NULL;
    size_t size;
    int fd = dio_file_open(path, &size, err);
    if (fd < 0)
        return NULL;
    if (size > 0) { /* an empty file cannot be mapped, and needs no bytes */
        data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) {
            dio_fail_errno(err, "map", path);
            goto done;
        }
    }
    m = malloc(sizeof *m);
    if (m) {
        *m = (dio_map_file){.data = data ? data : "", .size = size};
        atomic_init(&m->refs, 1);
    } else {
        dio_fail_memory(err, path);
        if (data)
            munmap(data, size);
    }
done:
    close(fd);
    return m;
}

dio_map_file *dio_map_ref(dio_map_file *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void dio_map_unref(dio_map_file *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (m->size)
        munmap((void *)m->data, m->size);
    free(m);
}

const void *dio_map_data(const dio_map_file *m)
{
    return m->data;
}

size_t dio_map_size(const dio_map_file *m)
{
    return m->size;
}

void dio_map_release(const dio_map_file *m, size_t offset, size_t bytes)
{
    if (offset >= m->size)
        return;
    if (bytes > m->size - offset)
        bytes = m->size - offset;
    /* Whole pages inside the range; the neighbours' bytes stay. */
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t first = (offset + page - 1) / page * page;
    size_t last = offset + bytes == m->size ? m->size : (offset + bytes) / page * page;
    if (first < last)
        madvise((char *)m->data + first, last - first, MADV_DONTNEED);
}

char *dio_file_read(dio_arena *a, const char *path, size_t limit, size_t *length, dio_error *err)
{
    char *text = NULL;
    size_t size, got = 0;
    int fd = dio_file_open(path, &size, err);
    if (fd < 0)
        return NULL;
    if (size > limit) {
        dio_fail(err, "%s is %zu bytes long, above the limit of %zu", path, size, limit);
        goto done;
    }
    text = dio_arena_try(a, size + 1);
    if (!text) {
        dio_fail_memory(err, path);
        goto done;
    }
    while (got < size) { /* a file that shrinks meanwhile is simply shorter */
        ssize_t n = read(fd, text + got, size - got);
        if (n < 0) {
            dio_fail_errno(err, "read", path);
            text = NULL;
            goto done;
        }
        if (n == 0)
            break;
        got += (size_t)n;
    }
    text[got] = '\0';
    if (length)
        *length = got;
done:
    close(fd);
    return text;
}
