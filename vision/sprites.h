#pragma once
/* sprites.h: game sprites in one pass, from the house's conditional generator.
 *
 *     dio_sprites *s = dio_sprites_open(dir, device, err);
 *     dio_sprite_request r = {.kind = "sword", .seed = 7};
 *     dio_image *picture = dio_sprites_paint(s, &r, err);     // 64x64, RGBA, straight alpha
 *
 * A kind is a name ("sword"), a group ("weapon": the seed chooses within it) or "" (anything).
 * Without colours a sprite has those that are natural to it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/device.h"
#include "vision/image.h"

typedef struct dio_sprites dio_sprites;

enum { DIO_SPRITE_COLOURS = 3 };

typedef struct dio_sprite_request {
    const char *kind; /* "" or NULL: any */
    uint64_t seed;
    int colours; /* that are given: main, second, accent; the others are natural */
    float rgb[DIO_SPRITE_COLOURS][3]; /* sRGB, 0..1 */
} dio_sprite_request;

/* A folder that `diorama train` made by a recipe of kind gan with data of kind sprites. */
dio_sprites *dio_sprites_open(const char *dir, dio_device *device, dio_error *err);
void dio_sprites_close(dio_sprites *s); /* NULL is fine */

/* Kinds by number; NULL beyond the last. */
const char *dio_sprites_kind(const dio_sprites *s, int i);
const char *dio_sprites_group(const dio_sprites *s, int i);
/* The kind that a request comes to; -1 with a message that names the nearest. */
int dio_sprites_choose(const dio_sprites *s, const dio_sprite_request *r, dio_error *err);

/* NULL with a message. The same request gives the same bytes, whatever was painted before. */
dio_image *dio_sprites_paint(dio_sprites *s, const dio_sprite_request *r, dio_error *err);

/* What happens to a generator's numbers before they are seen: planes [4,H,W] of -1..1, colours
 * multiplied by alpha, become an image's pixels (U8, sRGB, RGBA, straight), and the colours of the
 * request are met where it has them nearly (colour_match.h). */
bool dio_sprites_finish(const float *planes, const dio_sprite_request *r, dio_image *image,
                        dio_error *err);

/* Pictures of one size side by side, row by row, on clear ground; `gap` clear pixels between. */
dio_image *dio_sprites_sheet(dio_image *const *pictures, int count, int columns, int gap,
                             dio_error *err);
