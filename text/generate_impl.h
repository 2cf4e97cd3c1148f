#pragma once
/* generate_impl.h: what generate.c and beam.c share. */
#include "text/generate.h"

double generate_now(void); /* seconds of a clock that never goes back */

/* Copies one finished text into out->items[i]. */
bool generate_keep(dio_texts *out, int i, const char *text, size_t length, const int32_t *ids,
                   const float *logprobs, int n, dio_finish finish, dio_error *err);

/* Beam search from a session that has read the prompt. */
bool generate_beams(const dio_lm *lm, const dio_tokenizer *tokenizer, const dio_generate_request *r,
                    dio_session *base, dio_texts *out, dio_error *err);
