/* torch_state.c: walks the dicts that a pickle holds, and makes a tensor of each that it finds.
 *
 * Tensors are views of storages. One that is dense lies where its storage lies, so that tensors
 * which share numbers in the file share them here; the mapped file is that memory unless the
 * storage is not aligned in it. Any other is copied dense. Dicts may hold each other in circles or
 * a thousand times (a pickle of 1 kB can stand for 2^100 tensors), so depth, visits, names and
 * copied bytes have limits. */
#include "tensor/weights/torch_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "base/str.h"

enum {
    DEPTH_LIMIT = 32,
    VISITS_LIMIT = 1 << 22,
    TENSORS_LIMIT = 1 << 17,
    NAME_LIMIT = 512,
    META_LIMIT = 64, /* plain values that ride along, and the length of a text among them */
    META_TEXT = 1000,
    COPIES_FREE = 16 << 20, /* bytes of copies that any file may ask for */
    ASK_ROOM = 64 << 20,    /* from here on the machine is asked whether a copy fits */
};

struct walk {
    dio_weights *w;
    dio_map_file *file;
    char name[NAME_LIMIT + 1];
    size_t length; /* of the name */
    int depth, visits, tensors;
    size_t copied; /* bytes */
};

/* --- storages --------------------------------------------------------------------------------- */

