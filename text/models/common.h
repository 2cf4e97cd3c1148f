#pragma once
/* common.h: what the configs of several families spell alike. Private to text/models/. */
#include "tensor/nn.h"
#include "text/lm.h"

/* Absurd configs are refused long before memory is asked for. */
enum {
    MAX_LAYERS = 512,
    MAX_WIDTH = 65536,
    MAX_HEADS = 1024,
    MAX_VOCAB = 1 << 22,
    MAX_POSITIONS = 1 << 24,
};

/* Where the key stands in the config, for messages; the whole map when it is absent. */
const dio_value *place_of(const dio_value *json, const char *key);

/* bos_token_id and eos_token_id (a number or a list), checked against the vocabulary. */
bool read_ends(dio_lm_shape *shape, const dio_value *json, dio_error *err);

/* What transformers calls the activation; false with the list of known names. */
bool read_act(const char *name, const dio_value *json, const char *key, dio_act *act,
              dio_error *err);

/* rope_theta, rope_scaling and partial_rotary_factor of older configs, or rope_parameters of
 * newer ones. `positions` is max_position_embeddings, head the size of a head. */
bool read_rope(dio_rope_spec *spec, const dio_value *json, int head, int positions, double theta,
               dio_error *err);

/* Dropout of what joins the residual stream; each call of one graph has its own stream. */
dio_val drop(dio_graph *g, dio_val x, const dio_lm_io *io, int stream);
