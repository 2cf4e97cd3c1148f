/* av.c: one film through libavcodec's x264 and AAC into an MP4.
 *
 * The muxer writes through our own AVIOContext into a dio_writer, which can seek but not read;
 * so the index gets room reserved in front, rather than being moved there afterwards. What is left
 * of the room stays as a `free` box, where a signature can later go. */
#include "fusion/av.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fusion/compat_av.h"

enum {
    IO_BUFFER = 1 << 16,
    RATE = 48000,
    CHANNELS = 2,
    SOUND_BITS = 192000, /* a second */
    /* x264's output depends on its number of threads, so it is part of the format, not the
       machine's. */
    THREADS = 4,
};

struct track {
    AVCodecContext *codec;
    AVStream *stream;
    AVBSFContext *filter; /* NULL: none */
    AVFrame *frame;
    int64_t next; /* time of the next frame, in the codec's ticks */
};

struct dio_video {
    dio_video_settings s;
    dio_writer *file;
    AVIOContext *io;
    AVFormatContext *mux;
    AVPacket *packet;
    struct track picture, sound;
    dio_error *err; /* of the call in progress: the writer's own words win */
};

static bool fail_av(dio_error *err, const char *what, int code)
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
    dio_video *v = opaque;
    return dio_writer_put(v->file, bytes, (size_t)n, v->err) ? n : AVERROR(EIO);
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
    dio_video *v = opaque;
    if (whence == SEEK_CUR)
        offset += dio_writer_tell(v->file);
    else if (whence != SEEK_SET)
        return AVERROR(ENOSYS);
    return dio_writer_seek(v->file, offset, v->err) ? offset : AVERROR(EIO);
}

static bool open_io(dio_video *v, const char *path, dio_error *err)
{
    v->file = dio_writer_open(path, err);
    if (!v->file)
        return false;
    uint8_t *buffer = av_malloc(IO_BUFFER);
    v->io = buffer ? avio_alloc_context(buffer, IO_BUFFER, 1, v, NULL, io_write, io_seek) : NULL;
    if (!v->io) {
        av_free(buffer);
        return dio_fail_memory(err, "a film");
    }
    return true;
}

/* ---- tracks ---- */

static bool start_codec(dio_video *v, struct track *t, const AVCodec *codec, AVDictionary **options,
                        dio_error *err)
{
    t->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    t->codec->log_level_offset = 64; /* a library does not print; codes come back as messages */
    int code = avcodec_open2(t->codec, codec, options);
    if (code < 0)
        return fail_av(err, codec->name, code);
    t->stream = avformat_new_stream(v->mux, NULL);
    t->frame = av_frame_alloc();
    if (!t->stream || !t->frame)
        return dio_fail_memory(err, "a film");
    t->stream->time_base = t->codec->time_base;
    code = avcodec_parameters_from_context(t->stream->codecpar, t->codec);
    return code < 0 ? fail_av(err, codec->name, code) : true;
}

/* Drops x264's signature (SEI, type 6): it holds its settings, not pictures, and would differ
 * between builds. */
static bool start_filter(struct track *t, dio_error *err)
{
    const AVBitStreamFilter *kind = av_bsf_get_by_name("filter_units");
    if (!kind)
        return dio_fail(err, "this libavcodec has no filter_units");
    int code = av_bsf_alloc(kind, &t->filter);
    if (code >= 0)
        code = avcodec_parameters_copy(t->filter->par_in, t->stream->codecpar);
    if (code >= 0)
        code = av_opt_set(t->filter->priv_data, "remove_types", "6", 0);
    if (code >= 0) {
        t->filter->time_base_in = t->codec->time_base;
        code = av_bsf_init(t->filter);
    }
    if (code >= 0)
        code = avcodec_parameters_copy(t->stream->codecpar, t->filter->par_out);
    return code < 0 ? fail_av(err, "filter_units", code) : true;
}

