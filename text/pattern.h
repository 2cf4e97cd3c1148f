#pragma once
/* pattern.h: the regular expressions of tokenizer.json, run by PCRE2.
 *
 * They are written for Oniguruma (Ruby's syntax). pattern_onig.c rewrites the part of it that
 * tokenizers use into PCRE2's, and refuses the rest by name: what is not understood is never
 * nearly matched. Repeats inside repeats are refused too, so that no text takes exponential time.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

typedef struct dio_pattern dio_pattern;
typedef struct dio_matcher dio_matcher;

enum { DIO_PATTERN_LIMIT = 4096 }; /* bytes of one expression */

/* Appends the PCRE2 form of n bytes of Oniguruma's. */
bool dio_pattern_rewrite(const char *onig, size_t n, dio_str *out, dio_error *err);

/* `literal` takes the text as it is. NULL with a message when the expression is not supported. */
dio_pattern *dio_pattern_create(const char *text, size_t n, bool literal, dio_error *err);
void dio_pattern_destroy(dio_pattern *p);

/* What matching needs besides the pattern; one a thread. */
dio_matcher *dio_matcher_create(dio_error *err);
void dio_matcher_destroy(dio_matcher *m);

/* Where matching goes on: zero it for a new text. Matches do not overlap, and an empty one never
 * stands at the end of the one before. */
typedef struct dio_match {
    size_t start, end;
    size_t next;
    bool any;
} dio_match;

/* The next match in text (valid UTF-8, n bytes): 1 found, 0 no more, -1 failed with a message. */
int dio_pattern_next(const dio_pattern *p, dio_matcher *m, const char *text, size_t n,
                     dio_match *match, dio_error *err);
