#pragma once
/* unicode_age.h: code points on which our libraries and the reference differ by age. */
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The reference leaves cp as it is in a decomposition. */
bool dio_age_whole(uint32_t cp, bool compat);
/* It takes a mark for none, or another character for a mark. */
bool dio_age_remarked(uint32_t cp);
/* It takes a combining mark for a letter when it orders and composes. */
bool dio_age_still(uint32_t cp);
/* It takes punctuation for none, or another character for punctuation. */
bool dio_age_repunctuated(uint32_t cp);
/* Its lower case of cp when utf8proc has none; else 0. */
uint32_t dio_age_lower(uint32_t cp);
/* It is a number in Unicode 16 or 17; a letter, mark, decimal digit or letter number in 16. */
bool dio_age_numeric(uint32_t cp);
bool dio_age_letter_or_mark(uint32_t cp);

/* Appends the ranges, as they stand in a bracket expression of PCRE2's, of what a category ("L",
 * "Lu") holds beyond PCRE2's own. False when there are none. */
bool dio_age_put_newer(dio_str *out, const char *category);
