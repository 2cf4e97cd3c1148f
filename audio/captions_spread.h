#pragma once
/* captions_spread.h: times for words that nobody speaks: a translation under the original's voice.
 *
 * Sentence goes to sentence where both texts have as many; else the text is laid over all that is
 * spoken. Within its span a word gets time by its length. So captions come and go with the voice
 * that they translate, though no machine has heard them.
 */
#include "audio/times.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DIO_SPREAD_WORDS = 20000 };

/* `text` is words with spaces or line ends between; a sentence ends with . ! ? or their kin of
 * other scripts, or at a line's end. Over the sentences of `spoken`; all of it lies in the arena.
 * NULL with a message for a text without words, or with more than DIO_SPREAD_WORDS. */
dio_times *dio_times_spread(dio_arena *a, const char *text, const dio_times *spoken,
                            dio_error *err);

/* The same over one span: `seconds` from `start`, in a clip that ends with it. */
dio_times *dio_times_spread_over(dio_arena *a, const char *text, double start, double seconds,
                                 dio_error *err);

#ifdef __cplusplus
}
#endif
