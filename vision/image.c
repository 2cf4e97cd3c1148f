/* image.c: pictures by reference count, and what moves whole pixels.
 * Sizes are checked here and nowhere else: whoever makes a picture passes this door before any
 * memory is taken. */
#include "vision/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/room.h"
#include "base/str.h"
#include "vision/notes.h"

/* Pictures below this are made without asking the kernel what is left. */
enum { SMALL = 16 << 20 };

size_t dio_depth_bytes(dio_depth depth)
{
    return depth == DIO_DEPTH_U8 ? 1 : depth == DIO_DEPTH_U16 ? 2 : 4;
}

bool dio_form_alpha(const dio_form *form)
{
    return form->channels == 2 || form->channels == 4;
}

bool dio_form_equal(const dio_form *a, const dio_form *b)
{
    return a->depth == b->depth && a->curve == b->curve && a->channels == b->channels &&
           (a->premultiplied == b->premultiplied || !dio_form_alpha(a));
}

static size_t pixel_bytes(const dio_form *form)
{
    return (size_t)form->channels * dio_depth_bytes(form->depth);
}

bool dio_image_size_check(int64_t width, int64_t height, dio_error *err)
{
    if (width < 1 || height < 1)
        return dio_fail(err, "a picture of %lld x %lld pixels has nothing in it", (long long)width,
                        (long long)height);
    if (width > DIO_IMAGE_SIDE || height > DIO_IMAGE_SIDE)
        return dio_fail(err, "%lld x %lld pixels: a side above the limit of %d", (long long)width,
                        (long long)height, DIO_IMAGE_SIDE);
    long long pixels = width * height;
    if (pixels > DIO_IMAGE_PIXELS)
        return dio_fail(err, "%lld x %lld pixels are %lld, above the limit of %d", (long long)width,
                        (long long)height, pixels, DIO_IMAGE_PIXELS);
    return true;
}

static bool room_check(int width, int height, const dio_form *form, size_t *bytes, dio_error *err)
{
    if (!dio_image_size_check(width, height, err))
        return false;
    if (form->channels < 1 || form->channels > 4)
        return dio_fail(err, "a picture of %d channels: there are 1 to 4", form->channels);
    if (!dio_mul_size((size_t)width * (size_t)height, pixel_bytes(form), bytes))
        return dio_fail_memory(err, "a picture");
    size_t room = *bytes < SMALL ? SIZE_MAX : dio_room_memory();
    if (*bytes > room)
        return dio_fail_retry(err, "a picture of %d x %d pixels takes %zu MB, and %zu MB are free",
                              width, height, *bytes >> 20, room >> 20);
    return true;
}

dio_image *dio_image_create(int width, int height, const dio_form *form, dio_error *err)
{
    size_t bytes = 0;
    if (!room_check(width, height, form, &bytes, err))
        return NULL;
    dio_image *image = calloc(1, sizeof *image);
    if (!image) {
        dio_fail_memory(err, "a picture");
        return NULL;
    }
    image->pixels = dio_buffer_create(bytes, err);
    if (!image->pixels) {
        free(image);
        return NULL;
    }
    image->refs = 1;
    image->width = width;
    image->height = height;
    image->form = *form;
    image->form.premultiplied = form->premultiplied && dio_form_alpha(form);
    return image;
}

dio_image *dio_image_like(const dio_image *from, int width, int height, const dio_form *form,
                          dio_error *err)
{
    dio_image *image = dio_image_create(width, height, form, err);
    if (image)
        image->notes = dio_notes_ref(from->notes);
    return image;
}

dio_image *dio_image_ref(dio_image *image)
{
    __atomic_fetch_add(&image->refs, 1, __ATOMIC_SEQ_CST);
    return image;
}

void dio_image_unref(dio_image *image)
{
    if (!image || __atomic_fetch_sub(&image->refs, 1, __ATOMIC_SEQ_CST) > 1)
        return;
    dio_buffer_unref(image->pixels);
    dio_notes_unref(image->notes);
    free(image);
}

