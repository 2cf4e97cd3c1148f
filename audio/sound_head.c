/* sound_head.c: the heads of WAV and FLAC.
 *
 * WAV (RIFF, little endian): chunks of {id, size, bytes, padded to even}; "fmt " says how samples
 * are coded and comes before "data". Programs that write into a pipe cannot go back to put the size
 * there and leave 2^32-1: then the sound reaches to the end of the file.
 * FLAC (RFC 9639): STREAMINFO is the first block. The smallest frame has 10 bytes and the largest
 * 65535 samples in each channel, which bounds the length that a file can truly have. */
#include "audio/sound_head.h"

#include <string.h>

enum {
    WAV_PCM = 1,
    WAV_FLOAT = 3,
    WAV_ALAW = 6,
    WAV_MULAW = 7,
    WAV_EXTENSIBLE = 0xfffe,
    FLAC_INFO = 34,
    FLAC_FRAME_BYTES = 10,
    FLAC_FRAME_SAMPLES = 65535,
};

static uint32_t little(const unsigned char *p, int bytes)
{
    uint32_t v = 0;
    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static uint64_t big(const unsigned char *p, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return v;
}

/* The four letters of a chunk, as far as they can be shown. */
static const char *letters(const unsigned char *p, char out[5])
{
    for (int i = 0; i < 4; i++)
        out[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
    out[4] = '\0';
    return out;
}

/* ---- WAV ---- */

/* The chunk fmt: a known coding, and sizes that agree with each other. */
static bool wav_format(const unsigned char *p, uint32_t size, dio_clip_head *head, dio_error *err)
{
    if (size < 16)
        return dio_fail(err, "the WAV's format has %u bytes, and the least is 16", size);
    uint32_t tag = little(p, 2), channels = little(p + 2, 2), rate = little(p + 4, 4);
    uint32_t align = little(p + 12, 2), bits = little(p + 14, 2);
    if (tag == WAV_EXTENSIBLE && size < 40)
        return dio_fail(err, "the WAV's extended format has %u bytes, and the least is 40", size);
    if (tag == WAV_EXTENSIBLE)
        tag = little(p + 24, 2); /* the subformat's first bytes are the old tag */
    bool pcm = tag == WAV_PCM && bits >= 8 && bits <= 32 && bits % 8 == 0;
    bool real = tag == WAV_FLOAT && (bits == 32 || bits == 64);
    bool law = (tag == WAV_ALAW || tag == WAV_MULAW) && bits == 8;
    if (!pcm && !real && !law)
        return dio_fail(err,
                        "a WAV of coding %u with %u bits a sample: PCM of 8, 16, 24 and 32 bits, "
                        "floats of 32 and 64, A-law and mu-law are read",
                        tag, bits);
    if (rate > DIO_CLIP_RATE_MOST || channels > DIO_CLIP_CHANNELS)
        return dio_clip_size_check(rate > INT32_MAX ? INT32_MAX : (int)rate, (int)channels, 0, err);
    if (align != channels * bits / 8)
        return dio_fail(err, "the WAV says %u bytes for %u channels of %u bits", align, channels,
                        bits);
    head->coding = pcm ? "PCM" : real ? "float" : tag == WAV_ALAW ? "A-law" : "mu-law";
    head->bits = (int)bits;
    head->rate = (int)rate;
    head->channels = (int)channels;
    return dio_clip_size_check(head->rate, head->channels, 0, err);
}

static bool wav_data(uint32_t size, size_t left, dio_clip_head *head, dio_error *err)
{
    if (!head->coding)
        return dio_fail(err, "the WAV's sound comes before its format");
    if (size == UINT32_MAX)
        size = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
    if (size > left)
        return dio_fail(err, "the WAV is cut short: its sound has %u bytes, and %zu are left", size,
                        left);
    head->length = (int64_t)size / (head->channels * head->bits / 8);
    return true;
}

/* Parts of a LIST lie within it: libsndfile 1.2 goes round for ever over one that says it does not.
 */
static bool wav_list(const unsigned char *p, size_t size, dio_error *err)
{
    char id[5];
    for (size_t at = 4; at < size && size - at >= 8;) {
        const uint32_t part = little(p + at + 4, 4);
        if (part > size - at - 8)
            return dio_fail(err,
                            "the WAV's list is damaged: its part \"%s\" has %u bytes, and %zu are "
                            "left of the list",
                            letters(p + at, id), part, size - at - 8);
        at += 8 + (size_t)part + (part & 1);
    }
    return true;
}

/* What follows the sound matters to nobody, but the library reads its lists. */
static bool wav_rest(const unsigned char *bytes, size_t n, size_t at, dio_error *err)
{
    while (at < n && n - at >= 8) {
        const unsigned char *p = bytes + at;
        const size_t size = little(p + 4, 4), left = n - at - 8;
        if (memcmp(p, "LIST", 4) == 0 && !wav_list(p + 8, size < left ? size : left, err))
            return false;
        if (size >= left)
            break;
        at += 8 + size + (size & 1);
    }
    return true;
}

static bool wav(const unsigned char *bytes, size_t n, dio_clip_head *head, dio_error *err)
{
    char id[5];
    head->format = "WAV";
    for (size_t at = 12; n - at >= 8;) {
        const unsigned char *p = bytes + at;
        uint32_t size = little(p + 4, 4);
        size_t left = n - at - 8;
        if (memcmp(p, "data", 4) == 0)
            return wav_data(size, left, head, err) &&
                   (size >= left || wav_rest(bytes, n, at + 8 + (size_t)size + (size & 1), err));
        if (size > left)
            return dio_fail(err,
                            "the WAV is cut short: its chunk \"%s\" has %u bytes, and %zu are "
                            "left",
                            letters(p, id), size, left);
        if (memcmp(p, "fmt ", 4) == 0 && !wav_format(p + 8, size, head, err))
            return false;
        if (memcmp(p, "LIST", 4) == 0 && !wav_list(p + 8, size, err))
            return false;
        at += 8 + (size_t)size;
        at += at < n ? size & 1 : 0;
    }
    return dio_fail(err, "the WAV is cut short: it ends before its sound");
}

/* ---- FLAC ---- */

static bool flac(const unsigned char *bytes, size_t n, dio_clip_head *head, dio_error *err)
{
    head->format = "FLAC";
    head->coding = "PCM";
    if (n < 8 + FLAC_INFO)
        return dio_fail(err, "the FLAC is cut short: it ends within its head");
    const unsigned char *p = bytes + 8;
    if ((bytes[4] & 0x7f) != 0 || big(bytes + 5, 3) != FLAC_INFO)
        return dio_fail(err, "the FLAC does not begin with its stream's facts");
    uint64_t packed = big(p + 10, 8); /* 20 bits rate, 3 channels - 1, 5 bits - 1, 36 samples */
    uint64_t length = packed & 0xfffffffff;
    head->rate = (int)(packed >> 44);
    head->channels = (int)(packed >> 41 & 7) + 1;
    head->bits = (int)(packed >> 36 & 31) + 1;
    head->length = (int64_t)length;
    if (length == 0)
        return dio_fail(err, "the FLAC does not say how long it is, as when it was written into a "
                             "pipe: write it into a file");
    if (!dio_clip_size_check(head->rate, head->channels, head->length, err))
        return false;
    if (length / FLAC_FRAME_SAMPLES > (n - 8 - FLAC_INFO) / FLAC_FRAME_BYTES)
        return dio_fail(err, "the FLAC is cut short: its %llu samples do not fit into %zu bytes",
                        (unsigned long long)length, n);
    return true;
}

/* ---- either ---- */

bool dio_sound_head(const unsigned char *bytes, size_t n, dio_clip_head *head, dio_error *err)
{
    char id[5];
    *head = (dio_clip_head){.format = NULL};
    if (n == 0)
        return dio_fail(err, "the file is empty: it is no sound");
    if (n >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WAVE", 4) == 0)
        return wav(bytes, n, head, err) &&
               dio_clip_size_check(head->rate, head->channels, head->length, err);
    if (n >= 4 && memcmp(bytes, "fLaC", 4) == 0)
        return flac(bytes, n, head, err);
    if (n < 4)
        return dio_fail(err, "this is no sound that can be read here: it is not WAV or FLAC");
    return dio_fail(err,
                    "this is no sound that can be read here: it is not WAV or FLAC, and begins "
                    "\"%s\"",
                    letters(bytes, id));
}
