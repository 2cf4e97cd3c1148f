/* safetensors.c: reads the format of huggingface/safetensors.
 *
 *     u64 N, little endian | N bytes of JSON | data
 *     {"__metadata__": {str: str}, NAME: {"dtype": "F32", "shape": [..], "data_offsets": [b, e]}}
 *
 * Nothing is trusted: the ranges must tile the data from its first byte to its last, each as long
 * as its shape says, so that no byte is read twice, none is skipped and none lies outside. Only
 * then does a tensor get an address. A tensor without elements takes no bytes and may stand
 * wherever two others meet, but not inside one. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/value.h"
#include "tensor/weights.h"

enum {
    LENGTH_BYTES = 8,
    HEADER_LIMIT = 100000000, /* the reference refuses more */
    VALUES_LIMIT = 1 << 22,   /* bounds what the JSON tree takes: 9 values a tensor */
};

struct entry {
    const dio_value *key;
    dio_type type;
    uint64_t begin, end; /* within the data */
};

struct file {
    const char *path, *header;
    size_t header_length, data_at, data_bytes;
    struct entry *entries;
    int count;
};

static const struct {
    const char *name;
    dio_dtype dtype;
} dtypes[] = {
    {"F32", DIO_F32}, {"F16", DIO_F16}, {"BF16", DIO_BF16}, {"I64", DIO_I64}, {"I32", DIO_I32},
    {"U8", DIO_U8},   {"I8", DIO_I8},   {"BOOL", DIO_U8},   {"F64", DIO_F64},
};

static bool magic(const uint8_t *bytes, size_t n)
{
    /* The upper half of a header's length is zero, which tells it from text that is JSON. */
    return n > LENGTH_BYTES && bytes[LENGTH_BYTES] == '{' &&
           !(bytes[4] | bytes[5] | bytes[6] | bytes[7]);
}

static bool find_header(struct file *f, dio_map_file *map, dio_error *err)
{
    const unsigned char *bytes = dio_map_data(map);
    size_t size = dio_map_size(map), bad;
    uint64_t n = 0;
    if (size < LENGTH_BYTES)
        return dio_fail(err,
                        "a safetensors file begins with 8 bytes that give its header's "
                        "length; this one has %zu in all",
                        size);
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        n = n << 8 | bytes[i];
    if (n > HEADER_LIMIT)
        return dio_fail(err, "the header's length of %llu bytes is above the limit of %d",
                        (unsigned long long)n, HEADER_LIMIT);
    if (n > size - LENGTH_BYTES)
        return dio_fail(err,
                        "the header's length of %llu bytes is more than the %zu that follow: "
                        "the file was cut short, or is no safetensors file",
                        (unsigned long long)n, size - LENGTH_BYTES);
    f->header = (const char *)bytes + LENGTH_BYTES;
    f->header_length = (size_t)n;
    f->data_at = LENGTH_BYTES + (size_t)n;
    f->data_bytes = size - f->data_at;
    if (n == 0 || f->header[0] != '{')
        return dio_fail(err, "the header does not begin with '{'");
    if (!dio_utf8_valid(f->header, f->header_length, &bad))
        return dio_fail(err, "the header is not UTF-8 at byte %zu of it", bad);
    return true;
}

/* Every value of JSON but the first stands after one of these, so their number bounds the tree. */
static bool check_values(const struct file *f, dio_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < f->header_length; i++)
        n += f->header[i] == ',' || f->header[i] == ':' || f->header[i] == '[';
    if (n > VALUES_LIMIT)
        return dio_fail(err, "the header holds more than %d values: no model has that many tensors",
                        VALUES_LIMIT);
    return true;
}

static bool read_metadata(dio_weights *w, const dio_value *v, dio_error *err)
{
    if (v->kind != DIO_MAP)
        return dio_value_fail(v, err, "__metadata__ is %s, not a map of strings",
                              dio_kind_name(v->kind));
    for (int i = 0; i < v->map.count; i++) {
        const dio_value *text = v->map.items[i];
        if (text->kind != DIO_STRING)
            return dio_value_fail(text, err, "__metadata__: \"%.100s\" is %s, not a string",
                                  v->map.keys[i]->string.text, dio_kind_name(text->kind));
        dio_weights_add_meta(w, v->map.keys[i]->string.text, text->string.text);
    }
    return true;
}

/* The whole number of at least zero that v must be. */
static bool read_natural(const dio_value *v, const char *name, const char *what, int64_t *out,
                         dio_error *err)
{
    if (v->kind != DIO_INT || v->integer < 0)
        return dio_value_fail(v, err,
                              "tensor \"%.200s\": %s holds something that is not a whole "
                              "number of 0 or more",
                              name, what);
    *out = v->integer;
    return true;
}

static bool read_dtype(const dio_value *v, const char *name, dio_type *type, dio_error *err)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (v->kind == DIO_STRING && strcmp(v->string.text, dtypes[i].name) == 0) {
            type->dtype = dtypes[i].dtype;
            return true;
        }
    return dio_value_fail(v, err,
                          "tensor \"%.200s\": dtype %.40s is not supported (F32, F16, BF16, "
                          "F64, I64, I32, I8, U8 and BOOL are)",
                          name, v->kind == DIO_STRING ? v->string.text : dio_kind_name(v->kind));
}

