#pragma once
/* compat_av.h: FFmpeg's libraries, 5.1 to 8, seen as one. Included by av*.c alone. */
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/channel_layout.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

/* AVIO's write callback takes const bytes from libavformat 61 (FFmpeg 7). */
#if LIBAVFORMAT_VERSION_MAJOR >= 61
#define DIO_AV_WRITE_BYTES const uint8_t
#else
#define DIO_AV_WRITE_BYTES uint8_t
#endif

/* AVFrame.duration came with libavutil 57.30 (FFmpeg 6). */
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
#define DIO_AV_DURATION(frame)            ((frame)->duration)
#define DIO_AV_SET_DURATION(frame, ticks) ((frame)->duration = (ticks))
#else
#define DIO_AV_DURATION(frame)            ((frame)->pkt_duration)
#define DIO_AV_SET_DURATION(frame, ticks) ((frame)->pkt_duration = (ticks))
#endif

/* Profile constants lost their FF_ prefix with libavcodec 60.31 (FFmpeg 6.1). */
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
#define DIO_AV_PROFILE_H264_HIGH AV_PROFILE_H264_HIGH
#define DIO_AV_PROFILE_AAC_LOW   AV_PROFILE_AAC_LOW
#else
#define DIO_AV_PROFILE_H264_HIGH FF_PROFILE_H264_HIGH
#define DIO_AV_PROFILE_AAC_LOW   FF_PROFILE_AAC_LOW
#endif

/* A stream's side data moved into its parameters with libavformat 60.15 (FFmpeg 6.1). NULL: none.
 */
static inline const void *dio_av_stream_data(const AVStream *s, enum AVPacketSideDataType type,
                                             size_t *bytes)
{
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    const AVPacketSideData *d = av_packet_side_data_get(s->codecpar->coded_side_data,
                                                        s->codecpar->nb_coded_side_data, type);
    *bytes = d ? d->size : 0;
    return d ? d->data : NULL;
#else
    return av_stream_get_side_data(s, type, bytes);
#endif
}
