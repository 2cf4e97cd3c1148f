#pragma once
/* models.h: the families of models that make sound: models/models.def as a table. A kind's header
 * says what `ops` points at. Use dio_model_find with this set on a config.json. */
#include "tensor/model.h"

extern const dio_model_set dio_audio_models;
