/* mp4_format.c: H.264 High and AAC: what every platform and player takes. */
#include "fusion/format.h"

/* Independent of the processor: with AVX-512 x264 r3095 takes unwritten memory into its macroblock
 * tree where a row's blocks are no multiple of 8 or so, and films of 320 x 180 came out different
 * each time; besides, its AVX sums round otherwise than its SSE ones. */
static const dio_format_option options[] = {
    {"preset", "veryfast"},
    {"x264-params", "lookahead-threads=1:sliced-threads=0:cpu-independent=1"},
    {0}};

/* Dropped: x264's signature (SEI, type 6), which would differ between builds. */
static const dio_format_video video = {
    .encoder = "libx264", .pixels = "yuv420p", .options = options, .threads = 4, .drop = "6"};

static const dio_format_audio audio = {
    .encoder = "aac", .samples = "fltp", .bits = 192000, .delay = 1024, .always = true};

const dio_format dio_format_mp4 = {
    .name = "mp4",
    .suffix = ".mp4",
    .doc = "H.264 High with AAC: what every platform takes",
    .kind = DIO_FORMAT_FILM,
    .container = "mp4",
    .video = &video,
    .audio = &audio,
    .quality = {"crf", "x264's rate factor", 0, 51, 19, 0.5},
    .index_first = true,
};
