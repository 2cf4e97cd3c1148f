#pragma once
/* phone.h: the sounds of spoken English (phones.def), and how they are written. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_phone {
#define DIO_PHONE(name, ipa, kind, voiced) DIO_PHONE_##name,
#define DIO_PHONE_ALIAS(name, phones)
#include "audio/phones/phones.def"
#undef DIO_PHONE
#undef DIO_PHONE_ALIAS
    DIO_PHONES,
} dio_phone;

typedef enum dio_phone_kind {
    DIO_PHONE_PAUSE,
    DIO_PHONE_VOWEL,
    DIO_PHONE_STOP,
    DIO_PHONE_FRICATIVE,
    DIO_PHONE_SIBILANT,
    DIO_PHONE_NASAL,
    DIO_PHONE_LIQUID,
    DIO_PHONE_GLIDE,
} dio_phone_kind;

const char *dio_phone_name(int phone); /* "aa" */
const char *dio_phone_ipa(int phone);  /* "" for the pause */
dio_phone_kind dio_phone_kind_of(int phone);
bool dio_phone_voiced(int phone);
/* The phone of this name, in any case; -1: none. */
int dio_phone_find(const char *name, size_t n);

enum { DIO_WORD_PHONES = 64 }; /* of one word, at most */

/* A word's sounds. Stress stands on vowels: 0 or 1; the dictionary's secondary stress is 1, too, as
 * in the speech that the house voice learnt from. */
typedef struct dio_pronunciation {
    int count;
    uint8_t phones[DIO_WORD_PHONES];
    uint8_t stress[DIO_WORD_PHONES];
} dio_pronunciation;

/* False when there is no room left. */
bool dio_pronunciation_add(dio_pronunciation *p, int phone, int stress);

/* Reads phones as ARPAbet writes them: "HH AH0 L OW1", names in any case, blanks between, vowels
 * with 0, 1 or 2 behind them; a word's only vowel needs none. "." between syllables is allowed and
 * means nothing. AH0 is ax. False with a sentence that names what is no phone. */
bool dio_phones_read(const char *text, size_t n, dio_pronunciation *out, dio_error *err);
/* The same for the International Phonetic Alphabet in UTF-8: "həˈloʊ". */
bool dio_phones_read_ipa(const char *text, size_t n, dio_pronunciation *out, dio_error *err);
/* "hh ax0 l ow1"; returns the length, cut to size - 1. */
size_t dio_phones_write(const dio_pronunciation *p, char *out, size_t size);

/* Cuts a word into syllables, each with as many consonants before its vowel as English allows:
 * starts[i] is the first phone of syllable i; returns their number (0 without phones, else at
 * least 1; at most p->count). */
int dio_syllables(const dio_pronunciation *p, uint8_t starts[DIO_WORD_PHONES]);

#ifdef __cplusplus
}
#endif
