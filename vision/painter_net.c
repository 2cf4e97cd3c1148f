/* painter_net.c: what kinds of network the painter has. */
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
