/* prores_format.c: ProRes 4444 with alpha: for people who go on cutting. */
#include "fusion/format.h"

static const dio_format_option options[] = {{"profile", "4444"}, {"vendor", "apl0"}, {0}};
static const dio_format_option options_alpha[] = {
    {"profile", "4444"}, {"vendor", "apl0"}, {"alpha_bits", "16"}, {0}};

static const dio_format_video video = {.encoder = "prores_ks",
                                       .pixels = "yuv444p10le",
                                       .pixels_alpha = "yuva444p10le",
                                       .options = options,
                                       .options_alpha = options_alpha,
                                       .threads = 4};

static const dio_format_audio audio = {.encoder = "pcm_s24le", .samples = "s32", .delay = 1024};

const dio_format dio_format_prores = {
    .name = "prores",
    .suffix = ".mov",
    .doc = "ProRes 4444 with alpha and PCM in QuickTime: for further editing",
    .kind = DIO_FORMAT_FILM,
    .container = "mov",
    .video = &video,
    .audio = &audio,
    .index_first = true,
};
