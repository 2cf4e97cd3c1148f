#pragma once
/* expr.h: the `${{ }}` in a pipeline's scalars.
 *
 *     "${{ inputs.product | slug }}-${{ matrix.format }}.mp4"
 *
 * The file is parsed first; then each string scalar is cut into text and expressions, and the
 * values are put in once. What an expression yields is never parsed again, so a value that looks
 * like an expression stays a value. A scalar that is exactly one expression keeps its type. `$${{`
 * writes a plain `${{`.
 *
 *     pipe    = or { "|" filter [ "(" pipe { "," pipe } ")" ] }
 *     or      = and { "||" and }            yields an operand, as in GitHub's: a && b || c
 *     and     = compare { "&&" compare }
 *     compare = unary [ ("==" | "!=" | "<" | ">" | "<=" | ">=") unary ]
 *     unary   = "!" unary | literal | path | "(" pipe ")"
 *     literal = 'text' | "text" | 12 | 1.5 | true | false | null      '' inside '' is one quote
 *     path    = name { "." name | "[" literal "]" }
 *
 * Every expression ends: there are no loops and no calls, and depth, length and results have
 * limits.
 */
#include "base/value.h"

enum {
    DIO_EXPR_DEPTH = 64,       /* nested parentheses and `!` */
    DIO_EXPR_BYTES = 1 << 15,  /* of one expression */
    DIO_EXPR_PARTS = 1000,     /* operators and operands in one expression */
    DIO_EXPR_PATH = 8,         /* names in one path */
    DIO_EXPR_RESULT = 1 << 20, /* bytes of a result */
};

/* Stands in a scope for what is not known before the run; results that need it are it. */
extern const dio_value dio_unknown;

/* `inputs.product`: what an expression reads, and where it says so. */
typedef struct dio_path {
    const char *part[DIO_EXPR_PATH];
    int count;
    dio_value place; /* carries file, line and column alone */
} dio_path;

typedef struct dio_template dio_template;

/* Cuts a string scalar. `source` is the text of the file it stands in, so that mistakes can be
 * shown where they are; NULL when there is none. NULL on a mistake. */
dio_template *dio_template_parse(dio_arena *a, const dio_value *scalar, const char *source,
                                 dio_error *err);

/* Whether there is no expression in it; whether it is exactly one. */
bool dio_template_plain(const dio_template *t);
bool dio_template_single(const dio_template *t);

/* The path when the scalar is one path and nothing else, else NULL. */
const dio_path *dio_template_path(const dio_template *t);

/* All paths in it, also those that a run may not reach. */
const dio_path *dio_template_paths(const dio_template *t, int *count);

/* The scalar's value in a scope, a map of maps: the value itself, or &dio_unknown. NULL on
 * failure. The result has the scalar's place. */
const dio_value *dio_template_eval(const dio_template *t, const dio_value *scope, dio_arena *a,
                                   dio_error *err);

/* The value under a path; &dio_unknown below an unknown; NULL with the nearest name otherwise. */
const dio_value *dio_path_get(const dio_path *path, const dio_value *scope, dio_error *err);

bool dio_value_true(const dio_value *v);

/* A value as it stands in text: "" for null, JSON for lists and maps. */
const char *dio_value_text(dio_arena *a, const dio_value *v);

/* "product.name" in the arena. */
const char *dio_path_text(dio_arena *a, const dio_path *path);
