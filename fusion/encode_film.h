#pragma once
/* encode_film.h: private to fusion/: one pass over a film's frames into a file. */
#include "fusion/encode.h"
#include "fusion/film_palette.h"

struct dio_film_work {
    const dio_film_source *source;
    const dio_writing *how;
    dio_film_palette *palette; /* counted; NULL: the format needs none */
    bool clear;                /* some pixel of some frame was */
    dio_canvas canvas;         /* for sources that draw where pictures are wanted */
    double done, share;        /* progress before this pass, and of it */
};

/* Refuses what cannot be a film; counts colours where the format has a palette. */
bool dio_film_prepare(struct dio_film_work *w, dio_error *err);
bool dio_film_pass(struct dio_film_work *w, const char *path, double knob, dio_error *err);
void dio_film_deinit(struct dio_film_work *w);
