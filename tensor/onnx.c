/* onnx.c: a walk over ONNX's protobuf: fields by number, each a varint, 8 bytes, 4 bytes, or a
 * length and so many bytes. A message is such a piece of bytes, walked by the same cursor; nothing
 * is read past its end, and what is not asked for is stepped over.
 *
 *   Model: 7 graph    Graph: 1 node, 5 initializer    Node: 1 input, 3 name, 4 op_type, 5 attribute
 *   Attribute: 1 name, 2 f, 3 i, 8 ints    Tensor: 1 dims, 2 data_type, 4 float_data, 8 name, 9
 * raw_data, 14 data_location
 */
#include "tensor/onnx.h"

#include <string.h>

enum {
    NODES_MOST = 1 << 20,
    TENSORS_MOST = 1 << 20,
    INPUTS_MOST = 1 << 12,
    ATTRIBUTES_MOST = 256,
    NAME_MOST = 4096,
};
enum wire { VARINT = 0, EIGHT = 1, BYTES = 2, FOUR = 5 };

struct cursor {
    const uint8_t *start; /* of the file: places are said from here */
    const uint8_t *p, *end;
    dio_error *err;
};

/* One field: its number, and what it holds by its wire type. */
struct field {
    uint32_t number;
    enum wire wire;
    uint64_t value; /* of a varint, or the bytes of EIGHT and FOUR */
    struct cursor bytes;
};

static bool broken(const struct cursor *c, const char *what)
{
    return dio_fail(c->err, "byte %zu: %s: this is no whole ONNX file", (size_t)(c->p - c->start),
                    what);
}

static bool varint(struct cursor *c, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (c->p == c->end)
            return broken(c, "a number is cut off");
        uint8_t b = *c->p++;
        *out |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80)
            return true;
    }
    return broken(c, "a number of more than 10 bytes");
}

static bool fixed(struct cursor *c, int n, uint64_t *out)
{
    if (c->end - c->p < n)
        return broken(c, "a number is cut off");
    *out = 0;
    for (int i = 0; i < n; i++)
        *out |= (uint64_t)c->p[i] << 8 * i;
    c->p += n;
    return true;
}

/* False at the end of the message too: then nothing is said. */
static bool next(struct cursor *c, struct field *f)
{
    uint64_t tag;
    if (c->p == c->end || !varint(c, &tag))
        return false;
    f->number = (uint32_t)(tag >> 3);
    f->wire = (enum wire)(tag & 7);
    f->bytes = (struct cursor){c->start, c->p, c->p, c->err}; /* of none, so far */
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return broken(c, "a field without a number");
    if (f->wire == VARINT)
        return varint(c, &f->value);
    if (f->wire == EIGHT || f->wire == FOUR)
        return fixed(c, f->wire == EIGHT ? 8 : 4, &f->value);
    if (f->wire != BYTES)
        return broken(c, "a field of an unknown kind");
    if (!varint(c, &f->value))
        return false;
    if (f->value > (uint64_t)(c->end - c->p))
        return broken(c, "a piece reaches beyond what holds it");
    f->bytes = (struct cursor){c->start, c->p, c->p + f->value, c->err};
    c->p += f->value;
    return true;
}

static bool whole(const struct cursor *c)
{
    return c->err->kind == DIO_ERROR_NONE;
}

/* A name: UTF-8 is not looked at, but a NUL within would hide the rest. */
static bool text(dio_arena *a, const struct field *f, const char **out)
{
    size_t n = (size_t)(f->bytes.end - f->bytes.p);
    if (f->wire != BYTES || n > NAME_MOST)
        return broken(&f->bytes, "a name that is none, or too long");
    if (memchr(f->bytes.p, 0, n))
        return broken(&f->bytes, "a name with a NUL in it");
    char *copy = dio_arena_try(a, n + 1);
    if (!copy)
        return dio_fail_memory(f->bytes.err, "an ONNX file");
    memcpy(copy, f->bytes.p, n);
    copy[n] = 0;
    *out = copy;
    return true;
}

/* Whole numbers, one by one or packed: the first `most` are kept, *count is how many there are. */
static bool ints(const struct field *f, int64_t *out, int most, int *count)
{
    struct cursor c = f->bytes;
    uint64_t v;
    if (f->wire == VARINT) {
        if (*count < most)
            out[*count] = (int64_t)f->value;
        ++*count;
        return true;
    }
    if (f->wire != BYTES)
        return broken(&c, "a list of numbers that is none");
    while (c.p < c.end && varint(&c, &v)) {
        if (*count < most)
            out[*count] = (int64_t)v;
        ++*count;
    }
    return whole(&c);
}

/* --- nodes --- */

static bool attribute(struct cursor c, dio_arena *a, dio_onnx_attribute *out)
{
    struct field f;
    out->name = "";
    while (next(&c, &f)) {
        if (f.number == 1 && !text(a, &f, &out->name))
            return false;
        if (f.number == 2 && f.wire == FOUR) {
            uint32_t bits = (uint32_t)f.value;
            memcpy(&out->real, &bits, sizeof out->real);
        }
        if (f.number == 3 && f.wire == VARINT)
            out->integer = (int64_t)f.value;
        if (f.number == 8 && !ints(&f, out->ints, DIO_ONNX_INTS, &out->n_ints))
            return false;
    }
    out->n_ints = out->n_ints < DIO_ONNX_INTS ? out->n_ints : DIO_ONNX_INTS;
    return whole(&c);
}

/* How often a field is in the message. */
static bool count(struct cursor c, uint32_t number, int most, int *out)
{
    struct field f;
    *out = 0;
    while (next(&c, &f))
        if (f.number == number && f.wire == BYTES && ++*out > most)
            return dio_fail(c.err, "more than %d pieces of one kind in an ONNX file", most);
    return whole(&c);
}

