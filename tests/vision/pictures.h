#pragma once
/* pictures.h: what the tests of vision/ share: pictures by formula, files of their own. */
#include "vision/image.h"

/* A folder of the test's own; removed with all that is in it. */
int pictures_setup(void **state);
int pictures_teardown(void **state);
/* "FOLDER/name" in one of four buffers taken in turn. */
const char *pictures_path(void **state, const char *name);
/* How many files lie in the folder. */
int pictures_count(void **state);

dio_form form_of(dio_depth depth, dio_curve curve, int channels, bool premultiplied);

/* Every number different from its neighbours, the same on every run; alpha of all kinds. */
dio_image *picture_noise(int width, int height, dio_form form, unsigned seed);
/* One colour; value has the form's channels, in 0..1. */
dio_image *picture_flat(int width, int height, dio_form form, const float *value);

void picture_set(dio_image *image, int x, int y, int channel, float value);
float picture_get(const dio_image *image, int x, int y, int channel);

/* Fails with the first number that differs. */
void assert_same_picture(const dio_image *a, const dio_image *b);
/* The largest difference between two of one size and number of channels, in 0..1. */
float picture_distance(const dio_image *a, const dio_image *b);
