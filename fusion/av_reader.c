/* av_reader.c: FFmpeg's demuxer over a mapped file. */
#include "fusion/av_reader.h"

#include <string.h>

enum { IO_BUFFER = 1 << 16 };

static int io_read(void *opaque, uint8_t *bytes, int n)
{
    dio_av_reader *r = opaque;
    int64_t left = (int64_t)dio_map_size(r->map) - r->at;
    if (left <= 0)
        return AVERROR_EOF;
    int most = left < n ? (int)left : n;
    memcpy(bytes, (const char *)dio_map_data(r->map) + r->at, (size_t)most);
    r->at += most;
    return most;
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
    dio_av_reader *r = opaque;
    int64_t size = (int64_t)dio_map_size(r->map);
    if (whence == AVSEEK_SIZE)
        return size;
    if (whence == SEEK_CUR)
        offset += r->at;
    else if (whence == SEEK_END)
        offset += size;
    if (offset < 0 || offset > size)
        return AVERROR(EINVAL);
    return r->at = offset;
}

static bool fail_av(dio_error *err, const char *path, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(code, text, sizeof text);
    return dio_fail(err, "%s: not %s that can be read: %s", path, what, text);
}

void dio_av_reader_close(dio_av_reader *r)
{
    av_packet_free(&r->packet);
    avformat_close_input(&r->file);
    if (r->io) {
        av_freep(&r->io->buffer);
        avio_context_free(&r->io);
    }
    dio_map_unref(r->map);
}

bool dio_av_reader_open(dio_av_reader *r, const char *path, const char *formats, const char *what,
                        dio_error *err)
{
    *r = (dio_av_reader){.video = -1, .audio = -1};
    r->map = dio_map_open(path, err);
    if (!r->map)
        return false;
    uint8_t *buffer = av_malloc(IO_BUFFER);
    r->io = buffer ? avio_alloc_context(buffer, IO_BUFFER, 0, r, io_read, NULL, io_seek) : NULL;
    r->file = r->io ? avformat_alloc_context() : NULL;
    r->packet = av_packet_alloc();
    if (!r->file || !r->packet) {
        if (!r->io)
            av_free(buffer);
        return dio_fail_memory(err, path);
    }
    r->file->pb = r->io;
    r->file->flags |= AVFMT_FLAG_CUSTOM_IO;
    av_log_set_level(AV_LOG_QUIET); /* demuxers print; what is wrong comes back as a code */
    const AVInputFormat *format = NULL;
    int code = av_probe_input_buffer2(r->io, &format, NULL, NULL, 0, 0);
    if (code >= 0 && av_match_list(format->name, formats, ',') <= 0)
        return dio_fail(err, "%s: %s, where %s is needed", path, format->long_name, what);
    if (code >= 0)
        code = avformat_open_input(&r->file, NULL, format, NULL);
    if (code >= 0)
        code = avformat_find_stream_info(r->file, NULL);
    if (code < 0)
        return fail_av(err, path, what, code);
    r->video = av_find_best_stream(r->file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    r->audio = av_find_best_stream(r->file, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    return true;
}
