/* exif.c: finds the orientation in EXIF's first directory.
 * TIFF 6.0: byte order, 42, the offset of the first directory; it has a count and twelve bytes an
 * entry: tag, type, count, value. Every offset is checked, since anyone may have written them. */
#include "vision/exif.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ORIENTATION = 274, SHORT = 3, ENTRY = 12 };

struct tiff {
    const unsigned char *bytes;
    size_t n;
    bool big;
};

static uint32_t read16(const struct tiff *t, size_t at)
{
    const unsigned char *p = t->bytes + at;
    return t->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t read32(const struct tiff *t, size_t at)
{
    uint32_t first = read16(t, at), second = read16(t, at + 2);
    return t->big ? first << 16 | second : second << 16 | first;
}

int dio_exif_orientation(const unsigned char *bytes, size_t n)
{
    struct tiff t = {bytes, n, false};
    if (n < 8 || (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0))
        return 1;
    t.big = bytes[0] == 'M';
    size_t at = read32(&t, 4);
    if (at > n - 2)
        return 1;
    size_t count = read16(&t, at), room = (n - at - 2) / ENTRY;
    at += 2;
    for (size_t i = 0; i < count && i < room; i++, at += ENTRY) {
        if (read16(&t, at) != ORIENTATION || read16(&t, at + 2) != SHORT)
            continue;
        uint32_t value = read16(&t, at + 8);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}
