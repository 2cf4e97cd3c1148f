/* mp3_format.c: what podcasts are delivered as. */
#include "fusion/format.h"

static const dio_format_audio audio = {.encoder = "libmp3lame", .samples = "fltp", .delay = 1152};

const dio_format dio_format_mp3 = {
    .name = "mp3",
    .suffix = ".mp3",
    .doc = "MP3 at a constant rate: for podcasts and radio",
    .kind = DIO_FORMAT_SOUND,
    .container = "mp3",
    .audio = &audio,
    .quality = {"b", "kilobits a second", 320, 48, 192, 16},
};
