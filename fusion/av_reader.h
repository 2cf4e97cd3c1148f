#pragma once
/* av_reader.h: a file of others in FFmpeg's demuxer: what av_probe.c, av_sound.c and av_frames.c
 * begin with.
 *
 * The demuxer reads through one descriptor of ours and is denied every other file and protocol;
 * none but those that were named is asked. So nothing in a file can lead it to another file or to
 * the network, and a name is never taken for more than a name ("concat:", "http:").
 */
#include "base/error.h"
#include "fusion/compat_av.h"

typedef struct dio_av_reader {
    int fd;
    int64_t at, size;
    AVIOContext *io;
    AVFormatContext *file;
    AVPacket *packet;
    int video, audio; /* the streams' numbers; -1: none */
} dio_av_reader;

/* formats: names of demuxers with commas between, as FFmpeg lists them. what: "a film", for
 * messages. Close it, either way. Looks at 8 MB and 8 seconds at most. */
bool dio_av_reader_open(dio_av_reader *r, const char *path, const char *formats, const char *what,
                        dio_error *err);
void dio_av_reader_close(dio_av_reader *r);

/* A context for a stream's decoder, not yet opened: for a last word on its threads. Only codecs of
 * a list are decoded: the ones in use today. NULL with a message. */
AVCodecContext *dio_av_reader_decoder(const dio_av_reader *r, int stream, const char *path,
                                      dio_error *err);

/* Bytes at an offset of the file; how many there were, up to n. */
size_t dio_av_reader_peek(const dio_av_reader *r, int64_t offset, void *out, size_t n);
