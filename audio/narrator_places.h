#pragma once
/* narrator_places.h: what the acoustic model is told of phones and frames, in training as in
 * speaking. Private to audio/. */
#include <stdint.h>

#include "audio/narrator.h"
#include "audio/narrator_net.h"

/* The mark of a pause behind this punctuation; 0 for none. */
uint8_t dio_narrator_pause(char punctuation);

/* out [n,PLACE], of one utterance. */
void dio_narrator_place(const dio_narrator_phone *phones, int n, float *out);

/* Frames of an utterance of so many samples. Frame f is around sample f * HOP. */
int64_t dio_narrator_frames(int64_t samples);
/* Of each frame its phone and where in it the frame is, [frames,WITHIN], when phone i ends before
 * sample ends[i]. */
void dio_narrator_within(const int64_t *ends, int n, int64_t frames, int32_t *phone, float *within);

/* Pitch and energy as the models see them. Energy is the mean of a frame's logarithms of mels. */
float dio_narrator_pitch_of(float hz);
float dio_narrator_hz_of(float pitch);
float dio_narrator_energy_of(const float *mel, int mels);
/* By how much energy rises when the sound does by so many dB; pitch, by semitones. */
float dio_narrator_energy_step(float db);
float dio_narrator_pitch_step(float semitones);
