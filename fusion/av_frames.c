/* av_frames.c: which picture is seen at a moment.
 *
 * Two pictures are held decoded: `now`, the last one that began at or before the moment asked for,
 * and `next`, the one after it (or none, at the end). Moving forward decodes; moving back, or far
 * ahead, goes to the key picture before the moment. Where a container has no index to do that by,
 * the film is opened again from its beginning: slower, but the same pictures. */
#include "fusion/frames.h"

#include <libavutil/display.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "fusion/av_pixels.h"
#include "fusion/av_reader.h"

#define FORMATS "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,ogg,gif,apng"
#define INDEXED "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"

enum {
    SIDE = 8192,
    PIXELS = 1 << 25,
    HOURS = 24,
    THREADS = 4,
    LEAD_IN = 1024, /* packets before the first picture: streams cut anywhere begin in debris */
    AHEAD = 3,      /* seconds that are sooner decoded than sought */
};

static const double early = 0.0006; /* see frames.h */

struct dio_frames {
    char *path;
    dio_frames_facts facts;
    dio_av_reader r;
    AVCodecContext *codec;
    AVFrame *now, *next, *spare; /* buf[0] NULL: none */
    bool over;                   /* the decoder gave its last picture */
    int64_t first;               /* time of the first picture, in the stream's ticks */
    int64_t last;                /* of the latest that was decoded */
    bool begun;                  /* a picture has come since the last seek */
    dio_av_pixels pixels;
    dio_image *image; /* of `now`; NULL until it is asked for */
};

static AVStream *stream_of(const dio_frames *f)
{
    return f->r.file->streams[f->r.video];
}

static double seconds_of(const dio_frames *f, int64_t ticks)
{
    return (double)(ticks - f->first) * av_q2d(stream_of(f)->time_base);
}

static bool fail_damaged(const dio_frames *f, int code, dio_error *err)
{
    if (code == AVERROR(ENOMEM))
        return dio_fail_memory(err, f->path);
    double at = f->last == AV_NOPTS_VALUE ? 0 : seconds_of(f, f->last);
    return dio_fail(err, "%s: it is damaged after %.2f s: a picture cannot be decoded", f->path,
                    at);
}

/* ---- decoding ---- */

/* The next packet of the pictures into the decoder; at the end, word of it. */
static bool feed(dio_frames *f, dio_error *err)
{
    AVPacket *p = f->r.packet;
    for (int skipped = 0; skipped < LEAD_IN;) {
        int code = av_read_frame(f->r.file, p);
        bool end = code == AVERROR_EOF;
        if (code < 0 && !end)
            return fail_damaged(f, code, err);
        if (!end && p->stream_index != f->r.video) {
            av_packet_unref(p);
            continue;
        }
        bool torn = !end && (p->flags & AV_PKT_FLAG_CORRUPT);
        code = avcodec_send_packet(f->codec, end ? NULL : p);
        av_packet_unref(p);
        if (code >= 0 && !torn)
            return true;
        if (f->begun || end || code == AVERROR(ENOMEM))
            return fail_damaged(f, code, err);
        skipped++;
    }
    return dio_fail(err, "%s: there is no picture in its first %d packets that can be decoded",
                    f->path, LEAD_IN);
}

/* Whether it is a time at all: sums of two of them stay in range. */
static bool sane(int64_t ticks)
{
    return ticks > -((int64_t)1 << 60) && ticks < (int64_t)1 << 60;
}

static int64_t time_of(const dio_frames *f, const AVFrame *frame)
{
    int64_t t = frame->best_effort_timestamp;
    if (sane(t) && (!f->begun || t > f->last))
        return t;
    if (!f->begun)
        return f->first == AV_NOPTS_VALUE ? 0 : f->first;
    int64_t step = DIO_AV_DURATION(frame); /* one with no time of its own follows on */
    return f->last + (step > 0 && step < INT32_MAX ? step : 1);
}

