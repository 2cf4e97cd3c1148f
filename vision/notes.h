#pragma once
/* notes.h: private to vision/: a picture's notes as a list shared by reference. */
#include "vision/image.h"

dio_notes *dio_notes_ref(dio_notes *n); /* NULL stays NULL */
void dio_notes_unref(dio_notes *n);     /* NULL is fine */
