#pragma once
/* codec.h: private to vision/: a format of picture files. One more: NAME.c that ends in
 * `const dio_codec dio_codec_NAME`, and a line in codecs.def. */
#include "base/file.h"
#include "vision/image_io.h"

typedef struct dio_codec {
    const char *name;
    const char *suffix[3]; /* of names of files, lower case; NULL after the last */
    bool (*knows)(const unsigned char *bytes, size_t n);
    /* Size and kind from the first bytes; the caller refuses what is too large. */
    bool (*head)(const unsigned char *bytes, size_t n, dio_image_head *head, dio_error *err);
    /* *orientation is 1 when it is called. */
    dio_image *(*decode)(const unsigned char *bytes, size_t n, int *orientation, dio_error *err);
    /* The form that encode wants; false when there is none for this picture. */
    bool (*form)(const dio_image *image, const dio_image_save *save, dio_form *form,
                 dio_error *err);
    bool (*encode)(dio_image *image, const dio_image_save *save, dio_writer *file, dio_error *err);
} dio_codec;

enum { DIO_QUALITY = 90 }; /* where none is asked for */

#define DIO_CODEC(name) extern const dio_codec dio_codec_##name;
#include "vision/codecs.def"
#undef DIO_CODEC
