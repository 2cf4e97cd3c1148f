#pragma once
/* speaker_case.h: a narrator with drawn weights, small enough for a test, that knows all phones: it
 * babbles, but at its own times. For tests; includes cmocka's headers before this one. */
#include "base/arena.h"

/* Writes acoustic/ and vocoder/ under `dir`, which is made. */
void speaker_make(dio_arena *a, const char *dir);
