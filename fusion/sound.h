#pragma once
/* sound.h: sound as steps ask for it: any file, at the rate and in the channels they need. */
#include "audio/clip.h"
#include "audio/phones/utterance.h"
#include "fusion/step.h"

/* WAV and FLAC by our strict reader, all else by FFmpeg's decoders; then resampled. One channel or
 * two stay, more are folded down to their mean. NULL with a message that names the file. */
dio_clip *dio_sound_open_whole(const char *path, int rate, dio_error *err);
/* The same in just so many channels: one is made two, or two one. */
dio_clip *dio_sound_open(const char *path, int rate, int channels, dio_error *err);

/* A step's lexicons, one file or a list of them: the user's and the project's, of which the first
 * that knows a word wins. They live in the task's arena. */
bool dio_sound_lexicons(dio_task *t, const dio_value *v, dio_utterance_options *how,
                        dio_error *err);

/* Says at `at` when this is neither a master's preset (audio/master.h), "none" nor empty. */
void dio_sound_check_loudness(const char *name, const dio_value *at, dio_report *report);
