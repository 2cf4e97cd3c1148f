/* hevc_format.c: HEVC in MP4: half the bytes of H.264 where players have it. */
#include "fusion/format.h"

/* Two frames at a time, whatever the cores: x265's output depends on that number. */
static const dio_format_option options[] = {
    {"preset", "fast"},
    {"x265-params", "frame-threads=2:log-level=none:info=0:open-gop=0:repeat-headers=0"},
    {0}};

static const dio_format_video video = {.encoder = "libx265",
                                       .pixels = "yuv420p",
                                       .options = options,
                                       .threads = 2,
                                       .tag = {'h', 'v', 'c', '1'}}; /* Apple plays no other */

static const dio_format_audio audio = {
    .encoder = "aac", .samples = "fltp", .bits = 192000, .delay = 1024, .always = true};

const dio_format dio_format_hevc = {
    .name = "hevc",
    .suffix = ".mp4",
    .doc = "HEVC with AAC in MP4: smaller, for players of Apple and televisions",
    .kind = DIO_FORMAT_FILM,
    .container = "mp4",
    .video = &video,
    .audio = &audio,
    .quality = {"crf", "x265's rate factor", 0, 51, 23, 0.5},
    .index_first = true,
};
