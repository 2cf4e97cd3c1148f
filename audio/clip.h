#pragma once
/* clip.h: a sound in memory: samples, how many a second, and in how many channels.
 *
 * Samples are floats, 1.0 at full scale, and may leave -1..1: only files and masters clamp. A
 * channel lies in one piece, one after the other ([C,S]), because all work goes along time. Clips
 * are shared by reference: who wants to write asks dio_clip_writable first.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* No clip is larger, whatever a file says: 2^29 samples over all channels, which are 2 GB. */
enum {
    DIO_CLIP_SAMPLES = 1 << 29,
    DIO_CLIP_CHANNELS = 8,
    DIO_CLIP_RATE_LEAST = 1000,
    DIO_CLIP_RATE_MOST = 384000,
};

typedef struct dio_clip {
    int refs;
    int rate; /* samples a second */
    int channels;
    int64_t length;      /* samples in each channel; 0 is a clip, too */
    dio_buffer *samples; /* f32 [C,S] */
} dio_clip;

/* False with a sentence for what is outside the limits. */
bool dio_clip_size_check(int rate, int channels, int64_t length, dio_error *err);

/* All silence; NULL when the size is refused or there is no memory for it. */
dio_clip *dio_clip_create(int rate, int channels, int64_t length, dio_error *err);
dio_clip *dio_clip_ref(dio_clip *clip);
void dio_clip_unref(dio_clip *clip); /* NULL is fine */
/* Makes *clip the caller's alone: a copy takes its place when others hold it too. */
bool dio_clip_writable(dio_clip **clip, dio_error *err);

float *dio_clip_channel(const dio_clip *clip, int channel);
double dio_clip_seconds(const dio_clip *clip);

/* Samples begin to begin + length, where what lies outside the clip is silence. */
dio_clip *dio_clip_cut(const dio_clip *clip, int64_t begin, int64_t length, dio_error *err);
/* In another number of channels: one becomes many by copies, many become one by their mean, and
 * nothing else is guessed; a reference to itself when it has that many already. */
dio_clip *dio_clip_remix(dio_clip *clip, int channels, dio_error *err);

#ifdef __cplusplus
}
#endif
