/* registry.c: models.def as a table. */
#include "audio/models.h"

#define DIO_MODEL(name) extern const dio_model dio_model_##name;
#include "audio/models/models.def"
#undef DIO_MODEL

#define DIO_MODEL(name) &dio_model_##name,
static const dio_model *const models[] = {
#include "audio/models/models.def"
    NULL,
};
#undef DIO_MODEL

const dio_model_set dio_audio_models = {models, (int)(sizeof models / sizeof models[0]) - 1};
