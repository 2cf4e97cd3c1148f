/* wav_format.c: PCM, as studios exchange it. */
#include "fusion/format.h"

const dio_format dio_format_wav = {
    .name = "wav",
    .suffix = ".wav",
    .doc = "PCM of 16 bits, dithered",
    .kind = DIO_FORMAT_SOUND,
};
