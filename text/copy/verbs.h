#pragma once
/* verbs.h: common English verbs, by which a deed is told from a thing. */
#include <stdbool.h>
#include <stddef.h>

typedef enum dio_verb_use {
    DIO_VERB_NONE,   /* not known as a verb */
    DIO_VERB_ALWAYS, /* "keep", "bring": hardly ever anything else at the start of a phrase */
    DIO_VERB_OR_NOUN /* "light", "work", "cover": the next word decides */
} dio_verb_use;

/* By the base form, lower case, n bytes. */
dio_verb_use dio_verb_find(const char *base, size_t n);
