#pragma once
/* clip_io.h: sounds from files and into files: WAV and FLAC. Other containers are fusion's.
 *
 * What a file is, its first bytes say, never its name. Its head is held to the limits of clip.h and
 * to the file's own size before memory is taken for its samples; a file that is cut short or
 * damaged, or holds samples that are no numbers, is refused whole.
 */
#include "audio/clip.h"

#ifdef __cplusplus
extern "C" {
#endif

dio_clip *dio_clip_read(const char *path, dio_error *err);
/* The same from memory; `name` stands in messages as the file. */
dio_clip *dio_clip_decode(const void *bytes, size_t n, const char *name, dio_error *err);

/* What a file's head says, without reading its samples. Tags are cut where they are longer. */
enum { DIO_CLIP_TAG = 1024 };
typedef struct dio_clip_head {
    const char *format; /* "WAV", "FLAC" */
    const char *coding; /* "PCM", "float", "A-law", "mu-law" */
    int bits;           /* of one sample */
    int rate, channels;
    int64_t length; /* samples in each channel */
    char title[DIO_CLIP_TAG], software[DIO_CLIP_TAG], comment[DIO_CLIP_TAG];
} dio_clip_head;
bool dio_clip_probe(const void *bytes, size_t n, const char *name, dio_clip_head *head,
                    dio_error *err);

/* All zero is what most want: 16 bits, dithered. */
typedef struct dio_clip_save {
    int bits;      /* 16, 24, or in WAV 32; 0: 16 */
    bool floats;   /* WAV: 32-bit floats, which nothing clamps */
    bool rounded;  /* no dither under 16 bits */
    uint64_t seed; /* of the dither: the same seed, the same bytes */
    /* Tags in UTF-8 of at most 4000 bytes each: INFO in WAV, Vorbis comments in FLAC. NULL: none,
     * but for software, which is then "diorama". */
    const char *title, *software, *comment;
} dio_clip_save;

/* The file's format by its suffix: .wav, .flac. Written whole or not at all. Samples beyond full
 * scale are clamped (not in floats), and those that are no numbers are an error. 16 bits get
 * triangular dither of two steps, unless each sample fits them as it is, as silence does, and what
 * was read from such a file. NULL: all zero. */
bool dio_clip_write(const dio_clip *clip, const char *path, const dio_clip_save *save,
                    dio_error *err);
/* Whether a name ends in a format that can be written: to be asked before long work. */
bool dio_clip_writes(const char *path, dio_error *err);

#ifdef __cplusplus
}
#endif
