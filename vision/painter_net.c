/* painter_net.c: what kinds of network the painter has, and what pictures are to them. */
#include "vision/painter_net.h"

#include "vision/models.h"

const dio_network_kind dio_painter_autoencoder = {.what = "an autoencoder of the painter",
                                                  .kind = "autoencoder",
                                                  .families = &dio_vision_models,
                                                  .size = sizeof(dio_network),
                                                  .finite = true};

const dio_network_kind dio_painter_flow = {.what = "a flow",
                                           .kind = "flow",
                                           .families = &dio_vision_models,
                                           .size = sizeof(dio_network),
                                           .finite = true};

void dio_encoder_pixels(const uint8_t *rgba, size_t plane, float *out)
{
    for (size_t i = 0; i < plane; i++)
        for (size_t c = 0; c < 4; c++)
            out[c * plane + i] = (float)rgba[4 * i + c] * (1 / 127.5f) - 1;
}
