/* av1_format.c: AV1 in MP4: the smallest, and the slowest to make. */
#include "fusion/format.h"

static const dio_format_option options[] = {
    {"cpu-used", "8"}, {"row-mt", "1"}, {"lag-in-frames", "19"}, {"b", "0"}, {0}};

static const dio_format_video video = {
    .encoder = "libaom-av1", .pixels = "yuv420p", .options = options, .threads = 4};

static const dio_format_audio audio = {
    .encoder = "aac", .samples = "fltp", .bits = 192000, .delay = 1024, .always = true};

const dio_format dio_format_av1 = {
    .name = "av1",
    .suffix = ".mp4",
    .doc = "AV1 with AAC in MP4: the smallest films, slow to make",
    .kind = DIO_FORMAT_FILM,
    .container = "mp4",
    .video = &video,
    .audio = &audio,
    .quality = {"crf", "libaom's constant quality", 0, 63, 30, 1},
    .index_first = true,
};
