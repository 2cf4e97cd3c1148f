/* av_mux.c: frames into codecs, packets into a container, bytes into a file. */
#include "fusion/av_mux.h"

enum { IO_BUFFER = 1 << 16 };

bool dio_av_fail(dio_error *err, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(code, text, sizeof text);
    if (code == AVERROR(ENOMEM))
        return dio_fail_memory(err, "a film");
    return dio_fail(err, "%s: %s", what, text);
}

/* ---- bytes ---- */

static int io_write(void *opaque, DIO_AV_WRITE_BYTES *bytes, int n)
{
    dio_av_mux *m = opaque;
    return dio_writer_put(m->file, bytes, (size_t)n, &m->failed) ? n : AVERROR(EIO);
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
    dio_av_mux *m = opaque;
    if (whence == SEEK_CUR)
        offset += dio_writer_tell(m->file);
    else if (whence != SEEK_SET)
        return AVERROR(ENOSYS);
    return dio_writer_seek(m->file, offset, &m->failed) ? offset : AVERROR(EIO);
}

static bool open_io(dio_av_mux *m, const char *path, dio_error *err)
{
    m->file = dio_writer_open(path, err);
    if (!m->file)
        return false;
    uint8_t *buffer = av_malloc(IO_BUFFER);
    m->io = buffer ? avio_alloc_context(buffer, IO_BUFFER, 1, m, NULL, io_write, io_seek) : NULL;
    if (!m->io) {
        av_free(buffer);
        return dio_fail_memory(err, "a film");
    }
    return true;
}

bool dio_av_mux_open(dio_av_mux *m, const char *path, const char *container, dio_error *err)
{
    m->packet = av_packet_alloc();
    if (!av_guess_format(container, NULL, NULL))
        return dio_fail(err, "this libavformat was built without the container %s", container);
    int code = avformat_alloc_output_context2(&m->mux, NULL, container, NULL);
    if (!m->packet || code < 0 || !m->mux)
        return dio_fail_memory(err, "a film");
    return open_io(m, path, err);
}

/* Whether all has gone well so far. A failed write wins over what FFmpeg made of it, and counts
 * when that made nothing of it: MP3's muxer goes on after a seek that could not be. */
static bool well(const dio_av_mux *m, bool so_far, dio_error *err)
{
    if (m->failed.kind == DIO_ERROR_NONE)
        return so_far;
    *err = m->failed;
    return false;
}

/* ---- tracks ---- */

AVCodecContext *dio_av_encoder(const char *name, dio_error *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    if (!codec) {
        dio_fail(err,
                 "this libavcodec was built without %s; install Debian's libavcodec, or another "
                 "build with it",
                 name);
        return NULL;
    }
    AVCodecContext *c = avcodec_alloc_context3(codec);
    if (!c)
        dio_fail_memory(err, "a film");
    return c;
}

void dio_av_options(AVDictionary **out, const dio_format_option *list)
{
    for (; list && list->name; list++)
        av_dict_set(out, list->name, list->value, 0);
}

bool dio_av_mux_track(dio_av_mux *m, dio_av_track *t, AVDictionary **options, dio_error *err)
{
    const AVCodec *codec = t->codec->codec;
    if (m->mux->oformat->flags & AVFMT_GLOBALHEADER)
        t->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    t->codec->flags |= AV_CODEC_FLAG_BITEXACT;
    t->codec->log_level_offset = 64; /* a library does not print; codes come back as messages */
    int code = avcodec_open2(t->codec, codec, options);
    if (code < 0)
        return dio_av_fail(err, codec->name, code);
    t->stream = avformat_new_stream(m->mux, NULL);
    t->frame = av_frame_alloc();
    if (!t->stream || !t->frame)
        return dio_fail_memory(err, "a film");
    t->stream->time_base = t->codec->time_base;
    code = avcodec_parameters_from_context(t->stream->codecpar, t->codec);
    return code < 0 ? dio_av_fail(err, codec->name, code) : true;
}

