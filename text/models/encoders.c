/* encoders.c: encoders.def as a table. */
#include "text/encoder.h"

#define DIO_MODEL(name) extern const dio_model dio_model_##name;
#include "text/models/encoders.def"
#undef DIO_MODEL

#define DIO_MODEL(name) &dio_model_##name,
static const dio_model *const models[] = {
#include "text/models/encoders.def"
};
#undef DIO_MODEL

const dio_model_set dio_text_encoders = {models, (int)(sizeof models / sizeof models[0])};
