#pragma once
/* espeak.h: phonemes from the user's own espeak-ng program.
 *
 * espeak-ng is GPL and never linked: it runs as a child, found on the path or named by the
 * environment's DIORAMA_ESPEAK, without a shell. The text goes in by its standard input. */
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

enum { DIO_ESPEAK_SECONDS = 20, DIO_ESPEAK_TEXT = 4096 };

/* The text's phonemes in IPA, in one line, appended. voice: espeak's name, "en-us". False with a
 * sentence when the program is missing, fails, says nothing or takes more than DIO_ESPEAK_SECONDS.
 */
bool dio_espeak_run(const char *voice, const char *text, dio_str *out, dio_error *err);
