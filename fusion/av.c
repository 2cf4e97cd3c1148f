/* av.c: one film: pictures into the form that its encoder takes, sound beside them. */
#include "fusion/av.h"

#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/av_voice.h"

enum {
    CHANNELS = 2,
    EXACT = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP,
};

struct dio_video {
    dio_video_settings s;
    dio_av_mux mux;
    dio_av_track picture;
    dio_av_voice voice;
    bool sounds;             /* there is a track of sound */
    bool direct;             /* the encoder takes the canvas's planes as they are */
    struct SwsContext *turn; /* from pictures */
    dio_film_mapper *mapper;
};

/* ---- tracks ---- */

static void describe(const dio_video *v, AVCodecContext *c)
{
    const dio_format_video *how = v->s.format->video;
    const AVPixFmtDescriptor *d;
    c->width = v->s.width;
    c->height = v->s.height;
    c->pix_fmt = av_get_pix_fmt(v->s.alpha && how->pixels_alpha ? how->pixels_alpha : how->pixels);
    c->time_base = (AVRational){v->s.fps_den, v->s.fps};
    c->framerate = (AVRational){v->s.fps, v->s.fps_den};
    c->sample_aspect_ratio = (AVRational){1, 1};
    d = av_pix_fmt_desc_get(c->pix_fmt);
    if (d && !(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL))) {
        c->color_primaries = AVCOL_PRI_BT709;
        c->color_trc = AVCOL_TRC_BT709;
        c->colorspace = AVCOL_SPC_BT709;
        c->color_range = AVCOL_RANGE_MPEG;
    }
    c->gop_size = 2 * v->s.fps / v->s.fps_den;
    if (c->codec_id == AV_CODEC_ID_H264) {
        c->max_b_frames = 2;
        c->profile = DIO_AV_PROFILE_H264_HIGH;
    }
    c->thread_count = how->threads;
    c->flags |= AV_CODEC_FLAG_CLOSED_GOP;
    if (how->tag[0])
        c->codec_tag = MKTAG(how->tag[0], how->tag[1], how->tag[2], how->tag[3]);
}

/* Planes of 4:2:0 have no half pixels. */
static bool check_size(const dio_video *v, dio_error *err)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(v->picture.codec->pix_fmt);
    int w = d && d->log2_chroma_w, h = d && d->log2_chroma_h;
    if ((v->s.width & w) || (v->s.height & h))
        return dio_fail(err, "%d x %d: films of %s have even sides; nearest is %d x %d", v->s.width,
                        v->s.height, v->s.format->name, v->s.width & ~w, v->s.height & ~h);
    return true;
}

static bool start_picture(dio_video *v, dio_error *err)
{
    const dio_format *format = v->s.format;
    const dio_format_video *how = format->video;
    AVCodecContext *c = v->picture.codec = dio_av_encoder(how->encoder, err);
    if (!c)
        return false;
    describe(v, c);
    if (!check_size(v, err))
        return false;
    AVDictionary *options = NULL;
    char number[32];
    snprintf(number, sizeof number, "%g", v->s.quality);
    dio_av_options(&options, v->s.alpha && how->options_alpha ? how->options_alpha : how->options);
    if (format->quality.option && *format->quality.option)
        av_dict_set(&options, format->quality.option, number, 0);
    bool ok = dio_av_mux_track(&v->mux, &v->picture, &options, err) &&
              (!how->drop || dio_av_mux_drop(&v->picture, how->drop, err));
    av_dict_free(&options);
    if (!ok)
        return false;
    v->picture.stream->avg_frame_rate = c->framerate;
    v->direct = c->pix_fmt == AV_PIX_FMT_YUV420P;
    AVFrame *f = v->picture.frame;
    f->format = c->pix_fmt;
    f->width = c->width;
    f->height = c->height;
    f->color_range = c->color_range;
    f->colorspace = c->colorspace;
    int code = av_frame_get_buffer(f, 64);
    return code < 0 ? dio_av_fail(err, "a frame", code) : true;
}

