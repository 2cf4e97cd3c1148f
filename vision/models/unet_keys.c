/* unet_keys.c: which keys a UNet2DConditionModel's config.json may have.
 *
 * The class takes some fifty, of which the published models of Stable Diffusion use about half.
 * Every key is one of: read (unet_config.c), of no consequence here, or held to the one value that
 * this network computes; another value there, or a key not known, is refused by name, since passing
 * it over would draw wrong pictures. */
#include <stdlib.h>
#include <string.h>

#include "vision/models/unet_model.h"

/* Read in unet_config.c, or without consequence for inference in f32. */
static const char *const taken[] = {"sample_size",
                                    "down_block_types",
                                    "up_block_types",
                                    "mid_block_type",
                                    "block_out_channels",
                                    "layers_per_block",
                                    "cross_attention_dim",
                                    "transformer_layers_per_block",
                                    "reverse_transformer_layers_per_block",
                                    "attention_head_dim",
                                    "num_attention_heads",
                                    "addition_embed_type",
                                    "addition_embed_type_num_heads",
                                    "upcast_attention",
                                    "dropout",
                                    NULL};

/* The one value that is computed here. null always stands for the class's default. */
static const struct fixed {
    const char *key, *value;
    bool null; /* the default is null, not `value` */
} fixed[] = {
    {"act_fn", "silu", false},
    {"attention_type", "default", false},
    {"center_input_sample", "false", false},
    {"class_embed_type", "null", true},
    {"class_embeddings_concat", "false", false},
    {"conv_in_kernel", "3", false},
    {"conv_out_kernel", "3", false},
    {"cross_attention_norm", "null", true},
    {"dual_cross_attention", "false", false},
    {"encoder_hid_dim", "null", true},
    {"encoder_hid_dim_type", "null", true},
    {"mid_block_only_cross_attention", "false", true},
    {"mid_block_scale_factor", "1", false},
    {"num_class_embeds", "null", true},
    {"only_cross_attention", "false", false},
    {"resnet_out_scale_factor", "1", false},
    {"resnet_skip_time_act", "false", false},
    {"resnet_time_scale_shift", "default", false},
    {"time_embedding_act_fn", "null", true},
    {"time_embedding_type", "positional", false},
    {"timestep_post_act", "null", true},
};

bool unet_is(const dio_value *v, const char *want)
{
    switch (v->kind) {
    case DIO_NULL:
        return strcmp(want, "null") == 0;
    case DIO_BOOL:
        return strcmp(want, v->boolean ? "true" : "false") == 0;
    case DIO_INT:
        return (double)v->integer == strtod(want, NULL);
    case DIO_REAL:
        return v->real == strtod(want, NULL);
    case DIO_STRING:
        return strcmp(want, v->string.text) == 0;
    case DIO_LIST: /* the same for every level */
        for (int i = 0; i < v->list.count; i++)
            if (!unet_is(v->list.items[i], want))
                return false;
        return true;
    default:
        return false;
    }
}

static bool is_word(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

static bool check_key(const char *key, const dio_value *v, dio_arena *a, dio_error *err)
{
    if (key[0] == '_' || is_word(key, taken) || dio_fields_find(unet_fields, key))
        return true;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (strcmp(key, fixed[i].key) != 0)
            continue;
        if (unet_is(v, fixed[i].value) || (v->kind == DIO_NULL && fixed[i].null) ||
            (strcmp(key, "act_fn") == 0 && unet_is(v, "swish")))
            return true;
        const char *text = dio_json_write(a, v, 0);
        return dio_value_fail(v, err, "%s: %.80s is not supported (%s is)", key, text ? text : "it",
                              fixed[i].value);
    }
    return v->kind == DIO_NULL ||
           dio_value_fail(v, err, "%.80s is no key of a UNet2DConditionModel that is known here",
                          key);
}

bool unet_check_keys(const dio_value *json, dio_arena *a, dio_error *err)
{
    for (int i = 0; i < json->map.count; i++)
        if (!check_key(json->map.keys[i]->string.text, json->map.items[i], a, err))
            return false;
    const dio_value *groups = dio_map_get(json, "norm_num_groups");
    return !groups || groups->kind != DIO_NULL ||
           dio_value_fail(groups, err, "norm_num_groups: null is not supported: a number is");
}
