#pragma once
/* speech_lexicon.h: words and their phones in a file of the user's or the project's.
 *
 *     # comments and empty lines are passed over
 *     lumo<TAB>L UW1 M OW0
 *     q4<TAB>K Y UW1 F AO1 R
 *
 * One word a line, a tab, its phones in ARPAbet (phone.h). Case and accents of the word do not
 * count; it may have digits and - ' . & + / inside, but no blanks. Words of such files are spoken
 * as they say and never normalised. A word that stands there twice is an error.
 */
#include "audio/phones/phone.h"
#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    DIO_LEXICON_BYTES = 8 << 20,
    DIO_LEXICON_WORDS = 200000,
};

typedef struct dio_speech_lexicon dio_speech_lexicon;

/* NULL with a sentence and the place in the file. The lexicon lives in the arena. */
dio_speech_lexicon *dio_speech_lexicon_read(dio_arena *a, const char *path, dio_error *err);
dio_speech_lexicon *dio_speech_lexicon_parse(dio_arena *a, const char *label, const char *text,
                                             size_t length, dio_error *err);
int dio_speech_lexicon_count(const dio_speech_lexicon *l);
/* The phones of a word in ASCII and small letters, as the file writes them; NULL: not there. */
const char *dio_speech_lexicon_find(const dio_speech_lexicon *l, const char *word);

#ifdef __cplusplus
}
#endif
