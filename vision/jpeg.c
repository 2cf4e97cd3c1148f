/* jpeg.c: JPEG out, by libjpeg-turbo over a dio_writer. */
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "vision/jpeg_codec.h"

enum { BUFFER = 16 * 1024 };

/* From here on colours get as many samples as light: small coloured print stays sharp. */
enum { FULL_COLOUR = 90 };

struct job {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr manager;
    struct jpeg_destination_mgr target;
    jmp_buf mark;
    dio_writer *file;
    dio_error *err;
    unsigned char buffer[BUFFER];
};

static void on_error(j_common_ptr jpeg)
{
    struct job *j = jpeg->client_data;
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    dio_fail(j->err, "writing a JPEG: %s", message);
    longjmp(j->mark, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    (void)jpeg;
    (void)level;
}

static void empty(struct job *j)
{
    j->target.next_output_byte = j->buffer;
    j->target.free_in_buffer = BUFFER;
}

static void put(struct job *j, size_t n)
{
    if (!dio_writer_put(j->file, j->buffer, n, j->err))
        longjmp(j->mark, 1);
    empty(j);
}

static void target_init(j_compress_ptr jpeg)
{
    empty(jpeg->client_data);
}

static boolean target_empty(j_compress_ptr jpeg)
{
    put(jpeg->client_data, BUFFER); /* the whole buffer, whatever free_in_buffer says */
    return TRUE;
}

static void target_term(j_compress_ptr jpeg)
{
    struct job *j = jpeg->client_data;
    put(j, BUFFER - j->target.free_in_buffer);
}

bool dio_jpeg_form(const dio_image *image, const dio_image_save *save, dio_form *form,
                   dio_error *err)
{
    (void)save;
    if (!dio_image_opaque(image))
        return dio_fail(err, "JPEG holds no alpha, and the picture is clear in places: lay it on a "
                             "colour first, or write PNG or WebP");
    *form = (dio_form){DIO_DEPTH_U8, DIO_CURVE_SRGB, image->form.channels < 3 ? 1 : 3, false};
    return true;
}

static void put_head(struct job *j, const dio_image *image, int quality)
{
    struct jpeg_compress_struct *jpeg = &j->jpeg;
    bool grey = image->form.channels == 1;
    jpeg_create_compress(jpeg);
    jpeg->dest = &j->target;
    jpeg->image_width = (JDIMENSION)image->width;
    jpeg->image_height = (JDIMENSION)image->height;
    jpeg->input_components = image->form.channels;
    jpeg->in_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    jpeg->optimize_coding = TRUE;
    jpeg->dct_method = JDCT_ISLOW;
    if (!grey && quality >= FULL_COLOUR)
        jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
}

static bool put_all(struct job *j, const dio_image *image, int quality)
{
    if (setjmp(j->mark))
        return false;
    put_head(j, image, quality);
    jpeg_start_compress(&j->jpeg, TRUE);
    while (j->jpeg.next_scanline < j->jpeg.image_height) {
        JSAMPROW row = dio_image_row(image, (int)j->jpeg.next_scanline);
        jpeg_write_scanlines(&j->jpeg, &row, 1);
    }
    jpeg_finish_compress(&j->jpeg);
    return true;
}

bool dio_jpeg_encode(dio_image *image, const dio_image_save *save, dio_writer *file, dio_error *err)
{
    struct job j = {.file = file, .err = err};
    j.jpeg.err = jpeg_std_error(&j.manager);
    j.manager.error_exit = on_error;
    j.manager.emit_message = on_message;
    j.jpeg.client_data = &j;
    j.target.init_destination = target_init;
    j.target.empty_output_buffer = target_empty;
    j.target.term_destination = target_term;
    bool ok = put_all(&j, image, save->quality ? save->quality : DIO_QUALITY);
    jpeg_destroy_compress(&j.jpeg);
    return ok;
}
