#pragma once
/* expr_tree.h: private to expr*.c: what the parser hands to the evaluator. */
#include "fusion/expr.h"

typedef enum dio_expr_kind {
    DIO_EXPR_LITERAL,
    DIO_EXPR_READ,
    DIO_EXPR_NOT,
    DIO_EXPR_EQ,
    DIO_EXPR_NE,
    DIO_EXPR_LT,
    DIO_EXPR_GT,
    DIO_EXPR_LE,
    DIO_EXPR_GE,
    DIO_EXPR_AND,
    DIO_EXPR_OR,
    DIO_EXPR_FILTER,
} dio_expr_kind;

enum { DIO_FILTER_ARGS = 1 };

/* Text in, value out. args[0] is what stands before the bar. */
typedef const dio_value *dio_filter_fn(dio_arena *a, const dio_value *const *args, int n,
                                       dio_error *err);

typedef struct dio_filter {
    const char *name;
    int least, most; /* arguments in parentheses */
    dio_filter_fn *apply;
    const char *doc;
} dio_filter;

extern const dio_filter dio_filters[]; /* ends with a NULL name */

typedef struct dio_expr {
    dio_expr_kind kind;
    dio_value place;
    struct dio_expr *left, *right; /* right: also a filter's argument */
    const dio_value *literal;
    const dio_path *path;
    const dio_filter *filter;
} dio_expr;

typedef struct dio_part {
    const char *text; /* when expr is NULL */
    size_t length;
    dio_expr *expr;
} dio_part;

struct dio_template {
    const dio_value *scalar;
    dio_part *parts;
    int count, cap;
    dio_path *paths;
    int path_count, path_cap;
};

/* The parser's cursor in one expression. */
struct dio_parser {
    dio_arena *a;
    dio_template *t;
    const char *begin, *at, *end; /* of the expression, without its braces */
    const char *where;            /* the same text in the file, or NULL */
    int line, column;             /* of `where`, or of the scalar */
    int depth, parts;
    dio_error *err;
};

/* expr_parse.c: the whole expression; NULL with an error. */
dio_expr *dio_expr_parse(struct dio_parser *p);

/* expr_scalar.c: the place of a byte of the expression, and a failure there. Returns NULL. */
void dio_expr_place(const struct dio_parser *p, const char *at, dio_value *out);
void *dio_expr_fail(struct dio_parser *p, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Out of memory for `what`. Returns NULL. */
void *dio_expr_memory(struct dio_parser *p, const char *what);
