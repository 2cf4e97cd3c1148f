#pragma once
/* image_io.h: pictures from files and into files: PNG, JPEG, WebP.
 *
 * What a file is, its first bytes say, never its name. What a reader returns is upright (EXIF's
 * orientation has been applied), straight in alpha, sRGB or linear. Colour profiles are not
 * applied: a picture that carries one is taken for sRGB. A damaged or shortened file is refused
 * with its name and what is wrong; nobody gets half a picture.
 */
#include "vision/image.h"

#ifdef __cplusplus
extern "C" {
#endif

dio_image *dio_image_read(const char *path, dio_error *err);
/* The same from memory; `name` stands in messages as the file. */
dio_image *dio_image_decode(const void *bytes, size_t n, const char *name, dio_error *err);

/* What a file's head says, without reading its pixels. */
typedef struct dio_image_head {
    const char *format;    /* "PNG" */
    int64_t width, height; /* as stored: before it is turned upright */
    int channels, bits;    /* of one number; a palette of PNG has the 3 channels of its colours */
} dio_image_head;
bool dio_image_probe(const void *bytes, size_t n, const char *name, dio_image_head *head,
                     dio_error *err);

/* All zero is what most want. */
typedef struct dio_image_save {
    int quality;     /* JPEG, WebP: 1..100; 0: 90 */
    bool lossless;   /* WebP */
    int bits;        /* PNG: 8 or 16; 0: as the picture has, 8 for floats */
    bool indexed;    /* PNG: a palette of the colours that are there, 256 at most */
    bool interlaced; /* PNG */
} dio_image_save;

/* The file's format by its suffix. Written whole or not at all; converts to what the format can
 * hold, except that alpha is never lost in silence: JPEG refuses it. NULL: all zero. PNG keeps the
 * notes, and light that is linear; the others are sRGB of 8 bits. */
bool dio_image_write(dio_image *image, const char *path, const dio_image_save *save,
                     dio_error *err);
/* Whether a name ends in a format that can be written: to be asked before long work. */
bool dio_image_writes(const char *path, dio_error *err);

#ifdef __cplusplus
}
#endif
