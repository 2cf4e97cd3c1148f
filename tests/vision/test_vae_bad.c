/* test_vae_bad.c: what autoencoders refuse, and in which words: configs, weights, latents, sizes,
 * memory. */
#include "tests/vision/vae_case.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/rng.h"

#define KL  "{\"_class_name\":\"AutoencoderKL\",\"norm_num_groups\":4"
#define TWO ",\"block_out_channels\":[8,16]"
#define TYPES                                                                                      \
    ",\"down_block_types\":[\"DownEncoderBlock2D\",\"DownEncoderBlock2D\"],"                       \
    "\"up_block_types\":[\"UpDecoderBlock2D\",\"UpDecoderBlock2D\"]"
#define TINY  "{\"_class_name\":\"AutoencoderTiny\""
#define KINDS ",\"down_block_types\":[\"DownEncoderBlock2D\",\"AttnDownEncoderBlock2D\"]}"

static const struct {
    const char *config, *says;
} bad_configs[] = {
    {"{}", "1:1: a config.json needs a \"model_type\" (or \"_class_name\") that is a string"},
    {"{\"_class_name\":\"AutoencoderKl\"}", "1:16: _class_name \"AutoencoderKl\" is not supported; "
                                            "did you mean \"AutoencoderKL\"?"},
    {KL TWO "}", "1:1: down_block_types must be a list of 2, one for each of block_out_channels"},
    {KL TWO KINDS, "1:121: down_block_types: \"AttnDownEncoderBlock2D\" is not supported (there is "
                   "DownEncoderBlock2D)"},
    {KL TWO TYPES ",\"act_fn\":\"relu\"}", "act_fn \"relu\" is not supported (there is silu)"},
    {KL ",\"block_out_channels\":[8,6]" TYPES "}",
     "6 channels do not split into norm_num_groups, 4"},
    {KL ",\"block_out_channels\":[]}", "block_out_channels must be a list of 1 to 8 whole numbers"},
    {KL ",\"block_out_channels\":[8,1e9]" TYPES "}",
     "block_out_channels: a whole number from 1 to 8192 is needed"},
    {KL ",\"block_out_channels\":\"many\"}",
     "block_out_channels must be a list of 1 to 8 whole numbers"},
    {KL TWO TYPES ",\"layers_per_block\":1000}", "layers_per_block: 1000 is above 8"},
    {KL TWO TYPES ",\"latent_channels\":0}", "latent_channels: 0 is below 1"},
    {KL TWO TYPES ",\"in_channels\":4}", "in_channels 4 and out_channels 3 must be equal"},
    {KL TWO TYPES ",\"scaling_factor\":0}", "scaling_factor must be above 0"},
    {KL TWO TYPES ",\"scaling_factor\":\"half\"}", "scaling_factor"},
    {KL TWO TYPES ",\"latents_mean\":[0,0,0,0]}",
     "latents_std must be a list of 4 numbers, one for each latent channel"},
    {KL TWO TYPES ",\"latents_mean\":[0,0,0,0],\"latents_std\":[1,1,0,1]}",
     "latents_std: 0 is not above 0"},
    {KL TWO TYPES ",\"latents_mean\":[0,0,0,\"x\"],\"latents_std\":[1,1,1,1]}",
     "latents_mean: a number is needed, not a string"},
    {TINY ",\"upsampling_scaling_factor\":4}",
     "upsampling_scaling_factor 4 is not supported (there is 2)"},
    {TINY ",\"act_fn\":\"gelu\"}", "act_fn \"gelu\" is not supported (there is relu)"},
    {TINY ",\"encoder_block_out_channels\":[8,8]}",
     "num_encoder_blocks has 4 entries and encoder_block_out_channels has 2"},
    {TINY ",\"encoder_block_out_channels\":[8,8,8,9]}",
     "encoder_block_out_channels: 9 after 8: the widths must be equal"},
    {TINY ",\"encoder_block_out_channels\":[8],\"num_encoder_blocks\":[1]}",
     "the encoder takes 3 channels through 1 sizes, the decoder 3 through 4: they must be equal"},
};

static dio_value *parse(dio_arena *a, const char *text)
{
    dio_error err = {0};
    dio_value *v = dio_json_parse(a, "config.json", text, strlen(text), &err);
    must(v != NULL, &err);
    return v;
}

