#pragma once
/* scan.h: private to phones/: the clean text, what the rules ask about it, and what they say.
 *
 * A rule looks at the text from `at` and either says words and returns where its piece ends, or
 * returns 0; what it said by then is forgotten. Every look is checked against the end: beyond it
 * all bytes are 0.
 */
#include "audio/phones/normalise.h"

struct scan {
    dio_arena *arena;
    const char *text;     /* clean: ASCII, and the signs of signs.def, money.def in UTF-8 */
    size_t n;             /* rules see no further: the next forced piece begins here */
    const uint32_t *from; /* byte of the input for each clean byte, and one more */
    const dio_normalise_input *in;
    const char **words; /* all that were said */
    int count, cap;
    dio_said *items; /* words of items[i] begin at first[i] */
    int *first;
    int said, said_cap, first_cap;
    const char *phones; /* set by the rules that know them */
    bool numeric;       /* the last piece was a number, a date or the like: a dash says "to" */
    bool failed;        /* no memory, or what err says */
    dio_error *err;
};

/* No rule looks further than this at letters, digits or an address in one piece: longer ones are
 * read in several, and no text takes more than linear time. */
enum { SCAN_RUN = 256 };

typedef size_t dio_rule_fn(struct scan *s, size_t at);

typedef struct dio_rule {
    const char *name, *doc;
    dio_rule_fn *read;
    bool numeric;
} dio_rule;

/* Every rule in the order in which they are tried. */
#define DIO_RULE(name, doc)         size_t dio_rule_##name(struct scan *s, size_t at);
#define DIO_RULE_NUMERIC(name, doc) size_t dio_rule_##name(struct scan *s, size_t at);
#include "audio/phones/rules.def"
#undef DIO_RULE
#undef DIO_RULE_NUMERIC

/* clean.c */
bool dio_scan_clean(struct scan *s, dio_error *err);

/* scan.c: letters, independent of the locale */
bool dio_is_digit(char c);
bool dio_is_upper(char c);
bool dio_is_lower(char c);
bool dio_is_alpha(char c);
bool dio_is_alnum(char c);
char dio_to_lower(char c);

char dio_scan_at(const struct scan *s, size_t i);
bool dio_scan_is(const struct scan *s, size_t i, const char *literal);
/* The same without regard to case. */
bool dio_scan_says(const struct scan *s, size_t i, const char *literal);
size_t dio_scan_letters(const struct scan *s, size_t i); /* end of the letters from i */
size_t dio_scan_digits(const struct scan *s, size_t i);
size_t dio_scan_spaces(const struct scan *s, size_t i); /* blanks, not the end of a paragraph */
/* Whether a word ends (or may begin) at i: no letter and no digit there (before it). */
bool dio_scan_ends(const struct scan *s, size_t i);
bool dio_scan_begins(const struct scan *s, size_t i);
/* A dash of any kind at i: its length in bytes, or 0. `wide`: longer than a hyphen. */
size_t dio_scan_dash(const struct scan *s, size_t i, bool *wide);
/* Where a dot after a short form ends: past it, unless it ends the sentence, too. */
size_t dio_scan_dot(const struct scan *s, size_t i);
/* Index of the text [begin,end) in a list of `count` small-letter words; -1: not there. */
int dio_scan_find(const struct scan *s, size_t begin, size_t end, const char *const *list,
                  int count);
/* The word that was said last, or "". */
const char *dio_scan_last(const struct scan *s);
bool dio_word_in(const char *word, const char *const *list, int count);

/* What is said: words with blanks between them, as they are. */
void dio_say(struct scan *s, const char *words);
void dio_say_word(struct scan *s, size_t begin, size_t end);    /* in small letters */
void dio_say_letters(struct scan *s, size_t begin, size_t end); /* letters, digits one by one */
void dio_say_text(struct scan *s, const char *text, size_t n);

/* say_number.c: digits are text of n of them */
void dio_say_cardinal(struct scan *s, const char *digits, size_t n);
void dio_say_ordinal(struct scan *s, const char *digits, size_t n);
void dio_say_digits(struct scan *s, const char *digits, size_t n);
void dio_say_pairs(struct scan *s, const char *digits, size_t n); /* 1999, 1080: two by two */
void dio_say_year(struct scan *s, const char *digits, size_t n);
void dio_say_small(struct scan *s, int value); /* 0..9999 */
void dio_say_plural(struct scan *s);           /* the last word gets its s */
void dio_say_last_ordinal(struct scan *s);     /* the last word becomes its ordinal */

/* amount.c: a number as it is written */
struct number {
    size_t begin, end;
    char digits[40]; /* of the whole part, without commas; may be "" before a fraction */
    char fraction[40];
    bool grouped; /* had commas */
    bool minus, plus;
};
bool dio_number_at(const struct scan *s, size_t at, struct number *out);
void dio_say_value(struct scan *s, const struct number *x);
/* A number or a range of two, and what multiplies them ("million"). */
struct amount {
    struct number value, until;
    bool range;
    const char *scale; /* NULL: none */
    size_t end;
};
bool dio_amount_at(const struct scan *s, size_t at, bool money, struct amount *out);
void dio_say_amount(struct scan *s, const struct amount *x);
bool dio_amount_is_one(const struct amount *x);
/* A year: 4 digits, 1001 to 2099, no comma. */
bool dio_is_year(const struct number *x);
int dio_number_value(const struct number *x); /* whole part, at most 9 digits; else -1 */

/* Rules that forced pieces use, too. */
size_t dio_rule_date_as(struct scan *s, size_t at, const char *format);
int dio_month_at(const struct scan *s, size_t at, size_t *end); /* 1..12, 0: none */
const char *dio_month_name(int month);
/* A name or address of the web: words for letters, digits and signs between. */
void dio_say_address(struct scan *s, size_t begin, size_t end);
/* A run of capitals, read or spelled. */
void dio_say_capitals(struct scan *s, size_t begin, size_t end);
