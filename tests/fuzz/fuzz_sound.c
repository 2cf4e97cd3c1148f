/* fuzz_sound.c: any bytes as a sound file. */
#include <math.h>
#include <stdint.h>

#include "audio/clip_io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Long sounds only take time. */
enum { MOST = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_clip_head head;
    if (!dio_clip_probe(data, size, "fuzz", &head, &err)) {
        if (!err.message[0])
            __builtin_trap();
        return 0;
    }
    if (head.length > MOST)
        return 0;
    dio_clip *clip = dio_clip_decode(data, size, "fuzz", &err);
    if (!clip != (err.message[0] != '\0'))
        __builtin_trap();
    for (int c = 0; clip && c < clip->channels; c++)
        for (int64_t i = 0; i < clip->length; i++)
            if (!isfinite(dio_clip_channel(clip, c)[i]))
                __builtin_trap();
    dio_clip_unref(clip);
    return 0;
}