static int64_t samples_at(const dio_video *v, int64_t frame)
{
    return frame * DIO_AV_RATE * v->s.fps_den / v->s.fps;
}

static bool start_sound(dio_video *v, dio_error *err)
{
    const dio_format_audio *how = v->s.format->audio;
    v->sounds = how && (how->always || v->s.sound);
    v->voice.clip = v->s.sound;
    v->voice.length = samples_at(v, v->s.frames);
    return !v->sounds || dio_av_voice_open(&v->voice, &v->mux, how, CHANNELS, how->bits, err);
}

/* Bytes that the index can need at most: sizes, times, keys and offsets of every packet of both
 * tracks, and 8 KB for all that does not grow. */
static int64_t index_room(const dio_video *v)
{
    int delay = v->sounds ? v->s.format->audio->delay : DIO_AV_RATE;
    return 8192 + 32 * ((int64_t)v->s.frames + samples_at(v, v->s.frames) / delay + 8);
}

static bool start_file(dio_video *v, dio_error *err)
{
    AVDictionary *options = NULL;
    dio_av_options(&options, v->s.format->muxing);
    if (v->s.format->index_first)
        av_dict_set_int(&options, "moov_size", index_room(v), 0);
    if (v->s.format->loops) /* GIF counts repeats: -1 is none */
        av_dict_set_int(&options, "loop",
                        v->s.format->video->palette && v->s.loop
                            ? v->s.loop == 1 ? -1 : v->s.loop - 1
                            : v->s.loop,
                        0);
    bool ok = dio_av_mux_begin(&v->mux, v->s.title, &options, err);
    av_dict_free(&options);
    return ok;
}

dio_video *dio_video_open(const char *path, const dio_video_settings *settings, dio_error *err)
{
    dio_video *v = calloc(1, sizeof *v);
    if (!v) {
        dio_fail_memory(err, "a film");
        return NULL;
    }
    v->s = *settings;
    v->s.fps_den = v->s.fps_den ? v->s.fps_den : 1;
    v->s.format = v->s.format ? v->s.format : dio_format_find("mp4");
    if (v->s.fps < 1 || v->s.fps_den < 1 || v->s.fps / v->s.fps_den > 240)
        dio_fail(err, "%d/%d pictures a second; from 1 to 240 can be written", v->s.fps,
                 v->s.fps_den);
    else if (dio_av_mux_open(&v->mux, path, v->s.format->container, err) && start_picture(v, err) &&
             start_sound(v, err) && start_file(v, err))
        return v;
    dio_video_abort(v);
    return NULL;
}

/* ---- pictures ---- */

static bool put_frame(dio_video *v, dio_error *err)
{
    AVFrame *f = v->picture.frame;
    f->pts = v->picture.next++;
    DIO_AV_SET_DURATION(f, 1);
    if (!dio_av_mux_send(&v->mux, &v->picture, f, err))
        return false;
    return !v->sounds || dio_av_voice_put(&v->voice, &v->mux, samples_at(v, v->picture.next), err);
}

static bool writable(dio_video *v, dio_error *err)
{
    int code = av_frame_make_writable(v->picture.frame);
    return code < 0 ? dio_av_fail(err, "a frame", code) : true;
}

bool dio_video_canvas(dio_video *v, dio_canvas *out, dio_error *err)
{
    AVFrame *f = v->picture.frame;
    if (!v->direct)
        return dio_fail(err, "%s: films of this format are made of pictures", v->s.format->name);
    if (!writable(v, err))
        return false;
    *out = (dio_canvas){.space = DIO_SPACE_BT709, .w = v->s.width, .h = v->s.height};
    for (int i = 0; i < 3; i++) {
        int s = i > 0;
        out->plane[i] = (dio_plane){f->data[i], v->s.width >> s, v->s.height >> s, f->linesize[i]};
    }
    return true;
}

