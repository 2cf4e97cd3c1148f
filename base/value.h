#pragma once
/* value.h: a parsed JSON or YAML document as a tree in which every value knows its place.
 *
 * One tree for both, so that whoever reads configuration reads it once. Values live in the arena
 * given to the parser. Lines and columns are 1-based; columns count code points. Scalars keep
 * their source text, so that a message can quote what was written.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_kind {
    DIO_NULL,
    DIO_BOOL,
    DIO_INT,
    DIO_REAL,
    DIO_STRING,
    DIO_LIST,
    DIO_MAP,
} dio_kind;

/* What a value holds, by kind. Named, since C++ knows no unnamed structs within unnamed unions. */
struct dio_value_string {
    const char *text; /* valid UTF-8, NUL-terminated; may contain no NUL */
    size_t length;
};

struct dio_value_list {
    struct dio_value **items;
    int count;
    int cap; /* value.c's: room in items */
};

struct dio_value_map {
    struct dio_value **keys; /* strings, unique, in source order */
    struct dio_value **items;
    int count;
    int cap;         /* value.c's: room in keys and items, */
    uint32_t *index; /* and where a key is, from 17 keys on */
};

struct dio_value_scalar {
    uint64_t overlaid; /* the boolean or the number */
    const char *source;
};

typedef struct dio_value {
    dio_kind kind;
    int line, column;
    const char *file; /* where it was read, or a label such as "--set" */
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct dio_value_string string;
        struct dio_value_list list;
        struct dio_value_map map;
        /* Of a null, boolean or number that was read: as it was written ("1.10"). Else NULL. */
        struct dio_value_scalar scalar;
    };
} dio_value;

/* Limits of the readers: what is deeper or larger is refused with a place. */
enum {
    DIO_VALUE_DEPTH = 64,           /* nesting of lists and maps */
    DIO_VALUE_ALIAS_NODES = 100000, /* nodes that YAML aliases may expand to, in all */
};

/* Parses JSON text (strict RFC 8259: UTF-8, no duplicate keys, no trailing text) or YAML 1.2
 * (core schema: `no` and `on` are strings; duplicate keys, merge markers, tabs as indentation and
 * control characters are errors). `file` labels the values and messages and must outlive them.
 * Returns NULL with err's place set. The text may hold any bytes; nothing is trusted. */
dio_value *dio_json_parse(dio_arena *a, const char *file, const char *text, size_t length,
                          dio_error *err);
dio_value *dio_yaml_parse(dio_arena *a, const char *file, const char *text, size_t length,
                          dio_error *err);

/* Parses a table of texts (CSV, RFC 4180; also with semicolons or tabs when the first row has those
 * and no comma): a list of maps, one a row, whose keys the first row names. Every item is a string
 * with its place; rows in which nothing stands are passed over. Limits: DIO_CSV_*. */
enum { DIO_CSV_ROWS = 100000, DIO_CSV_COLUMNS = 200, DIO_CSV_FIELD = 1 << 16 /* bytes */ };
dio_value *dio_csv_parse(dio_arena *a, const char *file, const char *text, size_t length,
                         dio_error *err);

/* Reads and parses a whole file of at most `limit` bytes; by name: .json is JSON, else YAML. */
dio_value *dio_value_read(dio_arena *a, const char *path, size_t limit, dio_error *err);

/* The value under `key`, or NULL when v is no map or has no such key. */
dio_value *dio_map_get(const dio_value *v, const char *key);

/* "list", "string", ...: for messages. */
const char *dio_kind_name(dio_kind kind);

/* Fails at v's place. Always returns false. */
bool dio_value_fail(const dio_value *v, dio_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of `names` (count strings), the one nearest to `word` by edits (at most a third of its
 * length; letter case and - against _ count nothing), or NULL: for "did you mean". */
const char *dio_nearest(const char *word, const char *const *names, int count);

/* Writers of JSON: text goes to an arena string; `dio_json_quote` escapes one string with its
 * quotes; `dio_json_write` prints a tree compactly, or indented by `indent` spaces. Numbers read
 * back as the same bits; what JSON cannot say (infinity) becomes null, invalid UTF-8 U+FFFD. NULL
 * when there is no memory (see dio_arena_failed). */
char *dio_json_quote(dio_arena *a, const char *text, size_t length);
char *dio_json_write(dio_arena *a, const dio_value *v, int indent);

/* Makers, for trees that the program builds itself (place unknown). dio_map_set replaces the item
 * of a key that is there. */
dio_value *dio_value_string(dio_arena *a, const char *text);
dio_value *dio_value_int(dio_arena *a, int64_t i);
dio_value *dio_value_real(dio_arena *a, double r);
dio_value *dio_value_bool(dio_arena *a, bool b);
dio_value *dio_value_list(dio_arena *a);
dio_value *dio_value_map(dio_arena *a);
void dio_list_add(dio_arena *a, dio_value *list, dio_value *item);
void dio_map_set(dio_arena *a, dio_value *map, const char *key, dio_value *item);

#ifdef __cplusplus
}
#endif
