#pragma once
/* indexed.h: private to vision/: the colours of a picture, when they are few. */
#include "vision/image.h"

enum { DIO_INDEXED = 256 };

typedef struct dio_indexed {
    int count;
    int translucent; /* the first so many have alpha below 255 */
    uint8_t rgba[DIO_INDEXED][4];
    int16_t slot[4 * DIO_INDEXED]; /* by hash: index into rgba, or -1 */
} dio_indexed;

/* All colours of a U8 picture of 3 or 4 channels, translucent ones first, each kind in the order
 * of its first pixel; refused when they are more than 256. */
bool dio_indexed_init(dio_indexed *table, const dio_image *image, dio_error *err);
/* Row y as indices: out[W]. */
void dio_indexed_row(const dio_indexed *table, const dio_image *image, int y, uint8_t *out);
