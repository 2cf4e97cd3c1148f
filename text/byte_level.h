#pragma once
/* byte_level.h: GPT-2's alphabet: every byte as one printable character.
 *
 * Bytes that are printable in Latin-1 stand for themselves; the other 68 take U+0100 upwards in
 * order. So a vocabulary of byte strings can be written as JSON. */
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The character of a byte, and back: -1 when cp stands for no byte. */
uint32_t dio_byte_to_cp(unsigned char byte);
int dio_byte_from_cp(uint32_t cp);

/* Appends the characters of n bytes. */
void dio_byte_level_put(dio_str *out, const char *bytes, size_t n);
