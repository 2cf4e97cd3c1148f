/* pickle.c: the stack machine: one row for each opcode, a function where it is taken.
 *
 * Memory is bounded by what the arena has handed out, time by the length of the pickle: an opcode
 * costs what its bytes and the stack above its mark are long, and no value is walked, copied or
 * compared. So recursion, cycles and values that hold each other a thousand times are harmless
 * here; whoever walks the result bounds that walk (torch_state.c). */
#include "tensor/weights/pickle.h"

#include <string.h>

#include "tensor/weights/little.h"

enum {
    MEMORY_LIMIT = 256 << 20, /* torch 2.15 takes 916 bytes a tensor: room for 290,000 */
    LINE_LIMIT = 256,         /* of a module's or function's name */
};

struct op {
    const char *name;
    bool (*run)(dio_pickle *p, int arg, dio_error *err); /* NULL: refused */
    int arg;
};

static bool run_proto(dio_pickle *p, int arg, dio_error *err)
{
    const uint8_t *b = dio_pickle_take(p, 1, err);
    (void)arg;
    if (!b)
        return false;
    return (*b >= 2 && *b <= 5) ||
           dio_pickle_fail(p, err, "pickle protocol %d; 2 to 5 are known", *b);
}

/* A frame only says how much may be read at once. */
static bool run_frame(dio_pickle *p, int arg, dio_error *err)
{
    const uint8_t *b = dio_pickle_take(p, 8, err);
    (void)arg;
    if (!b)
        return false;
    return dio_little64(b) <= p->size - p->at ||
           dio_pickle_fail(p, err, "a frame of %llu bytes, %zu left: the file was cut short",
                           (unsigned long long)dio_little64(b), p->size - p->at);
}

static bool run_stop(dio_pickle *p, int arg, dio_error *err)
{
    (void)arg;
    if (p->n_marks || p->depth != 1)
        return dio_pickle_fail(p, err, "STOP needs one value on the stack: %d there, %d marks open",
                               p->depth, p->n_marks);
    p->result = p->stack[0];
    return true;
}

static bool run_mark(dio_pickle *p, int arg, dio_error *err)
{
    (void)arg;
    if (!dio_arena_grow(p->arena, &p->marks, p->n_marks, &p->marks_cap, sizeof *p->marks))
        return dio_fail_memory(err, "a pickle's marks");
    p->marks[p->n_marks++] = p->depth;
    return true;
}

static bool run_empty(dio_pickle *p, int kind, dio_error *err)
{
    return dio_pickle_push(p, dio_pickle_new(p, (dio_pickle_kind)kind), err);
}

static bool run_bool(dio_pickle *p, int value, dio_error *err)
{
    dio_pickle_value *v = dio_pickle_new(p, DIO_PICKLE_BOOL);
    v->integer = value;
    return dio_pickle_push(p, v, err);
}

static bool run_int(dio_pickle *p, int width, dio_error *err)
{
    uint64_t n;
    if (!dio_pickle_take_count(p, width, &n, err))
        return false;
    dio_pickle_value *v = dio_pickle_new(p, DIO_PICKLE_INT);
    v->integer = width == 4 ? (int32_t)n : (int64_t)n; /* only BININT has a sign */
    return dio_pickle_push(p, v, err);
}

/* Two's complement in as few bytes as it takes. */
static bool run_long(dio_pickle *p, int arg, dio_error *err)
{
    uint64_t n, value = 0;
    (void)arg;
    if (!dio_pickle_take_count(p, 1, &n, err))
        return false;
    const uint8_t *b = dio_pickle_take(p, n, err);
    if (!b)
        return false;
    dio_pickle_value *v = dio_pickle_new(p, n > 8 ? DIO_PICKLE_BYTES : DIO_PICKLE_INT);
    if (n > 8) {
        v->text.bytes = (const char *)b;
        v->text.length = (size_t)n;
        return dio_pickle_push(p, v, err);
    }
    for (uint64_t i = 0; i < 8; i++)
        value |= (uint64_t)(i < n ? b[i] : n && b[n - 1] & 0x80 ? 0xff : 0) << 8 * i;
    memcpy(&v->integer, &value, sizeof value);
    return dio_pickle_push(p, v, err);
}

