/* registry.c: models.def as a table. */
#include "vision/models.h"

#define DIO_MODEL(name) extern const dio_model dio_model_##name;
#include "vision/models/models.def"
#undef DIO_MODEL

#define DIO_MODEL(name) &dio_model_##name,
static const dio_model *const models[] = {
#include "vision/models/models.def"
    NULL,
};
#undef DIO_MODEL

const dio_model_set dio_vision_models = {models, (int)(sizeof models / sizeof models[0]) - 1};
