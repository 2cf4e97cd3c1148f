#pragma once
/* narrator_case.h: a little speech to learn from: a corpus of humming, as tools/narrator writes
 * it. For tests; includes cmocka's headers before this one. */
#include "base/arena.h"

/* Writes part-0 and part-1 under `dir`: eight utterances of half a second. */
void narrator_corpus(dio_arena *a, const char *dir);
