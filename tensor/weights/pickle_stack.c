/* pickle_stack.c: what the machine keeps: values, the stack with its marks, the memo; and the bytes
 * it reads. Every request is held against what there is. */
#include "tensor/weights/pickle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tensor/weights/little.h"

bool dio_pickle_fail(const dio_pickle *p, dio_error *err, const char *format, ...)
{
    char text[DIO_ERROR_MESSAGE / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return dio_fail(err, "%.200s%sbyte %zu: %s", p->name ? p->name : "", p->name ? ", " : "",
                    p->op_at, text);
}

const char *dio_pickle_kind_name(dio_pickle_kind kind)
{
    static const char *const names[] = {
        [DIO_PICKLE_NONE] = "None",         [DIO_PICKLE_BOOL] = "a truth value",
        [DIO_PICKLE_INT] = "an integer",    [DIO_PICKLE_REAL] = "a number",
        [DIO_PICKLE_TEXT] = "text",         [DIO_PICKLE_BYTES] = "bytes",
        [DIO_PICKLE_TUPLE] = "a tuple",     [DIO_PICKLE_LIST] = "a list",
        [DIO_PICKLE_DICT] = "a dict",       [DIO_PICKLE_GLOBAL] = "a name",
        [DIO_PICKLE_STORAGE] = "a storage", [DIO_PICKLE_TENSOR] = "a tensor",
        [DIO_PICKLE_INERT] = "an object",
    };
    return names[kind];
}

dio_pickle_value *dio_pickle_new(dio_pickle *p, dio_pickle_kind kind)
{
    dio_pickle_value *v = dio_arena_alloc(p->arena, sizeof *v);
    v->kind = kind;
    return v;
}

bool dio_pickle_is_text(const dio_pickle_value *v, const char *text)
{
    size_t n = strlen(text);
    return v->kind == DIO_PICKLE_TEXT && v->text.length == n && memcmp(v->text.bytes, text, n) == 0;
}

const dio_pickle_value *dio_pickle_get(const dio_pickle_value *v, const char *key)
{
    for (int i = v->kind == DIO_PICKLE_DICT ? v->list.count - 2 : -1; i >= 0; i -= 2)
        if (dio_pickle_is_text(v->list.items[i], key))
            return v->list.items[i + 1];
    return NULL;
}

const uint8_t *dio_pickle_take(dio_pickle *p, uint64_t n, dio_error *err)
{
    if (n > p->size - p->at) {
        dio_pickle_fail(p, err, "%llu bytes are due, %zu left: the file was cut short",
                        (unsigned long long)n, p->size - p->at);
        return NULL;
    }
    p->at += (size_t)n;
    return p->bytes + p->at - n;
}

bool dio_pickle_push(dio_pickle *p, dio_pickle_value *v, dio_error *err)
{
    if (!dio_arena_grow(p->arena, &p->stack, p->depth, &p->stack_cap, sizeof *p->stack))
        return dio_fail_memory(err, "a pickle's stack");
    p->stack[p->depth++] = v;
    return true;
}

bool dio_pickle_reach(const dio_pickle *p, int n, dio_error *err)
{
    int floor = p->n_marks ? p->marks[p->n_marks - 1] : 0;
    return p->depth - floor >= n ||
           dio_pickle_fail(p, err, "the stack is too short: %d due, %d there", n, p->depth - floor);
}

bool dio_pickle_unmark(dio_pickle *p, int below, int *at, dio_error *err)
{
    if (!p->n_marks)
        return dio_pickle_fail(p, err, "a MARK is due on the stack, which has none");
    *at = p->marks[--p->n_marks];
    int depth = p->depth;
    p->depth = *at;
    bool ok = dio_pickle_reach(p, below, err);
    p->depth = depth;
    return ok;
}

bool dio_pickle_add(dio_pickle *p, dio_pickle_value *list, dio_pickle_value *item, dio_error *err)
{
    if (!dio_arena_grow(p->arena, &list->list.items, list->list.count, &list->list.cap,
                        sizeof *list->list.items))
        return dio_fail_memory(err, "a pickle's list");
    list->list.items[list->list.count++] = item;
    return true;
}

bool dio_pickle_take_count(dio_pickle *p, int width, uint64_t *out, dio_error *err)
{
    const uint8_t *b = dio_pickle_take(p, (uint64_t)width, err);
    if (!b)
        return false;
    *out = width == 1   ? *b
           : width == 2 ? dio_little16(b)
           : width == 4 ? dio_little32(b)
                        : dio_little64(b);
    return true;
}

bool dio_pickle_store(dio_pickle *p, uint64_t i, dio_error *err)
{
    /* Picklers number entries in order, from 0 or (Python 2) from 1: what is further on would only
     * make this table large. */
    if (i > p->memo_count + 1)
        return dio_pickle_fail(p, err, "memo entry %llu comes when %zu are stored",
                               (unsigned long long)i, p->memo_count);
    if (!dio_pickle_reach(p, 1, err))
        return false;
    while (i >= p->memo_cap) {
        size_t cap = p->memo_cap ? 2 * p->memo_cap : 64;
        dio_pickle_value **memo = dio_arena_try(p->arena, cap * sizeof(dio_pickle_value *));
        if (!memo)
            return dio_fail_memory(err, "a pickle's memo");
        if (p->memo_cap)
            memcpy(memo, p->memo, p->memo_cap * sizeof *memo);
        p->memo = memo;
        p->memo_cap = cap;
    }
    p->memo_count += !p->memo[i];
    p->memo[i] = p->stack[p->depth - 1];
    return true;
}
