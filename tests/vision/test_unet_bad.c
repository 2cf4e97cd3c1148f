/* test_unet_bad.c: what a UNet's config may not say, each with its sentence, and inputs that do not
 * fit the network. */
#include "tests/vision/model_case.h"

#include "vision/unet.h"

#define UNET(extra)                                                                                \
    "{\"_class_name\":\"UNet2DConditionModel\",\"block_out_channels\":[8,16],"                     \
    "\"down_block_types\":[\"CrossAttnDownBlock2D\",\"DownBlock2D\"],"                             \
    "\"up_block_types\":[\"UpBlock2D\",\"CrossAttnUpBlock2D\"],\"layers_per_block\":1,"            \
    "\"norm_num_groups\":4,\"attention_head_dim\":2,\"cross_attention_dim\":12" extra "}"
#define BARE(rest) "{\"_class_name\":\"UNet2DConditionModel\"," rest "}"

static const struct {
    const char *json, *says; /* after the place */
} bad[] = {
    {"{\"_class_name\":\"UNet2DModel\"}",
     "_class_name \"UNet2DModel\" is not supported (there are UNet2DConditionModel, "},
    {"{\"_class_name\":\"AutoencoderKL\"}", "autoencoder_kl is a model of kind vae, not a UNet"},
    /* keys held to one value */
    {UNET(",\"act_fn\":\"gelu\""), "act_fn: \"gelu\" is not supported (silu is)"},
    {UNET(",\"attention_type\":\"gated\""),
     "attention_type: \"gated\" is not supported (default is)"},
    {UNET(",\"class_embed_type\":\"timestep\""),
     "class_embed_type: \"timestep\" is not supported (null is)"},
    {UNET(",\"num_class_embeds\":1000"), "num_class_embeds: 1000 is not supported (null is)"},
    {UNET(",\"center_input_sample\":true"),
     "center_input_sample: true is not supported (false is)"},
    {UNET(",\"conv_in_kernel\":5"), "conv_in_kernel: 5 is not supported (3 is)"},
    {UNET(",\"only_cross_attention\":[false,true]"),
     "only_cross_attention: [false,true] is not supported (false is)"},
    {UNET(",\"resnet_time_scale_shift\":\"scale_shift\""),
     "resnet_time_scale_shift: \"scale_shift\" is not supported (default is)"},
    {UNET(",\"mid_block_scale_factor\":1.4"),
     "mid_block_scale_factor: 1.4 is not supported (1 is)"},
    {UNET(",\"mid_block_type\":\"UNetMidBlock2D\""),
     "mid_block_type: \"UNetMidBlock2D\" is not supported (UNetMidBlock2DCrossAttn and null are)"},
    {UNET(",\"encoder_hid_dim_type\":\"image_proj\""),
     "encoder_hid_dim_type: \"image_proj\" is not supported (null is)"},
    {UNET(",\"addition_embed_type\":\"image\""),
     "addition_embed_type: \"image\" is not supported (text_time and null are)"},
    {UNET(",\"addition_embed_type\":\"text_time\""),
     "addition_embed_type text_time needs addition_time_embed_dim and a larger "
     "projection_class_embeddings_input_dim"},
    {UNET(",\"attention_heads\":3"), "attention_heads is no key of a UNet2DConditionModel that is "
                                     "known here"},
    /* lists and numbers */
    {BARE("\"block_out_channels\":[]"), "block_out_channels: a list of 1 to 8 numbers is needed"},
    {BARE("\"block_out_channels\":[32,1073741824]"),
     "block_out_channels: 1073741824 is outside 1 to 16384"},
    {BARE("\"block_out_channels\":[32,64]"),
     "down_block_types is missing, and block_out_channels has 2 levels"},
    {BARE("\"down_block_types\":[\"DownBlock2D\"]"),
     "down_block_types: 1 entries for the 4 levels of block_out_channels"},
    {BARE("\"up_block_types\":[\"UpBlock2D\",\"UpBlock2D\",\"AttnUpBlock2D\",\"UpBlock2D\"]"),
     "up_block_types: \"AttnUpBlock2D\" is not supported (UpBlock2D and CrossAttnUpBlock2D are)"},
    {BARE("\"layers_per_block\":99999"), "layers_per_block: 99999 is outside 1 to 16"},
    {BARE("\"layers_per_block\":\"two\""), "layers_per_block: a string, not a whole number"},
    {BARE("\"transformer_layers_per_block\":[1,2,[3,3],1]"),
     "transformer_layers_per_block: lists within the list need "
     "reverse_transformer_layers_per_block"},
    {BARE("\"transformer_layers_per_block\":[1,2,3]"),
     "transformer_layers_per_block: 3 entries for the 4 levels of block_out_channels"},
    {BARE("\"cross_attention_dim\":[768,768,1024,768]"),
     "cross_attention_dim: 768 and 1024: one text cannot be of two widths"},
    {BARE("\"attention_head_dim\":7"),
     "attention_head_dim: 7 (the number of heads) does not divide 1280 channels"},
    {BARE("\"attention_head_dim\":0"), "attention_head_dim: 0 is outside 1 to 1024"},
    {BARE("\"norm_num_groups\":7"), "norm_num_groups: 7 does not divide 1280 channels"},
    {BARE("\"norm_num_groups\":null"), "norm_num_groups: null is not supported: a number is"},
    {BARE("\"in_channels\":0"), "in_channels: 0 is below 1"},
    {BARE("\"norm_eps\":-1"), "norm_eps: -1 is below 0"},
    {BARE("\"sample_size\":\"big\""), "sample_size: a string, not a whole number"},
};

