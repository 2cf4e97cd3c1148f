/* fuzz_picture.c: any bytes as a picture file. A PNG is tried a second time with its CRCs put
 * right, since otherwise hardly a change would get past them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vision/image_io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Large pictures only take time. */
enum { MOST = 1 << 18 };

static void check(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_image_head head;
    if (!dio_image_probe(data, size, "fuzz", &head, &err)) {
        if (!err.message[0])
            __builtin_trap();
        return;
    }
    if (head.width > 0 && head.height > 0 &&
        (head.width > MOST || head.height > MOST || head.width * head.height > MOST))
        return;
    dio_image *image = dio_image_decode(data, size, "fuzz", &err);
    if (!image != (err.message[0] != '\0'))
        __builtin_trap();
    volatile unsigned char sum = 0;
    for (int y = 0; image && y < image->height; y++) {
        const unsigned char *row = dio_image_row(image, y);
        for (size_t i = 0; i < dio_image_row_bytes(image); i++)
            sum = (unsigned char)(sum + row[i]);
    }
    for (int i = 0; image && i < dio_image_notes(image); i++)
        if (!dio_image_note(image, dio_image_note_key(image, i)))
            __builtin_trap();
    dio_image_unref(image);
}

static uint32_t crc(const uint8_t *p, size_t n)
{
    uint32_t c = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
    }
    return ~c;
}

/* Every chunk that lies within the file; true when that changed one. */
static bool mend(uint8_t *data, size_t size)
{
    bool changed = false;
    for (size_t at = 8; size >= 12 && at <= size - 12;) {
        const uint8_t *p = data + at;
        size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (n > size - at - 12)
            break;
        uint32_t right = crc(p + 4, n + 4);
        uint8_t bytes[4] = {(uint8_t)(right >> 24), (uint8_t)(right >> 16), (uint8_t)(right >> 8),
                            (uint8_t)right};
        changed = changed || memcmp(data + at + 8 + n, bytes, 4) != 0;
        memcpy(data + at + 8 + n, bytes, 4);
        at += n + 12;
    }
    return changed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size);
    if (size < 8 || memcmp(data, "\x89PNG", 4) != 0)
        return 0;
    uint8_t *copy = malloc(size);
    if (copy) {
        memcpy(copy, data, size);
        if (mend(copy, size))
            check(copy, size);
    }
    free(copy);
    return 0;
}