static bool read_shape(const dio_value *v, const char *name, dio_type *type, dio_error *err)
{
    if (v->list.count > DIO_MAX_DIMS)
        return dio_value_fail(v, err,
                              "tensor \"%.200s\" has %d dimensions; at most %d are supported", name,
                              v->list.count, DIO_MAX_DIMS);
    type->nd = v->list.count;
    for (int i = 0; i < type->nd; i++)
        if (!read_natural(v->list.items[i], name, "shape", &type->dim[i], err))
            return false;
    if (!dio_type_check(type, err)) {
        dio_error_prefix(err, "tensor \"%.200s\"", name);
        return dio_error_at(err, v->file, v->line, v->column);
    }
    return true;
}

static bool read_entry(const dio_value *key, const dio_value *v, struct entry *e, dio_error *err)
{
    const char *name = key->string.text;
    const dio_value *dtype = dio_map_get(v, "dtype"), *shape = dio_map_get(v, "shape"),
                    *range = dio_map_get(v, "data_offsets");
    char text[DIO_TYPE_TEXT];
    int64_t begin = 0, end = 0;
    e->key = key;
    if (!dtype || !shape || !range || shape->kind != DIO_LIST || range->kind != DIO_LIST ||
        range->list.count != 2)
        return dio_value_fail(v, err,
                              "tensor \"%.200s\" needs a dtype, a shape [..] and "
                              "data_offsets [begin, end]",
                              name);
    if (!read_dtype(dtype, name, &e->type, err) || !read_shape(shape, name, &e->type, err) ||
        !read_natural(range->list.items[0], name, "data_offsets", &begin, err) ||
        !read_natural(range->list.items[1], name, "data_offsets", &end, err))
        return false;
    if (end < begin)
        return dio_value_fail(range, err,
                              "tensor \"%.200s\" ends at byte %lld, before its begin at "
                              "%lld",
                              name, (long long)end, (long long)begin);
    if ((uint64_t)(end - begin) != dio_type_bytes(&e->type))
        return dio_value_fail(range, err,
                              "tensor \"%.200s\" is %s, %zu bytes, but its data_offsets "
                              "span %lld",
                              name, dio_type_text(&e->type, text), dio_type_bytes(&e->type),
                              (long long)(end - begin));
    e->begin = (uint64_t)begin;
    e->end = (uint64_t)end;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->key->line != y->key->line ? x->key->line - y->key->line
                                        : x->key->column - y->key->column;
}

/* The entries, sorted, must tile the data. */
static bool check_tiling(const struct file *f, dio_error *err)
{
    uint64_t at = 0;
    const char *before = "the header";
    for (int i = 0; i < f->count; i++) {
        const struct entry *e = &f->entries[i];
        const char *name = e->key->string.text;
        unsigned long long begin = e->begin, reached = at;
        if (e->begin < at && e->begin == e->end)
            return dio_value_fail(e->key, err,
                                  "tensor \"%.200s\" is empty but lies at byte %llu, "
                                  "inside tensor \"%.200s\"",
                                  name, begin, before);
        if (e->begin < at)
            return dio_value_fail(e->key, err,
                                  "tensor \"%.200s\" begins at byte %llu, inside tensor "
                                  "\"%.200s\", which ends at %llu",
                                  name, begin, before, reached);
        if (e->begin > at)
            return dio_value_fail(e->key, err,
                                  "tensor \"%.200s\" begins at byte %llu, but what is "
                                  "before it ends at %llu: bytes between belong to no "
                                  "tensor",
                                  name, begin, reached);
        if (e->end > f->data_bytes)
            return dio_value_fail(e->key, err,
                                  "tensor \"%.200s\" ends at byte %llu of the data, but "
                                  "the file has %zu: it was cut short",
                                  name, (unsigned long long)e->end, f->data_bytes);
        at = e->end;
        if (e->end > e->begin)
            before = name;
    }
    if (at != f->data_bytes)
        return dio_fail(err, "the last tensor ends at byte %llu of the data, but the file has %zu",
                        (unsigned long long)at, f->data_bytes);
    return true;
}

static bool read_header(struct file *f, dio_weights *w, dio_arena *a, dio_error *err)
{
    dio_value *root = dio_json_parse(a, f->path, f->header, f->header_length, err);
    if (!root)
        return false;
    f->entries = dio_arena_try(a, (size_t)(root->map.count + 1) * sizeof *f->entries);
    if (!f->entries)
        return dio_fail_memory(err, "the list of tensors");
    for (int i = 0; i < root->map.count; i++) {
        const dio_value *key = root->map.keys[i], *v = root->map.items[i];
        if (strcmp(key->string.text, "__metadata__") == 0) {
            if (!read_metadata(w, v, err))
                return false;
        } else if (!read_entry(key, v, &f->entries[f->count++], err)) {
            return false;
        }
    }
    qsort(f->entries, (size_t)f->count, sizeof *f->entries, by_place);
    return check_tiling(f, err);
}

static bool read(dio_weights *w, const char *path, dio_map_file *map, dio_error *err)
{
    struct file f = {.path = path};
    if (!find_header(&f, map, err) || !check_values(&f, err))
        return false;
    dio_arena *a = dio_arena_create(); /* the JSON tree is large and dies here */
    if (!a)
        return dio_fail_memory(err, "a header");
    bool ok = read_header(&f, w, a, err);
    for (int i = 0; ok && i < f.count; i++)
        ok = dio_weights_add(w, f.entries[i].key->string.text, &f.entries[i].type, map,
                             f.data_at + (size_t)f.entries[i].begin, err);
    dio_arena_destroy(a);
    return ok;
}

const dio_weights_reader dio_weights_reader_safetensors = {
    .name = "safetensors",
    .doc = "huggingface/safetensors: one file",
    .suffix = ".safetensors",
    .magic = magic,
    .read = read,
};