static void configs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_configs / sizeof bad_configs[0]; i++) {
        char text[2048];
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        dio_vae *vae = dio_vae_create(parse(a, bad_configs[i].config), 1, DIO_F32, &err);
        dio_error_text(&err, text, sizeof text);
        if (vae || !strstr(text, bad_configs[i].says))
            fail_msg("%s\n  says %s\n  not  %s", bad_configs[i].config, text, bad_configs[i].says);
        assert_int_equal(err.kind, DIO_ERROR_INVALID);
        dio_arena_destroy(a);
    }
}

/* --- weights --- */

enum { MOST = 256 };

/* The golden's weights with one change, opened as a user would. */
static void open_changed(const char *golden, void change(dio_tensor **, const char **, int *),
                         const char *says)
{
    char dir[] = "/tmp/dio_vae_XXXXXX", path[300], command[600], text[2048];
    dio_error err = {0};
    dio_tensor *tensors[MOST];
    const char *names[MOST];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "tests/golden/vae/%s/diffusion_pytorch_model.safetensors", golden);
    dio_weights *w = dio_weights_open(path, &err);
    must(w != NULL, &err);
    int n = dio_weights_count(w);
    for (int i = 0; i < n; i++) {
        tensors[i] = dio_weights_at(w, i);
        names[i] = tensors[i]->name;
    }
    change(tensors, names, &n);
    snprintf(path, sizeof path, "%s/diffusion_pytorch_model.safetensors", dir);
    must(dio_weights_write(path, tensors, names, n, NULL, 0, &err), &err);
    snprintf(command, sizeof command, "cp tests/golden/vae/%s/config.json %s", golden, dir);
    assert_int_equal(system(command), 0);
    dio_vae *vae = dio_vae_open(dir, DIO_F32, &err);
    dio_error_text(&err, text, sizeof text);
    if (says && (vae || !strstr(text, says)))
        fail_msg("says %s\nnot  %s", vae ? "nothing" : text, says);
    if (!says) {
        must(vae != NULL, &err);
        dio_device *d = dio_device_cpu(&err);
        float latent[4 * 3 * 2] = {0}, out[3 * 24 * 16];
        assert_false(dio_vae_decode(vae, d, latent, 1, 3, 2, NULL, out, &err));
        assert_non_null(strstr(err.message, "leave the range of floats in "));
        dio_device_close(d);
    }
    dio_vae_close(vae);
    dio_weights_close(w);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

static int find(const char **names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    fail_msg("there is no %s", name);
    return -1;
}

static void one_missing(dio_tensor **t, const char **names, int *n)
{
    int i = find(names, *n, "decoder.up_blocks.1.resnets.0.conv1.weight");
    t[i] = t[--*n];
    names[i] = names[*n];
}

static void one_more(dio_tensor **t, const char **names, int *n)
{
    t[*n] = t[0];
    names[(*n)++] = "decoder.up_blocks.9.resnets.0.conv1.weight";
}

static void one_misshapen(dio_tensor **t, const char **names, int *n)
{
    t[find(names, *n, "quant_conv.weight")] = t[find(names, *n, "quant_conv.bias")];
}

static void one_not_a_number(dio_tensor **t, const char **names, int *n)
{
    static dio_tensor *bad;
    dio_error err = {0};
    int i = find(names, *n, "decoder.conv_in.bias");
    dio_tensor_unref(bad);
    bad = dio_tensor_convert(t[i], DIO_F32, &err);
    ((float *)dio_tensor_data(bad))[2] = NAN;
    t[i] = bad;
}

static void nothing_known(dio_tensor **t, const char **names, int *n)
{
    (void)t;
    *n = 1;
    names[0] = "weight";
}

static void weights(void **state)
{
    (void)state;
    open_changed("sd", one_missing, "1 missing: decoder.up_blocks.1.resnets.0.conv1.weight");
    open_changed("sd", one_more, "1 unused: decoder.up_blocks.9.resnets.0.conv1.weight");
    open_changed("sd", one_misshapen, "1 misshapen: quant_conv.weight is f32[8], not [8,8,1,1]");
    open_changed("sd", one_not_a_number, NULL);
    open_changed("tiny", nothing_known, "there is no TAESD encoder or decoder in these weights");
}

