/* opus_format.c: the best sound for its bytes. */
#include "fusion/format.h"

static const dio_format_audio audio = {.encoder = "libopus", .samples = "flt", .delay = 960};

const dio_format dio_format_opus = {
    .name = "opus",
    .suffix = ".opus",
    .doc = "Opus in Ogg: the best for its bytes",
    .kind = DIO_FORMAT_SOUND,
    .container = "opus",
    .audio = &audio,
    .quality = {"b", "kilobits a second", 256, 16, 96, 4},
};
