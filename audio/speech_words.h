#pragma once
/* speech_words.h: an utterance's words as readers see them, with room for their times. Private to
 * audio/. */
#include "audio/phones/utterance.h"
#include "audio/times.h"

/* Times of an utterance, nothing in them timed yet: words are what stood between blanks in the
 * input, with its punctuation ("$5," is one, and said as two), sentences are the utterance's. out
 * [u->word_count]: the timed word of each spoken one. Phones are left to the voice. NULL with a
 * message, where memory is short. */
dio_times *dio_speech_words(dio_arena *a, const dio_utterance *u, const char *input, size_t length,
                            bool ssml, int *out, dio_error *err);

/* From its phones: when each word and sentence begins and ends. */
void dio_speech_set_spans(dio_times *t);