static bool node(struct cursor c, dio_arena *a, dio_onnx_node *out)
{
    struct field f;
    int inputs, attributes;
    if (!count(c, 1, INPUTS_MOST, &inputs) || !count(c, 5, ATTRIBUTES_MOST, &attributes))
        return false;
    out->name = out->op = "";
    out->inputs = dio_arena_try(a, (size_t)(inputs + 1) * sizeof *out->inputs);
    out->attributes = dio_arena_try(a, (size_t)(attributes + 1) * sizeof *out->attributes);
    if (!out->inputs || !out->attributes)
        return dio_fail_memory(c.err, "an ONNX file");
    while (next(&c, &f)) {
        bool ok = true;
        if (f.number == 1)
            ok = f.wire == BYTES && text(a, &f, &out->inputs[out->n_inputs++]);
        else if (f.number == 3)
            ok = text(a, &f, &out->name);
        else if (f.number == 4)
            ok = text(a, &f, &out->op);
        else if (f.number == 5)
            ok = f.wire == BYTES && attribute(f.bytes, a, &out->attributes[out->n_attributes++]);
        if (!ok)
            return broken(&c, "a node that cannot be read"); /* unless it was said already */
    }
    return whole(&c);
}

/* --- tensors --- */

static dio_dtype dtype_of(uint64_t code)
{
    switch (code) {
    case 1:
        return DIO_F32;
    case 2:
        return DIO_U8;
    case 3:
        return DIO_I8;
    case 6:
        return DIO_I32;
    case 7:
        return DIO_I64;
    case 10:
        return DIO_F16;
    case 11:
        return DIO_F64;
    case 16:
        return DIO_BF16;
    default:
        return DIO_DTYPES;
    }
}

static bool take_data(const struct field *f, dio_onnx_tensor *out)
{
    if (f->wire != BYTES)
        return broken(&f->bytes, "a tensor whose numbers are not bytes");
    out->offset = (size_t)(f->bytes.p - f->bytes.start);
    out->bytes = (size_t)(f->bytes.end - f->bytes.p);
    return true;
}

static bool check_tensor(const struct cursor *c, dio_onnx_tensor *t, int nd, bool outside)
{
    if (outside)
        return dio_fail(c->err, "tensor \"%.200s\" lies in another file, which is not supported",
                        t->name);
    if (nd > DIO_MAX_DIMS)
        return dio_fail(c->err, "tensor \"%.200s\" has %d dimensions, more than %d", t->name, nd,
                        DIO_MAX_DIMS);
    t->type.nd = nd;
    if (t->type.dtype == DIO_DTYPES || !t->bytes)
        return true;
    if (!dio_type_check(&t->type, c->err))
        return dio_error_prefix(c->err, "tensor \"%.200s\"", t->name);
    return dio_type_bytes(&t->type) == t->bytes ||
           dio_fail(c->err, "tensor \"%.200s\" has %zu bytes where its shape takes %zu", t->name,
                    t->bytes, dio_type_bytes(&t->type));
}

static bool tensor(struct cursor c, dio_arena *a, dio_onnx_tensor *out)
{
    struct field f;
    int nd = 0;
    bool outside = false;
    out->name = "";
    out->type.dtype = DIO_DTYPES;
    while (next(&c, &f)) {
        if (f.number == 1 && !ints(&f, out->type.dim, DIO_MAX_DIMS, &nd))
            return false;
        if (f.number == 2 && f.wire == VARINT)
            out->type.dtype = dtype_of(f.value);
        if (f.number == 8 && !text(a, &f, &out->name))
            return false;
        if ((f.number == 9 || (f.number == 4 && f.wire == BYTES)) && !take_data(&f, out))
            return false;
        outside = outside || (f.number == 14 && f.value == 1);
    }
    return whole(&c) && check_tensor(&c, out, nd, outside);
}

/* --- the file --- */

static bool graph(struct cursor c, dio_arena *a, dio_onnx *out)
{
    struct field f;
    int nodes, tensors;
    if (!count(c, 1, NODES_MOST, &nodes) || !count(c, 5, TENSORS_MOST, &tensors))
        return false;
    out->nodes = dio_arena_try(a, (size_t)(nodes + 1) * sizeof *out->nodes);
    out->tensors = dio_arena_try(a, (size_t)(tensors + 1) * sizeof *out->tensors);
    if (!out->nodes || !out->tensors)
        return dio_fail_memory(c.err, "an ONNX file");
    while (next(&c, &f)) {
        if (f.wire == BYTES && f.number == 1 && !node(f.bytes, a, &out->nodes[out->n_nodes++]))
            return false;
        if (f.wire == BYTES && f.number == 5 &&
            !tensor(f.bytes, a, &out->tensors[out->n_tensors++]))
            return false;
    }
    return whole(&c);
}

bool dio_onnx_walk(const void *data, size_t size, dio_arena *a, dio_onnx *out, dio_error *err)
{
    struct cursor c = {data, data, (const uint8_t *)data + size, err};
    struct field f;
    bool found = false;
    *out = (dio_onnx){0};
    while (next(&c, &f)) {
        if (f.number != 7 || f.wire != BYTES)
            continue;
        if (found)
            return broken(&c, "a second graph");
        found = true;
        if (!graph(f.bytes, a, out))
            return false;
    }
    return whole(&c) && (found || dio_fail(err, "there is no graph in it: this is no ONNX file"));
}

const dio_onnx_attribute *dio_onnx_attribute_of(const dio_onnx_node *n, const char *name)
{
    for (int i = 0; i < n->n_attributes; i++)
        if (strcmp(n->attributes[i].name, name) == 0)
            return &n->attributes[i];
    return NULL;
}
