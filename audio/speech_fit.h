#pragma once
/* speech_fit.h: the rate at which speech lasts as long as it may. Private to audio/. */
#include "audio/speaker.h"

/* Seconds of the speech at a rate: falls as the rate rises. */
typedef bool dio_seconds_at(void *user, double rate, double *seconds, dio_error *err);

/* r as dio_speaker_say completes it; `most`: the highest rate that the voice can do. Without
 * fit.seconds, r->rate. */
bool dio_speech_fit(const dio_speech_request *r, double most, dio_seconds_at *at, void *user,
                    double *rate, dio_error *err);
/* The clip as long as was asked for, to the sample, and times that end with it. */
bool dio_speech_settle(const dio_speech_request *r, dio_speech *said, dio_error *err);
