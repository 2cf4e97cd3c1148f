#pragma once
/* lexicon.h: what words of a prompt ask for. Private to vision/. */
#include "vision/scenes/scene.h"

typedef struct dio_lexicon dio_lexicon;

enum { DIO_PROMPT_WORDS = 4096 }; /* further words of a prompt are not read */

/* words.yaml: phrases under the names of scene.h. A name that is not one is an error with place. */
dio_lexicon *dio_lexicon_open(const char *path, dio_error *err);
void dio_lexicon_close(dio_lexicon *l); /* NULL is fine */

/* Fills what the prompt names and the wish leaves open: attributes, and, when the wish has no
 * colours, those that the prompt names. What is not named stays open, but for the subject:
 * a prompt without one that is known gets "shapes". *known, when not NULL: phrases understood. */
void dio_lexicon_read(const dio_lexicon *l, const char *prompt, dio_scene_wish *wish, int *known);
