/* png_format.c: without loss; its knob is the number of colours. */
#include "fusion/format.h"

const dio_format dio_format_png = {
    .name = "png",
    .suffix = ".png",
    .doc = "PNG: without loss, or in a palette of at most 256 colours to save bytes",
    .kind = DIO_FORMAT_PICTURE,
    .alpha = true,
    /* 257: all colours there are. */
    .quality = {"", "colours; 257: all", 257, 2, 257, 1},
};
