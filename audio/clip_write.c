/* clip_write.c: sounds into files, by libsndfile over a dio_writer.
 * We round and dither ourselves and hand over whole numbers, so that the bytes are ours to promise:
 * the dither at a sample depends on (seed, channel, place) alone. */
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "audio/clip_io.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"

enum {
    BLOCK = 1024, /* samples of each channel at a time */
    TAG = 4000,   /* bytes: libsndfile's head holds 100 KB in all */
    DITHERED = 16,
};
static const uint64_t STREAM = 0x646974686572; /* "dither"; plus the channel */

/* What lives while one file is written. */
struct job {
    const dio_clip *clip;
    const dio_clip_save *save;
    dio_writer *file;
    int64_t size;   /* of the file so far */
    dio_error *err; /* gets the writer's own sentence, which comes first */
    bool failed;
    bool flac, dither;
    int bits;
};

/* ---- the library's view of the writer ---- */

static sf_count_t writer_length(void *user)
{
    return ((struct job *)user)->size;
}

static sf_count_t writer_tell(void *user)
{
    return dio_writer_tell(((struct job *)user)->file);
}

static sf_count_t writer_seek(sf_count_t offset, int whence, void *user)
{
    struct job *j = user;
    sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? writer_tell(j) : j->size;
    if (!j->failed && !dio_writer_seek(j->file, base + offset, j->err))
        j->failed = true;
    return writer_tell(j);
}

static sf_count_t writer_read(void *to, sf_count_t count, void *user)
{
    (void)to;
    (void)count;
    (void)user;
    return 0;
}

static sf_count_t writer_write(const void *from, sf_count_t count, void *user)
{
    struct job *j = user;
    if (j->failed || count < 0 || !dio_writer_put(j->file, from, (size_t)count, j->err)) {
        j->failed = true;
        return 0;
    }
    int64_t end = dio_writer_tell(j->file);
    j->size = end > j->size ? end : j->size;
    return count;
}

/* ---- samples ---- */

static bool check_samples(const dio_clip *clip, dio_error *err)
{
    for (int c = 0; c < clip->channels; c++)
        for (int64_t i = 0; i < clip->length; i++)
            if (!isfinite(dio_clip_channel(clip, c)[i]))
                return dio_fail(err, "sample %lld of channel %d is no number", (long long)i, c + 1);
    return true;
}

/* Whether some sample does not fit the steps of `bits`: only then rounding loses anything. */
static bool rounding_loses(const dio_clip *clip, int bits)
{
    float scale = ldexpf(1, bits - 1);
    for (int c = 0; c < clip->channels; c++) {
        for (int64_t i = 0; i < clip->length; i++) {
            float v = dio_clip_channel(clip, c)[i] * scale;
            if (v != floorf(v))
                return true;
        }
    }
    return false;
}

/* In -1..1 steps, with triangular density: the sum of two evenly spread halves. */
static double triangular(uint64_t seed, int channel, int64_t place)
{
    uint32_t words[4];
    dio_philox(seed, STREAM + (uint64_t)channel, (uint64_t)place, words);
    return ldexp((double)words[0] + (double)words[1] + 1, -32) - 1;
}

/* The sample in the upper bits of 32, where libsndfile looks for it. */
static int32_t quantise(const struct job *j, int channel, int64_t place)
{
    double most = ldexp(1, j->bits - 1);
    double v = (double)dio_clip_channel(j->clip, channel)[place] * most;
    if (j->dither)
        v += triangular(j->save->seed, channel, place);
    v = floor(v + 0.5);
    v = v < -most ? -most : v > most - 1 ? most - 1 : v;
    return (int32_t)((int64_t)v * ((int64_t)1 << (32 - j->bits)));
}

static bool put_samples(struct job *j, SNDFILE *file)
{
    int32_t whole[BLOCK * DIO_CLIP_CHANNELS];
    float real[BLOCK * DIO_CLIP_CHANNELS];
    int channels = j->clip->channels;
    for (int64_t at = 0; at < j->clip->length && !j->failed;) {
        int64_t n = j->clip->length - at < BLOCK ? j->clip->length - at : BLOCK;
        for (int64_t i = 0; i < n; i++) {
            for (int c = 0; c < channels; c++) {
                if (j->save->floats)
                    real[i * channels + c] = dio_clip_channel(j->clip, c)[at + i];
                else
                    whole[i * channels + c] = quantise(j, c, at + i);
            }
        }
        int64_t put =
            j->save->floats ? sf_writef_float(file, real, n) : sf_writef_int(file, whole, n);
        if (put != n)
            return dio_fail(j->err, "writing a sound: %s", sf_strerror(file));
        at += n;
    }
    return !j->failed;
}

