#pragma once
/* sound_head.h: private to audio/: what the first bytes of a sound file promise, held to what the
 * file can hold. Everything that decides how much memory is taken is read here and not taken from
 * a library's word. */
#include "audio/clip_io.h"

/* Fills all of *head but its tags. */
bool dio_sound_head(const unsigned char *bytes, size_t n, dio_clip_head *head, dio_error *err);
