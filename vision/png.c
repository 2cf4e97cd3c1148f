/* png.c: libpng over a dio_writer.
 * libpng leaves by longjmp; each function that calls it sets its own mark, and nothing allocated
 * lives only in a local between mark and jump. */
#include "vision/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

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

static void put_text(dio_png_writer *w, const char *title)
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

static bool start(dio_png_writer *w, int width, int height, const char *title, dio_error *err)
{
    w->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, w, on_error, on_warning);
    w->info = w->png ? png_create_info_struct(w->png) : NULL;
    if (!w->info)
        return dio_fail_memory(err, "a PNG");
    if (setjmp(png_jmpbuf(w->png)))
        return false;
    png_set_write_fn(w->png, w, write_bytes, flush_bytes);
    png_set_IHDR(w->png, w->info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(w->png, w->info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_set_compression_level(w->png, 6);
    put_text(w, title);
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
    w->err = err;
    w->file = dio_writer_open(path, err);
    if (w->file && start(w, width, height, title, err))
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

static bool finish(dio_png_writer *w)
{
    if (setjmp(png_jmpbuf(w->png)))
        return false;
    png_write_end(w->png, NULL);
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
