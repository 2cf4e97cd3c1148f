/* flac_format.c: WAV's samples at half the bytes. */
#include "fusion/format.h"

const dio_format dio_format_flac = {
    .name = "flac",
    .suffix = ".flac",
    .doc = "FLAC of 16 bits: without loss",
    .kind = DIO_FORMAT_SOUND,
};