static bool run_real(dio_pickle *p, int arg, dio_error *err)
{
    const uint8_t *b = dio_pickle_take(p, 8, err); /* most significant byte first */
    uint64_t bits = 0;
    (void)arg;
    if (!b)
        return false;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | b[i];
    dio_pickle_value *v = dio_pickle_new(p, DIO_PICKLE_REAL);
    memcpy(&v->real, &bits, sizeof bits);
    return dio_pickle_push(p, v, err);
}

static bool push_text(dio_pickle *p, dio_pickle_kind kind, int width, dio_error *err)
{
    uint64_t n;
    if (!dio_pickle_take_count(p, width, &n, err))
        return false;
    const uint8_t *b = dio_pickle_take(p, n, err);
    if (!b)
        return false;
    dio_pickle_value *v = dio_pickle_new(p, kind);
    v->text.bytes = (const char *)b;
    v->text.length = (size_t)n;
    return dio_pickle_push(p, v, err);
}

static bool run_text(dio_pickle *p, int width, dio_error *err)
{
    return push_text(p, DIO_PICKLE_TEXT, width, err);
}

static bool run_bytes(dio_pickle *p, int width, dio_error *err)
{
    return push_text(p, DIO_PICKLE_BYTES, width, err);
}

/* A tuple of the last n values; n < 0: of all above the mark. */
static bool run_tuple(dio_pickle *p, int n, dio_error *err)
{
    int at = p->depth - n;
    if (n < 0 ? !dio_pickle_unmark(p, 0, &at, err) : !dio_pickle_reach(p, n, err))
        return false;
    n = p->depth - at;
    dio_pickle_value *v = dio_pickle_new(p, DIO_PICKLE_TUPLE);
    v->list.items = dio_arena_try(p->arena, (size_t)n * sizeof *v->list.items);
    if (!v->list.items)
        return dio_fail_memory(err, "a tuple of a pickle");
    if (n) /* the stack may not exist yet */
        memcpy(v->list.items, p->stack + at, (size_t)n * sizeof *v->list.items);
    v->list.count = v->list.cap = n;
    p->depth = at;
    return dio_pickle_push(p, v, err);
}

/* Adds the values from `at` on to what stands below them, a `kind`. */
static bool fill(dio_pickle *p, int at, dio_pickle_kind kind, dio_error *err)
{
    dio_pickle_value *into = p->stack[at - 1];
    if (into->kind != kind && into->kind != DIO_PICKLE_INERT)
        return dio_pickle_fail(p, err, "adds to %s, where %s is due",
                               dio_pickle_kind_name(into->kind), dio_pickle_kind_name(kind));
    for (int i = at; i < p->depth && into->kind == kind; i++)
        if (!dio_pickle_add(p, into, p->stack[i], err))
            return false;
    p->depth = at;
    return true;
}

static bool run_append(dio_pickle *p, int one, dio_error *err)
{
    int at = p->depth - 1;
    return (one ? dio_pickle_reach(p, 2, err) : dio_pickle_unmark(p, 1, &at, err)) &&
           fill(p, at, DIO_PICKLE_LIST, err);
}

static bool run_setitem(dio_pickle *p, int one, dio_error *err)
{
    int at = p->depth - 2;
    if (one ? !dio_pickle_reach(p, 3, err) : !dio_pickle_unmark(p, 1, &at, err))
        return false;
    if ((p->depth - at) % 2)
        return dio_pickle_fail(p, err, "a key without a value");
    return fill(p, at, DIO_PICKLE_DICT, err);
}

/* --- the memo --------------------------------------------------------------------------------- */

static bool run_get(dio_pickle *p, int width, dio_error *err)
{
    uint64_t i;
    if (!dio_pickle_take_count(p, width, &i, err))
        return false;
    if (i >= p->memo_cap || !p->memo[i])
        return dio_pickle_fail(p, err, "memo entry %llu was never stored", (unsigned long long)i);
    return dio_pickle_push(p, p->memo[i], err);
}

static bool run_put(dio_pickle *p, int width, dio_error *err)
{
    uint64_t i;
    return dio_pickle_take_count(p, width, &i, err) && dio_pickle_store(p, i, err);
}

