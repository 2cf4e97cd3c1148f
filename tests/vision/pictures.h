#pragma once
/* pictures.h: what the tests of vision/ share: pictures by formula, files of their own. */
#include <stddef.h>
#include <stdint.h>

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

/* A file's bytes as a picture; what is said otherwise fails the test. */
dio_image *picture_decode(const void *bytes, size_t n);
/* The bytes are no picture, and what is said of them has `why` in it. */
void picture_refused(const void *bytes, size_t n, const char *why);
/* Every beginning of the file from `from` bytes on is refused with `why`: nobody gets the grey half
 * of a picture. */
void picture_beginnings_refused(const void *bytes, size_t from, size_t n, const char *why);
/* Every `step`th bit flipped, in a format without checksums: the file is refused or gives a picture
 * of the size that it says. The sanitizers watch. */
void picture_bits_flipped(uint8_t *bytes, size_t n, size_t step);
/* How far `got` is off, in 255ths, from `wanted` in its form. */
int picture_off(dio_image *wanted, const dio_image *got);
