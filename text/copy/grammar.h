#pragma once
/* grammar.h: the little English that templates need: articles, plurals, verbs, capitals. */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* "a" or "an", by the sound with which `word` begins. */
const char *dio_english_article(const char *word);
/* "fewer" before a plural, else "less". */
const char *dio_english_fewer(const char *noun);
/* Whether the noun looks like a plural: "toy cars", "boxes of tea", not "glass" or "bus". */
bool dio_english_looks_plural(const char *noun);
/* "shelves" of "shelf": the last word of the phrase is put into the plural. */
char *dio_english_plural(dio_arena *a, const char *noun);
/* "keeps tea hot" of "keep tea hot" ("are ready" of "be ready" in the plural); "reading late" of
 * "read late": the first word changes. */
char *dio_english_agree(dio_arena *a, const char *phrase, bool plural);
char *dio_english_gerund(dio_arena *a, const char *phrase);
/* Capital letters where sentences begin, in place; a sentence that begins with `keep`, a name as
 * its owner writes it, stays. ASCII letters only: our lexicon begins no sentence with another. */
void dio_english_sentences(char *text, const char *keep);