bool dio_av_mux_drop(dio_av_track *t, const char *kinds, dio_error *err)
{
    const AVBitStreamFilter *kind = av_bsf_get_by_name("filter_units");
    if (!kind)
        return dio_fail(err, "this libavcodec has no filter_units");
    int code = av_bsf_alloc(kind, &t->filter);
    if (code >= 0)
        code = avcodec_parameters_copy(t->filter->par_in, t->stream->codecpar);
    if (code >= 0)
        code = av_opt_set(t->filter->priv_data, "remove_types", kinds, 0);
    if (code >= 0) {
        t->filter->time_base_in = t->codec->time_base;
        code = av_bsf_init(t->filter);
    }
    if (code >= 0)
        code = avcodec_parameters_copy(t->stream->codecpar, t->filter->par_out);
    return code < 0 ? dio_av_fail(err, "filter_units", code) : true;
}

bool dio_av_mux_begin(dio_av_mux *m, const char *title, AVDictionary **options, dio_error *err)
{
    m->mux->pb = m->io;
    m->mux->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_CUSTOM_IO;
    if (title && title[0])
        av_dict_set(&m->mux->metadata, "title", title, 0);
    int code = avformat_write_header(m->mux, options);
    return well(m, code >= 0 || dio_av_fail(err, "the film's header", code), err);
}

/* ---- packets ---- */

static bool mux_packet(dio_av_mux *m, dio_av_track *t, dio_error *err)
{
    m->packet->stream_index = t->stream->index;
    av_packet_rescale_ts(m->packet, t->codec->time_base, t->stream->time_base);
    int code = av_interleaved_write_frame(m->mux, m->packet);
    return code < 0 ? dio_av_fail(err, "writing the film", code) : true;
}

/* Moves what the codec has ready through the filter into the file. */
static bool drain(dio_av_mux *m, dio_av_track *t, dio_error *err)
{
    for (;;) {
        int code = avcodec_receive_packet(t->codec, m->packet);
        if (code == AVERROR(EAGAIN))
            return true;
        bool over = code == AVERROR_EOF;
        if (code < 0 && !over)
            return dio_av_fail(err, t->codec->codec->name, code);
        if (!t->filter) {
            if (over || !mux_packet(m, t, err))
                return over;
            continue;
        }
        code = av_bsf_send_packet(t->filter, over ? NULL : m->packet);
        if (code < 0)
            return dio_av_fail(err, "filter_units", code);
        while ((code = av_bsf_receive_packet(t->filter, m->packet)) >= 0) {
            if (!mux_packet(m, t, err))
                return false;
        }
        if (over)
            return true;
        if (code != AVERROR(EAGAIN))
            return dio_av_fail(err, "filter_units", code);
    }
}

bool dio_av_mux_send(dio_av_mux *m, dio_av_track *t, const AVFrame *frame, dio_error *err)
{
    int code = avcodec_send_frame(t->codec, frame);
    if (code < 0)
        return dio_av_fail(err, t->codec->codec->name, code);
    return well(m, drain(m, t, err), err);
}

bool dio_av_mux_close(dio_av_mux *m, dio_error *err)
{
    int code = av_write_trailer(m->mux);
    avio_flush(m->io);
    code = code < 0 ? code : m->io->error;
    if (!well(m, code >= 0 || dio_av_fail(err, "the film's index", code), err))
        return false;
    dio_writer *file = m->file;
    m->file = NULL;
    return dio_writer_commit(file, err);
}

void dio_av_mux_release(dio_av_mux *m, dio_av_track *tracks, int count)
{
    dio_writer_abort(m->file);
    m->file = NULL;
    for (int i = 0; i < count; i++) {
        av_frame_free(&tracks[i].frame);
        av_bsf_free(&tracks[i].filter);
        avcodec_free_context(&tracks[i].codec);
    }
    av_packet_free(&m->packet);
    avformat_free_context(m->mux);
    m->mux = NULL;
    if (m->io) {
        av_freep(&m->io->buffer);
        avio_context_free(&m->io);
    }
}
