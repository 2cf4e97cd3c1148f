/* test_diffuser_added.c: whole pipelines with what users put beside a model, against diffusers
 * (tests/golden/diffuser/added, made by tools/golden/diffuser_added.py): one LoRA and two with
 * scales, in the weights of UNet and text encoders; learned words; other VAEs and TAESD. */
#include <stdio.h>

#include "tests/vision/diffuser_case.h"

enum { ADDED = 4 };

/* Of the largest latent; in bytes. Measured over all 16 cases: 1.4e-6 and 1. */
static const double latent_tolerance = 5.6e-6;
static const int byte_tolerance = 1;

struct added {
    char paths[2 * ADDED + 1][256];
    int n;
    dio_lora_file loras[ADDED];
    const char *embeddings[ADDED];
};

static const char *put_path(struct added *a, const char *folder, const dio_value *name)
{
    char *path = a->paths[a->n++];
    snprintf(path, sizeof a->paths[0], "tests/golden/%s/%s", folder, name->string.text);
    return path;
}

static double number(const dio_value *v)
{
    return v->kind == DIO_INT ? (double)v->integer : v->real;
}

static dio_diffuser_options options_of(const dio_value *c, struct added *a)
{
    const dio_value *loras = dio_map_get(c, "loras"), *vae = dio_map_get(c, "vae");
    const dio_value *words = dio_map_get(c, "embeddings");
    dio_diffuser_options o = {.loras = a->loras, .embeddings = a->embeddings};
    *a = (struct added){0};
    for (; loras && o.n_loras < loras->list.count; o.n_loras++) {
        const dio_value *pair = loras->list.items[o.n_loras];
        a->loras[o.n_loras] = (dio_lora_file){put_path(a, "diffuser/added", pair->list.items[0]),
                                              number(pair->list.items[1])};
    }
    for (; words && o.n_embeddings < words->list.count; o.n_embeddings++)
        a->embeddings[o.n_embeddings] =
            put_path(a, "diffuser/added", words->list.items[o.n_embeddings]);
    o.vae = vae ? put_path(a, ".", vae) : NULL;
    return o;
}

static void test_goldens(void **state)
{
    struct diffuser_golden g;
    (void)state;
    golden_read(&g, "added");
    assert_int_equal(g.cases->list.count, 16);
    for (int i = 0; i < g.cases->list.count; i++) {
        const dio_value *c = g.cases->list.items[i];
        struct added added;
        char path[256];
        snprintf(path, sizeof path, "tests/golden/diffuser/%s", golden_text(c, "model"));
        golden_model(&g, path, options_of(c, &added));
        struct golden_off off = golden_run(&g, c);
        if (!(off.latent <= latent_tolerance) || off.byte > byte_tolerance)
            fail_msg("%s: latents differ by %g of the largest, bytes by %d", golden_text(c, "name"),
                     off.latent, off.byte);
    }
    golden_close(&g);
}

/* --- what does not fit the model --- */

static void refused(const char *model, dio_diffuser_options o, const char *message)
{
    dio_error err = {0};
    char path[256], text[2048];
    dio_device *device = dio_device_cpu(&err);
    snprintf(path, sizeof path, "tests/golden/diffuser/%s", model);
    assert_null(dio_diffuser_open(path, &o, device, &err));
    assert_string_equal(dio_error_text(&err, text, sizeof text), message);
    dio_device_close(device);
}

#define ADDED_ "tests/golden/diffuser/added/"
#define K      "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"

static void test_loras_of_others(void **state)
{
    (void)state;
    const dio_lora_file xl[] = {{ADDED_ "style.safetensors", 1},
                                {ADDED_ "xl-style.safetensors", 1}};
    const dio_lora_file picture = {"tests/golden/diffuser/init.png", 1};
    refused("sd", (dio_diffuser_options){.loras = xl, .n_loras = 2},
            ADDED_ "xl-style.safetensors: unet." K ": f16[2,28] and f16[8,2] make no change of " K
                   ".weight, f32[8,16]: this LoRA is for another model");
    refused("sd", (dio_diffuser_options){.loras = &picture, .n_loras = 1},
            "tests/golden/diffuser/init.png: not a file of weights that is known here: safetensors "
            "and checkpoints of PyTorch are");
}

static void test_words_of_others(void **state)
{
    (void)state;
    static const char *const xl[] = {ADDED_ "xl-boat.safetensors"};
    static const char *const sd[] = {ADDED_ "boat.safetensors"};
    static const char *const twice[] = {ADDED_ "boat.safetensors", ADDED_ "boat.safetensors"};
    static const char *const wide[] = {"tests/golden/clip/embeddings/my-style.pt"};
    refused("sd", (dio_diffuser_options){.embeddings = xl, .n_embeddings = 1},
            ADDED_ "xl-boat.safetensors: the embedding is for two text encoders (clip_l and "
                   "clip_g), as in SDXL; this model has one");
    refused("xl", (dio_diffuser_options){.embeddings = sd, .n_embeddings = 1},
            ADDED_ "boat.safetensors: the embedding has no clip_l and clip_g: it is not for a "
                   "model with two text encoders, such as SDXL");
    refused("sd", (dio_diffuser_options){.embeddings = twice, .n_embeddings = 2},
            ADDED_ "boat.safetensors: there is an embedding \"<boat>\" already");
    refused("sd", (dio_diffuser_options){.embeddings = wide, .n_embeddings = 1},
            "tests/golden/clip/embeddings/my-style.pt: the vectors of \"my-style\" are 32 wide, "
            "the text encoder's are 16: it was made for another model");
}

static void test_vaes_of_others(void **state)
{
    (void)state;
    refused("sd", (dio_diffuser_options){.vae = "tests/golden/vae/wide"},
            "tests/golden/diffuser/sd: the UNet gives 4 channels and the VAE takes latents of 16: "
            "they are not of one model");
    refused("sd", (dio_diffuser_options){.vae = "tests/golden/vae/taesd/taesd_encoder.pth"},
            "tests/golden/vae/taesd/taesd_encoder.pth: this VAE only encodes; pictures need its "
            "decoder");
    refused("sd", (dio_diffuser_options){.vae = "tests/golden/unet/sd1"},
            "tests/golden/unet/sd1/config.json:1:1: unet_2d_condition is a model of kind unet, not "
            "an autoencoder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_loras_of_others),
        cmocka_unit_test(test_words_of_others),
        cmocka_unit_test(test_vaes_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
