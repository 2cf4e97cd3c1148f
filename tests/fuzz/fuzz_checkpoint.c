/* fuzz_checkpoint.c: any bytes as a checkpoint of a picture model: taken apart into parts, a UNet
 * built of what it infers; and as a LoRA, merged into a small UNet. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vision/bundle.h"
#include "vision/lora.h"
#include "vision/unet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char config[] =
    "{\"_class_name\":\"UNet2DConditionModel\",\"block_out_channels\":[4,4],"
    "\"down_block_types\":[\"CrossAttnDownBlock2D\",\"DownBlock2D\"],"
    "\"up_block_types\":[\"UpBlock2D\",\"CrossAttnUpBlock2D\"],\"layers_per_block\":1,"
    "\"norm_num_groups\":1,\"attention_head_dim\":1,\"cross_attention_dim\":3}";

static void take_apart(const char *path)
{
    static const char *const parts[] = {"unet", "vae", "text_encoder", "text_encoder_2"};
    dio_error err = {0};
    dio_bundle *b = dio_bundle_open(path, NULL, &err);
    if (!b && err.kind == DIO_ERROR_NONE)
        __builtin_trap(); /* a refusal always says why */
    for (int i = 0; b && i < 4; i++) {
        dio_error none = {0};
        const dio_weights *w = dio_bundle_weights(b, parts[i], &none);
        if (!w != (none.kind != DIO_ERROR_NONE))
            __builtin_trap();
        if (w && i == 0)
            dio_unet_close(dio_unet_build(dio_bundle_config(b, "unet"), w, DIO_DTYPES, &none));
    }
    dio_bundle_close(b);
}

static void change(const char *path)
{
    dio_error err = {0};
    dio_lora *l = dio_lora_open(path, &err);
    if (!l && err.kind == DIO_ERROR_NONE)
        __builtin_trap();
    dio_arena *a = l ? dio_arena_create() : NULL;
    const dio_value *v = a ? dio_json_parse(a, "config.json", config, strlen(config), &err) : NULL;
    dio_unet *u = v ? dio_unet_create(v, 1, DIO_F32, &err) : NULL;
    if (u) {
        dio_lora_target t = {"unet", &u->net.walk, u->net.family->walk, u->net.model};
        dio_lora_use use = {l, 0.5f};
        if (dio_lora_merge(&use, 1, &t, 1, &err) != dio_lora_attach(&use, 1, &t, 1, &err))
            __builtin_trap();
    }
    dio_unet_close(u);
    dio_arena_destroy(a);
    dio_lora_close(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0)
        return 0;
    if (write(fd, data, size) == (ssize_t)size) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        take_apart(path);
        change(path);
    }
    close(fd);
    return 0;
}
