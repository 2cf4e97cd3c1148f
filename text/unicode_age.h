#pragma once
/* unicode_age.h: code points on which utf8proc and the reference differ by the age of tables. */
#include <stdbool.h>
#include <stdint.h>

/* The reference leaves cp as it is in a decomposition. */
bool dio_age_whole(uint32_t cp, bool compat);
/* It takes a mark for none, or another character for a mark. */
bool dio_age_remarked(uint32_t cp);
/* Its lower case of cp when utf8proc has none; else 0. */
uint32_t dio_age_lower(uint32_t cp);
