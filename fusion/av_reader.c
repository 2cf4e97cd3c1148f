/* av_reader.c: FFmpeg's demuxer over one descriptor. */
#include "fusion/av_reader.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

enum {
    IO_BUFFER = 1 << 16,
    PROBE_BYTES = 8 << 20,
    PROBE_TIME = 8 * AV_TIME_BASE,
    STREAMS = 64,
};

/* Decoders that are widely used, and so widely tested against files made to break them. */
#define PICTURE_CODECS                                                                             \
    "h264,hevc,libdav1d,libaom-av1,av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mpeg2video,mpeg1video,"     \
    "mjpeg,prores,dnxhd,ffv1,qtrle,rawvideo,theora,gif,apng,png,webp"
#define SOUND_CODECS                                                                               \
    "aac,aac_fixed,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,libvorbis,flac,alac,ac3,eac3,"    \
    "adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,wavpack,speex,libspeex,gsm,gsm_ms,pcm_u8,pcm_s8,"         \
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,"   \
    "pcm_f64be,pcm_alaw,pcm_mulaw,pcm_s16le_planar,pcm_bluray,pcm_dvd,pcm_lxf"
static const char codecs[] = PICTURE_CODECS "," SOUND_CODECS;

size_t dio_av_reader_peek(const dio_av_reader *r, int64_t offset, void *out, size_t n)
{
    ssize_t got;
    do
        got = pread(r->fd, out, n, offset);
    while (got < 0 && errno == EINTR);
    return got < 0 ? 0 : (size_t)got;
}

static int io_read(void *opaque, uint8_t *bytes, int n)
{
    dio_av_reader *r = opaque;
    size_t got = dio_av_reader_peek(r, r->at, bytes, (size_t)n);
    r->at += (int64_t)got;
    return got ? (int)got : AVERROR_EOF;
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
    dio_av_reader *r = opaque;
    if (whence == AVSEEK_SIZE)
        return r->size;
    whence &= ~AVSEEK_FORCE;
    if (whence == SEEK_CUR)
        offset += r->at;
    else if (whence == SEEK_END)
        offset += r->size;
    if (offset < 0 || offset > r->size)
        return AVERROR(EINVAL);
    return r->at = offset;
}

/* What a demuxer asks for when a file names another. */
static int open_no_other(AVFormatContext *file, AVIOContext **io, const char *url, int flags,
                         AVDictionary **options)
{
    (void)file, (void)url, (void)flags, (void)options;
    *io = NULL;
    return AVERROR(EPERM);
}

static bool fail_av(dio_error *err, const char *path, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(code, text, sizeof text);
    if (code == AVERROR(ENOMEM))
        return dio_fail_memory(err, path);
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
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

static bool make_context(dio_av_reader *r, const char *formats)
{
    uint8_t *buffer = av_malloc(IO_BUFFER);
    r->io = buffer ? avio_alloc_context(buffer, IO_BUFFER, 0, r, io_read, NULL, io_seek) : NULL;
    if (!r->io)
        av_free(buffer);
    r->packet = av_packet_alloc();
    r->file = r->io ? avformat_alloc_context() : NULL;
    if (!r->file || !r->packet)
        return false;
    r->file->pb = r->io;
    r->file->flags |= AVFMT_FLAG_CUSTOM_IO;
    r->file->io_open = open_no_other;
    r->file->probesize = PROBE_BYTES;
    r->file->max_analyze_duration = PROBE_TIME;
    r->file->max_streams = STREAMS;
    r->file->format_whitelist = av_strdup(formats);
    r->file->protocol_whitelist = av_strdup("none");
    r->file->codec_whitelist = av_strdup(codecs);
    return r->file->codec_whitelist && r->file->format_whitelist && r->file->protocol_whitelist;
}

bool dio_av_reader_open(dio_av_reader *r, const char *path, const char *formats, const char *what,
                        dio_error *err)
{
    *r = (dio_av_reader){.fd = -1, .video = -1, .audio = -1};
    size_t size;
    if ((r->fd = dio_file_open(path, &size, err)) < 0)
        return false;
    r->size = (int64_t)size;
    if (!make_context(r, formats))
        return dio_fail_memory(err, path);
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

/* The native decoder of VP8 and VP9 leaves alpha out; libvpx's reads it where a file has it. */
static const AVCodec *find_decoder(const AVStream *s)
{
    const AVDictionaryEntry *alpha = av_dict_get(s->metadata, "alpha_mode", NULL, 0);
    enum AVCodecID id = s->codecpar->codec_id;
    const AVCodec *vpx = NULL;
    if (alpha && alpha->value[0] == '1' && (id == AV_CODEC_ID_VP9 || id == AV_CODEC_ID_VP8))
        vpx = avcodec_find_decoder_by_name(id == AV_CODEC_ID_VP9 ? "libvpx-vp9" : "libvpx");
    return vpx ? vpx : avcodec_find_decoder(id);
}

AVCodecContext *dio_av_reader_decoder(const dio_av_reader *r, int stream, const char *path,
                                      dio_error *err)
{
    const AVStream *s = r->file->streams[stream];
    const AVCodec *kind = find_decoder(s);
    if (!kind || av_match_list(kind->name, codecs, ',') <= 0) {
        dio_fail(err, "%s: there is no decoder here for %s", path,
                 avcodec_get_name(s->codecpar->codec_id));
        return NULL;
    }
    AVCodecContext *c = avcodec_alloc_context3(kind);
    if (!c || avcodec_parameters_to_context(c, s->codecpar) < 0) {
        avcodec_free_context(&c);
        dio_fail_memory(err, path);
        return NULL;
    }
    c->pkt_timebase = s->time_base;
    c->log_level_offset = 64; /* a library does not print */
    return c;
}