/* Decodes one picture into `next`, or sets `over`. */
static bool advance(dio_frames *f, dio_error *err)
{
    av_frame_unref(f->next);
    for (int fed = 0; !f->over;) {
        int code = avcodec_receive_frame(f->codec, f->next);
        if (code == AVERROR_EOF) {
            f->over = true;
        } else if (code >= 0) {
            if (f->next->decode_error_flags || (f->next->flags & AV_FRAME_FLAG_CORRUPT))
                return fail_damaged(f, 0, err);
            f->next->pts = f->last = time_of(f, f->next);
            f->begun = true;
            return true;
        } else if (code == AVERROR(EAGAIN)) {
            if (!f->begun && ++fed > LEAD_IN)
                return fail_damaged(f, 0, err);
            if (!feed(f, err))
                return false;
        } else if (f->begun || code == AVERROR(ENOMEM)) {
            return fail_damaged(f, code, err);
        } else if (++fed > LEAD_IN) {
            return fail_damaged(f, code, err);
        }
    }
    return true;
}

/* `next` becomes `now`. */
static void step(dio_frames *f)
{
    AVFrame *t = f->now;
    f->now = f->next;
    f->next = t;
    av_frame_unref(f->next);
    dio_image_unref(f->image);
    f->image = NULL;
}

/* ---- opening ---- */

static void close_film(dio_frames *f)
{
    avcodec_free_context(&f->codec);
    dio_av_reader_close(&f->r);
}

static bool open_film(dio_frames *f, dio_error *err)
{
    if (!dio_av_reader_open(&f->r, f->path, FORMATS, "a film", err))
        return false;
    if (f->r.video < 0)
        return dio_fail(err, "%s: there are no pictures in it", f->path);
    for (unsigned i = 0; i < f->r.file->nb_streams; i++)
        if ((int)i != f->r.video)
            f->r.file->streams[i]->discard = AVDISCARD_ALL;
    f->codec = dio_av_reader_decoder(&f->r, f->r.video, f->path, err);
    if (!f->codec)
        return false;
    /* Pictures do not depend on the number of threads; memory does. */
    f->codec->thread_count = dio_gang_size() < THREADS ? dio_gang_size() : THREADS;
    f->codec->max_pixels = PIXELS;
    int code = avcodec_open2(f->codec, f->codec->codec, NULL);
    f->over = f->begun = false;
    f->last = AV_NOPTS_VALUE;
    return code >= 0 || fail_damaged(f, code, err);
}

/* From the beginning: the first picture in `now`, the second in `next`. */
static bool begin(dio_frames *f, dio_error *err)
{
    if (!advance(f, err))
        return false;
    if (f->over)
        return dio_fail(err, "%s: there are no pictures in it", f->path);
    step(f);
    return true;
}

/* The picture's size with square pixels, before it is turned. */
static bool square(dio_frames *f, dio_error *err)
{
    AVRational ratio = av_guess_sample_aspect_ratio(f->r.file, stream_of(f), f->now);
    int64_t w = f->now->width, h = f->now->height;
    if (ratio.num > 0 && ratio.den > 0)
        w = av_rescale(w, ratio.num, ratio.den);
    if (w < 1 || h < 1 || w > SIDE || h > SIDE || w * h > PIXELS)
        return dio_fail(err, "%s: its pictures are %lld x %lld; at most %d a side and %d in all",
                        f->path, (long long)w, (long long)h, SIDE, PIXELS);
    f->pixels.width = (int)w;
    f->pixels.height = (int)h;
    return true;
}

