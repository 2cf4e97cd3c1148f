/* clip_io.c: sounds out of files, by libsndfile over bytes in memory.
 * The head has been checked by us (sound_head.c) before the library sees a byte, so only its WAV
 * and FLAC are ever reached, and what it makes of the head must agree with what we did. */
#include "audio/clip_io.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>

#include "audio/sound_head.h"
#include "base/file.h"
#include "base/str.h"

enum { BLOCK = 1024 }; /* samples of each channel at a time */

/* ---- the library's view of memory ---- */

struct memory {
    const unsigned char *bytes;
    sf_count_t n, at;
};

static sf_count_t memory_length(void *user)
{
    return ((struct memory *)user)->n;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
    struct memory *m = user;
    sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->at : m->n;
    if (offset >= -base && offset <= m->n - base)
        m->at = base + offset;
    return m->at;
}

static sf_count_t memory_read(void *to, sf_count_t count, void *user)
{
    struct memory *m = user;
    if (count < 0 || count > m->n - m->at)
        count = m->n - m->at;
    memcpy(to, m->bytes + m->at, (size_t)count);
    m->at += count;
    return count;
}

static sf_count_t memory_write(const void *from, sf_count_t count, void *user)
{
    (void)from;
    (void)count;
    (void)user;
    return 0;
}

static sf_count_t memory_tell(void *user)
{
    return ((struct memory *)user)->at;
}

/* `m` lives as long as the handle. */
static SNDFILE *open_memory(struct memory *m, const dio_clip_head *head, dio_error *err)
{
    SF_VIRTUAL_IO io = {memory_length, memory_seek, memory_read, memory_write, memory_tell};
    SF_INFO info = {.format = 0};
    SNDFILE *file = sf_open_virtual(&io, SFM_READ, &info, m);
    if (!file) {
        dio_fail(err, "the %s is cut short or damaged in its head (libsndfile: %s)", head->format,
                 sf_strerror(NULL));
        return NULL;
    }
    if (info.frames == head->length && info.channels == head->channels &&
        info.samplerate == head->rate)
        return file;
    dio_fail(err, "the %s contradicts itself: %lld samples in %d channels, or %lld in %d",
             head->format, (long long)head->length, head->channels, (long long)info.frames,
             info.channels);
    sf_close(file);
    return NULL;
}

/* ---- samples ---- */

static bool take_block(const float *block, int64_t at, int64_t n, dio_clip *clip, dio_error *err)
{
    for (int c = 0; c < clip->channels; c++) {
        float *out = dio_clip_channel(clip, c) + at;
        for (int64_t i = 0; i < n; i++) {
            out[i] = block[i * clip->channels + c];
            if (!isfinite(out[i]))
                return dio_fail(err, "sample %lld of channel %d is no number", (long long)at + i,
                                c + 1);
        }
    }
    return true;
}

static bool take_samples(SNDFILE *file, const dio_clip_head *head, dio_clip *clip, dio_error *err)
{
    float block[BLOCK * DIO_CLIP_CHANNELS];
    for (int64_t at = 0; at < clip->length;) {
        int64_t want = clip->length - at < BLOCK ? clip->length - at : BLOCK;
        int64_t got = sf_readf_float(file, block, want);
        if (got != want || sf_error(file))
            return dio_fail(err, "the %s is cut short or damaged near sample %lld of %lld",
                            head->format, (long long)at + (got > 0 ? got : 0),
                            (long long)clip->length);
        if (!take_block(block, at, got, clip, err))
            return false;
        at += got;
    }
    return true;
}

static dio_clip *decode(const void *bytes, size_t n, dio_error *err)
{
    struct memory m = {.bytes = bytes, .n = (sf_count_t)n};
    dio_clip_head head;
    dio_clip *clip = NULL;
    if (!dio_sound_head(bytes, n, &head, err))
        return NULL;
    SNDFILE *file = open_memory(&m, &head, err);
    if (file)
        clip = dio_clip_create(head.rate, head.channels, head.length, err);
    if (clip && !take_samples(file, &head, clip, err)) {
        dio_clip_unref(clip);
        clip = NULL;
    }
    if (file)
        sf_close(file);
    return clip;
}

dio_clip *dio_clip_decode(const void *bytes, size_t n, const char *name, dio_error *err)
{
    dio_clip *clip = decode(bytes, n, err);
    if (!clip)
        dio_error_at(err, name, 0, 0);
    return clip;
}

dio_clip *dio_clip_read(const char *path, dio_error *err)
{
    dio_map_file *file = dio_map_open(path, err);
    if (!file)
        return NULL;
    dio_clip *clip = dio_clip_decode(dio_map_data(file), dio_map_size(file), path, err);
    dio_map_unref(file);
    return clip;
}

/* ---- tags ---- */

/* Cut at a whole character; what is no UTF-8 or does not show becomes a question mark. */
static void take_tag(SNDFILE *file, int which, char out[DIO_CLIP_TAG])
{
    const char *text = sf_get_string(file, which);
    size_t n = text ? strlen(text) : 0, bad;
    if (n >= DIO_CLIP_TAG)
        for (n = DIO_CLIP_TAG - 1; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
            n--;
    if (n)
        memcpy(out, text, n);
    out[n] = '\0';
    if (!dio_utf8_valid(out, n, &bad))
        dio_str_show(out);
}

bool dio_clip_probe(const void *bytes, size_t n, const char *name, dio_clip_head *head,
                    dio_error *err)
{
    struct memory m = {.bytes = bytes, .n = (sf_count_t)n};
    bool ok = dio_sound_head(bytes, n, head, err);
    SNDFILE *file = ok ? open_memory(&m, head, err) : NULL;
    if (!file)
        return dio_error_at(err, name, 0, 0);
    take_tag(file, SF_STR_TITLE, head->title);
    take_tag(file, SF_STR_SOFTWARE, head->software);
    take_tag(file, SF_STR_COMMENT, head->comment);
    sf_close(file);
    return true;
}