static bool start_picture(dio_video *v, dio_error *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (!codec)
        return dio_fail(err, "this libavcodec was built without libx264; install Debian's "
                             "libavcodec, or another build with it");
    AVCodecContext *c = v->picture.codec = avcodec_alloc_context3(codec);
    if (!c)
        return dio_fail_memory(err, "a film");
    c->width = v->s.width;
    c->height = v->s.height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){1, v->s.fps};
    c->framerate = (AVRational){v->s.fps, 1};
    c->sample_aspect_ratio = (AVRational){1, 1};
    c->color_primaries = AVCOL_PRI_BT709;
    c->color_trc = AVCOL_TRC_BT709;
    c->colorspace = AVCOL_SPC_BT709;
    c->color_range = AVCOL_RANGE_MPEG;
    c->gop_size = 2 * v->s.fps;
    c->max_b_frames = 2;
    c->thread_count = THREADS;
    c->flags |= AV_CODEC_FLAG_CLOSED_GOP;
    c->profile = DIO_AV_PROFILE_H264_HIGH;
    AVDictionary *options = NULL;
    char crf[16];
    snprintf(crf, sizeof crf, "%d", v->s.quality);
    av_dict_set(&options, "preset", "veryfast", 0);
    av_dict_set(&options, "crf", crf, 0);
    av_dict_set(&options, "x264-params", "lookahead-threads=1:sliced-threads=0", 0);
    bool ok = start_codec(v, &v->picture, codec, &options, err) && start_filter(&v->picture, err);
    av_dict_free(&options);
    if (!ok)
        return false;
    v->picture.stream->avg_frame_rate = c->framerate;
    AVFrame *f = v->picture.frame;
    f->format = c->pix_fmt;
    f->width = c->width;
    f->height = c->height;
    int code = av_frame_get_buffer(f, 64);
    return code < 0 ? fail_av(err, "a frame", code) : true;
}

static bool start_sound(dio_video *v, dio_error *err)
{
    const dio_clip *clip = v->s.sound;
    if (clip && (clip->rate != RATE || clip->channels != CHANNELS))
        return dio_fail(err, "a film's sound has %d channels of %d Hz, not %d of %d", CHANNELS,
                        RATE, clip->channels, clip->rate);
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    AVCodecContext *c = v->sound.codec = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return dio_fail(err, "this libavcodec was built without its AAC encoder");
    c->sample_rate = RATE;
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->bit_rate = SOUND_BITS;
    c->profile = DIO_AV_PROFILE_AAC_LOW;
    c->time_base = (AVRational){1, RATE};
    av_channel_layout_default(&c->ch_layout, CHANNELS);
    if (!start_codec(v, &v->sound, codec, NULL, err))
        return false;
    AVFrame *f = v->sound.frame;
    f->format = c->sample_fmt;
    f->nb_samples = c->frame_size;
    f->sample_rate = RATE;
    int code = av_channel_layout_copy(&f->ch_layout, &c->ch_layout);
    if (code >= 0)
        code = av_frame_get_buffer(f, 0);
    return code < 0 ? fail_av(err, "a frame of sound", code) : true;
}

/* Bytes that the index can need at most: sizes, times, keys and offsets of every packet of both
 * tracks, and 8 KB for all that does not grow. */
static int64_t index_room(const dio_video *v)
{
    int64_t sound = (int64_t)v->s.frames * RATE / v->s.fps / 1024 + 8;
    return 8192 + 32 * ((int64_t)v->s.frames + sound);
}

static bool start_file(dio_video *v, dio_error *err)
{
    v->mux->pb = v->io;
    v->mux->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_CUSTOM_IO;
    if (v->s.title[0])
        av_dict_set(&v->mux->metadata, "title", v->s.title, 0);
    AVDictionary *options = NULL;
    av_dict_set_int(&options, "moov_size", index_room(v), 0);
    int code = avformat_write_header(v->mux, &options);
    av_dict_free(&options);
    return code < 0 ? fail_av(err, "the film's header", code) : true;
}

dio_video *dio_video_open(const char *path, const dio_video_settings *settings, dio_error *err)
{
    dio_video *v = calloc(1, sizeof *v);
    if (!v) {
        dio_fail_memory(err, "a film");
        return NULL;
    }
    v->s = *settings;
    v->err = err;
    v->packet = av_packet_alloc();
    int code = avformat_alloc_output_context2(&v->mux, NULL, "mp4", NULL);
    if (!v->packet || code < 0 || !v->mux)
        dio_fail_memory(err, "a film");
    else if (open_io(v, path, err) && start_picture(v, err) && start_sound(v, err) &&
             start_file(v, err))
        return v;
    dio_video_abort(v);
    return NULL;
}

/* ---- packets ---- */

static bool mux_packet(dio_video *v, struct track *t, dio_error *err)
{
    v->packet->stream_index = t->stream->index;
    av_packet_rescale_ts(v->packet, t->codec->time_base, t->stream->time_base);
    int code = av_interleaved_write_frame(v->mux, v->packet);
    return code < 0 ? fail_av(err, "writing the film", code) : true;
}

/* Moves what the codec has ready through the filter into the file. */
static bool drain(dio_video *v, struct track *t, dio_error *err)
{
    for (;;) {
        int code = avcodec_receive_packet(t->codec, v->packet);
        if (code == AVERROR(EAGAIN))
            return true;
        bool over = code == AVERROR_EOF;
        if (code < 0 && !over)
            return fail_av(err, t->codec->codec->name, code);
        if (!t->filter) {
            if (over || !mux_packet(v, t, err))
                return over;
            continue;
        }
        code = av_bsf_send_packet(t->filter, over ? NULL : v->packet);
        if (code < 0)
            return fail_av(err, "filter_units", code);
        while ((code = av_bsf_receive_packet(t->filter, v->packet)) >= 0) {
            if (!mux_packet(v, t, err))
                return false;
        }
        if (over)
            return true;
        if (code != AVERROR(EAGAIN))
            return fail_av(err, "filter_units", code);
    }
}

