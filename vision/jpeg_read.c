/* jpeg_read.c: JPEG as a dio_image, by libjpeg-turbo.
 *
 * The library fills what it cannot read with grey and goes on with a warning. Here a warning that
 * means lost data is an error. It leaves by longjmp; whatever lives across the mark lies in struct
 * reader. */
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
/* after jpeglib.h, which it needs */
#include <jerror.h>

#include "base/room.h"
#include "vision/exif.h"
#include "vision/jpeg_codec.h"

/* A progressive picture needs about ten; a file may repeat them to keep us busy. */
enum { SCANS = 100 };

struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr manager;
    struct jpeg_progress_mgr progress;
    jmp_buf mark;
    dio_image *image;
    dio_error *err;
};

static _Noreturn void leave(j_common_ptr jpeg, const char *what)
{
    struct reader *r = jpeg->client_data;
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    dio_fail(r->err, "the JPEG %s: %s", what, message);
    longjmp(r->mark, 1);
}

static void on_error(j_common_ptr jpeg)
{
    struct reader *r = jpeg->client_data;
    if (jpeg->err->msg_code == JERR_OUT_OF_MEMORY)
        dio_fail_memory(r->err, "a JPEG");
    leave(jpeg, "cannot be read");
}

static void on_message(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;
    bool harmless = code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM ||
                    code == JWRN_JFIF_MAJOR || code == JWRN_TOO_MUCH_DATA;
    if (level < 0 && !harmless)
        leave(jpeg, code == JWRN_JPEG_EOF ? "ends too early" : "is damaged");
}

static void on_progress(j_common_ptr jpeg)
{
    struct reader *r = jpeg->client_data;
    if (r->jpeg.input_scan_number <= SCANS)
        return;
    dio_fail(r->err, "the JPEG has more than %d scans: refused", SCANS);
    longjmp(r->mark, 1);
}

static void init(struct reader *r, dio_error *err)
{
    memset(r, 0, sizeof *r);
    r->err = err;
    r->jpeg.err = jpeg_std_error(&r->manager);
    r->manager.error_exit = on_error;
    r->manager.emit_message = on_message;
    r->jpeg.client_data = r;
}

/* Up to the pixels. */
static void begin(struct reader *r, const unsigned char *bytes, size_t n)
{
    jpeg_create_decompress(&r->jpeg);
    r->progress.progress_monitor = on_progress;
    r->jpeg.progress = &r->progress;
    jpeg_mem_src(&r->jpeg, bytes, n);
    jpeg_save_markers(&r->jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(&r->jpeg, TRUE);
}

/* A picture in several scans lies in memory whole, as coefficients of two bytes. */
static void check(struct reader *r)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;
    size_t bytes = (size_t)jpeg->image_width * jpeg->image_height * (size_t)jpeg->num_components *
                   sizeof(JCOEF);
    if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK)
        dio_fail(r->err, "the JPEG has the four inks of print (CMYK): save it as RGB");
    else if (jpeg->num_components != 1 && jpeg->num_components != 3)
        dio_fail(r->err, "the JPEG has %d channels: 1 and 3 are read", jpeg->num_components);
    else if (jpeg_has_multiple_scans(jpeg) && bytes > (size_t)16 << 20 && bytes > dio_room_memory())
        dio_fail_retry(r->err, "the JPEG takes %zu MB to unpack, more than is free", bytes >> 20);
    else
        return;
    longjmp(r->mark, 1);
}

static void read_rows(struct reader *r)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;
    bool grey = jpeg->num_components == 1;
    dio_form form = {.depth = DIO_DEPTH_U8, .curve = DIO_CURVE_SRGB, .channels = grey ? 1 : 3};
    r->image = dio_image_create((int)jpeg->image_width, (int)jpeg->image_height, &form, r->err);
    if (!r->image)
        longjmp(r->mark, 1);
    jpeg->out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW; /* the one that gives the same bytes on every machine */
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = dio_image_row(r->image, (int)jpeg->output_scanline);
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

static int find_orientation(const struct reader *r)
{
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length > 6 && memcmp(m->data, "Exif\0\0", 6) == 0)
            return dio_exif_orientation(m->data + 6, m->data_length - 6);
    return 1;
}

static bool read_all(struct reader *r, const unsigned char *bytes, size_t n, int *orientation)
{
    if (setjmp(r->mark))
        return false;
    begin(r, bytes, n);
    check(r);
    *orientation = find_orientation(r);
    read_rows(r);
    return true;
}

static dio_image *decode(const unsigned char *bytes, size_t n, int *orientation, dio_error *err)
{
    struct reader r;
    init(&r, err);
    bool ok = read_all(&r, bytes, n, orientation);
    jpeg_destroy_decompress(&r.jpeg);
    if (ok)
        return r.image;
    dio_image_unref(r.image);
    return NULL;
}

static bool read_head(struct reader *r, const unsigned char *bytes, size_t n, dio_image_head *out)
{
    if (setjmp(r->mark))
        return false;
    begin(r, bytes, n);
    out->width = r->jpeg.image_width;
    out->height = r->jpeg.image_height;
    out->channels = r->jpeg.num_components;
    out->bits = r->jpeg.data_precision;
    return true;
}

static bool head(const unsigned char *bytes, size_t n, dio_image_head *out, dio_error *err)
{
    struct reader r;
    init(&r, err);
    bool ok = read_head(&r, bytes, n, out);
    jpeg_destroy_decompress(&r.jpeg);
    return ok;
}

static bool knows(const unsigned char *bytes, size_t n)
{
    return n >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
}

const dio_codec dio_codec_jpeg = {
    .name = "JPEG",
    .suffix = {".jpg", ".jpeg"},
    .knows = knows,
    .head = head,
    .decode = decode,
    .form = dio_jpeg_form,
    .encode = dio_jpeg_encode,
};