static void files(void **state)
{
    (void)state;
    char text[2048];
    static const struct {
        const char *path, *says;
    } bad[] = {
        {"tests/golden/vae/none", "tests/golden/vae/none"},
        {"tests/golden/vae", "tests/golden/vae"},
        {"tests/golden/lm/gpt2", "there is no diffusion_pytorch_model.safetensors in this folder"},
        {"tests/golden/lm/gpt2/model.safetensors",
         "there is no TAESD encoder or decoder in these weights"},
        {"tests/golden/vae/sd/diffusion_pytorch_model.safetensors",
         "the weights do not fit the model"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        assert_null(dio_vae_open(bad[i].path, DIO_F32, &err));
        if (!strstr(dio_error_text(&err, text, sizeof text), bad[i].says))
            fail_msg("%s: says %s\nnot  %s", bad[i].path, text, bad[i].says);
    }
}

/* --- pictures --- */

static void pictures(void **state)
{
    (void)state;
    struct golden g;
    dio_vae_options small = {.memory_limit = 1000};
    float latent[2 * 4 * 6] = {0}, out[3 * 24 * 16 * 2],
                         *image = calloc(3 * 24 * 24, sizeof *image);
    open_golden(&g, "sd", "");
#define REFUSED(says, call)                                                                        \
    do {                                                                                           \
        dio_error err = {0};                                                                       \
        assert_false(call);                                                                        \
        if (!strstr(err.message, says))                                                            \
            fail_msg("says %s\nnot  %s", err.message, says);                                       \
    } while (0)
#define DECODE(batch, h, w, o)                                                                     \
    dio_vae_decode(g.vae, g.device, latent, (batch), (h), (w), (o), out, &err)
    REFUSED("a batch of 0 is outside 1..4096", DECODE(0, 3, 2, NULL));
    REFUSED("a batch of -3 is outside 1..4096", DECODE(-3, 3, 2, NULL));
    REFUSED("latents of 2x0: both sides must be within 1..2048", DECODE(1, 0, 2, NULL));
    REFUSED("latents of 100000x3: both sides must be within 1..2048", DECODE(1, 3, 100000, NULL));
    REFUSED("latents of 2x2147483647: both sides", DECODE(1, 2147483647, 2, NULL));
    REFUSED("a picture of 16x24 takes at least 0.", DECODE(1, 3, 2, &small));
    latent[24 + 5] = INFINITY; /* of the second */
    REFUSED("latents: number 5 of 24 is not finite", DECODE(2, 3, 2, NULL));
    latent[7] = NAN;
    REFUSED("latents: number 7 of 24 is not finite", DECODE(1, 3, 2, NULL));
#define ENCODE(h, w) dio_vae_encode(g.vae, g.device, image, 1, (h), (w), NULL, out, NULL, &err)
    REFUSED("a picture of 20x16: both sides must be multiples of 8", ENCODE(16, 20));
    REFUSED("a picture of 4x16: both sides must be within 8..16384", ENCODE(16, 4));
    image[9] = -INFINITY;
    REFUSED("the picture: number 9 of 768 is not finite", ENCODE(16, 16));
    close_golden(&g);
    open_golden(&g, "taesd", "taesd_encoder.pth");
    latent[7] = 0;
    REFUSED("this autoencoder has no decoder", DECODE(1, 3, 2, NULL));
    close_golden(&g);
    free(image);
}

/* Graphs of what does not fit say so once, when the graph is asked. */
static void graphs(void **state)
{
    (void)state;
    struct golden g;
    dio_error err = {0};
    open_golden(&g, "sd", "");
    dio_graph *graph = dio_graph_create();
    dio_vae_io io = {.in = dio_input(graph, "in", dio_type_4d(DIO_F32, 1, 3, 8, 8))};
    dio_vae_decode_forward(graph, g.vae, &io);
    assert_false(dio_graph_ready(graph, &err));
    assert_string_equal(err.message, "the autoencoder reads f32[B,4,H,W], not f32[1,3,8,8]");
    dio_graph_destroy(graph);
    close_golden(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs),  cmocka_unit_test(weights), cmocka_unit_test(files),
        cmocka_unit_test(pictures), cmocka_unit_test(graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
