#pragma once
/* animation.h: how a GIF, APNG or WebP moves: frames, time, how often it plays. Walks the file's
 * blocks and decodes nothing; hostile files end in a sentence. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct dio_animation {
    int width, height;
    int frames;     /* 1: it stands still */
    int plays;      /* 0: for ever */
    double seconds; /* of one play */
} dio_animation;

/* Any other bytes stand still: true with frames 1 and no size. `name` stands in messages. */
bool dio_animation_read(const void *bytes, size_t n, const char *name, dio_animation *out,
                        dio_error *err);