static int compare_keys(const char *a, size_t n, const char *b, size_t m)
{
    int order = memcmp(a, b, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static int by_key(const void *a, const void *b)
{
    const dio_pickle_storage *x = *(dio_pickle_storage *const *)a,
                             *y = *(dio_pickle_storage *const *)b;
    int order = compare_keys(x->key, (size_t)x->key_length, y->key, (size_t)y->key_length);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

bool dio_torch_storages(dio_pickle *p, dio_error *err)
{
    int n = 0;
    if (p->n_storages > 1)
        qsort(p->storages, (size_t)p->n_storages, sizeof *p->storages, by_key);
    for (int i = 0; i < p->n_storages; i++) {
        dio_pickle_storage *s = p->storages[i], *first = n ? p->storages[n - 1] : NULL;
        if (!first || compare_keys(first->key, (size_t)first->key_length, s->key,
                                   (size_t)s->key_length) != 0) {
            s->same = s;
            p->storages[n++] = s;
            continue;
        }
        p->op_at = s->at;
        if (s->dtype != first->dtype || s->count != first->count)
            return dio_pickle_fail(p, err,
                                   "storage \"%.*s\" is %zu numbers of %s here, and was %zu of "
                                   "%s at byte %zu",
                                   s->key_length, s->key, s->count, dio_dtype_name(s->dtype),
                                   first->count, dio_dtype_name(first->dtype), first->at);
        s->same = first;
    }
    p->n_storages = n;
    return true;
}

dio_pickle_storage *dio_torch_storage(const dio_pickle *p, const char *key, size_t n)
{
    for (int low = 0, high = p->n_storages; low < high;) {
        int middle = low + (high - low) / 2;
        dio_pickle_storage *s = p->storages[middle];
        int order = compare_keys(key, n, s->key, (size_t)s->key_length);
        if (order == 0)
            return s;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* --- one tensor ------------------------------------------------------------------------------- */

/* Copies take memory that the mapped file does not. Each storage once and each number once more is
 * all that honest files come to. */
static bool charge(struct walk *k, size_t bytes, dio_error *err)
{
    size_t limit = 2 * dio_map_size(k->file) + COPIES_FREE;
    if (bytes > limit || k->copied > limit - bytes)
        return dio_fail(err,
                        "tensor \"%s\": copies of tensors that repeat or reorder numbers would "
                        "take more than %zu bytes: save them dense, by contiguous()",
                        k->name, limit);
    k->copied += bytes;
    if (bytes > ASK_ROOM && bytes > dio_room_memory())
        return dio_fail_retry(err,
                              "tensor \"%s\" has to be copied, and %zu bytes of memory are not "
                              "free",
                              k->name, bytes);
    return true;
}

/* The storage's bytes, aligned to its type: in the file, or a copy. */
static dio_buffer *buffer_of(struct walk *k, dio_pickle_storage *s, dio_error *err)
{
    const unsigned char *data = (const unsigned char *)dio_map_data(k->file) + s->offset;
    if (s->buffer)
        return s->buffer;
    if (s->bytes && (uintptr_t)data % dio_dtype_size(s->dtype) == 0) {
        s->buffer = dio_buffer_map(k->file, s->offset, s->bytes);
        if (!s->buffer)
            dio_fail_memory(err, "a storage");
        return s->buffer;
    }
    s->buffer = charge(k, s->bytes, err) ? dio_buffer_create(s->bytes, err) : NULL;
    if (s->buffer && s->bytes) {
        memcpy(dio_buffer_data(s->buffer), data, s->bytes);
        dio_map_release(k->file, s->offset, s->bytes);
    }
    return s->buffer;
}

/* Whether the strides are those of a row-major tensor; that of a dimension of 1 does not count. */
static bool is_dense(const dio_pickle_tensor *t)
{
    size_t due = 1;
    for (int i = t->type.nd - 1; i >= 0; i--) {
        if (t->type.dim[i] != 1 && t->stride[i] != due)
            return false;
        due *= (size_t)t->type.dim[i];
    }
    return true;
}

/* The last element that a tensor with elements reaches must be one of its storage. */
static bool check_reach(const struct walk *k, const dio_pickle_tensor *t, dio_error *err)
{
    const dio_pickle_storage *s = t->storage->same;
    char text[DIO_TYPE_TEXT], strides[160] = "";
    size_t last = t->offset, step;
    bool ok = true;
    for (int i = 0, n = 0; i < t->type.nd; i++) {
        ok = ok && dio_mul_size((size_t)t->type.dim[i] - 1, t->stride[i], &step) &&
             dio_add_size(last, step, &last);
        n += snprintf(strides + n, sizeof strides - (size_t)n, "%s%zu", i ? "," : "", t->stride[i]);
    }
    return (ok && last < s->count) ||
           dio_fail(err,
                    "tensor \"%s\" is %s with strides [%s] from element %zu, which reaches beyond "
                    "storage \"%.*s\" of %zu",
                    k->name, dio_type_text(&t->type, text), strides, t->offset, s->key_length,
                    s->key, s->count);
}

static void copy_row(unsigned char *into, const unsigned char *from, size_t n, size_t stride,
                     size_t size)
{
    if (stride == 1) {
        memcpy(into, from, n * size);
        return;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(into + i * size, from + i * stride * size, size);
}

/* Row by row, an odometer over the dimensions before the last. */
static void copy_dense(unsigned char *into, const unsigned char *from, const dio_pickle_tensor *t)
{
    size_t size = dio_dtype_size(t->type.dtype), at[DIO_MAX_DIMS] = {0};
    int last = t->type.nd - 1; /* a tensor without dimensions is dense, and does not come here */
    size_t n = (size_t)t->type.dim[last], rows = (size_t)dio_type_count(&t->type) / n;
    for (size_t row = 0, place = t->offset; row < rows; row++) {
        copy_row(into + row * n * size, from + place * size, n, t->stride[last], size);
        for (int i = last - 1; i >= 0; i--) {
            place += t->stride[i];
            if (++at[i] < (size_t)t->type.dim[i])
                break;
            place -= at[i] * t->stride[i];
            at[i] = 0;
        }
    }
}

static dio_tensor *make_tensor(struct walk *k, const dio_pickle_tensor *t, dio_error *err)
{
    dio_pickle_storage *s = t->storage->same;
    if (!dio_type_check(&t->type, err)) {
        dio_error_prefix(err, "tensor \"%s\"", k->name);
        return NULL;
    }
    if (dio_type_count(&t->type) == 0)
        return dio_tensor_create(k->name, &t->type, err);
    dio_buffer *b = check_reach(k, t, err) ? buffer_of(k, s, err) : NULL;
    if (!b)
        return NULL;
    if (is_dense(t))
        return dio_tensor_wrap(k->name, &t->type, b, t->offset * dio_dtype_size(s->dtype), err);
    dio_tensor *copy =
        charge(k, dio_type_bytes(&t->type), err) ? dio_tensor_create(k->name, &t->type, err) : NULL;
    if (copy)
        copy_dense(dio_tensor_data(copy), dio_buffer_data(b), t);
    return copy;
}

static bool add_tensor(struct walk *k, const dio_pickle_tensor *t, dio_error *err)
{
    if (k->tensors == TENSORS_LIMIT)
        return dio_fail(err, "there are more than %d tensors", TENSORS_LIMIT);
    k->tensors++;
    if (!k->length) /* the file holds one tensor, and nothing to name it by */
        memcpy(k->name, "tensor", sizeof "tensor");
    dio_tensor *made = make_tensor(k, t, err);
    bool ok = made && dio_weights_put(k->w, made, err);
    dio_tensor_unref(made);
    return ok;
}

/* --- the walk --------------------------------------------------------------------------------- */

static bool has_tensors(const dio_pickle_value *v)
{
    return v->kind == DIO_PICKLE_TENSOR || v->kind == DIO_PICKLE_DICT ||
           v->kind == DIO_PICKLE_LIST || v->kind == DIO_PICKLE_TUPLE;
}

/* The name as far as the walk has come, for messages. */
static const char *here(const struct walk *k)
{
    return k->length ? k->name : "(top)";
}

/* Puts a part behind the name; a dot goes between. */
static bool add_part(struct walk *k, const char *part, size_t n, dio_error *err)
{
    size_t dot = k->length ? 1 : 0, bad = 0;
    if (memchr(part, 0, n) || !dio_utf8_valid(part, n, &bad))
        return dio_fail(err, "a key under \"%s\" is not UTF-8 without zeros", here(k));
    if (n > NAME_LIMIT - k->length - dot)
        return dio_fail(err, "the name of a tensor under \"%.100s\" has more than %d bytes",
                        here(k), NAME_LIMIT);
    memcpy(k->name + k->length, ".", dot);
    memcpy(k->name + k->length + dot, part, n);
    k->length += dot + n;
    k->name[k->length] = '\0';
    return true;
}

static bool add_key(struct walk *k, const dio_pickle_value *key, dio_error *err)
{
    char number[24];
    if (key->kind == DIO_PICKLE_TEXT)
        return add_part(k, key->text.bytes, key->text.length, err);
    if (key->kind != DIO_PICKLE_INT)
        return dio_fail(err, "a key under \"%s\" is %s: tensors are named by texts and numbers",
                        here(k), dio_pickle_kind_name(key->kind));
    int n = snprintf(number, sizeof number, "%lld", (long long)key->integer);
    return add_part(k, number, (size_t)n, err);
}

static bool walk(struct walk *k, const dio_pickle_value *v, dio_error *err);

/* Item i of a container, under its key or number. */
static bool walk_item(struct walk *k, const dio_pickle_value *v, int i, dio_error *err)
{
    size_t length = k->length;
    bool dict = v->kind == DIO_PICKLE_DICT;
    const dio_pickle_value number = {.kind = DIO_PICKLE_INT, .integer = i};
    const dio_pickle_value *item = v->list.items[dict ? i + 1 : i];
    if (k->visits++ == VISITS_LIMIT)
        return dio_fail(err, "there are more than %d values in the dicts under \"%.100s\"",
                        VISITS_LIMIT, here(k));
    if (!has_tensors(item))
        return true;
    if (!add_key(k, dict ? v->list.items[i] : &number, err) || !walk(k, item, err))
        return false;
    k->length = length;
    k->name[length] = '\0';
    return true;
}

static bool walk(struct walk *k, const dio_pickle_value *v, dio_error *err)
{
    if (v->kind == DIO_PICKLE_TENSOR)
        return add_tensor(k, v->tensor, err);
    if (k->depth == DEPTH_LIMIT)
        return dio_fail(err, "dicts and lists are nested more than %d deep under \"%.100s\"",
                        DEPTH_LIMIT, here(k));
    k->depth++;
    for (int i = 0; i < v->list.count; i += v->kind == DIO_PICKLE_DICT ? 2 : 1)
        if (!walk_item(k, v, i, err))
            return false;
    k->depth--;
    return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Plain values beside the weights: an epoch, a name. Odd ones are nobody's loss. */
static void add_meta(dio_weights *w, const dio_pickle_value *key, const dio_pickle_value *v)
{
    dio_arena *a = dio_weights_arena(w);
    size_t bad;
    if (key->kind != DIO_PICKLE_TEXT || key->text.length > META_TEXT ||
        !dio_utf8_valid(key->text.bytes, key->text.length, &bad))
        return;
    const char *name = dio_arena_strndup(a, key->text.bytes, key->text.length);
    if (v->kind == DIO_PICKLE_INT)
        dio_weights_add_meta(w, name, dio_arena_printf(a, "%lld", (long long)v->integer));
    else if (v->kind == DIO_PICKLE_BOOL)
        dio_weights_add_meta(w, name, v->integer ? "true" : "false");
    else if (v->kind == DIO_PICKLE_REAL)
        dio_weights_add_meta(w, name, dio_arena_printf(a, "%.9g", v->real));
    else if (v->kind == DIO_PICKLE_TEXT && v->text.length <= META_TEXT &&
             dio_utf8_valid(v->text.bytes, v->text.length, &bad))
        dio_weights_add_meta(w, name, dio_arena_strndup(a, v->text.bytes, v->text.length));
}

/* The part of root that holds the weights. */
static const dio_pickle_value *choose(dio_weights *w, const dio_pickle_value *root)
{
    static const char *const keys[] = {"params_ema", "params", "state_dict"};
    for (int i = 0; root->kind == DIO_PICKLE_DICT && i < root->list.count && i < 2 * META_LIMIT;
         i += 2)
        add_meta(w, root->list.items[i], root->list.items[i + 1]);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const dio_pickle_value *v = dio_pickle_get(root, keys[i]);
        if (v && v->kind == DIO_PICKLE_DICT) {
            dio_weights_add_meta(w, "taken from", keys[i]);
            return v;
        }
    }
    return root;
}

bool dio_torch_state(dio_weights *w, dio_map_file *file, const dio_pickle *p,
                     const dio_pickle_value *root, dio_error *err)
{
    struct walk k = {.w = w, .file = file};
    const dio_pickle_value *state = choose(w, root);
    bool ok = !has_tensors(state) || walk(&k, state, err);
    if (ok && !k.tensors)
        ok = dio_fail(err, "there is no tensor in the checkpoint, which holds %s",
                      dio_pickle_kind_name(state->kind));
    for (int i = 0; i < p->n_storages; i++) {
        dio_buffer_unref(p->storages[i]->buffer);
        p->storages[i]->buffer = NULL;
    }
    return ok;
}