static bool turn_facts(dio_frames *f, dio_error *err)
{
    static const int degrees[9] = {0, 0, 0, 180, 180, 90, 90, 270, 270};
    size_t bytes = 0;
    const int32_t *matrix = dio_av_stream_data(stream_of(f), AV_PKT_DATA_DISPLAYMATRIX, &bytes);
    int o = dio_av_pixels_orientation(matrix && bytes >= 9 * sizeof *matrix ? matrix : NULL);
    if (!o)
        return dio_fail(err, "%s: its pictures are turned by an angle that is not right", f->path);
    f->pixels.orientation = o;
    f->facts.turned = degrees[o];
    f->facts.width = o < 5 ? f->pixels.width : f->pixels.height;
    f->facts.height = o < 5 ? f->pixels.height : f->pixels.width;
    return true;
}

/* The end of the last packet, by reading them all: for files that do not say how long they are. */
static bool measure(dio_frames *f, double *seconds, dio_error *err)
{
    dio_av_reader r;
    int64_t end = f->first, step_ = 0, count = 0;
    bool ok = dio_av_reader_open(&r, f->path, FORMATS, "a film", err);
    while (ok && av_read_frame(r.file, r.packet) >= 0) {
        const AVPacket *p = r.packet;
        if (p->stream_index == r.video && sane(p->pts) && sane(p->duration)) {
            step_ = p->duration > 0             ? p->duration
                    : p->pts - end > 0 && count ? p->pts - end
                                                : step_;
            end = p->pts + p->duration > end ? p->pts + p->duration : end;
            count++;
        }
        av_packet_unref(r.packet);
    }
    dio_av_reader_close(&r);
    if (ok)
        *seconds = seconds_of(f, end);
    return ok;
}

/* Hours and nothing at all are what hostile files claim; NaN is neither. */
static bool length_fact(dio_frames *f, dio_error *err)
{
    const AVStream *s = stream_of(f);
    double seconds = -1;
    if (s->duration != AV_NOPTS_VALUE && s->duration > 0)
        seconds = (double)s->duration * av_q2d(s->time_base);
    else if (f->r.file->duration != AV_NOPTS_VALUE && f->r.file->duration > 0)
        seconds = (double)f->r.file->duration / AV_TIME_BASE;
    if (!(seconds > 0) && !measure(f, &seconds, err))
        return false;
    double one = s->avg_frame_rate.num > 0 ? av_q2d(av_inv_q(s->avg_frame_rate)) : 0.04;
    f->facts.seconds = seconds > 0 ? seconds : one;
    if (!(f->facts.seconds <= HOURS * 3600.0))
        return dio_fail(err, "%s: it claims to last %.0f hours; at most %d are read", f->path,
                        f->facts.seconds / 3600, HOURS);
    return true;
}

static void sound_facts(dio_frames *f)
{
    if (f->r.audio < 0)
        return;
    const AVStream *s = f->r.file->streams[f->r.audio];
    f->facts.sound = true;
    if (s->start_time != AV_NOPTS_VALUE)
        f->facts.sound_start = (double)s->start_time * av_q2d(s->time_base) -
                               (double)f->first * av_q2d(stream_of(f)->time_base);
}

/* Where the index says the pictures lie must be within the file: one that breaks off is told so
 * now, not after an hour's work. */
static bool whole(const dio_frames *f, dio_error *err)
{
    AVStream *s = stream_of(f);
    for (int i = avformat_index_get_entries_count(s) - 1; i >= 0; i--) {
        const AVIndexEntry *e = avformat_index_get_entry(s, i);
        if (e->pos > f->r.size || e->size > f->r.size - e->pos)
            return dio_fail(err, "%s: it breaks off: it has %lld bytes, and its index goes to %lld",
                            f->path, (long long)f->r.size, (long long)e->pos + e->size);
    }
    return true;
}