static bool send(dio_video *v, struct track *t, AVFrame *frame, dio_error *err)
{
    int code = avcodec_send_frame(t->codec, frame);
    if (code < 0)
        return fail_av(err, t->codec->codec->name, code);
    return drain(v, t, err);
}

/* Samples `at` and on of the clip, and silence after its end. */
static void copy_sound(const dio_clip *clip, int64_t at, AVFrame *f)
{
    int64_t left = clip ? clip->length - at : 0, n = left < 0 ? 0 : left;
    n = n < f->nb_samples ? n : f->nb_samples;
    for (int c = 0; c < CHANNELS; c++) {
        float *out = (float *)(void *)f->data[c];
        if (n)
            memcpy(out, dio_clip_channel(clip, c) + at, (size_t)n * sizeof(float));
        memset(out + n, 0, (size_t)(f->nb_samples - n) * sizeof(float));
    }
}

/* Sound up to the end of the pictures so far. The last block is cut to the film's length. */
static bool put_sound(dio_video *v, dio_error *err)
{
    int64_t until = v->picture.next * RATE / v->s.fps;
    AVFrame *f = v->sound.frame;
    while (v->sound.next < until) {
        int code = av_frame_make_writable(f);
        if (code < 0)
            return fail_av(err, "a frame of sound", code);
        int64_t left = (int64_t)v->s.frames * RATE / v->s.fps - v->sound.next;
        f->nb_samples = left < v->sound.codec->frame_size ? (int)left : v->sound.codec->frame_size;
        f->pts = v->sound.next;
        copy_sound(v->s.sound, v->sound.next, f);
        if (!send(v, &v->sound, f, err))
            return false;
        v->sound.next += f->nb_samples;
    }
    return true;
}

bool dio_video_canvas(dio_video *v, dio_canvas *out, dio_error *err)
{
    AVFrame *f = v->picture.frame;
    int code = av_frame_make_writable(f);
    if (code < 0)
        return fail_av(err, "a frame", code);
    *out = (dio_canvas){.space = DIO_SPACE_BT709, .w = v->s.width, .h = v->s.height};
    for (int i = 0; i < 3; i++) {
        int s = i > 0;
        out->plane[i] = (dio_plane){f->data[i], v->s.width >> s, v->s.height >> s, f->linesize[i]};
    }
    return true;
}

bool dio_video_put(dio_video *v, dio_error *err)
{
    v->err = err;
    AVFrame *f = v->picture.frame;
    f->pts = v->picture.next++;
    DIO_AV_SET_DURATION(f, 1);
    return send(v, &v->picture, f, err) && put_sound(v, err);
}

static void release(dio_video *v)
{
    struct track *tracks[2] = {&v->picture, &v->sound};
    for (int i = 0; i < 2; i++) {
        av_frame_free(&tracks[i]->frame);
        av_bsf_free(&tracks[i]->filter);
        avcodec_free_context(&tracks[i]->codec);
    }
    av_packet_free(&v->packet);
    avformat_free_context(v->mux);
    if (v->io) {
        av_freep(&v->io->buffer);
        avio_context_free(&v->io);
    }
    free(v);
}

bool dio_video_close(dio_video *v, dio_error *err)
{
    v->err = err;
    bool ok = send(v, &v->picture, NULL, err) && send(v, &v->sound, NULL, err);
    if (ok) {
        int code = av_write_trailer(v->mux);
        avio_flush(v->io);
        if (code < 0 || v->io->error < 0)
            ok = fail_av(err, "the film's index", code < 0 ? code : v->io->error);
    }
    if (ok) {
        dio_writer *file = v->file;
        v->file = NULL;
        ok = dio_writer_commit(file, err);
    }
    dio_writer_abort(v->file);
    release(v);
    return ok;
}

void dio_video_abort(dio_video *v)
{
    if (!v)
        return;
    dio_error ignored = {0};
    v->err = &ignored; /* what the muxer flushes now is thrown away */
    dio_writer_abort(v->file);
    v->file = NULL;
    release(v);
}

const char *dio_av_versions(char *out, int size)
{
    unsigned c = avcodec_version(), f = avformat_version();
    snprintf(out, (size_t)size, "libavcodec %u.%u.%u, libavformat %u.%u.%u", c >> 16, c >> 8 & 255,
             c & 255, f >> 16, f >> 8 & 255, f & 255);
    return out;
}
