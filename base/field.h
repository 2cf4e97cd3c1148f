#pragma once
/* field.h: a parameter described once.
 *
 * A struct's members are listed in a `const dio_field[]`: name, kind, default, range, what it is
 * for. From that one list come parsing from YAML/JSON with place and suggestion, command-line
 * options, range checks, --help, documentation, JSON Schema, cache keys and fuzz words.
 *
 *     struct params { const char *text; double seconds; int size; bool shadow; };
 *     static const dio_field fields[] = {
 *         DIO_FIELD(struct params, text,    NULL,  0,   0,   "words to show"),
 *         DIO_FIELD(struct params, seconds, "2.5", 0.1, 600, "how long it stays, seconds"),
 *         DIO_FIELD(struct params, size,    "64",  8,   512, "cap height in pixels"),
 *         DIO_FIELD(struct params, shadow,  "no",  0,   0,   "draw a soft shadow"),
 *         { 0 },
 *     };
 *
 * A default of NULL means required; "" on a string means optional and empty. Defaults are text
 * and go through the same parser as the user's. Ranges are inclusive; lo == hi means none. For a
 * string, the range is its length in code points.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"

typedef enum dio_field_kind {
    DIO_FIELD_BOOL,   /* bool */
    DIO_FIELD_INT,    /* int */
    DIO_FIELD_INT64,  /* int64_t */
    DIO_FIELD_SEED,   /* uint64_t: 0 to 2^64-1, which no double can hold */
    DIO_FIELD_FLOAT,  /* float */
    DIO_FIELD_REAL,   /* double */
    DIO_FIELD_STRING, /* const char * in the arena */
    DIO_FIELD_ENUM,   /* int: index into words */
    DIO_FIELD_VALUE,  /* const dio_value *: a subtree that its owner reads itself */
} dio_field_kind;

typedef struct dio_field {
    const char *name;
    dio_field_kind kind;
    size_t offset;
    const char *fallback; /* the default, as text; NULL: required */
    double lo, hi;
    const char *doc;
    const char *const *words; /* of an enum, NULL-terminated */
    const char *key;          /* name in files when it differs from the member's; else NULL */
} dio_field;

/* The enum kind has no C type of its own: DIO_FIELD_WORDS names it. */
#define DIO_FIELD_KIND(member)                                                                     \
    _Generic((member),                                                                             \
        bool: DIO_FIELD_BOOL,                                                                      \
        int: DIO_FIELD_INT,                                                                        \
        int64_t: DIO_FIELD_INT64,                                                                  \
        uint64_t: DIO_FIELD_SEED,                                                                  \
        float: DIO_FIELD_FLOAT,                                                                    \
        double: DIO_FIELD_REAL,                                                                    \
        const char *: DIO_FIELD_STRING,                                                            \
        const dio_value *: DIO_FIELD_VALUE)

#define DIO_FIELD(type, member, fallback_, lo_, hi_, doc_)                                         \
    {                                                                                              \
        .name = #member, .kind = DIO_FIELD_KIND(((type *)0)->member),                              \
        .offset = offsetof(type, member), .fallback = (fallback_), .lo = (lo_), .hi = (hi_),       \
        .doc = (doc_),                                                                             \
    }

#define DIO_FIELD_WORDS(type, member, fallback_, words_, doc_)                                     \
    {                                                                                              \
        .name = #member, .kind = DIO_FIELD_ENUM, .offset = offsetof(type, member),                 \
        .fallback = (fallback_), .doc = (doc_), .words = (words_),                                 \
    }

/* Under another key than the member's name, as in a published config.json. */
#define DIO_FIELD_KEY(type, member, key_, fallback_, lo_, hi_, doc_)                               \
    {                                                                                              \
        .name = #member, .kind = DIO_FIELD_KIND(((type *)0)->member),                              \
        .offset = offsetof(type, member), .fallback = (fallback_), .lo = (lo_), .hi = (hi_),       \
        .doc = (doc_), .key = (key_),                                                              \
    }

enum {
    DIO_FIELDS_STRICT = 1,  /* unknown keys are errors with a suggestion (x-* are ignored) */
    DIO_FIELDS_COLLECT = 2, /* go on after an error; see dio_fields_problem */
    /* Items are texts, as in a row of a table: read as options are, and an empty one is absent. */
    DIO_FIELDS_TEXTS = 4,
};

/* Called for every problem when several are to be reported in one pass. */
typedef void dio_problem_fn(void *user, const dio_error *problem);

/* Fills the struct at `out` from map `v` (NULL: defaults alone). Strings are copied to the arena.
 * `what` names the owner in messages ("step compose.video@1"). With `problem`, every error is
 * handed to it and false is returned at the end; without, the first goes to err. */
bool dio_fields_read(const dio_field *fields, void *out, const dio_value *v, const char *what,
                     unsigned flags, dio_arena *a, dio_problem_fn *problem, void *user,
                     dio_error *err);

/* Sets one field from text, as a command-line option does. `v`-less twin of the above. */
bool dio_field_set(const dio_field *field, void *out, const char *text, dio_arena *a,
                   dio_error *err);

/* All defaults; false when a field is required (err names it) unless `missing_ok`. */
bool dio_fields_default(const dio_field *fields, void *out, bool missing_ok, dio_arena *a,
                        dio_error *err);

const dio_field *dio_fields_find(const dio_field *fields, const char *name);

/* Derived texts: lines for --help, a Markdown table, and a JSON Schema (draft-07) object. */
char *dio_fields_help(const dio_field *fields, const char *prefix, dio_arena *a);
char *dio_fields_markdown(const dio_field *fields, dio_arena *a);
dio_value *dio_fields_schema(const dio_field *fields, bool strict, dio_arena *a);

/* One line of canonical JSON with every field's value, in the fields' order: for cache keys and
 * run records. */
char *dio_fields_canonical(const dio_field *fields, const void *in, dio_arena *a);