bool dio_image_writable(dio_image **image, dio_error *err)
{
    dio_image *old = *image;
    if (__atomic_load_n(&old->refs, __ATOMIC_SEQ_CST) == 1)
        return true;
    dio_image *copy = dio_image_like(old, old->width, old->height, &old->form, err);
    if (!copy)
        return false;
    memcpy(dio_buffer_data(copy->pixels), dio_buffer_data(old->pixels),
           dio_buffer_bytes(old->pixels));
    dio_image_unref(old);
    *image = copy;
    return true;
}

size_t dio_image_row_bytes(const dio_image *image)
{
    return (size_t)image->width * pixel_bytes(&image->form);
}

void *dio_image_row(const dio_image *image, int y)
{
    return (unsigned char *)dio_buffer_data(image->pixels) + (size_t)y * dio_image_row_bytes(image);
}

bool dio_image_opaque(const dio_image *image)
{
    int channels = image->form.channels;
    if (!dio_form_alpha(&image->form))
        return true;
    for (int y = 0; y < image->height; y++) {
        const void *row = dio_image_row(image, y);
        for (size_t i = 1; i <= (size_t)image->width; i++) {
            size_t at = i * (size_t)channels - 1;
            bool solid = image->form.depth == DIO_DEPTH_U8    ? ((const uint8_t *)row)[at] == 255
                         : image->form.depth == DIO_DEPTH_U16 ? ((const uint16_t *)row)[at] == 65535
                                                              : ((const float *)row)[at] >= 1;
            if (!solid)
                return false;
        }
    }
    return true;
}

dio_image *dio_image_crop(const dio_image *image, int x, int y, int width, int height,
                          dio_error *err)
{
    if (x < 0 || y < 0 || width < 1 || height < 1 || x > image->width - width ||
        y > image->height - height) {
        dio_fail(err, "%d x %d pixels at (%d, %d) do not lie within a picture of %d x %d", width,
                 height, x, y, image->width, image->height);
        return NULL;
    }
    dio_image *part = dio_image_like(image, width, height, &image->form, err);
    for (int row = 0; part && row < height; row++)
        memcpy(dio_image_row(part, row),
               (unsigned char *)dio_image_row(image, y + row) +
                   (size_t)x * pixel_bytes(&image->form),
               dio_image_row_bytes(part));
    return part;
}

struct turn {
    const dio_image *from;
    dio_image *to;
    bool swap, flip_x, flip_y; /* rows become columns; then the source is read from its far end */
};

/* Row y of the upright picture. */
static void turn_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct turn *t = user;
    const dio_image *from = t->from;
    size_t size = pixel_bytes(&from->form);
    const unsigned char *base = dio_buffer_data(from->pixels);
    unsigned char *out = dio_image_row(t->to, (int)item);
    for (int i = 0; i < t->to->width; i++, out += size) {
        int x = t->swap ? (int)item : i, y = t->swap ? i : (int)item;
        x = t->flip_x ? from->width - 1 - x : x;
        y = t->flip_y ? from->height - 1 - y : y;
        memcpy(out, base + ((size_t)y * (size_t)from->width + (size_t)x) * size, size);
    }
}

/* EXIF 2.32, tag 274: where the stored picture's first row and column lie when it is looked at:
 * 1 top left, 2 top right, 3 bottom right, 4 bottom left, and 5 to 8 with the first row at the
 * left, right, right and left side. */
dio_image *dio_image_orient(dio_image *image, int orientation, dio_error *err)
{
    if (orientation < 1 || orientation > 8) {
        dio_fail(err, "orientation %d is none of EXIF's 1 to 8", orientation);
        return NULL;
    }
    if (orientation == 1)
        return dio_image_ref(image);
    bool swap = orientation >= 5;
    struct turn t = {
        .from = image,
        .to = dio_image_like(image, swap ? image->height : image->width,
                             swap ? image->width : image->height, &image->form, err),
        .swap = swap,
        .flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8,
        .flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7,
    };
    if (t.to)
        dio_gang_run(t.to->height, turn_row, &t);
    return t.to;
}
