/* gif_format.c: GIF, whose palette is found over the whole film. */
#include "fusion/format.h"

static const dio_format_video video = {
    .encoder = "gif", .pixels = "pal8", .pixels_alpha = "pal8", .threads = 1, .palette = true};

const dio_format dio_format_gif = {
    .name = "gif",
    .suffix = ".gif",
    .doc = "GIF with one palette for the whole film and a dither that stands still",
    .kind = DIO_FORMAT_FILM,
    .container = "gif",
    .video = &video,
    .quality = {"", "colours", 256, 4, 256, 1},
    .loops = true,
};
