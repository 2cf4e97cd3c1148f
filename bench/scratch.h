#pragma once
/* scratch.h: folders that a figure needs for a while, and the memory that it took. */
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

/* A fresh folder under $TMPDIR (or /tmp), its path in the arena. NULL with a message. */
const char *dio_scratch_make(dio_arena *a, dio_error *err);
void dio_scratch_remove(const char *path); /* with all that is in it; NULL is fine */

/* Starts to watch for the most memory held: gives back what is free and forgets earlier peaks
 * (where the system lets us; else the process's whole life counts). */
void dio_memory_watch(void);
double dio_memory_peak_mb(void);
