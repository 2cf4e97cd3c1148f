/* recipe_gan.c: a recipe of kind gan: each subtree by its own field table. */
#include "vision/recipe_gan.h"

#include <string.h>

#include "base/file.h"

typedef dio_recipe_gan rg;
const dio_field dio_recipe_gan_fields[] = {
    DIO_FIELD(rg, version, NULL, 0, 0, "of the recipe language: 1"),
    DIO_FIELD(rg, kind, NULL, 0, 0, "gan"),
    DIO_FIELD(rg, name, NULL, 1, 80, "the model's name: house/sprites"),
    DIO_FIELD(rg, licence, "unknown", 1, 80, "SPDX name of the trained weights' licence"),
    DIO_FIELD(rg, doc, "", 0, 2000, "what it is for: goes into the model card"),
    DIO_FIELD(rg, generator, "null", 0, 0, "the generator's config.json"),
    DIO_FIELD(rg, discriminator, "null", 0, 0, "the critic's config"),
    DIO_FIELD(rg, data, "null", 0, 0, "where the pictures come from: kind and its keys"),
    DIO_FIELD(rg, train, "null", 0, 0, "steps, loss and penalties"),
    DIO_FIELD(rg, generator_rates, "null", 0, 0, "the generator's optimiser: lr, beta1, ..."),
    DIO_FIELD(rg, discriminator_rates, "null", 0, 0, "the critic's optimiser"),
    DIO_FIELD(rg, batch, "32", 1, 4096, "pictures in an update"),
    DIO_FIELD(rg, seed, "1", 0, 0, "of weights and data"),
    DIO_FIELD(rg, save, "f16", 0, 0, "f16, bf16 or f32: how the weights are stored"),
    {0},
};

const dio_recipe_part dio_recipe_gan_parts[] = {
    {"train", dio_adversarial_fields},
    {"generator_rates", dio_adversarial_rate_fields},
    {"discriminator_rates", dio_adversarial_rate_fields},
    {0},
};

static bool is_given(const dio_value *v)
{
    return v && v->kind != DIO_NULL;
}

static bool read_part(const dio_field *fields, void *out, const dio_value *v, const char *what,
                      dio_arena *a, dio_error *err)
{
    return dio_fields_read(fields, out, is_given(v) ? v : NULL, what, DIO_FIELDS_STRICT, a, NULL,
                           NULL, err);
}

bool dio_recipe_gan_read(dio_recipe_gan *r, const dio_recipe_run *run, dio_error *err)
{
    *r = (dio_recipe_gan){0};
    r->root = dio_path_dir(run->a, run->path);
    if (!dio_fields_read(dio_recipe_gan_fields, r, run->recipe, "recipe", DIO_FIELDS_STRICT, run->a,
                         NULL, NULL, err))
        return false;
    const struct {
        const dio_value *v;
        const char *key, *example;
    } maps[] = {{r->generator, "generator", "{model_type: conditional-generator}"},
                {r->discriminator, "discriminator", "{model_type: projection-critic}"}};
    for (int i = 0; i < 2; i++)
        if (!is_given(maps[i].v) || maps[i].v->kind != DIO_MAP)
            return dio_value_fail(is_given(maps[i].v) ? maps[i].v : run->recipe, err,
                                  "%s: a recipe of kind gan has its config, as in `%s: %s`",
                                  maps[i].key, maps[i].key, maps[i].example);
    if (strcmp(r->save, "f16") != 0 && strcmp(r->save, "bf16") != 0 && strcmp(r->save, "f32") != 0)
        return dio_value_fail(dio_map_get(run->recipe, "save"), err,
                              "save \"%s\": f16, bf16 or f32", r->save);
    return read_part(dio_adversarial_fields, &r->options, r->train, "train", run->a, err) &&
           read_part(dio_adversarial_rate_fields, &r->options.generator, r->generator_rates,
                     "generator_rates", run->a, err) &&
           read_part(dio_adversarial_rate_fields, &r->options.discriminator, r->discriminator_rates,
                     "discriminator_rates", run->a, err);
}

static void fill_in(dio_value *config, const char *key, int number, dio_arena *a)
{
    if (number && !dio_map_get(config, key))
        dio_map_set(a, config, key, dio_value_int(a, number));
}

dio_value *dio_recipe_gan_config(const dio_value *given, const dio_gallery_shape *pictures,
                                 dio_arena *a)
{
    dio_value *config = dio_recipe_without(given, "", a);
    fill_in(config, "z_dim", pictures->noise, a);
    fill_in(config, "label_dim", pictures->labels, a);
    fill_in(config, "channels", pictures->channels, a);
    fill_in(config, "size", pictures->width, a);
    return config;
}
