#pragma once
/* models.h: the families of models that make or change pictures: models/models.def as a table.
 *
 * Kinds are "unet" (unet.h), "vae" (vae.h), "upscaler" and "generator"; a kind's header says what
 * `ops` points at. Use dio_model_find with this set on a config.json.
 */
#include "tensor/model.h"

extern const dio_model_set dio_vision_models;
