/* renamed.c: tensors of one set under the names that another program gives them.
 * Rows of a matrix lie together, so that a fused one can be taken apart where it lies. */
#include <string.h>

#include "tensor/weights.h"

static void drop_ones(dio_type *t, int dims)
{
    while (dims > 0 && t->nd > dims && t->dim[t->nd - 1] == 1)
        t->nd--;
}

static bool cut_rows(dio_type *t, const dio_weights_rename *r, size_t *offset, dio_error *err)
{
    if (r->rows == 0)
        return true;
    if (t->nd < 1 || r->row < 0 || r->rows < 0 || r->row > t->dim[0] - r->rows)
        return dio_fail(err, "tensor \"%.200s\" has no rows %lld to %lld", r->from,
                        (long long)r->row, (long long)(r->row + r->rows));
    *offset = dio_type_bytes(t) / (size_t)t->dim[0] * (size_t)r->row;
    t->dim[0] = r->rows;
    return true;
}

static dio_tensor *transposed(const char *name, const dio_type *type, const void *data,
                              dio_error *err)
{
    size_t size = dio_dtype_size(type->dtype);
    int64_t rows = type->dim[0], columns = type->dim[1];
    dio_type turned = dio_type_2d(type->dtype, columns, rows);
    dio_tensor *t = dio_tensor_create(name, &turned, err);
    if (!t)
        return NULL;
    char *to = dio_tensor_data(t);
    for (int64_t i = 0; i < columns; i++)
        for (int64_t j = 0; j < rows; j++)
            memcpy(to + (size_t)(i * rows + j) * size,
                   (const char *)data + (size_t)(j * columns + i) * size, size);
    return t;
}

static dio_tensor *take(const dio_tensor *t, const dio_weights_rename *r, dio_error *err)
{
    dio_type type = t->type;
    size_t offset = 0;
    drop_ones(&type, r->dims);
    if (!cut_rows(&type, r, &offset, err))
        return NULL;
    if (!r->transpose)
        return dio_tensor_wrap(r->to, &type, t->buffer, t->offset + offset, err);
    if (type.nd == 2)
        return transposed(r->to, &type, (const char *)dio_tensor_data(t) + offset, err);
    dio_fail(err, "tensor \"%.200s\" has %d dimensions and a matrix is needed", r->from, type.nd);
    return NULL;
}

static bool add(dio_weights *w, const dio_weights *from, const dio_weights_rename *r,
                dio_error *err)
{
    const dio_tensor *t = dio_weights_find(from, r->from);
    if (!t)
        return dio_fail(err, "tensor \"%.200s\" is not in the file", r->from);
    dio_tensor *fresh = take(t, r, err);
    bool ok = fresh && dio_weights_put(w, fresh, err);
    dio_tensor_unref(fresh);
    return ok;
}

dio_weights *dio_weights_renamed(const dio_weights *from, const dio_weights_rename *list, int n,
                                 dio_error *err)
{
    dio_weights *w = dio_weights_like(from, err);
    for (int i = 0; w && i < n; i++)
        if (!add(w, from, &list[i], err)) {
            dio_error_at(err, dio_weights_path(from), 0, 0);
            dio_weights_close(w);
            w = NULL;
        }
    return w;
}

static bool begins(const char *name, const char *const *starts)
{
    for (; *starts; starts++)
        if (strncmp(name, *starts, strlen(*starts)) == 0)
            return true;
    return false;
}

dio_weights *dio_weights_without(const dio_weights *from, const char *const *starts, dio_error *err)
{
    dio_weights *to = dio_weights_like(from, err);
    bool ok = to != NULL;
    for (int i = 0; ok && i < dio_weights_count(from); i++) {
        dio_tensor *t = dio_weights_at(from, i);
        ok = begins(t->name, starts) || dio_weights_put(to, t, err);
    }
    if (ok)
        return to;
    dio_weights_close(to);
    return NULL;
}
