/* png.c: writing by libpng over a dio_writer: a picture row by row, or a whole dio_image.
 * libpng leaves by longjmp; each function that calls it sets its own mark, and nothing allocated
 * lives only in a local between mark and jump. */
#include "vision/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "vision/indexed.h"
#include "vision/png_codec.h"

struct dio_png_writer {
    dio_writer *file;
    png_structp png;
    png_infop info;
    dio_error *err; /* of the call in progress */
};

static void write_bytes(png_structp png, png_bytep bytes, size_t n)
{
    dio_png_writer *w = png_get_io_ptr(png);
    if (!dio_writer_put(w->file, bytes, n, w->err))
        png_error(png, "write");
}

static void flush_bytes(png_structp png)
{
    (void)png; /* commit does it */
}

/* The file's own sentence, when there is one, came first. */
static void on_error(png_structp png, png_const_charp message)
{
    dio_png_writer *w = png_get_error_ptr(png);
    dio_fail(w->err, "writing a PNG: %s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static bool begin(dio_png_writer *w, dio_error *err)
{
    w->err = err;
    w->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, w, on_error, on_warning);
    w->info = w->png ? png_create_info_struct(w->png) : NULL;
    return w->info || dio_fail_memory(err, "a PNG");
}

static bool finish(dio_png_writer *w)
{
    if (setjmp(png_jmpbuf(w->png)))
        return false;
    png_write_end(w->png, NULL);
    return true;
}

/* ---- row by row ---- */

static void put_title(dio_png_writer *w, const char *title)
{
    char software_key[] = "Software", software[] = "diorama", title_key[] = "Title";
    png_text text[2] = {
        {.compression = PNG_TEXT_COMPRESSION_NONE,
         .key = software_key,
         .text = software,
         .text_length = sizeof software - 1},
        {.compression = PNG_ITXT_COMPRESSION_NONE,
         .key = title_key,
         .text = (char *)(uintptr_t)title,
         .itxt_length = strlen(title)},
    };
    png_set_text(w->png, w->info, text, title[0] ? 2 : 1); /* copies them */
}

static bool start(dio_png_writer *w, int width, int height, const char *title)
{
    if (setjmp(png_jmpbuf(w->png)))
        return false;
    png_set_write_fn(w->png, w, write_bytes, flush_bytes);
    png_set_IHDR(w->png, w->info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(w->png, w->info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_set_compression_level(w->png, 6);
    put_title(w, title);
    png_write_info(w->png, w->info);
    return true;
}

dio_png_writer *dio_png_open(const char *path, int width, int height, const char *title,
                             dio_error *err)
{
    dio_png_writer *w = calloc(1, sizeof *w);
    if (!w) {
        dio_fail_memory(err, "a PNG");
        return NULL;
    }
    w->file = dio_writer_open(path, err);
    if (w->file && begin(w, err) && start(w, width, height, title))
        return w;
    dio_png_abort(w);
    return NULL;
}

bool dio_png_row(dio_png_writer *w, const unsigned char *rgb, dio_error *err)
{
    w->err = err;
    if (setjmp(png_jmpbuf(w->png)))
        return false;
    png_write_row(w->png, rgb);
    return true;
}

bool dio_png_close(dio_png_writer *w, dio_error *err)
{
    w->err = err;
    bool ok = finish(w);
    if (ok) {
        dio_writer *file = w->file;
        w->file = NULL;
        ok = dio_writer_commit(file, err);
    }
    dio_png_abort(w);
    return ok;
}

void dio_png_abort(dio_png_writer *w)
{
    if (!w)
        return;
    png_destroy_write_struct(&w->png, &w->info);
    dio_writer_abort(w->file);
    free(w);
}

/* ---- a whole picture ---- */

bool dio_png_form(const dio_image *image, const dio_image_save *save, dio_form *form,
                  dio_error *err)
{
    (void)err;
    *form = image->form;
    form->premultiplied = false;
    form->depth = save->bits == 16 || (save->bits == 0 && image->form.depth == DIO_DEPTH_U16)
                      ? DIO_DEPTH_U16
                      : DIO_DEPTH_U8;
    /* Fewer bits of light would lose the dark tones, and floats are for working: both are coded. */
    if (form->depth != image->form.depth)
        form->curve = DIO_CURVE_SRGB;
    if (save->indexed) {
        form->depth = DIO_DEPTH_U8;
        form->curve = DIO_CURVE_SRGB;
        form->channels = dio_form_alpha(form) ? 4 : 3;
    }
    return true;
}

/* What lives while one picture is written. */
struct job {
    dio_png_writer writer;
    const dio_image *image;
    const dio_image_save *save;
    dio_indexed table;
    uint8_t *indices; /* [W], when indexed */
    png_text *text;
    char (*key)[80]; /* of each text, in Latin-1 */
};

static int index_bits(int count)
{
    return count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8;
}

static void put_head(struct job *j)
{
    static const int types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA};
    const dio_form *form = &j->image->form;
    png_structp png = j->writer.png;
    int type = j->save->indexed ? PNG_COLOR_TYPE_PALETTE : types[form->channels - 1];
    int bits = j->save->indexed               ? index_bits(j->table.count)
               : form->depth == DIO_DEPTH_U16 ? 16
                                              : 8;
    png_set_IHDR(png, j->writer.info, (png_uint_32)j->image->width, (png_uint_32)j->image->height,
                 bits, type, j->save->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (form->curve == DIO_CURVE_LINEAR)
        png_set_gAMA_fixed(png, j->writer.info, PNG_FP_1);
    else
        png_set_sRGB(png, j->writer.info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_set_compression_level(png, 6);
}

static void put_palette(struct job *j)
{
    png_color colours[DIO_INDEXED];
    png_byte alpha[DIO_INDEXED];
    for (int i = 0; i < j->table.count; i++) {
        const uint8_t *c = j->table.rgba[i];
        colours[i] = (png_color){c[0], c[1], c[2]};
        alpha[i] = c[3];
    }
    png_set_PLTE(j->writer.png, j->writer.info, colours, j->table.count);
    if (j->table.translucent)
        png_set_tRNS(j->writer.png, j->writer.info, alpha, j->table.translucent, NULL);
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return !*text;
}

/* Plain text goes into tEXt, which every reader knows; the rest into iTXt. */
static void put_notes(struct job *j)
{
    int count = dio_image_notes(j->image);
    for (int i = 0; i < count; i++) {
        const char *key = dio_image_note_key(j->image, i), *text = dio_image_note_text(j->image, i);
        bool plain = is_ascii(text);
        size_t length = strlen(key), n = 0;
        for (size_t at = 0; at < length && n < sizeof j->key[i] - 1;) {
            uint32_t cp;
            at += (size_t)dio_utf8_next(key + at, length - at, &cp);
            j->key[i][n++] = (char)cp;
        }
        j->text[i] = (png_text){
            .compression = plain ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE,
            .key = j->key[i],
            .text = (char *)(uintptr_t)text,
            .text_length = plain ? strlen(text) : 0,
            .itxt_length = plain ? 0 : strlen(text),
        };
    }
    if (count)
        png_set_text(j->writer.png, j->writer.info, j->text, count); /* copies them */
}

static void put_rows(struct job *j)
{
    png_structp png = j->writer.png;
    const uint16_t one = 1;
    if (j->image->form.depth == DIO_DEPTH_U16 && *(const uint8_t *)&one == 1)
        png_set_swap(png); /* PNG has the high byte first */
    png_set_packing(png);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++) {
        for (int y = 0; y < j->image->height; y++) {
            if (j->save->indexed)
                dio_indexed_row(&j->table, j->image, y, j->indices);
            png_write_row(png, j->save->indexed ? j->indices : dio_image_row(j->image, y));
        }
    }
}

static bool put_all(struct job *j)
{
    if (setjmp(png_jmpbuf(j->writer.png)))
        return false;
    png_set_write_fn(j->writer.png, &j->writer, write_bytes, flush_bytes);
    put_head(j);
    if (j->save->indexed)
        put_palette(j);
    put_notes(j);
    png_write_info(j->writer.png, j->writer.info);
    put_rows(j);
    return finish(&j->writer);
}

bool dio_png_encode(dio_image *image, const dio_image_save *save, dio_writer *file, dio_error *err)
{
    struct job j = {.writer = {.file = file}, .image = image, .save = save};
    bool ok = !save->indexed || dio_indexed_init(&j.table, image, err);
    size_t notes = (size_t)dio_image_notes(image) + 1; /* never none, for calloc */
    if (ok) {
        j.indices = calloc((size_t)image->width, 1);
        j.text = calloc(notes, sizeof *j.text);
        j.key = calloc(notes, sizeof *j.key);
        ok = (j.indices && j.text && j.key) || dio_fail_memory(err, "a PNG");
    }
    ok = ok && begin(&j.writer, err) && put_all(&j);
    png_destroy_write_struct(&j.writer.png, &j.writer.info);
    free(j.indices);
    free(j.text);
    free(j.key);
    return ok;
}
