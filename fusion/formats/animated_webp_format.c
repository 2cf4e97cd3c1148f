/* animated_webp_format.c: WebP that moves: a GIF with all colours, and a fraction of its bytes. */
#include "fusion/format.h"

static const dio_format_option options[] = {{"compression_level", "4"}, {0}};

static const dio_format_video video = {.encoder = "libwebp_anim",
                                       .pixels = "bgra",
                                       .pixels_alpha = "bgra",
                                       .options = options,
                                       .threads = 1};

const dio_format dio_format_animated_webp = {
    .name = "animated_webp",
    .suffix = ".webp",
    .doc = "WebP that moves, with alpha",
    .kind = DIO_FORMAT_FILM,
    .container = "webp",
    .video = &video,
    .quality = {"quality", "libwebp's quality", 100, 0, 80, 1},
    .loops = true,
};
