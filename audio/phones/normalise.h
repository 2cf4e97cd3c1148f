#pragma once
/* normalise.h: what is written becomes what is said.
 *
 * Text is cleaned first (quotes, dashes and widths made plain, accents taken off, emoji dropped),
 * then read from left to right by rules (rules.def), of which the first that fits takes its piece
 * and says words for it: "$49.95" says forty nine dollars and ninety five cents. A letter that is
 * spelled stands as a capital ("H V A C"); every other word is in small letters. Each piece keeps
 * the bytes of the source that it came from, so that captions show what was written.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    DIO_SPEECH_BYTES = 1 << 20, /* the longest text that is spoken in one call */
    DIO_SPEECH_WORD = 64,       /* letters of one word; longer runs are cut into several */
};

/* What stands after a piece, least to most. */
typedef enum dio_break {
    DIO_BREAK_NONE,
    DIO_BREAK_MINOR,     /* comma, bracket, dash */
    DIO_BREAK_MAJOR,     /* semicolon, colon, dots */
    DIO_BREAK_SENTENCE,  /* . ? ! */
    DIO_BREAK_PARAGRAPH, /* an empty line */
} dio_break;

/* One piece of the source and the words that it says; none for what is silent and forced. */
typedef struct dio_said {
    size_t begin, end;        /* bytes of the source */
    const char *const *words; /* "," among them is a short pause inside the piece */
    int count;
    const char *rule;   /* its name in rules.def, or that of a say-as */
    const char *phones; /* of [[...]] and of lexicons: they, not the words, are spoken; else NULL */
    dio_break after;
    char mark; /* the last of , ; : . ? ! after it; 0: none */
} dio_said;

typedef struct dio_spoken {
    const dio_said *items;
    int count;
} dio_spoken;

/* How a piece is to be read, whatever it looks like (SSML's say-as, sub and phoneme). */
typedef enum dio_reading {
    DIO_READ_TEXT,
    DIO_READ_CHARACTERS,
    DIO_READ_DIGITS,
    DIO_READ_CARDINAL,
    DIO_READ_ORDINAL,
    DIO_READ_DATE,
    DIO_READ_TIME,
    DIO_READ_TELEPHONE,
    DIO_READ_CURRENCY,
    DIO_READ_ALIAS,  /* say `value` in its place */
    DIO_READ_PHONES, /* speak the phones of `value` */
} dio_reading;

typedef struct dio_forced {
    size_t begin, end; /* bytes of text, ascending, apart */
    dio_reading reading;
    const char *value;  /* of ALIAS and PHONES */
    const char *format; /* of DATE: "mdy", "dmy", "ymd", or "" */
} dio_forced;

/* Phones for a word as it is written, ASCII and in small letters, or NULL: what the user's and the
 * project's lexicons know is not normalised. */
typedef const char *dio_known_fn(const void *user, const char *word);

typedef struct dio_normalise_input {
    const char *text; /* UTF-8 */
    size_t length;
    /* Where text was made from another one: the byte of `origin` that each of its bytes lies at,
     * length + 1 of them, and what errors call it. NULL: text is the source, called "text". */
    const uint32_t *source;
    const char *origin, *label;
    size_t origin_length;
    const dio_forced *forced;
    int forced_count;
    dio_known_fn *known; /* may be NULL */
    const void *user;
} dio_normalise_input;

/* Fails at a byte of the text, with the line and column of its source. Always returns false. */
bool dio_normalise_fail(const dio_normalise_input *in, size_t at, dio_error *err,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same at a byte of the source. */
bool dio_source_place(const dio_normalise_input *in, size_t source, dio_error *err);

/* False with a sentence and its line and column: text that is no UTF-8 or too long, a character of
 * a script that the rules do not read. What is said lives in the arena. */
bool dio_normalise(dio_arena *a, const dio_normalise_input *in, dio_spoken *out, dio_error *err);

#ifdef __cplusplus
}
#endif
