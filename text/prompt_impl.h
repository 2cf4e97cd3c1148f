#pragma once
/* prompt_impl.h: what the files of prompts share. Private to text/prompt*.c. */
#include "text/prompt.h"

enum { DIO_PROMPT_POSITIONS = 4096 }; /* the longest row of ids */

/* The longest word that begins at text[at] and stands alone there: its number and length, or -1. */
int dio_prompt_words_match(const dio_prompt_words *w, const char *text, size_t n, size_t at,
                           size_t *length);
/* The ids of word i's vectors in the table of encoder `which`. */
int32_t dio_prompt_words_ids(const dio_prompt_words *w, int i, int which, int *count);
