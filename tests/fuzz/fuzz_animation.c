/* fuzz_animation.c: any bytes as a picture that moves. What is read has a frame and a finite time;
 * what is refused says why. */
#include <math.h>
#include <stdint.h>

#include "fusion/animation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_animation moves;
    bool ok = dio_animation_read(data, size, "fuzz", &moves, &err);
    if (ok == (err.message[0] != '\0'))
        __builtin_trap();
    if (ok && (moves.frames < 0 || moves.plays < 0 || !isfinite(moves.seconds)))
        __builtin_trap();
    return 0;
}
