#pragma once
/* vocoder_impl.h: what vocoder*.c share. */
#include "audio/vocoder.h"

extern const dio_network_kind dio_vocoder_kind;

/* Family, model and list of weights, from a config that may name no model: families are known by
 * their marks as well. */
bool dio_vocoder_make(dio_vocoder *v, const dio_value *config, dio_error *err);
/* Fills the weights that are listed. */
bool dio_vocoder_load(dio_vocoder *v, const dio_weights *from, dio_error *err);
