#pragma once
/* film_case.h: a small film whose frames are known, in any format. For tests; includes cmocka's
 * headers before this one. */
#include "fusion/encode.h"

/* A square that crosses a ground of slow colours; with alpha, the ground is clear on the right. */
dio_image *film_case_picture(int width, int height, int i, bool alpha);

/* A source of such frames; show only. */
dio_film_source film_case_source(int width, int height, int frames, bool alpha);

/* A new folder under /tmp in dir[64]; film_case_clear removes it with what is in it. */
void film_case_folder(char dir[64]);
void film_case_clear(const char *dir);
/* How many files are in it. */
int film_case_count(const char *dir);

/* Encodes or fails the test. */
dio_written film_case_write(const dio_film_source *s, const char *format, double quality,
                              const char *path);

/* Peak signal to noise over the colours, dB; clear pixels count by their alpha alone. */
double film_case_psnr(const dio_image *a, const dio_image *b);