static bool run_memoize(dio_pickle *p, int arg, dio_error *err)
{
    (void)arg;
    return dio_pickle_store(p, p->memo_count, err);
}

/* --- names and calls -------------------------------------------------------------------------- */

static const char *take_line(dio_pickle *p, size_t *n, dio_error *err)
{
    const char *line = (const char *)p->bytes + p->at;
    size_t left = p->size - p->at, limit = left < LINE_LIMIT ? left : LINE_LIMIT;
    const char *end = memchr(line, '\n', limit);
    if (!end) {
        dio_pickle_fail(p, err, "a name does not end within %zu bytes%s", limit,
                        left > LINE_LIMIT ? "" : ": the file was cut short");
        return NULL;
    }
    *n = (size_t)(end - line);
    p->at += *n + 1;
    return line;
}

static bool run_global(dio_pickle *p, int arg, dio_error *err)
{
    size_t n_module, n_name;
    const char *module = take_line(p, &n_module, err);
    const char *name = module ? take_line(p, &n_name, err) : NULL;
    dio_pickle_value *v;
    (void)arg;
    return name && dio_pickle_global_find(p, module, n_module, name, n_name, &v, err) &&
           dio_pickle_push(p, v, err);
}

static bool run_stack_global(dio_pickle *p, int arg, dio_error *err)
{
    (void)arg;
    if (!dio_pickle_reach(p, 2, err))
        return false;
    dio_pickle_value *v, *name = p->stack[--p->depth], *module = p->stack[--p->depth];
    if (name->kind != DIO_PICKLE_TEXT || module->kind != DIO_PICKLE_TEXT)
        return dio_pickle_fail(p, err, "the name of a function is %s and %s, not two texts",
                               dio_pickle_kind_name(module->kind),
                               dio_pickle_kind_name(name->kind));
    return dio_pickle_global_find(p, module->text.bytes, module->text.length, name->text.bytes,
                                  name->text.length, &v, err) &&
           dio_pickle_push(p, v, err);
}

static bool run_reduce(dio_pickle *p, int object, dio_error *err)
{
    if (!dio_pickle_reach(p, 2, err))
        return false;
    dio_pickle_value *v, *args = p->stack[--p->depth], *callee = p->stack[--p->depth];
    return (object ? dio_pickle_object(p, callee, &v, err)
                   : dio_pickle_call(p, callee, args, &v, err)) &&
           dio_pickle_push(p, v, err);
}

static bool run_build(dio_pickle *p, int arg, dio_error *err)
{
    (void)arg;
    if (!dio_pickle_reach(p, 2, err))
        return false;
    const dio_pickle_value *state = p->stack[--p->depth];
    return dio_pickle_build(p, p->stack[p->depth - 1], state, err);
}

static bool run_persistent(dio_pickle *p, int arg, dio_error *err)
{
    dio_pickle_value *v;
    (void)arg;
    return dio_pickle_reach(p, 1, err) && dio_pickle_persistent(p, p->stack[--p->depth], &v, err) &&
           dio_pickle_push(p, v, err);
}

