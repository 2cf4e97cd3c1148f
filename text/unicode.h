#pragma once
/* unicode.h: what the tokenizers ask about code points; tables by utf8proc. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

bool dio_cp_is_white(uint32_t cp);   /* property White_Space */
bool dio_cp_is_numeric(uint32_t cp); /* categories Nd, Nl, No */
bool dio_cp_is_mark(uint32_t cp);    /* categories Mn, Mc, Me, as of the reference */
bool dio_cp_is_punct(uint32_t cp);   /* ASCII punctuation and categories P* */
bool dio_cp_is_word(uint32_t cp);    /* what \w means in the reference: UTS 18 annex C */

typedef enum dio_normal_form { DIO_NFC, DIO_NFD, DIO_NFKC, DIO_NFKD } dio_normal_form;

/* Append to out; text is valid UTF-8. Linear in n, however many marks pile up on one letter. */
bool dio_unicode_normalize(const char *text, size_t n, dio_normal_form form, dio_str *out,
                           dio_error *err);
void dio_unicode_lower(const char *text, size_t n, dio_str *out);
