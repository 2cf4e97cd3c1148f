#pragma once
/* ssml_prosody.h: private to phones/: values of SSML's break and prosody. Each adds what the text
 * at a byte of the markup asks for to what the elements around it did; false with a sentence. */
#include "audio/phones/markup.h"
#include "audio/phones/utterance.h"

bool dio_ssml_time(const dio_markup *m, size_t at, const char *text, int *ms, dio_error *err);
bool dio_ssml_rate(const dio_markup *m, size_t at, const char *text, dio_prosody *p,
                   dio_error *err);
bool dio_ssml_pitch(const dio_markup *m, size_t at, const char *text, dio_prosody *p,
                    dio_error *err);
bool dio_ssml_volume(const dio_markup *m, size_t at, const char *text, dio_prosody *p,
                     dio_error *err);
