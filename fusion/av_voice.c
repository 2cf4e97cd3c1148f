/* av_voice.c: blocks of a clip in the form that an encoder asks for. */
#include "fusion/av_voice.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 1024 }; /* for encoders that take any */

/* A context with what the encoder needs to know. */
static bool describe(dio_av_voice *v, const dio_format_audio *how, int channels, int bits,
                     dio_error *err)
{
    AVCodecContext *c = v->track.codec = dio_av_encoder(how->encoder, err);
    if (!c)
        return false;
    c->sample_rate = DIO_AV_RATE;
    c->sample_fmt = av_get_sample_fmt(how->samples);
    if (bits)
        c->bit_rate = bits;
    if (c->codec_id == AV_CODEC_ID_AAC)
        c->profile = DIO_AV_PROFILE_AAC_LOW;
    c->time_base = (AVRational){1, DIO_AV_RATE};
    av_channel_layout_default(&c->ch_layout, channels);
    return true;
}

bool dio_av_voice_open(dio_av_voice *v, dio_av_mux *m, const dio_format_audio *how, int channels,
                       int bits, dio_error *err)
{
    const dio_clip *clip = v->clip;
    if (clip && (clip->rate != DIO_AV_RATE || clip->channels != channels))
        return dio_fail(err, "a film's sound has %d channels of %d Hz, not %d of %d", channels,
                        DIO_AV_RATE, clip->channels, clip->rate);
    AVDictionary *options = NULL;
    dio_av_options(&options, how->options);
    bool ok =
        describe(v, how, channels, bits, err) && dio_av_mux_track(m, &v->track, &options, err);
    av_dict_free(&options);
    if (!ok)
        return false;
    AVFrame *f = v->track.frame;
    const AVCodecContext *c = v->track.codec;
    f->format = c->sample_fmt;
    f->nb_samples = c->frame_size ? c->frame_size : BLOCK;
    f->sample_rate = DIO_AV_RATE;
    int code = av_channel_layout_copy(&f->ch_layout, &c->ch_layout);
    if (code >= 0)
        code = av_frame_get_buffer(f, 0);
    return code < 0 ? dio_av_fail(err, "a frame of sound", code) : true;
}

/* One number in the encoder's form; beyond full scale it is clamped where it must be. */
static void store(AVFrame *f, int channel, int i, float v)
{
    int n = f->ch_layout.nb_channels;
    switch (f->format) {
    case AV_SAMPLE_FMT_FLTP:
        ((float *)(void *)f->data[channel])[i] = v;
        break;
    case AV_SAMPLE_FMT_FLT:
        ((float *)(void *)f->data[0])[i * n + channel] = v;
        break;
    default: { /* s32, of which PCM keeps the upper 24 */
        double s = rint((double)v * 8388608.0);
        s = s < -8388608 ? -8388608 : s > 8388607 ? 8388607 : s;
        ((int32_t *)(void *)f->data[0])[i * n + channel] = (int32_t)s * 256;
    }
    }
}

/* Samples `at` and on of the clip, and silence after its end. */
static void copy_sound(const dio_clip *clip, int64_t at, AVFrame *f)
{
    for (int c = 0; c < f->ch_layout.nb_channels; c++) {
        const float *from = clip ? dio_clip_channel(clip, c) : NULL;
        for (int i = 0; i < f->nb_samples; i++)
            store(f, c, i, clip && at + i < clip->length ? from[at + i] : 0);
    }
}

bool dio_av_voice_put(dio_av_voice *v, dio_av_mux *m, int64_t until, dio_error *err)
{
    AVFrame *f = v->track.frame;
    int block = v->track.codec->frame_size ? v->track.codec->frame_size : BLOCK;
    while (v->track.next < until) {
        int code = av_frame_make_writable(f);
        if (code < 0)
            return dio_av_fail(err, "a frame of sound", code);
        int64_t left = v->length - v->track.next;
        f->nb_samples = left < block ? (int)left : block;
        f->pts = v->track.next;
        copy_sound(v->clip, v->track.next, f);
        if (!dio_av_mux_send(m, &v->track, f, err))
            return false;
        v->track.next += f->nb_samples;
    }
    return true;
}
