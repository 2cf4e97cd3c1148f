/* narrator_net.c: what kinds of network the narrator has. */
#include "audio/narrator_net.h"

#include "audio/models.h"

const dio_network_kind dio_narrator_acoustic = {.what = "an acoustic model of the narrator",
                                                .kind = "narrator-acoustic",
                                                .families = &dio_audio_models,
                                                .size = sizeof(dio_network),
                                                .finite = true};

const dio_network_kind dio_narrator_vocoder = {.what = "a vocoder of the narrator",
                                               .kind = "narrator-vocoder",
                                               .families = &dio_audio_models,
                                               .size = sizeof(dio_network),
                                               .finite = true};
