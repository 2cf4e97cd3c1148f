/* safetensors_write.c: the writer of what safetensors.c reads.
 * Widest types first, then by name, and a header padded to 8 bytes: every tensor starts on a
 * multiple of its own size, and the same tensors give the same file. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/value.h"
#include "tensor/weights.h"

struct item {
    const dio_tensor *tensor;
    const char *name;
};

static const char *const dtype_names[DIO_DTYPES] = {
    [DIO_F32] = "F32", [DIO_BF16] = "BF16", [DIO_F16] = "F16", [DIO_I32] = "I32",
    [DIO_U8] = "U8",   [DIO_I64] = "I64",   [DIO_F64] = "F64", [DIO_I8] = "I8",
};

static int by_width(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    size_t p = dio_dtype_size(x->tensor->type.dtype), q = dio_dtype_size(y->tensor->type.dtype);
    return p != q ? (p < q ? 1 : -1) : strcmp(x->name, y->name);
}

static void put_quoted(dio_str *s, dio_arena *a, const char *text)
{
    dio_str_puts(s, dio_json_quote(a, text, strlen(text)));
}

static void put_meta(dio_str *s, dio_arena *a, const dio_weights_meta *meta, int n)
{
    dio_str_puts(s, "\"__metadata__\":{");
    for (int i = 0; i < n; i++) {
        dio_str_puts(s, i ? "," : "");
        put_quoted(s, a, meta[i].key);
        dio_str_puts(s, ":");
        put_quoted(s, a, meta[i].value);
    }
    dio_str_puts(s, "}");
}

static void put_tensor(dio_str *s, dio_arena *a, const struct item *it, uint64_t *at)
{
    const dio_type *t = &it->tensor->type;
    uint64_t end = *at + dio_type_bytes(t);
    put_quoted(s, a, it->name);
    dio_str_printf(s, ":{\"dtype\":\"%s\",\"shape\":[", dtype_names[t->dtype]);
    for (int i = 0; i < t->nd; i++)
        dio_str_printf(s, "%s%lld", i ? "," : "", (long long)t->dim[i]);
    dio_str_printf(s, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)*at,
                   (unsigned long long)end);
    *at = end;
}

static bool write_all(const char *path, const dio_str *header, const struct item *items, int count,
                      dio_error *err)
{
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header->length >> 8 * i);
    dio_writer *out = dio_writer_open(path, err);
    if (!out)
        return false;
    bool ok = dio_writer_put(out, length, sizeof length, err) &&
              dio_writer_put(out, header->text, header->length, err);
    for (int i = 0; ok && i < count; i++)
        ok = dio_writer_put(out, dio_tensor_data(items[i].tensor),
                            dio_type_bytes(&items[i].tensor->type), err);
    if (ok)
        return dio_writer_commit(out, err);
    dio_writer_abort(out);
    return false;
}

bool dio_weights_write(const char *path, dio_tensor *const *tensors, const char *const *names,
                       int count, const dio_weights_meta *meta, int n_meta, dio_error *err)
{
    dio_str header = {0};
    dio_arena *a = dio_arena_create();
    struct item *items = a ? dio_arena_try(a, (size_t)(count + 1) * sizeof *items) : NULL;
    bool ok = items || dio_fail_memory(err, path);
    for (int i = 0; ok && i < count; i++)
        items[i] = (struct item){tensors[i], names ? names[i] : tensors[i]->name};
    if (ok) {
        uint64_t at = 0;
        qsort(items, (size_t)count, sizeof *items, by_width);
        dio_str_puts(&header, "{");
        if (n_meta)
            put_meta(&header, a, meta, n_meta);
        for (int i = 0; i < count; i++) {
            dio_str_puts(&header, i || n_meta ? "," : "");
            put_tensor(&header, a, &items[i], &at);
        }
        dio_str_puts(&header, "}");
        while (header.length % 8 && !header.failed)
            dio_str_putc(&header, ' ');
        ok = !header.failed && !dio_arena_failed(a) ? write_all(path, &header, items, count, err)
                                                    : dio_fail_memory(err, path);
    }
    dio_str_deinit(&header);
    dio_arena_destroy(a);
    return ok;
}
