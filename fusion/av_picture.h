#pragma once
/* av_picture.h: a canvas of a film as a picture of sRGB bytes. */
#include "fusion/canvas.h"
#include "vision/image.h"

/* BT.709's planes, chroma brought to full size; NULL with a message. */
dio_image *dio_av_picture(const dio_canvas *canvas, dio_error *err);