/* From sRGB bytes into the encoder's frame. Matrix and range are BT.709's, studio. */
static bool turn(dio_video *v, const dio_image *image, dio_error *err)
{
    int w = v->s.width, h = v->s.height;
    AVFrame *f = v->picture.frame;
    if (!v->turn) {
        const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)f->format);
        bool rgb = d && (d->flags & AV_PIX_FMT_FLAG_RGB);
        const int *matrix = sws_getCoefficients(SWS_CS_ITU709);
        v->turn = sws_getContext(w, h, v->s.alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, w, h,
                                 (enum AVPixelFormat)f->format, EXACT, NULL, NULL, NULL);
        if (!v->turn)
            return dio_fail_memory(err, "a frame");
        sws_setColorspaceDetails(v->turn, matrix, 1, matrix, rgb, 0, 1 << 16, 1 << 16);
    }
    const uint8_t *planes[4] = {dio_image_row(image, 0)};
    const int strides[4] = {(int)dio_image_row_bytes(image)};
    return sws_scale(v->turn, planes, strides, 0, h, f->data, f->linesize) == h ||
           dio_fail(err, "a picture cannot be brought into the film's form");
}

/* Through a palette; its clear entry, if any, follows the others. */
static bool put_palette(dio_video *v, const dio_image *image, dio_error *err)
{
    const dio_film_colours *c = v->s.colours;
    AVFrame *f = v->picture.frame;
    uint32_t *entry = (uint32_t *)(void *)f->data[1];
    if (!c)
        return dio_fail(err, "%s: a palette has to be found first", v->s.format->name);
    memset(entry, 0, 256 * sizeof *entry);
    /* What is left over must not be taken for the clear one. */
    for (int i = 0; i < 256; i++)
        entry[i] = i < c->count ? 0xff000000u | (uint32_t)c->rgb[i][0] << 16 |
                                      (uint32_t)c->rgb[i][1] << 8 | c->rgb[i][2]
                   : i == c->count && c->clear ? 0x00ffffffu
                                               : 0xff000000u;
    if (!v->mapper && !(v->mapper = dio_film_mapper_create(c, err)))
        return false;
    dio_film_mapper_map(v->mapper, image, f->data[0], f->linesize[0]);
    return true;
}

bool dio_video_picture(dio_video *v, dio_image *image, dio_error *err)
{
    AVFrame *f = v->picture.frame;
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, v->s.alpha ? 4 : 3, false};
    if (image->width != v->s.width || image->height != v->s.height)
        return dio_fail(err, "a picture of %d x %d in a film of %d x %d", image->width,
                        image->height, v->s.width, v->s.height);
    dio_image *bytes = dio_image_convert(image, &form, err);
    if (!bytes)
        return false;
    bool ok = writable(v, err) &&
              (f->format == AV_PIX_FMT_PAL8 ? put_palette(v, bytes, err) : turn(v, bytes, err));
    dio_image_unref(bytes);
    return ok && put_frame(v, err);
}

bool dio_video_put(dio_video *v, dio_error *err)
{
    return put_frame(v, err);
}

/* ---- the end ---- */

static void release(dio_video *v)
{
    dio_av_track tracks[2] = {v->picture, v->voice.track};
    dio_av_mux_release(&v->mux, tracks, 2);
    sws_freeContext(v->turn);
    dio_film_mapper_destroy(v->mapper);
    free(v);
}

bool dio_video_close(dio_video *v, dio_error *err)
{
    bool ok = dio_av_mux_send(&v->mux, &v->picture, NULL, err) &&
              (!v->sounds || dio_av_mux_send(&v->mux, &v->voice.track, NULL, err)) &&
              dio_av_mux_close(&v->mux, err);
    release(v);
    return ok;
}

void dio_video_abort(dio_video *v)
{
    if (v)
        release(v);
}
