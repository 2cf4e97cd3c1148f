/* diffuser.c: a diffuser from its parts: opening, what it says of itself, closing.
 * Parts must belong together before the first picture is begun: that is checked here, by the widths
 * that meet, so that a wrong VAE or encoder is a sentence and not a wrong picture. */
#include "vision/diffuser_impl.h"

#include <string.h>

#include "base/file.h"
#include "text/tokenizer.h"

/* Configs of single files, which carry none: those of the models' own repositories. */
static const char schedule_sd[] =
    "{\"_class_name\": \"PNDMScheduler\", \"beta_start\": 0.00085, \"beta_end\": 0.012, "
    "\"beta_schedule\": \"scaled_linear\", \"skip_prk_steps\": true, \"set_alpha_to_one\": false, "
    "\"steps_offset\": 1, \"clip_sample\": false}";
static const char schedule_xl[] =
    "{\"_class_name\": \"EulerDiscreteScheduler\", \"beta_start\": 0.00085, \"beta_end\": 0.012, "
    "\"beta_schedule\": \"scaled_linear\", \"timestep_spacing\": \"leading\", "
    "\"steps_offset\": 1}";

static const char *const encoder_names[] = {"", "text_encoder", "text_encoder_2"};

/* --- parts --- */

bool diffuser_parts_has_encoder(const dio_diffuser *d, int which)
{
    return dio_bundle_config(d->bundle, encoder_names[which]) != NULL;
}

bool diffuser_parts_encoder(dio_diffuser *d, int which, dio_text_encoder **out, dio_error *err)
{
    const char *name = encoder_names[which];
    const dio_weights *w = dio_bundle_weights(d->bundle, name, err);
    *out = w ? dio_text_encoder_build(dio_bundle_config(d->bundle, name), w, d->keep, err) : NULL;
    return *out != NULL;
}

dio_tokenizer *diffuser_parts_tokenizer(dio_diffuser *d, int which, dio_error *err)
{
    const char *folder = dio_bundle_tokenizer(d->bundle, which, d->tokenizer, err);
    return folder ? dio_tokenizer_load(folder, err) : NULL;
}

static bool need_part(const dio_diffuser *d, const char *path, const char *name, dio_error *err)
{
    return dio_bundle_config(d->bundle, name) ||
           dio_fail(err, "%s: has no part \"%s\"; a picture model needs unet, vae and text_encoder",
                    path, name);
}

static bool open_unet(dio_diffuser *d, const char *path, dio_error *err)
{
    if (!need_part(d, path, "unet", err))
        return false;
    const dio_weights *w = dio_bundle_weights(d->bundle, "unet", err);
    d->unet = w ? dio_unet_build(dio_bundle_config(d->bundle, "unet"), w, d->keep, err) : NULL;
    return d->unet != NULL;
}

static bool open_vae(dio_diffuser *d, const char *path, const char *given, dio_error *err)
{
    if (given && *given) {
        d->vae = dio_vae_open(given, d->keep, err);
    } else if (need_part(d, path, "vae", err)) {
        const dio_weights *w = dio_bundle_weights(d->bundle, "vae", err);
        d->vae = w ? dio_vae_build(dio_bundle_config(d->bundle, "vae"), w, d->keep, err) : NULL;
    }
    if (!d->vae)
        return false;
    return d->vae->shape.decodes ||
           dio_fail(err, "%s: this VAE only encodes; pictures need its decoder",
                    given && *given ? given : path);
}

/* --- what they say of themselves --- */

static const char *text_of(const dio_value *map, const char *key)
{
    const dio_value *v = map ? dio_map_get(map, key) : NULL;
    return v && v->kind == DIO_STRING ? v->string.text : NULL;
}

static bool flag_of(const dio_value *map, const char *key, bool fallback)
{
    const dio_value *v = map ? dio_map_get(map, key) : NULL;
    return v && v->kind == DIO_BOOL ? v->boolean : fallback;
}

/* A folder's or file's own name, without the suffix of weights. */
static const char *name_of(dio_arena *a, const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    char *name = dio_arena_strdup(a, dio_path_base(dio_arena_strndup(a, path, n)));
    static const char *const suffixes[] = {".safetensors", ".ckpt", ".pth", ".bin", ".pt"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t m = strlen(suffixes[i]), length = strlen(name);
        if (length > m && strcmp(name + length - m, suffixes[i]) == 0)
            name[length - m] = '\0';
    }
    return name;
}

static bool set_schedule(dio_diffuser *d, dio_error *err)
{
    d->schedule = dio_bundle_config(d->bundle, "scheduler");
    if (!d->schedule) {
        const char *text = d->xl ? schedule_xl : schedule_sd;
        d->schedule = dio_json_parse(d->arena, "scheduler", text, strlen(text), err);
    }
    const char *own = d->manner ? d->manner->scheduler : NULL;
    const dio_scheduler *s = !d->schedule ? NULL
                             : own        ? dio_scheduler_find(own, err)
                                          : dio_scheduler_of(d->schedule, err);
    d->info.scheduler = s ? s->name : NULL;
    return s != NULL;
}

