/* webm_format.c: VP9 and Opus: films for the web, with alpha where there is some. */
#include "fusion/format.h"

static const dio_format_option options[] = {
    {"deadline", "good"},    {"cpu-used", "5"},     {"row-mt", "1"}, {"tile-columns", "1"},
    {"lag-in-frames", "19"}, {"auto-alt-ref", "1"}, {"b", "0"},      {0}};

/* libvpx refuses alternative references beside alpha. */
static const dio_format_option options_alpha[] = {
    {"deadline", "good"},    {"cpu-used", "5"},     {"row-mt", "1"}, {"tile-columns", "1"},
    {"lag-in-frames", "19"}, {"auto-alt-ref", "0"}, {"b", "0"},      {0}};

/* The index goes in front, into room that is left for it. */
static const dio_format_option muxing[] = {{"reserve_index_space", "8192"}, {0}};

static const dio_format_video video = {.encoder = "libvpx-vp9",
                                       .pixels = "yuv420p",
                                       .pixels_alpha = "yuva420p",
                                       .options = options,
                                       .options_alpha = options_alpha,
                                       .threads = 4};

static const dio_format_audio audio = {
    .encoder = "libopus", .samples = "flt", .bits = 128000, .delay = 960};

const dio_format dio_format_webm = {
    .name = "webm",
    .suffix = ".webm",
    .doc = "VP9 with Opus, and alpha where there is some: for the web",
    .kind = DIO_FORMAT_FILM,
    .container = "webm",
    .muxing = muxing,
    .video = &video,
    .audio = &audio,
    .quality = {"crf", "libvpx's constant quality", 0, 63, 31, 1},
};
