/* av_probe.c: FFmpeg's demuxer and decoder over a mapped file. */
#include "fusion/av_probe.h"

#include <stdio.h>
#include <string.h>

#include "fusion/av_reader.h"

#define FORMATS "mov,mp4,m4a,3gp,3g2,mj2" /* one demuxer, by all its names */

static uint32_t big_endian(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Walks the file's boxes: does `moov` come before `mdat`? */
static bool index_first(const dio_av_reader *r)
{
    unsigned char b[16];
    for (int64_t at = 0; r->size - at >= 8;) {
        size_t n = dio_av_reader_peek(r, at, b, sizeof b);
        if (n < 8)
            return false;
        uint64_t box = big_endian(b);
        if (memcmp(b + 4, "moov", 4) == 0)
            return true;
        if (memcmp(b + 4, "mdat", 4) == 0)
            return false;
        if (box == 1 && n == 16)
            box = (uint64_t)big_endian(b + 8) << 32 | big_endian(b + 12);
        if (box < 8 || box > (uint64_t)(r->size - at))
            return false;
        at += (int64_t)box;
    }
    return false;
}

static double seconds_of(const AVStream *s, int64_t ticks)
{
    return ticks == AV_NOPTS_VALUE ? 0 : (double)ticks * av_q2d(s->time_base);
}

static void video_facts(const AVStream *s, dio_media_facts *out)
{
    const AVCodecParameters *c = s->codecpar;
    const char *profile = avcodec_profile_name(c->codec_id, c->profile);
    const char *pixels = av_get_pix_fmt_name((enum AVPixelFormat)c->format);
    snprintf(out->video, sizeof out->video, "%s", avcodec_get_name(c->codec_id));
    snprintf(out->profile, sizeof out->profile, "%s", profile ? profile : "");
    snprintf(out->pixels, sizeof out->pixels, "%s", pixels ? pixels : "");
    out->width = c->width;
    out->height = c->height;
    out->level = c->level;
    out->fps_num = s->avg_frame_rate.num;
    out->fps_den = s->avg_frame_rate.den;
    out->bt709 = c->color_primaries == AVCOL_PRI_BT709 && c->color_trc == AVCOL_TRC_BT709 &&
                 c->color_space == AVCOL_SPC_BT709 && c->color_range == AVCOL_RANGE_MPEG;
    out->seconds = seconds_of(s, s->duration);
    out->video_start = seconds_of(s, s->start_time);
}

static void audio_facts(const AVStream *s, dio_media_facts *out)
{
    const AVCodecParameters *c = s->codecpar;
    snprintf(out->audio, sizeof out->audio, "%s", avcodec_get_name(c->codec_id));
    out->sample_rate = c->sample_rate;
    out->channels = c->ch_layout.nb_channels;
    out->audio_seconds = seconds_of(s, s->duration);
    out->audio_start = seconds_of(s, s->start_time);
}

bool dio_media_probe(const char *path, dio_media_facts *out, dio_error *err)
{
    dio_av_reader r;
    *out = (dio_media_facts){.fps_den = 1};
    bool ok = dio_av_reader_open(&r, path, FORMATS, "a film", err);
    if (ok && r.video >= 0)
        video_facts(r.file->streams[r.video], out);
    if (ok && r.audio >= 0)
        audio_facts(r.file->streams[r.audio], out);
    int gap = 0;
    while (ok && av_read_frame(r.file, r.packet) >= 0) {
        if (r.packet->stream_index == r.video) {
            gap = r.packet->flags & AV_PKT_FLAG_KEY ? 1 : gap + 1;
            out->keyframe_gap = gap > out->keyframe_gap ? gap : out->keyframe_gap;
            out->frames++;
        } else if (r.packet->stream_index == r.audio) {
            out->audio_packets++;
        }
        av_packet_unref(r.packet);
    }
    if (ok)
        out->faststart = index_first(&r);
    dio_av_reader_close(&r);
    return ok;
}

static bool take_frame(const AVFrame *f, dio_canvas *out, dio_error *err)
{
    if (f->format != AV_PIX_FMT_YUV420P)
        return dio_fail(err, "only 4:2:0 films are read");
    if (!dio_canvas_init(out, DIO_SPACE_BT709, f->width, f->height, err))
        return false;
    for (int p = 0; p < 3; p++) {
        for (int y = 0; y < out->plane[p].h; y++)
            memcpy(out->plane[p].data + (size_t)y * (size_t)out->plane[p].stride,
                   f->data[p] + (ptrdiff_t)y * f->linesize[p], (size_t)out->plane[p].w);
    }
    return true;
}

/* Decodes on until frame i; *found stays false when the film is shorter. */
static bool decode(dio_av_reader *r, AVCodecContext *codec, AVFrame *frame, int i, dio_canvas *out,
                   bool *found, dio_error *err)
{
    for (bool more = true; !*found && more;) {
        more = av_read_frame(r->file, r->packet) >= 0;
        if (more && r->packet->stream_index != r->video) {
            av_packet_unref(r->packet);
            continue;
        }
        int code = avcodec_send_packet(codec, more ? r->packet : NULL);
        av_packet_unref(r->packet);
        if (code < 0 && code != AVERROR_EOF)
            return dio_fail(err, "a packet cannot be decoded");
        while (!*found && avcodec_receive_frame(codec, frame) >= 0) {
            if (i-- > 0)
                continue;
            *found = true;
            if (!take_frame(frame, out, err))
                return false;
        }
    }
    return *found || dio_fail(err, "the film has no such frame");
}

bool dio_media_frame(const char *path, int i, dio_canvas *out, dio_error *err)
{
    dio_av_reader r;
    AVCodecContext *codec = NULL;
    AVFrame *frame = NULL;
    bool found = false, ok = dio_av_reader_open(&r, path, FORMATS, "a film", err);
    if (ok && r.video < 0)
        ok = dio_fail(err, "%s: there are no pictures in it", path);
    if (ok) {
        const AVCodecParameters *c = r.file->streams[r.video]->codecpar;
        const AVCodec *kind = avcodec_find_decoder(c->codec_id);
        codec = kind ? avcodec_alloc_context3(kind) : NULL;
        frame = av_frame_alloc();
        ok = codec && frame && avcodec_parameters_to_context(codec, c) >= 0 &&
             avcodec_open2(codec, kind, NULL) >= 0;
        if (!ok)
            dio_fail(err, "%s: its pictures cannot be decoded here", path);
    }
    ok = ok && decode(&r, codec, frame, i, out, &found, err);
    av_frame_free(&frame);
    avcodec_free_context(&codec);
    dio_av_reader_close(&r);
    return ok;
}