static void set_manner(dio_diffuser *d)
{
    const dio_value *index = dio_bundle_config(d->bundle, "model_index");
    const char *names[2 + 64] = {d->name, text_of(index, "_name_or_path")};
    int n = 2;
    for (int i = 0; i < d->n_loras && n < 66; i++)
        names[n++] = dio_path_base(d->loras[i].path);
    d->manner = d->unet->shape.guidance ? NULL : diffuser_manner_of(names, n);
    d->zeros_for_empty = flag_of(index, "force_zeros_for_empty_prompt", true);
    d->aesthetic = flag_of(index, "requires_aesthetics_score", false);
}

/* --- parts that meet --- */

static bool check_channels(const dio_diffuser *d, const char *path, dio_error *err)
{
    int in = d->unet->shape.in_channels, out = d->unet->shape.out_channels, c = d->latent_channels;
    if (out != c)
        return dio_fail(err,
                        "%s: the UNet gives %d channels and the VAE takes latents of %d: they "
                        "are not of one model",
                        path, out, c);
    return in == c || in == 2 * c + 1 ||
           dio_fail(err,
                    "%s: a UNet with %d input channels on latents of %d is neither for pictures "
                    "from text (%d) nor for inpainting (%d)",
                    path, in, c, c, 2 * c + 1);
}

static bool check_words(dio_diffuser *d, const char *path, dio_error *err)
{
    int width, pooled, ids = d->aesthetic ? 5 : DIFFUSER_TIME_IDS;
    if (!diffuser_reader_ready(d, &width, &pooled, err))
        return false;
    if (width == 0)
        return need_part(d, path, "text_encoder", err);
    const dio_unet_shape *u = &d->unet->shape;
    if (width != u->context)
        return dio_fail(err,
                        "%s: the text encoders give %d numbers a token and the UNet reads %d: "
                        "they are not of one model",
                        path, width, u->context);
    int wanted = u->pooled + (DIFFUSER_TIME_IDS - ids) * u->time_id_width;
    return !u->text_time || pooled == wanted ||
           dio_fail(err,
                    "%s: the text encoder's pooled output has %d numbers and the UNet reads %d",
                    path, pooled, wanted);
}

/* --- opening --- */

static void keep_options(dio_diffuser *d, const dio_diffuser_options *o)
{
    d->keep = o->keep;
    d->tokenizer = o->tokenizer && *o->tokenizer ? dio_arena_strdup(d->arena, o->tokenizer) : NULL;
    dio_lora_file *loras = dio_arena_alloc(d->arena, ((size_t)o->n_loras + 1) * sizeof *loras);
    const char **embeddings =
        dio_arena_alloc(d->arena, ((size_t)o->n_embeddings + 1) * sizeof *embeddings);
    for (int i = 0; i < o->n_loras; i++)
        loras[i] = (dio_lora_file){dio_arena_strdup(d->arena, o->loras[i].path), o->loras[i].scale};
    for (int i = 0; i < o->n_embeddings; i++)
        embeddings[i] = dio_arena_strdup(d->arena, o->embeddings[i]);
    d->loras = loras;
    d->n_loras = o->n_loras;
    d->embeddings = embeddings;
    d->n_embeddings = o->n_embeddings;
}

static bool check_options(const dio_diffuser_options *o, dio_error *err)
{
    if (o->n_loras < 0 || o->n_loras > 64 || o->n_embeddings < 0 || o->n_embeddings > 256)
        return dio_fail(err, "at most 64 LoRAs and 256 embeddings can be read");
    for (int i = 0; i < o->n_loras; i++)
        if (!(o->loras[i].scale >= -100 && o->loras[i].scale <= 100))
            return dio_fail(err, "%s: a scale of %g is outside -100 to 100", o->loras[i].path,
                            o->loras[i].scale);
    return true;
}

static bool open_parts(dio_diffuser *d, const char *path, const dio_diffuser_options *o,
                       dio_error *err)
{
    if (!check_options(o, err) || !(d->bundle = dio_bundle_open(path, o->variant, err)))
        return false;
    d->name = name_of(d->arena, path);
    keep_options(d, o);
    if (!open_unet(d, path, err) || !open_vae(d, path, o->vae, err))
        return false;
    d->xl = d->unet->shape.text_time;
    d->vae_scale = d->vae->shape.scale;
    d->latent_channels = d->vae->shape.latent_channels;
    set_manner(d);
    if (!check_channels(d, path, err) || !set_schedule(d, err) || !diffuser_reader_create(d, err) ||
        !check_words(d, path, err) || !diffuser_merge_loras(d, err))
        return false;
    diffuser_usual(d);
    return true;
}

dio_diffuser *dio_diffuser_open(const char *path, const dio_diffuser_options *options,
                                dio_device *device, dio_error *err)
{
    static const dio_diffuser_options usual = {.keep = DIO_DTYPES};
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a diffuser");
        return NULL;
    }
    dio_diffuser *d = dio_arena_alloc(a, sizeof *d);
    d->arena = a;
    d->device = device;
    bool ok = open_parts(d, path, options ? options : &usual, err);
    if (dio_arena_failed(a)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "a diffuser");
    }
    if (ok)
        return d;
    dio_diffuser_close(d);
    return NULL;
}

void dio_diffuser_close(dio_diffuser *d)
{
    if (!d)
        return;
    diffuser_plan_drop(d);
    diffuser_reader_destroy(d);
    dio_unet_close(d->unet);
    dio_vae_close(d->vae);
    dio_bundle_close(d->bundle);
    dio_arena_destroy(d->arena);
}

void dio_diffuser_about(const dio_diffuser *d, dio_diffuser_info *out)
{
    *out = d->info;
}
