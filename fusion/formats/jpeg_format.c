/* jpeg_format.c: for photographs. */
#include "fusion/format.h"

const dio_format dio_format_jpeg = {
    .name = "jpeg",
    .suffix = ".jpg",
    .doc = "JPEG: for photographs; no alpha",
    .kind = DIO_FORMAT_PICTURE,
    .quality = {"", "JPEG's quality", 100, 1, 90, 1},
};
