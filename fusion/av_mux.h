#pragma once
/* av_mux.h: private to av*.c: a container being written, and the tracks that go into it.
 *
 * The muxer writes through our own AVIOContext into a dio_writer, which can seek but not read. So
 * an index in front gets room reserved, rather than being moved there afterwards; what is left of
 * the room stays as a `free` box, where a signature can later go.
 */
#include "base/file.h"
#include "fusion/compat_av.h"
#include "fusion/format.h"

typedef struct dio_av_track {
    AVCodecContext *codec;
    AVStream *stream;
    AVBSFContext *filter; /* NULL: none */
    AVFrame *frame;
    int64_t next; /* time of the next frame, in the codec's ticks */
} dio_av_track;

typedef struct dio_av_mux {
    dio_writer *file;
    AVIOContext *io;
    AVFormatContext *mux;
    AVPacket *packet;
    dio_error failed; /* what the file said first: muxers do not always pass it on */
} dio_av_mux;

/* "WHAT: reason", or that memory ran out. Always false. */
bool dio_av_fail(dio_error *err, const char *what, int code);

/* An encoder's context by name; NULL with a message when this libavcodec lacks it. */
AVCodecContext *dio_av_encoder(const char *name, dio_error *err);

/* A list of options into a dictionary; NULL is none. */
void dio_av_options(AVDictionary **out, const dio_format_option *list);

bool dio_av_mux_open(dio_av_mux *m, const char *path, const char *container, dio_error *err);
/* Opens the track's codec, whose context has been filled in, and gives it a stream and a frame. */
bool dio_av_mux_track(dio_av_mux *m, dio_av_track *t, AVDictionary **options, dio_error *err);
/* Leaves NAL units of these kinds out of the track. */
bool dio_av_mux_drop(dio_av_track *t, const char *kinds, dio_error *err);
/* The container's head, when all tracks are there. */
bool dio_av_mux_begin(dio_av_mux *m, const char *title, AVDictionary **options, dio_error *err);
/* One frame into a track; NULL: no more will come. */
bool dio_av_mux_send(dio_av_mux *m, dio_av_track *t, const AVFrame *frame, dio_error *err);
/* The end of the file, which then appears under its name. Tracks have been sent NULL. */
bool dio_av_mux_close(dio_av_mux *m, dio_error *err);
/* Frees all; without a close before, no file is left. */
void dio_av_mux_release(dio_av_mux *m, dio_av_track *tracks, int count);