/* ---- the file ---- */

static int format_of(const struct job *j)
{
    int kind = j->flac                 ? SF_FORMAT_FLAC
               : j->clip->channels > 2 ? SF_FORMAT_WAVEX /* says which channel is where */
                                       : SF_FORMAT_WAV;
    int coding = j->save->floats ? SF_FORMAT_FLOAT
                 : j->bits == 16 ? SF_FORMAT_PCM_16
                 : j->bits == 24 ? SF_FORMAT_PCM_24
                                 : SF_FORMAT_PCM_32;
    return kind | coding;
}

static void put_tags(SNDFILE *file, const dio_clip_save *save)
{
    sf_set_string(file, SF_STR_SOFTWARE, save->software ? save->software : "diorama");
    if (save->title && save->title[0])
        sf_set_string(file, SF_STR_TITLE, save->title);
    if (save->comment && save->comment[0])
        sf_set_string(file, SF_STR_COMMENT, save->comment);
}

static bool encode(struct job *j, dio_error *err)
{
    SF_VIRTUAL_IO io = {writer_length, writer_seek, writer_read, writer_write, writer_tell};
    SF_INFO info = {
        .samplerate = j->clip->rate, .channels = j->clip->channels, .format = format_of(j)};
    SNDFILE *file = sf_open_virtual(&io, SFM_WRITE, &info, j);
    if (!file)
        return dio_fail(err, "writing a sound: %s", sf_strerror(NULL));
    /* It would hold the time of writing. */
    sf_command(file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE);
    put_tags(file, j->save);
    bool ok = put_samples(j, file);
    if (sf_close(file) != 0 && ok)
        ok = dio_fail(err, "writing a sound: its end could not be written");
    return ok && !j->failed;
}

static bool by_suffix(const char *path, bool *flac, dio_error *err)
{
    const char *dot = strrchr(dio_path_base(path), '.');
    *flac = dot && strcasecmp(dot, ".flac") == 0;
    return *flac || (dot && strcasecmp(dot, ".wav") == 0) ||
           dio_fail(err, "%s: the name must end in what it shall be: .wav or .flac", path);
}

static bool check_tag(const char *which, const char *text, dio_error *err)
{
    size_t bad, n = text ? strlen(text) : 0;
    if (n > TAG)
        return dio_fail(err, "a sound's %s of %zu bytes: at most %d", which, n, TAG);
    return !n || dio_utf8_valid(text, n, &bad) ||
           dio_fail(err, "a sound's %s is not UTF-8 at byte %zu", which, bad);
}

static bool check(const struct job *j, dio_error *err)
{
    const dio_clip_save *s = j->save;
    if (s->bits != 0 && s->bits != 16 && s->bits != 24 && s->bits != 32)
        return dio_fail(err, "a sound of %d bits a sample: 16, 24 and 32 are written", s->bits);
    if (j->flac && (s->floats || j->bits == 32))
        return dio_fail(err, "FLAC holds 16 or 24 bits a sample: write %s as .wav",
                        s->floats ? "floats" : "32 bits");
    if (j->flac && j->clip->length == 0)
        return dio_fail(err, "FLAC cannot hold a sound of no length: write it as .wav");
    return check_tag("title", s->title, err) && check_tag("software", s->software, err) &&
           check_tag("comment", s->comment, err) && check_samples(j->clip, err);
}

bool dio_clip_write(const dio_clip *clip, const char *path, const dio_clip_save *save,
                    dio_error *err)
{
    static const dio_clip_save plain;
    struct job j = {.clip = clip, .save = save ? save : &plain, .err = err};
    j.bits = j.save->bits ? j.save->bits : 16;
    if (!by_suffix(path, &j.flac, err))
        return false;
    if (!check(&j, err))
        return dio_error_at(err, path, 0, 0);
    j.dither = j.bits == DITHERED && !j.save->rounded && rounding_loses(clip, j.bits);
    j.file = dio_writer_open(path, err);
    if (j.file && encode(&j, err))
        return dio_writer_commit(j.file, err);
    dio_writer_abort(j.file);
    return false;
}

bool dio_clip_writes(const char *path, dio_error *err)
{
    bool flac;
    return by_suffix(path, &flac, err);
}
