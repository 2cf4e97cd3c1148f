#pragma once
/* pattern_onig.h: the state of a rewriting, shared by pattern_onig.c (groups, repeats) and
 * pattern_class.c (literals, escapes, classes, brackets). */
#include <stdint.h>

#include "text/pattern.h"

enum { DIO_ONIG_DEPTH = 32 }; /* groups inside groups */

typedef struct dio_onig {
    const char *src;
    size_t n, at;
    dio_str *out;
    bool has_atom;     /* what came last can be repeated */
    bool atom_endless; /* it has an endless repeat that may give back, inside */
    struct group {
        bool endless; /* as above, for what it holds */
        bool closed;  /* atomic or a lookaround: gives nothing back */
        bool look;
    } groups[DIO_ONIG_DEPTH];
    int depth;
    dio_error *err;
} dio_onig;

/* Fails with the place. Always returns false. */
bool dio_onig_refuse(dio_onig *r, const char *what);
bool dio_onig_at(const dio_onig *r, const char *word);
void dio_onig_literal(dio_onig *r, uint32_t cp);

/* One escape, with r->at on its backslash; one bracket expression, with r->at on its [. */
bool dio_onig_escape(dio_onig *r);
bool dio_onig_brackets(dio_onig *r);
