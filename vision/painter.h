#pragma once
/* painter.h: the house painter: a prompt becomes a picture, offline, in about a second.
 *
 * It knows some hundred subjects, and words for material, light, framing, backdrop and style
 * (assets/scenes/words.yaml); whatever a prompt leaves open, the seed decides. What it paints is
 * stylised: no photographs.
 *
 *     dio_painter *p = dio_painter_open("assets/models/painter", DIO_F32, err);
 *     dio_painter_request r = {.prompt = "a glass bottle on a podium, rim light", .seed = 7};
 *     dio_image *picture;
 *     bool ok = dio_painter_paint(p, device, &r, &picture, err);
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/device.h"
#include "vision/image.h"

enum {
    DIO_PAINTER_LEAST = 256, /* pixels a side */
    DIO_PAINTER_MOST = 768,
    DIO_PAINTER_STEPS = 64,
    DIO_PAINTER_COLOURS = 5,
};

typedef struct dio_painter dio_painter;

typedef struct dio_painter_request {
    const char *prompt;
    int width, height; /* 0: 512 */
    int steps;         /* 0: the default, 1 */
    uint64_t seed;
    /* The ground's colour, the subject's, its second, the floor's, the accent's: as many as are
     * known. sRGB bytes; met exactly where the painting has nearly that colour (colour_match.h). */
    const uint8_t (*palette)[3];
    int colours;
    bool alpha;          /* the subject alone, cut out */
    bool tile_x, tile_y; /* goes on at the other side */
    /* After step i of n; false or a non-zero *cancel stops. Both may be NULL. */
    bool (*progress)(void *user, int i, int n);
    void *user;
    const volatile sig_atomic_t *cancel;
} dio_painter_request;

/* A painter's folder: flow/, autoencoder/ and subjects.png. Weights are kept in `keep`. */
dio_painter *dio_painter_open(const char *dir, dio_dtype keep, dio_error *err);
void dio_painter_close(dio_painter *p); /* NULL is fine */

/* sRGB of 8 bits: RGB, or RGBA with straight alpha when that is asked for. The notes say how it was
 * made. The same request gives the same picture, whatever the threads; a larger size of the same
 * shape the same composition. Caller unrefs *out. False without a message when it was stopped. */
bool dio_painter_paint(dio_painter *p, dio_device *device, const dio_painter_request *request,
                       dio_image **out, dio_error *err);
