/* av_facts.c: films, and sounds that are neither WAV nor FLAC, by FFmpeg's demuxers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/display.h>

#include "fusion/av_reader.h"
#include "fusion/facts.h"

#define FORMATS "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,ogg,aac"

/* A container's name as placements ask for it. */
static const char *container(const dio_av_reader *r)
{
    const char *name = r->file->iformat->name;
    char head[64];
    size_t n = dio_av_reader_peek(r, 0, head, sizeof head);
    if (strstr(name, "matroska")) {
        for (size_t i = 0; i + 4 <= n; i++)
            if (memcmp(head + i, "webm", 4) == 0)
                return "webm";
        return "mkv";
    }
    if (!strstr(name, "mp4"))
        return strcmp(name, "mp3") == 0 ? "mp3" : strcmp(name, "aac") == 0 ? "aac" : "ogg";
    if (n >= 12 && memcmp(head + 4, "ftyp", 4) == 0) {
        if (memcmp(head + 8, "qt  ", 4) == 0)
            return "mov";
        if (memcmp(head + 8, "3g", 2) == 0)
            return "3gp";
    }
    return r->video < 0 ? "m4a" : "mp4";
}

/* A quarter turn, as telephones write it. */
static bool turned(const AVStream *s)
{
    size_t bytes;
    const int32_t *matrix = dio_av_stream_data(s, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
    double angle = matrix ? fabs(av_display_rotation_get(matrix)) : 0;
    return angle > 45 && angle < 135;
}

static double rate_of(const AVStream *s)
{
    AVRational rate = s->avg_frame_rate.num > 0 ? s->avg_frame_rate : s->r_frame_rate;
    return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
}

static void film_facts(const dio_av_reader *r, dio_facts *out)
{
    const AVStream *s = r->file->streams[r->video];
    const AVCodecParameters *c = s->codecpar;
    const char *profile = avcodec_profile_name(c->codec_id, c->profile);
    const char *pixels = av_get_pix_fmt_name((enum AVPixelFormat)c->format);
    snprintf(out->video, sizeof out->video, "%s", avcodec_get_name(c->codec_id));
    snprintf(out->profile, sizeof out->profile, "%s", profile ? profile : "");
    snprintf(out->pixels, sizeof out->pixels, "%s", pixels ? pixels : "");
    AVRational aspect = c->sample_aspect_ratio;
    double stretch = aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1;
    int w = (int)lrint(c->width * fmin(stretch, 1e4)), h = c->height;
    out->width = turned(s) ? h : w;
    out->height = turned(s) ? w : h;
    out->fps = rate_of(s);
    out->frames = s->nb_frames > 0 && s->nb_frames < INT32_MAX ? (int)s->nb_frames : 0;
}

bool dio_facts_av(const char *path, dio_facts *out, dio_error *err)
{
    dio_av_reader r;
    bool ok = dio_av_reader_open(&r, path, FORMATS, "a film, a picture or a sound", err);
    if (ok && r.video >= 0 && r.file->streams[r.video]->disposition & AV_DISPOSITION_ATTACHED_PIC)
        r.video = -1; /* a record's cover */
    if (ok && r.video < 0 && r.audio < 0)
        ok = dio_fail(err, "%s: there are neither pictures nor sound in it", path);
    if (ok) {
        out->format = container(&r);
        out->kind = r.video >= 0 ? DIO_DELIVERY_FILM : DIO_DELIVERY_SOUND;
        out->seconds = r.file->duration > 0 ? (double)r.file->duration / AV_TIME_BASE : 0;
    }
    if (ok && r.video >= 0) {
        const AVStream *s = r.file->streams[r.video];
        film_facts(&r, out);
        if (s->duration > 0) /* the pictures' own: sound may be a packet longer */
            out->seconds = (double)s->duration * av_q2d(s->time_base);
    }
    if (ok && r.audio >= 0) {
        const AVCodecParameters *c = r.file->streams[r.audio]->codecpar;
        snprintf(out->audio, sizeof out->audio, "%s", avcodec_get_name(c->codec_id));
        out->rate = c->sample_rate;
        out->channels = c->ch_layout.nb_channels;
    }
    dio_av_reader_close(&r);
    return ok;
}
