#pragma once
/* png.h: pictures out, by libpng. 8-bit RGB marked as sRGB; the file appears when it is whole. */
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_png_writer dio_png_writer;

/* `title` becomes metadata; "" for none. */
dio_png_writer *dio_png_open(const char *path, int width, int height, const char *title,
                             dio_error *err);
/* The next row: width * 3 bytes. */
bool dio_png_row(dio_png_writer *w, const unsigned char *rgb, dio_error *err);
bool dio_png_close(dio_png_writer *w, dio_error *err); /* after the last row; frees w either way */
void dio_png_abort(dio_png_writer *w);                 /* NULL is fine; leaves no file */

#ifdef __cplusplus
}
#endif
