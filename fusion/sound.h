#pragma once
/* sound.h: sound as steps ask for it: any file, at the rate and in the channels they need. */
#include "audio/clip.h"

/* WAV and FLAC by our strict reader, all else by FFmpeg's decoders; then resampled, and one channel
 * made two, or all made one. Surround sound is folded down to its mean first. NULL with a message
 * that names the file. */
dio_clip *dio_sound_open(const char *path, int rate, int channels, dio_error *err);
