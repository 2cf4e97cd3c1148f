#pragma once
/* dictionary.h: private to phones/: the CMU dictionary and its letter-to-sound rules.
 *
 * Both are tables of libflite_cmulex: 36,963 words, and decision trees that say all the other
 * words of the dictionary as it does. Only those tables are linked. The library's own lex_lookup
 * would do, but it draws in libflite's synthesiser, its sockets and ALSA, and it exits the process
 * when memory runs out; to read the tables takes a page, no memory and no state.
 */
#include "audio/phones/phone.h"

/* Whether the dictionary's table has the word (small letters), and its phones: those for `tag` (n
 * noun, v verb, j adjective, 0 none) when it tells parts of speech apart, else the first there is.
 * `tags` gets the tags that it has for the word, at most 7. */
bool dio_dictionary_find(const char *word, char tag, dio_pronunciation *out, char tags[8]);

/* What the letters sound like; other characters than a to z are passed over. */
void dio_letters_read(const char *word, dio_pronunciation *out);
