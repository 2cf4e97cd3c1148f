/* indexed.c: counts colours in an open hash table that is never more than a quarter full. */
#include "vision/indexed.h"

#include <string.h>

enum { SLOTS = 4 * DIO_INDEXED };

static void pixel(const dio_image *image, const uint8_t *row, int x, uint8_t out[4])
{
    int channels = image->form.channels;
    memcpy(out, row + (size_t)x * (size_t)channels, (size_t)channels);
    if (channels == 3)
        out[3] = 255;
}

/* The slot that holds the colour, or the empty one where it belongs. */
static int find(const dio_indexed *t, const uint8_t colour[4])
{
    uint32_t word;
    memcpy(&word, colour, 4);
    int at = (int)((word * 2654435769u) >> 22); /* Knuth's multiplier; 10 bits: SLOTS */
    while (t->slot[at] >= 0 && memcmp(t->rgba[t->slot[at]], colour, 4) != 0)
        at = (at + 1) % SLOTS;
    return at;
}

static void enter(dio_indexed *t, const uint8_t colour[4])
{
    int at = find(t, colour);
    memcpy(t->rgba[t->count], colour, 4);
    t->slot[at] = (int16_t)t->count++;
}

static bool collect(dio_indexed *t, const dio_image *image, dio_error *err)
{
    for (int y = 0; y < image->height; y++) {
        const uint8_t *row = dio_image_row(image, y);
        for (int x = 0; x < image->width; x++) {
            uint8_t colour[4];
            pixel(image, row, x, colour);
            if (t->slot[find(t, colour)] >= 0)
                continue;
            if (t->count == DIO_INDEXED)
                return dio_fail(err,
                                "the picture has more than %d colours: an indexed PNG cannot "
                                "hold it; bring it to a palette first",
                                DIO_INDEXED);
            enter(t, colour);
        }
    }
    return true;
}

/* PNG lists alpha for the first colours only, as far as it is needed. */
static void order(dio_indexed *t)
{
    uint8_t old[DIO_INDEXED][4];
    int count = t->count;
    memcpy(old, t->rgba, sizeof old);
    t->count = 0;
    memset(t->slot, -1, sizeof t->slot);
    for (int i = 0; i < count; i++)
        if (old[i][3] < 255)
            enter(t, old[i]);
    t->translucent = t->count;
    for (int i = 0; i < count; i++)
        if (old[i][3] == 255)
            enter(t, old[i]);
}

bool dio_indexed_init(dio_indexed *table, const dio_image *image, dio_error *err)
{
    table->count = 0;
    memset(table->slot, -1, sizeof table->slot);
    if (!collect(table, image, err))
        return false;
    order(table);
    return true;
}

void dio_indexed_row(const dio_indexed *table, const dio_image *image, int y, uint8_t *out)
{
    const uint8_t *row = dio_image_row(image, y);
    for (int x = 0; x < image->width; x++) {
        uint8_t colour[4];
        pixel(image, row, x, colour);
        out[x] = (uint8_t)table->slot[find(table, colour)];
    }
}
