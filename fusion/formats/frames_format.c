/* frames_format.c: a folder of PNG pictures, frame-00001.png and on: for other programs. */
#include "fusion/format.h"

const dio_format dio_format_frames = {
    .name = "frames",
    .suffix = "",
    .doc = "a folder of PNG pictures, frame-00001.png and on, with alpha",
    .kind = DIO_FORMAT_FRAMES,
    .alpha = true,
};
