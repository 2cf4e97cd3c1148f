/* clip.c: clips by reference count, and what moves whole samples.
 * Sizes are checked here and nowhere else: whoever makes a clip passes this door before any memory
 * is taken. */
#include "audio/clip.h"

#include <stdlib.h>
#include <string.h>

#include "base/room.h"

/* Clips below this are made without asking the kernel what is left. */
enum { SMALL = 16 << 20 };

bool dio_clip_size_check(int rate, int channels, int64_t length, dio_error *err)
{
    if (rate < DIO_CLIP_RATE_LEAST || rate > DIO_CLIP_RATE_MOST)
        return dio_fail(err, "a clip of %d samples a second: there are %d to %d", rate,
                        DIO_CLIP_RATE_LEAST, DIO_CLIP_RATE_MOST);
    if (channels < 1 || channels > DIO_CLIP_CHANNELS)
        return dio_fail(err, "a clip of %d channels: there are 1 to %d", channels,
                        DIO_CLIP_CHANNELS);
    if (length < 0 || length > DIO_CLIP_SAMPLES / channels)
        return dio_fail(err, "a clip of %lld samples in %d channels is above the limit of %d",
                        (long long)length, channels, DIO_CLIP_SAMPLES);
    return true;
}

dio_clip *dio_clip_create(int rate, int channels, int64_t length, dio_error *err)
{
    if (!dio_clip_size_check(rate, channels, length, err))
        return NULL;
    size_t bytes = (size_t)length * (size_t)channels * sizeof(float);
    size_t room = bytes < SMALL ? SIZE_MAX : dio_room_memory();
    if (bytes > room) {
        dio_fail_retry(err, "a clip of %.1f seconds takes %zu MB, and %zu MB are free",
                       (double)length / rate, bytes >> 20, room >> 20);
        return NULL;
    }
    dio_clip *clip = calloc(1, sizeof *clip);
    if (!clip) {
        dio_fail_memory(err, "a clip");
        return NULL;
    }
    clip->samples = dio_buffer_create(bytes ? bytes : sizeof(float), err);
    if (!clip->samples) {
        free(clip);
        return NULL;
    }
    clip->refs = 1;
    clip->rate = rate;
    clip->channels = channels;
    clip->length = length;
    return clip;
}

dio_clip *dio_clip_ref(dio_clip *clip)
{
    __atomic_fetch_add(&clip->refs, 1, __ATOMIC_SEQ_CST);
    return clip;
}

void dio_clip_unref(dio_clip *clip)
{
    if (!clip || __atomic_fetch_sub(&clip->refs, 1, __ATOMIC_SEQ_CST) > 1)
        return;
    dio_buffer_unref(clip->samples);
    free(clip);
}

bool dio_clip_writable(dio_clip **clip, dio_error *err)
{
    dio_clip *old = *clip;
    if (__atomic_load_n(&old->refs, __ATOMIC_SEQ_CST) == 1)
        return true;
    dio_clip *copy = dio_clip_cut(old, 0, old->length, err);
    if (!copy)
        return false;
    dio_clip_unref(old);
    *clip = copy;
    return true;
}

float *dio_clip_channel(const dio_clip *clip, int channel)
{
    return (float *)dio_buffer_data(clip->samples) + channel * clip->length;
}

double dio_clip_seconds(const dio_clip *clip)
{
    return (double)clip->length / clip->rate;
}

dio_clip *dio_clip_cut(const dio_clip *clip, int64_t begin, int64_t length, dio_error *err)
{
    dio_clip *out = dio_clip_create(clip->rate, clip->channels, length, err);
    int64_t from = begin > 0 ? begin : 0, past = clip->length;
    if (!out)
        return NULL;
    if (begin < past - length)
        past = begin + length;
    for (int c = 0; c < clip->channels && past > from; c++)
        memcpy(dio_clip_channel(out, c) + (from - begin), dio_clip_channel(clip, c) + from,
               (size_t)(past - from) * sizeof(float));
    return out;
}

static void mean_of_channels(const dio_clip *clip, float *out)
{
    for (int64_t i = 0; i < clip->length; i++) {
        double sum = 0;
        for (int c = 0; c < clip->channels; c++)
            sum += (double)dio_clip_channel(clip, c)[i];
        out[i] = (float)(sum / clip->channels);
    }
}

dio_clip *dio_clip_remix(dio_clip *clip, int channels, dio_error *err)
{
    if (channels == clip->channels)
        return dio_clip_ref(clip);
    if (clip->channels != 1 && channels != 1) {
        dio_fail(err, "a clip of %d channels does not say what %d would hold: make it 1 first",
                 clip->channels, channels);
        return NULL;
    }
    dio_clip *out = dio_clip_create(clip->rate, channels, clip->length, err);
    if (out && channels == 1)
        mean_of_channels(clip, dio_clip_channel(out, 0));
    for (int c = 0; out && channels > 1 && c < channels; c++)
        memcpy(dio_clip_channel(out, c), dio_clip_channel(clip, 0),
               (size_t)clip->length * sizeof(float));
    return out;
}