static bool find_facts(dio_frames *f, dio_error *err)
{
    const AVStream *s = stream_of(f);
    f->first = f->now->pts;
    snprintf(f->facts.container, sizeof f->facts.container, "%s", f->r.file->iformat->long_name);
    snprintf(f->facts.codec, sizeof f->facts.codec, "%s", avcodec_get_name(s->codecpar->codec_id));
    f->pixels.alpha = f->facts.alpha = dio_av_pixels_alpha(f->now->format);
    f->facts.frames = s->nb_frames > 0 ? s->nb_frames : 0;
    f->facts.fps_num = s->avg_frame_rate.den > 0 ? s->avg_frame_rate.num : 0;
    f->facts.fps_den = f->facts.fps_num > 0 ? s->avg_frame_rate.den : 1;
    sound_facts(f);
    return square(f, err) && turn_facts(f, err) && length_fact(f, err) && whole(f, err);
}

dio_frames *dio_frames_open(const char *path, dio_error *err)
{
    dio_frames *f = calloc(1, sizeof *f);
    if (!f) {
        dio_fail_memory(err, path);
        return NULL;
    }
    f->r = (dio_av_reader){.fd = -1};
    f->first = AV_NOPTS_VALUE;
    f->path = strdup(path);
    f->now = av_frame_alloc();
    f->next = av_frame_alloc();
    bool room = f->path && f->now && f->next;
    if (!room)
        dio_fail_memory(err, path);
    if (room && open_film(f, err) && begin(f, err) && find_facts(f, err) && advance(f, err))
        return f;
    dio_frames_close(f);
    return NULL;
}

void dio_frames_close(dio_frames *f)
{
    if (!f)
        return;
    dio_image_unref(f->image);
    dio_av_pixels_deinit(&f->pixels);
    av_frame_free(&f->now);
    av_frame_free(&f->next);
    close_film(f);
    free(f->path);
    free(f);
}

const dio_frames_facts *dio_frames_facts_of(const dio_frames *f)
{
    return &f->facts;
}

/* ---- moments ---- */

/* To the beginning, in any container. */
static bool restart(dio_frames *f, dio_error *err)
{
    close_film(f);
    av_frame_unref(f->now);
    return open_film(f, err) && begin(f, err) && advance(f, err);
}

/* To a key picture at or before `ticks`; from the beginning where that cannot be had. */
static bool seek(dio_frames *f, int64_t ticks, dio_error *err)
{
    if (av_match_list(f->r.file->iformat->name, INDEXED, ',') <= 0 ||
        av_seek_frame(f->r.file, f->r.video, ticks, AVSEEK_FLAG_BACKWARD) < 0)
        return restart(f, err);
    avcodec_flush_buffers(f->codec);
    f->over = f->begun = false;
    av_frame_unref(f->now);
    if (!begin(f, err))
        return false;
    return f->now->pts <= ticks ? advance(f, err) : restart(f, err);
}

/* The stream's tick for a moment. */
static int64_t ticks_at(const dio_frames *f, double seconds)
{
    double most = f->facts.seconds + 1;
    double at = isnan(seconds) || seconds < 0 ? 0 : seconds > most ? most : seconds;
    return f->first + (int64_t)floor((at + early) / av_q2d(stream_of(f)->time_base));
}

bool dio_frames_at(dio_frames *f, double seconds, dio_image **out, dio_error *err)
{
    *out = NULL;
    if (!f->now->buf[0])
        return dio_fail(err, "%s: no picture is left of it after a failure", f->path);
    int64_t ticks = ticks_at(f, seconds);
    double ahead = (double)(ticks - f->now->pts) * av_q2d(stream_of(f)->time_base);
    bool held = f->over || ticks < f->next->pts;
    bool back = ticks < f->now->pts && f->now->pts > f->first;
    if ((back || (!held && ahead > AHEAD)) && !seek(f, ticks, err))
        return false;
    while (!f->over && f->next->pts <= ticks) {
        step(f);
        if (!advance(f, err))
            return false;
    }
    if (!f->image && !(f->image = dio_av_pixels_picture(&f->pixels, f->now, err)))
        return dio_error_prefix(err, "%s", f->path);
    *out = dio_image_ref(f->image);
    return true;
}
