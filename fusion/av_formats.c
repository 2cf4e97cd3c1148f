/* av_formats.c: what this build of FFmpeg can write, and sound alone. */
#include <stdio.h>

#include "fusion/av.h"
#include "fusion/av_voice.h"

static bool has_encoder(const char *name, const char *format, dio_error *err)
{
    return avcodec_find_encoder_by_name(name) ||
           dio_fail(err,
                    "format: %s needs %s, without which this libavcodec was built; install "
                    "Debian's libavcodec, or another build with it",
                    format, name);
}

bool dio_format_here(const dio_format *f, dio_error *err)
{
    if (f->container && !av_guess_format(f->container, NULL, NULL))
        return dio_fail(err, "format: this libavformat was built without the container %s",
                        f->container);
    return (!f->video || has_encoder(f->video->encoder, f->name, err)) &&
           (!f->audio || has_encoder(f->audio->encoder, f->name, err));
}

bool dio_av_sound_write(const char *path, const dio_format *format, const dio_clip *clip,
                        double quality, const char *title, dio_error *err)
{
    dio_av_mux mux = {0};
    dio_av_voice v = {.clip = clip, .length = clip->length};
    AVDictionary *options = NULL;
    int channels = clip->channels;
    if (format->index_first)
        av_dict_set_int(&options, "moov_size",
                        8192 + 32 * (clip->length / format->audio->delay + 8), 0);
    bool ok = dio_av_mux_open(&mux, path, format->container, err) &&
              dio_av_voice_open(&v, &mux, format->audio, channels, (int)(quality * 1000), err) &&
              dio_av_mux_begin(&mux, title, &options, err) &&
              dio_av_voice_put(&v, &mux, clip->length, err) &&
              dio_av_mux_send(&mux, &v.track, NULL, err) && dio_av_mux_close(&mux, err);
    av_dict_free(&options);
    dio_av_mux_release(&mux, &v.track, 1);
    return ok;
}

const char *dio_av_versions(char *out, int size)
{
    unsigned c = avcodec_version(), f = avformat_version();
    snprintf(out, (size_t)size, "libavcodec %u.%u.%u, libavformat %u.%u.%u", c >> 16, c >> 8 & 255,
             c & 255, f >> 16, f >> 8 & 255, f & 255);
    return out;
}
