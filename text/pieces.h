#pragma once
/* pieces.h: a text cut into spans, on its way from characters to ids. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

typedef struct dio_piece {
    size_t start, end; /* bytes of the text */
    int32_t id;        /* an added token, done; -1: still text */
    bool first;        /* begins where the original text begins */
} dio_piece;

/* Zero-initialise; spans are in order and do not overlap. */
typedef struct dio_pieces {
    dio_str text;
    dio_piece *items;
    size_t count, cap;
} dio_pieces;

/* Appends a span; an empty one is left out. */
bool dio_pieces_put(dio_pieces *p, dio_piece piece, dio_error *err);
void dio_pieces_clear(dio_pieces *p);
void dio_pieces_deinit(dio_pieces *p);
