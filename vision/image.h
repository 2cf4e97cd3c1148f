#pragma once
/* image.h: a picture in memory: pixels, what their numbers mean, and the words that came along.
 *
 * Rows lie top down without gaps, pixels in rows, channels in pixels. What a number means is the
 * picture's form: its depth, the curve from light to number, and whether colours have been
 * multiplied by alpha. Every function takes any form and says which one it gives; nothing guesses.
 * Pictures are shared by reference: who wants to write asks dio_image_writable first.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_depth {
    DIO_DEPTH_U8,  /* 0..255 for 0..1 */
    DIO_DEPTH_U16, /* 0..65535 for 0..1, in the machine's byte order */
    DIO_DEPTH_F32, /* may leave 0..1 */
} dio_depth;

typedef enum dio_curve {
    DIO_CURVE_SRGB,   /* the transfer curve of IEC 61966-2-1 */
    DIO_CURVE_LINEAR, /* proportional to light; the same primaries */
} dio_curve;

typedef struct dio_form {
    dio_depth depth;
    dio_curve curve;
    int channels; /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA */
    /* Colours as stored are already multiplied by alpha: after the curve. False without alpha. */
    bool premultiplied;
} dio_form;

/* No picture is larger, whatever a file says: 8192 x 8192, and 65535 a side. */
enum { DIO_IMAGE_PIXELS = 1 << 26, DIO_IMAGE_SIDE = 65535 };

typedef struct dio_notes dio_notes;

typedef struct dio_image {
    int refs;
    int width, height;
    dio_form form;
    dio_buffer *pixels; /* [H,W,C] */
    dio_notes *notes;   /* NULL: none */
} dio_image;

/* False with a sentence for sides below 1 and pictures above the limits. */
bool dio_image_size_check(int64_t width, int64_t height, dio_error *err);

/* All zero; NULL when the size is refused or there is no memory for it. */
dio_image *dio_image_create(int width, int height, const dio_form *form, dio_error *err);
/* The same, with the notes of `from`. */
dio_image *dio_image_like(const dio_image *from, int width, int height, const dio_form *form,
                          dio_error *err);
dio_image *dio_image_ref(dio_image *image);
void dio_image_unref(dio_image *image); /* NULL is fine */
/* Makes *image the caller's alone: a copy takes its place when others hold it too. */
bool dio_image_writable(dio_image **image, dio_error *err);

void *dio_image_row(const dio_image *image, int y);
size_t dio_image_row_bytes(const dio_image *image);
size_t dio_depth_bytes(dio_depth depth); /* of one number */
bool dio_form_alpha(const dio_form *form);
bool dio_form_equal(const dio_form *a, const dio_form *b);
/* Whether nothing shows through: no alpha, or 1 everywhere. */
bool dio_image_opaque(const dio_image *image);

/* The picture in another form; a reference to itself when it has that form already. Colours keep
 * their light. Grey of a colour is its luminance; alpha that is dropped is forgotten, not laid on
 * anything (dio_image_flatten does that); new alpha is 1. Integers clamp, NaN becomes 0. */
dio_image *dio_image_convert(dio_image *image, const dio_form *form, dio_error *err);

/* The part that begins at (x, y); refused when it does not lie within. */
dio_image *dio_image_crop(const dio_image *image, int x, int y, int width, int height,
                          dio_error *err);

/* Turned upright by an EXIF orientation, 1..8; a reference to itself for 1. */
dio_image *dio_image_orient(dio_image *image, int orientation, dio_error *err);

/* Words that travel with a picture, as PNG's text chunks do: a key and a text in UTF-8. Pictures
 * made from a picture share its notes. */
int dio_image_notes(const dio_image *image);
const char *dio_image_note_key(const dio_image *image, int i);
const char *dio_image_note_text(const dio_image *image, int i);
const char *dio_image_note(const dio_image *image, const char *key); /* the first; NULL: none */
bool dio_image_note_add(dio_image *image, const char *key, const char *text, dio_error *err);
/* In the place of all notes of that key; NULL removes them. */
bool dio_image_note_set(dio_image *image, const char *key, const char *text, dio_error *err);

#ifdef __cplusplus
}
#endif