static dio_unet *create(const char *json, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    const dio_value *config = dio_json_parse(a, "config.json", json, strlen(json), err);
    dio_unet *u = config ? dio_unet_create(config, 1, DIO_F32, err) : NULL;
    dio_arena_destroy(a);
    return u;
}

static void check_configs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        dio_unet *u = create(bad[i].json, &err);
        if (u)
            fail_msg("this was taken: %s", bad[i].json);
        if (strncmp(err.message, bad[i].says, strlen(bad[i].says)) != 0)
            fail_msg("%s\nsays: %s\nnot:  %s", bad[i].json, err.message, bad[i].says);
        if (err.line != 1 || err.column < 1)
            fail_msg("%s\nhas no place", bad[i].json);
    }
}

/* null stands for the default where the class has one, and swish is silu. */
static void check_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        UNET(""),
        UNET(",\"act_fn\":\"swish\",\"_diffusers_version\":\"0.6.0\",\"upcast_attention\":true"),
        UNET(",\"mid_block_only_cross_attention\":null,\"class_embed_type\":null,\"dropout\":0.1"),
        UNET(",\"sample_size\":[64,96],\"only_cross_attention\":[false,false]"),
        UNET(",\"num_attention_heads\":[4,8],\"conv_out_kernel\":3,\"mid_block_scale_factor\":1.0"),
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        dio_error err = {0};
        dio_unet *u = create(good[i], &err);
        must(u != NULL, &err);
        dio_unet_close(u);
    }
}

struct shapes {
    dio_type sample, timestep, context;
    const char *says;
};

/* Inputs that do not fit poison the graph with a sentence. */
static void check_inputs(void **state)
{
    (void)state;
    dio_type sample = dio_type_4d(DIO_F32, 2, 4, 8, 8), time = dio_type_1d(DIO_F32, 2);
    dio_type context = dio_type_3d(DIO_F32, 2, 5, 12);
    const struct shapes wrong[] = {
        {dio_type_4d(DIO_F32, 2, 9, 8, 8), time, context,
         "sample must be f32[2,4,*,*], not f32[2,9,8,8]"},
        {sample, dio_type_1d(DIO_F32, 1), context, "timestep must be f32[2], not f32[1]"},
        {sample, dio_type_1d(DIO_I32, 2), context, "timestep must be f32[2], not i32[2]"},
        {sample, time, dio_type_3d(DIO_F32, 2, 5, 768),
         "encoder_hidden_states must be f32[2,*,12], not f32[2,5,768]"},
        {dio_type_3d(DIO_F32, 4, 8, 8), time, context,
         "sample must be f32[4,4,*,*], not f32[4,8,8]"},
    };
    dio_error err = {0};
    dio_unet *u = create(UNET(""), &err);
    must(u != NULL, &err);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        dio_graph *g = dio_graph_create();
        dio_unet_io io = {.sample = dio_input(g, "a", wrong[i].sample),
                          .timestep = dio_input(g, "b", wrong[i].timestep),
                          .context = dio_input(g, "c", wrong[i].context)};
        dio_unet_forward(g, u, &io);
        dio_error_clear(&err);
        assert_false(dio_graph_ready(g, &err));
        assert_int_equal(io.out, DIO_NONE);
        assert_string_equal(err.message, wrong[i].says);
        dio_graph_destroy(g);
    }
    dio_unet_close(u);
}

/* A config may ask for more than the machine has: told before memory is taken. */
static void check_absurd(void **state)
{
    (void)state;
    dio_error err = {0};
    assert_null(create(BARE("\"block_out_channels\":[16384,16384,16384,16384],"
                            "\"layers_per_block\":16,\"transformer_layers_per_block\":64"),
                       &err));
    assert_int_equal(err.kind, DIO_ERROR_RETRY);
    assert_non_null(strstr(err.message, "MB of memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_configs),
        cmocka_unit_test(check_taken),
        cmocka_unit_test(check_inputs),
        cmocka_unit_test(check_absurd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