static const struct op ops[256] = {
    [0x80] = {"PROTO", run_proto},
    [0x95] = {"FRAME", run_frame},
    ['.'] = {"STOP", run_stop},
    ['('] = {"MARK", run_mark},
    ['N'] = {"NONE", run_empty, DIO_PICKLE_NONE},
    [']'] = {"EMPTY_LIST", run_empty, DIO_PICKLE_LIST},
    ['}'] = {"EMPTY_DICT", run_empty, DIO_PICKLE_DICT},
    [')'] = {"EMPTY_TUPLE", run_tuple, 0},
    [0x85] = {"TUPLE1", run_tuple, 1},
    [0x86] = {"TUPLE2", run_tuple, 2},
    [0x87] = {"TUPLE3", run_tuple, 3},
    ['t'] = {"TUPLE", run_tuple, -1},
    [0x88] = {"NEWTRUE", run_bool, 1},
    [0x89] = {"NEWFALSE", run_bool, 0},
    ['K'] = {"BININT1", run_int, 1},
    ['M'] = {"BININT2", run_int, 2},
    ['J'] = {"BININT", run_int, 4},
    [0x8a] = {"LONG1", run_long},
    ['G'] = {"BINFLOAT", run_real},
    ['X'] = {"BINUNICODE", run_text, 4},
    [0x8c] = {"SHORT_BINUNICODE", run_text, 1},
    [0x8d] = {"BINUNICODE8", run_text, 8},
    ['U'] = {"SHORT_BINSTRING", run_text, 1},
    ['T'] = {"BINSTRING", run_text, 4},
    ['C'] = {"SHORT_BINBYTES", run_bytes, 1},
    ['B'] = {"BINBYTES", run_bytes, 4},
    ['a'] = {"APPEND", run_append, true},
    ['e'] = {"APPENDS", run_append, false},
    ['s'] = {"SETITEM", run_setitem, true},
    ['u'] = {"SETITEMS", run_setitem, false},
    ['h'] = {"BINGET", run_get, 1},
    ['j'] = {"LONG_BINGET", run_get, 4},
    ['q'] = {"BINPUT", run_put, 1},
    ['r'] = {"LONG_BINPUT", run_put, 4},
    [0x94] = {"MEMOIZE", run_memoize},
    ['c'] = {"GLOBAL", run_global},
    [0x93] = {"STACK_GLOBAL", run_stack_global},
    ['R'] = {"REDUCE", run_reduce, false},
    [0x81] = {"NEWOBJ", run_reduce, true},
    ['b'] = {"BUILD", run_build},
    ['Q'] = {"BINPERSID", run_persistent},
    /* Refused by name. */
    ['i'] = {"INST"},
    ['o'] = {"OBJ"},
    ['P'] = {"PERSID"},
    [0x92] = {"NEWOBJ_EX"},
    [0x82] = {"EXT1"},
    [0x83] = {"EXT2"},
    [0x84] = {"EXT4"},
    ['I'] = {"INT"},
    ['L'] = {"LONG"},
    ['F'] = {"FLOAT"},
    ['S'] = {"STRING"},
    ['V'] = {"UNICODE"},
    ['d'] = {"DICT"},
    ['l'] = {"LIST"},
    ['g'] = {"GET"},
    ['p'] = {"PUT"},
    ['0'] = {"POP"},
    ['1'] = {"POP_MARK"},
    ['2'] = {"DUP"},
    [0x8b] = {"LONG4"},
    [0x8e] = {"BINBYTES8"},
    [0x8f] = {"EMPTY_SET"},
    [0x90] = {"ADDITEMS"},
    [0x91] = {"FROZENSET"},
    [0x96] = {"BYTEARRAY8"},
    [0x97] = {"NEXT_BUFFER"},
    [0x98] = {"READONLY_BUFFER"},
};

static bool step(dio_pickle *p, dio_error *err)
{
    p->op_at = p->at;
    if (p->at == p->size)
        return dio_pickle_fail(p, err, "the pickle does not stop: the file was cut short");
    int code = p->bytes[p->at++];
    const struct op *op = &ops[code];
    if (!op->name)
        return dio_pickle_fail(p, err, "0x%02x is no opcode of a pickle", code);
    if (!op->run)
        return dio_pickle_fail(
            p, err, "opcode %s is not one that the weights of a model need: refused", op->name);
    if (!op->run(p, op->arg, err))
        return false;
    if (dio_arena_failed(p->arena))
        return dio_fail_memory(err, "a pickle");
    return dio_arena_used(p->arena) <= MEMORY_LIMIT ||
           dio_pickle_fail(p, err,
                           "the pickle has taken more than %d MB of memory, which no model's "
                           "weights need",
                           MEMORY_LIMIT >> 20);
}

const dio_pickle_value *dio_pickle_run(dio_pickle *p, dio_error *err)
{
    p->op_at = p->at;
    p->depth = p->n_marks = 0;
    p->memo_cap = p->memo_count = 0;
    p->result = NULL;
    if (p->at == p->size || p->bytes[p->at] != 0x80) {
        dio_pickle_fail(p, err, "a pickle is due here, which would begin with its protocol");
        return NULL;
    }
    while (!p->result)
        if (!step(p, err))
            return NULL;
    return p->result;
}
