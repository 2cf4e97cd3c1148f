#pragma once
/* pronounce.h: words of a sentence become phones. */
#include "audio/phones/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Who knew how a word is spoken. */
typedef enum dio_word_source {
    DIO_FROM_TEXT,       /* [[...]], SSML's phoneme */
    DIO_FROM_USER,       /* the user's lexicon */
    DIO_FROM_PROJECT,    /* the project's lexicon */
    DIO_FROM_DICTIONARY, /* the CMU dictionary, and our own few words (words.def) */
    DIO_FROM_LETTERS,    /* its letter-to-sound rules */
} dio_word_source;

const char *dio_word_source_name(dio_word_source from);

/* A word and its neighbours, as normalise.h says words: small letters, or one capital for the name
 * of a letter. NULL: none on that side (the sentence begins or ends, a pause). */
typedef struct dio_word_place {
    const char *before, *word, *after;
} dio_word_place;

/* What the word is there: n noun, v verb, j adjective, p past; 0 when it does not matter. */
char dio_word_tag(const dio_word_place *w);

/* Its phones; none when it has no letters. A possessive's s is voiced as its neighbour is. */
dio_word_source dio_pronounce(const dio_word_place *w, dio_pronunciation *out);

#ifdef __cplusplus
}
#endif
