#pragma once
/* markup.h: private to phones/: tags and text of a small XML, one after the other.
 *
 * Debian has expat, which is small and well kept; but it hands out text without the place of each
 * byte, which captions need, and its entities and DTDs would all have to be turned off again. What
 * SSML needs of XML is a page.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum {
    DIO_MARKUP_DEPTH = 16,
    DIO_MARKUP_ATTRIBUTES = 8,
    DIO_MARKUP_NAME = 32,
    DIO_MARKUP_VALUE = 1024,
    DIO_MARKUP_TAGS = 50000,
};

typedef enum dio_markup_kind {
    DIO_MARKUP_END, /* of the input */
    DIO_MARKUP_TEXT,
    DIO_MARKUP_OPEN,
    DIO_MARKUP_CLOSE,
} dio_markup_kind;

typedef struct dio_markup_attribute {
    char name[DIO_MARKUP_NAME + 1];
    const char *value; /* in the arena */
    size_t at;
} dio_markup_attribute;

typedef struct dio_markup {
    dio_arena *arena;
    const char *label, *input;
    size_t length, next;
    bool cdata; /* inside of one */
    int tags;
    /* what was read last */
    dio_markup_kind kind;
    size_t at;  /* where it begins; */
    bool empty; /* OPEN: <name/> */
    char name[DIO_MARKUP_NAME + 1];
    dio_markup_attribute attributes[DIO_MARKUP_ATTRIBUTES];
    int attribute_count;
    /* of TEXT: one character, decoded: its bytes */
    char text[4];
    int text_bytes;
} dio_markup;

/* The next tag or character; comments are passed over, CDATA is text. False with a sentence and its
 * place. */
bool dio_markup_next(dio_markup *m, dio_error *err);
/* Fails at a byte of the input. Always returns false. */
bool dio_markup_fail(const dio_markup *m, size_t at, dio_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
