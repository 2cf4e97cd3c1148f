#pragma once
/* jpeg_codec.h: private to vision/: the writing half of the JPEG codec; jpeg_read.c has the other.
 */
#include "vision/codec.h"

bool dio_jpeg_form(const dio_image *image, const dio_image_save *save, dio_form *form,
                   dio_error *err);
bool dio_jpeg_encode(dio_image *image, const dio_image_save *save, dio_writer *file,
                     dio_error *err);
