/* av_sound.c: FFmpeg's decoders into a clip. */
#include "fusion/av_sound.h"

#include <libswresample/swresample.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/av_reader.h"

#define FORMATS "wav,w64,aiff,flac,mp3,ogg,aac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"

enum { BLOCK = 4096 }; /* no codec has longer ones but those without loss, which pad nothing */

struct decoding {
    const char *path;
    dio_av_reader r;
    AVCodecContext *codec;
    AVFrame *frame;
    SwrContext *planar; /* into planes of floats; rate and channels stay */
    int rate, channels;
    float *samples[DIO_CLIP_CHANNELS];
    int64_t length, room; /* of each */
};

static bool fail_av(const struct decoding *d, dio_error *err, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(code, text, sizeof text);
    return code == AVERROR(ENOMEM)
               ? dio_fail_memory(err, d->path)
               : dio_fail(err, "%s: its sound cannot be decoded: %s", d->path, text);
}

static bool open_codec(struct decoding *d, dio_error *err)
{
    if (d->r.audio < 0)
        return dio_fail(err, "%s: there is no sound in it", d->path);
    d->codec = dio_av_reader_decoder(&d->r, d->r.audio, d->path, err);
    if (!d->codec)
        return false;
    d->frame = av_frame_alloc();
    if (!d->frame)
        return dio_fail_memory(err, d->path);
    int code = avcodec_open2(d->codec, d->codec->codec, NULL);
    return code >= 0 || fail_av(d, err, code);
}

/* What the first frame is, all have to be: streams may say otherwise in their heads. */
static bool begin(struct decoding *d, dio_error *err)
{
    AVFrame *f = d->frame; /* 5.1 wants layouts that it could change */
    d->rate = f->sample_rate;
    d->channels = f->ch_layout.nb_channels;
    if (!dio_clip_size_check(d->rate, d->channels, 0, err))
        return dio_error_prefix(err, "%s", d->path);
    int code = swr_alloc_set_opts2(&d->planar, &f->ch_layout, AV_SAMPLE_FMT_FLTP, d->rate,
                                   &f->ch_layout, (enum AVSampleFormat)f->format, d->rate, 0, NULL);
    if (code >= 0)
        code = swr_init(d->planar);
    return code >= 0 || fail_av(d, err, code);
}

static bool make_room(struct decoding *d, int64_t more, dio_error *err)
{
    int64_t least = d->length + more, room = d->room ? d->room : 1 << 16;
    if (!dio_clip_size_check(d->rate, d->channels, least, err))
        return dio_error_prefix(err, "%s", d->path);
    while (room < least)
        room *= 2;
    for (int c = 0; c < d->channels && room > d->room; c++) {
        float *grown = realloc(d->samples[c], (size_t)room * sizeof *grown);
        if (!grown)
            return dio_fail_memory(err, d->path);
        d->samples[c] = grown;
    }
    d->room = room;
    return true;
}

static bool take(struct decoding *d, dio_error *err)
{
    const AVFrame *f = d->frame;
    uint8_t *out[DIO_CLIP_CHANNELS];
    if (!d->planar && !begin(d, err))
        return false;
    if (f->sample_rate != d->rate || f->ch_layout.nb_channels != d->channels)
        return dio_fail(err, "%s: its sound changes from %d channels of %d Hz to %d of %d midway",
                        d->path, d->channels, d->rate, f->ch_layout.nb_channels, f->sample_rate);
    if (!make_room(d, f->nb_samples, err))
        return false;
    for (int c = 0; c < d->channels; c++)
        out[c] = (uint8_t *)(d->samples[c] + d->length);
    int n = swr_convert(d->planar, out, f->nb_samples, (const uint8_t **)(void *)f->extended_data,
                        f->nb_samples);
    if (n < 0)
        return fail_av(d, err, n);
    d->length += n;
    return true;
}

/* Sends one packet (NULL: the end) and takes all that comes of it. */
static bool decode(struct decoding *d, const AVPacket *packet, dio_error *err)
{
    int code = avcodec_send_packet(d->codec, packet);
    while (code >= 0) {
        code = avcodec_receive_frame(d->codec, d->frame);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return true;
        if (code >= 0 && !take(d, err))
            return false;
    }
    return fail_av(d, err, code);
}

static bool decode_all(struct decoding *d, dio_error *err)
{
    AVPacket *p = d->r.packet;
    int code;
    while ((code = av_read_frame(d->r.file, p)) >= 0) {
        bool ok = p->stream_index != d->r.audio || decode(d, p, err);
        av_packet_unref(p);
        if (!ok)
            return false;
    }
    if (code != AVERROR_EOF)
        return fail_av(d, err, code);
    if (!decode(d, NULL, err))
        return false;
    return d->length || dio_fail(err, "%s: its sound is empty", d->path);
}

/* A codec's last block is whole, and what the container does not count of it was never there. */
static void cut_padding(struct decoding *d)
{
    const AVStream *s = d->r.file->streams[d->r.audio];
    if (s->duration == AV_NOPTS_VALUE)
        return;
    int64_t told = av_rescale_q(s->duration, s->time_base, (AVRational){1, d->rate});
    if (told < d->length && d->length - told < BLOCK)
        d->length = told;
}

static dio_clip *make_clip(const struct decoding *d, dio_error *err)
{
    dio_clip *clip = dio_clip_create(d->rate, d->channels, d->length, err);
    for (int c = 0; clip && c < d->channels; c++)
        memcpy(dio_clip_channel(clip, c), d->samples[c], (size_t)d->length * sizeof(float));
    return clip;
}

dio_clip *dio_av_clip(const char *path, dio_error *err)
{
    struct decoding d = {.path = path};
    dio_clip *clip = NULL;
    if (dio_av_reader_open(&d.r, path, FORMATS, "sound", err) && open_codec(&d, err) &&
        decode_all(&d, err)) {
        cut_padding(&d);
        clip = make_clip(&d, err);
    }
    for (int c = 0; c < DIO_CLIP_CHANNELS; c++)
        free(d.samples[c]);
    swr_free(&d.planar);
    av_frame_free(&d.frame);
    avcodec_free_context(&d.codec);
    dio_av_reader_close(&d.r);
    return clip;
}
