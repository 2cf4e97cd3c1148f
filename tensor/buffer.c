/* buffer.c: bytes by reference count, and the tensors that stand on them. */
#define _GNU_SOURCE
#include "tensor/tensor.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/str.h"

/* Below this a heap block, above it pages of its own that can be given back. */
enum { PAGES = 1 << 20 };

struct dio_buffer {
    atomic_int refs;
    void *data;
    size_t bytes;
    bool pages;         /* data is our own mapping */
    dio_map_file *file; /* data lies in this file */
    size_t file_offset;
};

dio_buffer *dio_buffer_create(size_t bytes, dio_error *err)
{
    dio_buffer *b = calloc(1, sizeof *b);
    if (!b) {
        dio_fail_memory(err, "a buffer");
        return NULL;
    }
    atomic_init(&b->refs, 1);
    b->bytes = bytes;
    b->pages = bytes >= PAGES;
    if (b->pages) {
        b->data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (b->data == MAP_FAILED)
            b->data = NULL;
        else
            madvise(b->data, bytes, MADV_HUGEPAGE);
    } else {
        size_t rounded = (bytes + 63) / 64 * 64;
        b->data = aligned_alloc(64, rounded ? rounded : 64);
        if (b->data)
            memset(b->data, 0, rounded ? rounded : 64);
    }
    if (!b->data) {
        free(b);
        dio_fail_retry(err, "out of memory for a buffer of %zu bytes", bytes);
        return NULL;
    }
    return b;
}

dio_buffer *dio_buffer_map(dio_map_file *file, size_t offset, size_t bytes)
{
    size_t end;
    if (!dio_add_size(offset, bytes, &end) || end > dio_map_size(file))
        return NULL;
    dio_buffer *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    atomic_init(&b->refs, 1);
    b->file = dio_map_ref(file);
    b->file_offset = offset;
    b->data = (unsigned char *)(uintptr_t)dio_map_data(file) + offset; /* read-only pages */
    b->bytes = bytes;
    return b;
}

dio_buffer *dio_buffer_ref(dio_buffer *b)
{
    atomic_fetch_add(&b->refs, 1);
    return b;
}

void dio_buffer_unref(dio_buffer *b)
{
    if (!b || atomic_fetch_sub(&b->refs, 1) > 1)
        return;
    if (b->file)
        dio_map_unref(b->file);
    else if (b->pages)
        munmap(b->data, b->bytes);
    else
        free(b->data);
    free(b);
}

void *dio_buffer_data(const dio_buffer *b)
{
    return b->data;
}

size_t dio_buffer_bytes(const dio_buffer *b)
{
    return b->bytes;
}

bool dio_buffer_mapped(const dio_buffer *b)
{
    return b->file != NULL;
}

void dio_buffer_release(const dio_buffer *b)
{
    if (b->file)
        dio_map_release(b->file, b->file_offset, b->bytes);
}

dio_tensor *dio_tensor_wrap(const char *name, const dio_type *type, dio_buffer *buffer,
                            size_t offset, dio_error *err)
{
    size_t end;
    if (!dio_type_check(type, err))
        return NULL;
    if (!dio_add_size(offset, dio_type_bytes(type), &end) || end > dio_buffer_bytes(buffer)) {
        dio_fail(err, "tensor \"%s\" reaches beyond its buffer", name);
        return NULL;
    }
    dio_tensor *t = calloc(1, sizeof *t);
    char *copy = strdup(name ? name : "");
    if (!t || !copy) {
        free(t);
        free(copy);
        dio_fail_memory(err, "a tensor");
        return NULL;
    }
    *t = (dio_tensor){.refs = 1, .type = *type, .offset = offset, .name = copy};
    t->buffer = dio_buffer_ref(buffer);
    return t;
}

dio_tensor *dio_tensor_create(const char *name, const dio_type *type, dio_error *err)
{
    if (!dio_type_check(type, err))
        return NULL;
    dio_buffer *b = dio_buffer_create(dio_type_bytes(type), err);
    if (!b)
        return NULL;
    dio_tensor *t = dio_tensor_wrap(name, type, b, 0, err);
    dio_buffer_unref(b);
    return t;
}

dio_tensor *dio_tensor_ref(dio_tensor *t)
{
    __atomic_fetch_add(&t->refs, 1, __ATOMIC_SEQ_CST);
    return t;
}

void dio_tensor_unref(dio_tensor *t)
{
    if (!t || __atomic_fetch_sub(&t->refs, 1, __ATOMIC_SEQ_CST) > 1)
        return;
    dio_buffer_unref(t->buffer);
    free(t->name);
    free(t);
}

void *dio_tensor_data(const dio_tensor *t)
{
    return (unsigned char *)dio_buffer_data(t->buffer) + t->offset;
}
