#pragma once
/* words.h: the words that ads are made of.
 *
 * A small model slips: it begins one word and ends another. What it writes is held against the
 * words of the corpus and of the brief; a word that neither knows is a slip. The list is made with
 * the model, as words.txt in its folder, one word a line, sorted.
 */
#include <stdbool.h>

#include "text/copy/copy.h"

typedef struct dio_copy_lexis dio_copy_lexis;

/* Writes DIR/words.txt from the fields of the first documents of the training split. */
bool dio_copy_words_write(const dio_copy_corpus *c, uint64_t seed, const char *dir, dio_error *err);

/* Reads DIR/words.txt. NULL without an error when there is none. */
dio_copy_lexis *dio_copy_lexis_open(const char *dir, dio_error *err);
void dio_copy_lexis_close(dio_copy_lexis *l); /* NULL is fine */

/* The first word of `text` that neither the list nor `brief` knows, in the arena; or NULL. Letter
 * case does not count; numbers are not words. */
const char *dio_copy_lexis_unknown(const dio_copy_lexis *l, const char *text, const char *brief,
                                   dio_arena *a);
/* How many of `brief`'s words of four letters and more `text` holds, as whole words; their number
 * in *of, which may be NULL. */
int dio_copy_lexis_shared(const char *text, const char *brief, int *of);
