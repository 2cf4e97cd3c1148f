/* m4a_format.c: AAC in MP4's kin for sound. */
#include "fusion/format.h"

static const dio_format_audio audio = {.encoder = "aac", .samples = "fltp", .delay = 1024};

const dio_format dio_format_m4a = {
    .name = "m4a",
    .suffix = ".m4a",
    .doc = "AAC-LC: for telephones and Apple",
    .kind = DIO_FORMAT_SOUND,
    .container = "ipod",
    .audio = &audio,
    .quality = {"b", "kilobits a second", 320, 48, 192, 16},
    .index_first = true,
};
