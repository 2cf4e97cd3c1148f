#pragma once
/* forced.h: private to phones/: pieces whose reading is given. */
#include "audio/phones/scan.h"

/* Says the text from `at` to the end that s sees in the given reading; the name of what it did.
 * What does not fit its reading (a date that is none) is said as text is. */
const char *dio_forced_say(struct scan *s, const dio_forced *f, size_t at);
/* Says a whole text by the rules, as part of the piece at hand. */
void dio_forced_text(struct scan *s, size_t at);
