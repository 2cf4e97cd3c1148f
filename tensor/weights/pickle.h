#pragma once
/* pickle.h: Python's pickles, as far as the weights of torch need them, and not a step further.
 *
 * A pickle is a program for a stack machine that may name any function of Python and call it. This
 * machine knows a list of names; what they build here is data, and a name off the list, or an
 * opcode that no state dict needs, is refused with its place. Nothing is imported, looked up, run
 * or written.
 *
 *     pickle.c        the opcodes
 *     pickle_stack.c  values, stack, memo
 *     pickle_calls.c  the names, and what a call of one gives
 *
 * What is made lies in the machine's arena; texts lie where they are in the pickle.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_pickle_kind {
    DIO_PICKLE_NONE,
    DIO_PICKLE_BOOL,
    DIO_PICKLE_INT,
    DIO_PICKLE_REAL,
    DIO_PICKLE_TEXT,
    DIO_PICKLE_BYTES, /* also integers of more than 64 bits */
    DIO_PICKLE_TUPLE,
    DIO_PICKLE_LIST,
    DIO_PICKLE_DICT,
    DIO_PICKLE_GLOBAL,
    DIO_PICKLE_STORAGE,
    DIO_PICKLE_TENSOR,
    DIO_PICKLE_INERT, /* an object of no interest: whatever is done to it is forgotten */
} dio_pickle_kind;

typedef struct dio_pickle_global dio_pickle_global;

/* The numbers that tensors are views of. Its reader says where they lie. */
typedef struct dio_pickle_storage dio_pickle_storage;
struct dio_pickle_storage {
    const char *key; /* of the numbers in the file */
    int key_length;
    dio_dtype dtype;
    size_t count, bytes;
    size_t at;                /* of the pickle: where it is named */
    size_t offset;            /* of the file, */
    bool placed;              /* once that is known to hold all the bytes */
    dio_pickle_storage *same; /* the first that was named by this key */
    dio_buffer *buffer;
};

typedef struct dio_pickle_tensor {
    dio_pickle_storage *storage;
    dio_type type;
    size_t offset, stride[DIO_MAX_DIMS]; /* in elements; not yet held against the storage */
} dio_pickle_tensor;

typedef struct dio_pickle_value dio_pickle_value;
struct dio_pickle_value {
    dio_pickle_kind kind;
    bool parameters; /* a DICT that came from a ParameterDict, and gets its content as a state */
    union {
        int64_t integer; /* and BOOL */
        double real;
        struct {
            const char *bytes;
            size_t length;
        } text;
        struct {
            dio_pickle_value **items; /* of a DICT: key, value, key, value, .. */
            int count, cap;
        } list;
        const dio_pickle_global *global;
        dio_pickle_storage *storage;
        dio_pickle_tensor *tensor;
    };
};

typedef struct dio_pickle {
    /* The caller's: */
    dio_arena *arena;
    const char *name; /* for messages; NULL: places are those of the file itself */
    const uint8_t *bytes;
    size_t size, at; /* at: the next byte to read; behind the pickle afterwards */
    /* The machine's: */
    size_t op_at;
    dio_pickle_value **stack, **memo, *result;
    int depth, stack_cap;
    int *marks; /* depths at which an open MARK stands */
    int n_marks, marks_cap;
    size_t memo_cap, memo_count;
    dio_pickle_storage **storages; /* as often as they are named */
    int n_storages, storages_cap;
} dio_pickle;

/* Runs one pickle; what it left on the stack, or NULL with a message. */
const dio_pickle_value *dio_pickle_run(dio_pickle *p, dio_error *err);

/* The last value under a key of text in a DICT; NULL when there is none, or v is no DICT. */
const dio_pickle_value *dio_pickle_get(const dio_pickle_value *v, const char *key);
bool dio_pickle_is_text(const dio_pickle_value *v, const char *text);

/* --- between the three files ------------------------------------------------------------------ */

/* The sentence, with the place of the opcode in hand. */
bool dio_pickle_fail(const dio_pickle *p, dio_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
dio_pickle_value *dio_pickle_new(dio_pickle *p, dio_pickle_kind kind);
bool dio_pickle_add(dio_pickle *p, dio_pickle_value *list, dio_pickle_value *item, dio_error *err);
const char *dio_pickle_kind_name(dio_pickle_kind kind); /* "a tuple" */

/* The next n bytes, or the number in the next 1, 2, 4 or 8. */
const uint8_t *dio_pickle_take(dio_pickle *p, uint64_t n, dio_error *err);
bool dio_pickle_take_count(dio_pickle *p, int width, uint64_t *out, dio_error *err);
bool dio_pickle_push(dio_pickle *p, dio_pickle_value *v, dio_error *err);
/* Whether n values can be taken; what is below an open mark is out of reach. */
bool dio_pickle_reach(const dio_pickle *p, int n, dio_error *err);
/* Closes the last mark: *at is its depth, and `below` values stand under it. */
bool dio_pickle_unmark(dio_pickle *p, int below, int *at, dio_error *err);
/* The top of the stack becomes memo entry i. */
bool dio_pickle_store(dio_pickle *p, uint64_t i, dio_error *err);

/* Each gives a value in *out, or fails. */
bool dio_pickle_global_find(dio_pickle *p, const char *module, size_t n_module, const char *name,
                            size_t n_name, dio_pickle_value **out, dio_error *err);
bool dio_pickle_call(dio_pickle *p, const dio_pickle_value *callee, const dio_pickle_value *args,
                     dio_pickle_value **out, dio_error *err);
bool dio_pickle_object(dio_pickle *p, const dio_pickle_value *type, dio_pickle_value **out,
                       dio_error *err);
bool dio_pickle_build(dio_pickle *p, dio_pickle_value *object, const dio_pickle_value *state,
                      dio_error *err);
bool dio_pickle_persistent(dio_pickle *p, const dio_pickle_value *id, dio_pickle_value **out,
                           dio_error *err);

#ifdef __cplusplus
}
#endif
