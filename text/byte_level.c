/* byte_level.c: the byte alphabet, by its rule instead of a table. */
#include "text/byte_level.h"

/* Printable in Latin-1: ! to ~, ¡ to ¬, ® to ÿ. The rest: 33 below !, 34 from DEL to U+00A0, and
 * the soft hyphen. */
enum { LOW = 0x21, HIGH = 0x7f, HIGH_END = 0xa1, SOFT_HYPHEN = 0xad, FIRST = 0x100 };
enum { N_LOW = LOW, N_HIGH = HIGH_END - HIGH, N_MOVED = N_LOW + N_HIGH + 1 };

uint32_t dio_byte_to_cp(unsigned char byte)
{
    if (byte < LOW)
        return FIRST + (uint32_t)byte;
    if (byte >= HIGH && byte < HIGH_END)
        return FIRST + N_LOW + (uint32_t)(byte - HIGH);
    if (byte == SOFT_HYPHEN)
        return FIRST + N_LOW + N_HIGH;
    return byte;
}

int dio_byte_from_cp(uint32_t cp)
{
    if (cp >= FIRST + N_MOVED)
        return -1;
    if (cp < FIRST)
        return dio_byte_to_cp((unsigned char)cp) == cp ? (int)cp : -1;
    uint32_t moved = cp - FIRST;
    if (moved < N_LOW)
        return (int)moved;
    return moved < N_LOW + N_HIGH ? (int)(HIGH + moved - N_LOW) : SOFT_HYPHEN;
}

void dio_byte_level_put(dio_str *out, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char utf8[4];
        int length = dio_utf8_put(dio_byte_to_cp((unsigned char)bytes[i]), utf8);
        dio_str_put(out, utf8, (size_t)length);
    }
}
