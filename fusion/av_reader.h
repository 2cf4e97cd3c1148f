#pragma once
/* av_reader.h: a file of others in FFmpeg's demuxer: what av_probe.c and av_sound.c begin with.
 *
 * The demuxer reads through our own mapping, and no other than those that were named is asked, so
 * that nothing in a file can lead it to another file or to the network.
 */
#include "base/file.h"
#include "fusion/compat_av.h"

typedef struct dio_av_reader {
    dio_map_file *map;
    int64_t at;
    AVIOContext *io;
    AVFormatContext *file;
    AVPacket *packet;
    int video, audio; /* the streams' numbers; -1: none */
} dio_av_reader;

/* formats: names of demuxers with commas between, as FFmpeg lists them. what: "a film", for
 * messages. Close it, either way. */
bool dio_av_reader_open(dio_av_reader *r, const char *path, const char *formats, const char *what,
                        dio_error *err);
void dio_av_reader_close(dio_av_reader *r);
