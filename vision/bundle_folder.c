/* bundle_folder.c: a folder as diffusers writes it.
 *
 *     model_index.json                  which parts there are: "unet": ["diffusers", "UNet2D.."]
 *     unet/ vae/                        config.json, diffusion_pytorch_model.safetensors
 *     text_encoder/ text_encoder_2/     config.json, model.safetensors
 *     scheduler/scheduler_config.json   tokenizer/ tokenizer_2/
 *
 * Weights may be shards with an index, of a variant (.fp16. within the name), or .bin. Parts that
 * we have no use for (safety_checker, feature_extractor) may be there or not. */
#include <string.h>

#include "base/file.h"
#include "vision/bundle_impl.h"
#include "vision/sample/schedule.h"

enum { CONFIG_LIMIT = 16 << 20 };

/* The first that exists of BASE's index of shards and file, in that variant or in none (NULL).
 * Where the variant stands in an index's name differs: as diffusers and transformers write it, as
 * older diffusers did, as huggingface_hub does. */
static const char *weights_named(dio_arena *a, const char *dir, const char *base,
                                 const char *ending, const char *variant)
{
    const char *dot = variant ? "." : "", *v = variant ? variant : "";
    const char *names[] = {
        dio_arena_printf(a, "%s.%s.index%s%s.json", base, ending, dot, v),
        dio_arena_printf(a, "%s.%s%s%s.index.json", base, ending, dot, v),
        dio_arena_printf(a, "%s%s%s.%s.index.json", base, dot, v, ending),
        dio_arena_printf(a, "%s%s%s.%s", base, dot, v, ending),
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = dio_path_join(a, dir, names[i]);
        if (dio_file_exists(path))
            return path;
    }
    return NULL;
}

static const char *weights_of(dio_arena *a, const char *dir, bool text, const char *variant)
{
    const char *base = text ? "model" : "diffusion_pytorch_model";
    const char *path = weights_named(a, dir, base, "safetensors", variant);
    return path ? path : weights_named(a, dir, text ? "pytorch_model" : base, "bin", variant);
}

/* The wanted variant before the plain file; where none is wanted, whatever there is. */
static bool find_weights(dio_bundle *b, int part, const char *dir, const char *variant,
                         bool *varied, dio_error *err)
{
    const char *orders[2][4] = {{NULL, "fp16", "bf16", ""}, {variant, NULL, "", ""}};
    const char *const *order = orders[variant != NULL];
    bool text = part == PART_TEXT || part == PART_TEXT_2;
    struct part *p = &b->part[part];
    for (; !p->path && (!*order || **order); order++) {
        p->path = weights_of(b->arena, dir, text, *order);
        *varied |= p->path && *order;
    }
    return p->path ||
           dio_fail(err,
                    "%s: there are no weights: %s.safetensors, %s.bin, or an index of shards of "
                    "either",
                    dir, text ? "model" : "diffusion_pytorch_model",
                    text ? "pytorch_model" : "diffusion_pytorch_model");
}

/* Whether model_index.json names the part: ["library", "class"], and not [null, null]. */
static bool is_listed(const dio_value *index, const char *name)
{
    const dio_value *v = dio_map_get(index, name);
    return v && v->kind == DIO_LIST && v->list.count == 2 && v->list.items[1]->kind == DIO_STRING;
}

static bool open_part(dio_bundle *b, int part, const char *variant, bool *varied, dio_error *err)
{
    dio_arena *a = b->arena;
    const char *dir = dio_path_join(a, b->path, bundle_part_names[part]);
    struct part *p = &b->part[part];
    if (part == PART_SCHEDULER)
        p->config = dio_schedule_config(a, dio_path_join(a, dir, "scheduler_config.json"), err);
    else
        p->config = dio_value_read(a, dio_path_join(a, dir, "config.json"), CONFIG_LIMIT, err);
    return p->config &&
           (part == PART_SCHEDULER || find_weights(b, part, dir, variant, varied, err));
}

static bool check_index(const dio_value *index, dio_error *err)
{
    static const int needed[] = {PART_UNET, PART_VAE, PART_TEXT, PART_SCHEDULER};
    const dio_value *type = dio_map_get(index, "_class_name");
    const char *name = type && type->kind == DIO_STRING ? type->string.text : "pipeline";
    if (index->kind != DIO_MAP)
        return dio_value_fail(index, err, "model_index.json holds %s, not a map of parts",
                              dio_kind_name(index->kind));
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!is_listed(index, bundle_part_names[needed[i]]))
            return dio_value_fail(index, err,
                                  "this %.80s has no %s: Stable Diffusion 1.x, 2.x and XL can be "
                                  "run, and nothing else yet",
                                  name, bundle_part_names[needed[i]]);
    return true;
}

static dio_bundle_kind kind_of(const dio_bundle *b)
{
    const dio_value *width = dio_map_get(b->part[PART_UNET].config, "cross_attention_dim");
    if (b->part[PART_TEXT_2].config)
        return DIO_BUNDLE_SDXL;
    return width && width->kind == DIO_INT && width->integer == 1024 ? DIO_BUNDLE_SD2
                                                                     : DIO_BUNDLE_SD1;
}

bool bundle_open_folder(dio_bundle *b, const char *variant, dio_error *err)
{
    bool varied = false;
    const char *path = dio_path_join(b->arena, b->path, "model_index.json");
    if (!dio_file_exists(path))
        return dio_fail(err,
                        "%s: there is no model_index.json: a folder as diffusers writes it is "
                        "needed, or a checkpoint file",
                        b->path);
    const dio_value *index = dio_value_read(b->arena, path, CONFIG_LIMIT, err);
    if (!index || !check_index(index, err))
        return false;
    b->part[PART_INDEX].config = index;
    for (int i = 0; i < PART_INDEX; i++)
        if (is_listed(index, bundle_part_names[i]) && !open_part(b, i, variant, &varied, err))
            return false;
    if (variant && !varied)
        return dio_fail(err, "%s: no part has weights of the variant \"%.40s\"", b->path, variant);
    b->kind = kind_of(b);
    return true;
}
