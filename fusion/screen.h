#pragma once
/* screen.h: what a timeline is laid out on: a frame's size, rate, safe zone, and its unit. */
#include "fusion/font.h"
#include "fusion/light.h"

typedef struct dio_screen {
    int width, height, fps;
    double unit; /* pixels: a hundredth of the shorter side. Lengths in files are in it, so that one
                    file fits every format */
    dio_box safe; /* what a platform's own buttons leave free */
    dio_fonts *fonts;
    dio_rgb background;
} dio_screen;
