#pragma once
/* signals.h: sounds that tests work on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audio/clip.h"

dio_clip *signal_silence(int rate, int channels, double seconds);
dio_clip *signal_tone(int rate, int channels, double seconds, double hertz, double db);
/* Like speech: voiced syllables with harmonics, hisses between them, pauses; loud and quiet words.
 */
dio_clip *signal_speech(int rate, int channels, double seconds);
/* The nasty ones: count and each by number. */
int signal_nasty_count(void);
dio_clip *signal_nasty(int which, const char **name);

double signal_db(double amplitude);
/* The largest sample. */
double signal_peak(const dio_clip *clip);
/* The largest sample at four times the rate, by our own resampler: not what the limiter uses. */
double signal_peak_between(dio_clip *clip);
/* Root mean square of samples begin to end of a channel. */
double signal_rms(const dio_clip *clip, int channel, int64_t begin, int64_t end);
