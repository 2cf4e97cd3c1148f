#pragma once
/* unet_model.h: the UNet's struct: what its config comes to, and its weights. Private to the
 * family: unet_keys.c and
 * unet_config.c fill the first half, unet_2d_condition.c walks and runs the rest. */
#include "vision/nn.h"
#include "vision/unet.h"

enum {
    UNET_LEVELS = 8,
    UNET_DEPTH = 17,  /* residual blocks of one level, one more on the way up */
    UNET_LAYERS = 64, /* of one transformer */
    UNET_WIDTH = 16384,
};

/* The keys of config.json that are one number or flag. */
struct unet_config {
    int in_channels, out_channels, norm_num_groups, downsample_padding;
    int addition_time_embed_dim, projection_class_embeddings_input_dim;
    int time_cond_proj_dim, time_embedding_dim;
    float norm_eps, freq_shift;
    bool flip_sin_to_cos, use_linear_projection;
};

/* A row of residual blocks, each with a transformer after it where `cross`, and a change of size.
 */
struct unet_block {
    bool cross, resample;
    int count, width;       /* residual blocks; channels that they give */
    int in[UNET_DEPTH];     /* channels that each takes, those of the skip included */
    int layers[UNET_DEPTH]; /* of each transformer */
    int heads;
    dio_nn_resnet *resnet;
    dio_nn_transformer *attention; /* the middle has one less than residual blocks */
    dio_nn_conv2d sampler;
};

struct unet {
    struct unet_config c;
    int levels, context, sample_size;
    int time_width; /* of the embedding that the blocks read */
    bool has_mid, text_time;
    struct unet_block down[UNET_LEVELS], mid, up[UNET_LEVELS];
    dio_nn_conv2d conv_in, conv_out;
    dio_nn_time time, added;
    dio_nn_norm norm_out;
};

extern const dio_field unet_fields[];

/* Everything of config.json that is not a plain field, and what follows from all of it. Values
 * that this network does not know are refused at their place. */
bool unet_config_read(struct unet *m, const dio_value *json, dio_arena *a, dio_error *err);

/* Whether every key is known, and every value that is not read is the one that is computed. */
bool unet_check_keys(const dio_value *json, dio_arena *a, dio_error *err);
/* Whether the value, or every one of a list, is what `want` spells. */
bool unet_is(const dio_value *v, const char *want);
