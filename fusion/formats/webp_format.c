/* webp_format.c: smaller than JPEG, with alpha. */
#include "fusion/format.h"

const dio_format dio_format_webp = {
    .name = "webp",
    .suffix = ".webp",
    .doc = "WebP: smaller than JPEG, with alpha",
    .kind = DIO_FORMAT_PICTURE,
    .alpha = true,
    .quality = {"", "WebP's quality", 100, 1, 90, 1},
};
