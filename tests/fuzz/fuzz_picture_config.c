/* fuzz_picture_config.c: any bytes as the config.json of a picture model: its family found, its
 * fields read and checked, its weights listed; of an autoencoder the layers too, whose lists have
 * an end. Nothing is drawn or loaded. */
#include <stdint.h>
#include <string.h>

#include "base/value.h"
#include "vision/models.h"
#include "vision/stages.h"
#include "vision/vae.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void list_layers(const dio_model *family, const void *model)
{
    const dio_vae_ops *ops = family->ops;
    dio_vae_shape shape;
    dio_stages stages = {0};
    ops->shape(model, &shape);
    ops->decoder(model, &stages);
    int decoder = stages.count;
    stages = (dio_stages){0};
    ops->encoder(model, &stages);
    if (decoder < 2 || stages.count < 2 || decoder >= DIO_STAGES || stages.count >= DIO_STAGES ||
        shape.latent_channels < 1 || shape.scale < 1)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_walk walk;
    dio_arena *a = dio_arena_create();
    dio_value *v = a ? dio_json_parse(a, "config.json", (const char *)data, size, &err) : NULL;
    const dio_model *family = v ? dio_model_find(dio_vision_models, v, &err) : NULL;
    void *model = family ? dio_model_build(family, v, a, &err) : NULL;
    if (model && dio_walk_init(&walk, family->walk, model, NULL, &err)) {
        if (walk.count < 1 || dio_walk_parameters(&walk) < 1)
            __builtin_trap();
        if (strcmp(family->kind, "vae") == 0)
            list_layers(family, model);
        dio_walk_deinit(&walk);
    } else if (err.kind == DIO_ERROR_NONE) {
        __builtin_trap(); /* a refusal always says why */
    }
    dio_arena_destroy(a);
    return 0;
}
