#pragma once
/* times_io.h: what is said when, as a file: for programs, players and mouths. */
#include "audio/captions.h"

/* By the name's end: .visemes.json mouth shapes; .json all times; .srt, .vtt, .ass captions cut by
 * `rules` (NULL: the default), .ass for a film of width x height (0: 1920 x 1080). */
bool dio_times_write(const dio_times *t, const char *path, const dio_caption_rules *rules,
                     int width, int height, dio_error *err);
/* Whether a name ends in one of these: to be asked before long work. */
bool dio_times_writes(const char *path, dio_error *err);
