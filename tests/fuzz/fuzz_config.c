/* fuzz_config.c: any bytes as a config.json: parsed, its family found, its fields read and checked,
 * its weights listed. Nothing is drawn or loaded: what a config may ask for is far more than a
 * fuzzer's memory. */
#include <stdint.h>

#include "base/value.h"
#include "text/lm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_walk walk;
    dio_lm_shape shape;
    dio_arena *a = dio_arena_create();
    dio_value *v = a ? dio_json_parse(a, "config.json", (const char *)data, size, &err) : NULL;
    const dio_model *family = v ? dio_model_find(dio_text_models, v, &err) : NULL;
    void *model = family ? dio_model_build(family, v, a, &err) : NULL;
    if (model && dio_walk_init(&walk, family->walk, model, NULL, &err)) {
        ((const dio_lm_ops *)family->ops)->shape(model, &shape);
        if (walk.count < 1 || dio_walk_parameters(&walk) < 1 || shape.vocab < 1)
            __builtin_trap();
        dio_walk_deinit(&walk);
    } else if (err.kind == DIO_ERROR_NONE) {
        __builtin_trap(); /* a refusal always says why */
    }
    dio_arena_destroy(a);
    return 0;
}
