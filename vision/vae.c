/* vae.c: autoencoders from their files, and pictures through them. */
#include "vision/vae.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "vision/models.h"
#include "vision/stripes.h"

enum { CONFIG_LIMIT = 1 << 20, SIDE_LIMIT = 16384, BATCH_LIMIT = 4096 };

/* --- opening and closing --- */

static void ready(void *owner)
{
    dio_vae *vae = owner;
    vae->ops = vae->net.family->ops;
    vae->ops->shape(vae->net.model, &vae->shape);
}

static const dio_network_kind kind = {.what = "an autoencoder",
                                      .kind = "vae",
                                      .families = &dio_vision_models,
                                      .size = sizeof(dio_vae),
                                      .ready = ready};

/* Which halves these files hold, and how they name them. */
static bool look(dio_vae *vae, const dio_weights *const *from, int n, dio_error *err)
{
    if (!vae->ops->look(vae->net.model, from, n, err))
        return false;
    vae->ops->shape(vae->net.model, &vae->shape);
    return true;
}

/* The weights that one file holds, which may be those of one half. */
static bool load_one(dio_vae *vae, const dio_weights *from, dio_dtype keep, dio_error *err)
{
    dio_walk walk;
    if (!look(vae, &from, 1, err) ||
        !dio_walk_init(&walk, vae->net.family->walk, vae->net.model, NULL, err))
        return false;
    bool ok = dio_walk_load(&walk, from, keep, 0, "", NULL, err);
    dio_walk_deinit(&walk);
    return ok;
}

/* From one file, or one for each half. All is listed first, so that closing finds what was loaded
 * before a failure. */
static dio_vae *build_from(const dio_value *config, const dio_weights *const *from, int n,
                           dio_dtype keep, dio_error *err)
{
    dio_vae *vae = dio_network_begin(&kind, err);
    if (!vae)
        return NULL;
    bool ok = dio_network_make(&vae->net, config, err) && look(vae, from, n, err) &&
              dio_network_list(&vae->net, err);
    for (int i = 0; ok && i < n; i++)
        ok = load_one(vae, from[i], keep, err);
    ok = ok && look(vae, from, n, err);
    return dio_network_end(vae, ok, err);
}

dio_vae *dio_vae_build(const dio_value *config, const dio_weights *from, dio_dtype keep,
                       dio_error *err)
{
    return build_from(config, &from, 1, keep, err);
}

dio_vae *dio_vae_create(const dio_value *config, uint64_t seed, dio_dtype keep, dio_error *err)
{
    return dio_network_create(&kind, config, seed, keep, err);
}

void dio_vae_close(dio_vae *vae)
{
    dio_network_close(vae);
}

/* The weights of a diffusers folder, whatever they are called there. */
static dio_weights *open_folder(dio_arena *a, const char *dir, dio_error *err)
{
    static const char *const names[] = {
        "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors.index.json",
        "diffusion_pytorch_model.bin",         "diffusion_pytorch_model.fp16.safetensors",
        "diffusion_pytorch_model.fp16.bin",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = dio_path_join(a, dir, names[i]);
        if (dio_file_exists(path))
            return dio_weights_open(path, err);
    }
    dio_fail(err, "there is no %s in this folder, nor one of its other forms", names[0]);
    dio_error_at(err, dir, 0, 0);
    return NULL;
}

static dio_vae *open_configured(const char *dir, dio_dtype keep, dio_error *err)
{
    dio_vae *vae = NULL;
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "an autoencoder");
        return NULL;
    }
    dio_value *config = dio_value_read(a, dio_path_join(a, dir, "config.json"), CONFIG_LIMIT, err);
    dio_weights *from = config ? open_folder(a, dir, err) : NULL;
    if (from)
        vae = dio_vae_build(config, from, keep, err);
    dio_weights_close(from);
    dio_arena_destroy(a);
    return vae;
}

/* --- the author's files: one for each half, without a config --- */

/* The first of these weights that is there and a kernel. */
static const dio_tensor *kernel_of(const dio_weights *from, const char *const *names)
{
    for (; *names; names++) {
        const dio_tensor *t = dio_weights_find(from, *names);
        if (t && t->type.nd == 4)
            return t;
    }
    return NULL;
}

/* The config that such a file implies: its channels are all that varies. */
static dio_value *implied_config(dio_arena *a, const dio_weights *from)
{
    static const char *const first[] = {"1.weight", "decoder.1.weight", "decoder.layers.0.weight",
                                        NULL};
    static const char *const last[] = {"14.weight", "encoder.14.weight", NULL};
    const dio_tensor *in = kernel_of(from, first), *out = kernel_of(from, last);
    dio_value *config = dio_value_map(a), *widths = dio_value_list(a);
    int64_t channels = in ? in->type.dim[1] : out ? out->type.dim[0] : 4;
    int64_t width = in ? in->type.dim[0] : out ? out->type.dim[1] : 64;
    for (int i = 0; i < 4; i++)
        dio_list_add(a, widths, dio_value_int(a, width));
    dio_map_set(a, config, "_class_name", dio_value_string(a, "AutoencoderTiny"));
    dio_map_set(a, config, "latent_channels", dio_value_int(a, channels));
    dio_map_set(a, config, "encoder_block_out_channels", widths);
    dio_map_set(a, config, "decoder_block_out_channels", widths);
    return config;
}

/* "dir/taesd_encoder.pth" for "dir/taesd_decoder.pth"; NULL when there is no such file. */
static const char *other_half(dio_arena *a, const char *path)
{
    const char *at = NULL, *found = path;
    while ((found = strstr(found, "decoder")) != NULL)
        at = found++;
    if (!at || strchr(at, '/'))
        return NULL;
    const char *other =
        dio_arena_printf(a, "%.*sencoder%s", (int)(at - path), path, at + strlen("decoder"));
    return dio_file_exists(other) ? other : NULL;
}

static dio_vae *open_file(const char *path, dio_dtype keep, dio_error *err)
{
    dio_vae *vae = NULL;
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "an autoencoder");
        return NULL;
    }
    const char *other = other_half(a, path);
    dio_weights *from[2] = {dio_weights_open(path, err), NULL};
    bool ok = from[0] != NULL;
    if (ok && other)
        ok = (from[1] = dio_weights_open(other, err)) != NULL;
    if (ok)
        vae = build_from(implied_config(a, from[0]), (const dio_weights *const *)from,
                         other ? 2 : 1, keep, err);
    dio_weights_close(from[0]);
    dio_weights_close(from[1]);
    dio_arena_destroy(a);
    return vae;
}

dio_vae *dio_vae_open(const char *path, dio_dtype keep, dio_error *err)
{
    char config[4096];
    int n = snprintf(config, sizeof config, "%s/config.json", path);
    if (n < 0 || n >= (int)sizeof config) {
        dio_fail(err, "the path is too long");
        return NULL;
    }
    return dio_file_exists(config) ? open_configured(path, keep, err) : open_file(path, keep, err);
}

/* --- pictures --- */

void dio_vae_sample(const float *mean, const float *std, const float *noise, size_t count,
                    float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = std ? mean[i] + std[i] * noise[i] : mean[i];
}

static bool check_finite(const float *x, size_t count, const char *what, dio_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return dio_fail(err, "%s number %zu of %zu is not finite", what, i, count);
    return true;
}

static bool check_sizes(int batch, int h, int w, int least, int most, const char *what,
                        dio_error *err)
{
    if (batch < 1 || batch > BATCH_LIMIT)
        return dio_fail(err, "a batch of %d is outside 1..%d", batch, BATCH_LIMIT);
    if (h < least || w < least || h > most || w > most)
        return dio_fail(err, "%s of %dx%d: both sides must be within %d..%d", what, w, h, least,
                        most);
    return true;
}

static void list_stages(const dio_vae *vae, bool decoder, dio_stages *out)
{
    out->count = out->named = 0;
    (decoder ? vae->ops->decoder : vae->ops->encoder)(vae->net.model, out);
}

struct progress {
    const dio_vae_options *o;
    int image, batch;
};

static bool report_progress(void *user, double done)
{
    const struct progress *p = user;
    return p->o->progress(p->o->user, (p->image + done) / p->batch);
}

/* Every picture of a batch on its own: it then cannot know of its neighbours. `out` is the last
 * stage's result, `out_size` numbers a picture. */
static bool run_all(const dio_vae *vae, dio_device *device, bool decoder, const float *in,
                    const int sizes[3], const dio_vae_options *options, float *out, size_t out_size,
                    dio_error *err)
{
    const dio_vae_options none = {0}, *o = options ? options : &none;
    dio_stages stages;
    dio_vae_report report = {0};
    list_stages(vae, decoder, &stages);
    size_t in_size = (size_t)stages.items[0].channels * (size_t)sizes[1] * (size_t)sizes[2];
    struct progress progress = {.o = o, .batch = sizes[0]};
    dio_stripes job = {.stages = &stages,
                       .device = device,
                       .h = sizes[1],
                       .w = sizes[2],
                       .memory_limit = o->memory_limit,
                       .tile_x = o->tile_x,
                       .tile_y = o->tile_y,
                       .progress = o->progress ? report_progress : NULL,
                       .user = &progress,
                       .report = &report};
    bool ok = true;
    for (int i = 0; ok && i < sizes[0]; i++) {
        job.in = in + (size_t)i * in_size;
        job.out = out + (size_t)i * out_size;
        progress.image = i;
        ok = check_finite(job.in, in_size, decoder ? "latents:" : "the picture:", err) &&
             dio_stripes_run(&job, err) &&
             check_finite(job.out, out_size, "the autoencoder's weights lead out of range: result",
                          err);
    }
    if (o->report)
        *o->report = report;
    return ok;
}

bool dio_vae_decode(const dio_vae *vae, dio_device *device, const float *latent, int batch, int h,
                    int w, const dio_vae_options *options, float *out, dio_error *err)
{
    int scale = vae->shape.scale;
    if (!vae->shape.decodes)
        return dio_fail(err, "this autoencoder has no decoder: its file holds the encoder alone");
    if (!check_sizes(batch, h, w, 1, SIDE_LIMIT / scale, "latents", err))
        return false;
    size_t size = (size_t)vae->shape.image_channels * (size_t)(h * scale) * (size_t)(w * scale);
    return run_all(vae, device, true, latent, (int[]){batch, h, w}, options, out, size, err);
}

/* The encoder's moments [2C,h,w] as mean and standard deviation. */
static void split_moments(const float *moments, size_t count, float *mean, float *std)
{
    memcpy(mean, moments, count * sizeof *mean);
    for (size_t i = 0; std && i < count; i++)
        std[i] = expf(0.5F * fminf(fmaxf(moments[count + i], -30), 20));
}

bool dio_vae_encode(const dio_vae *vae, dio_device *device, const float *image, int batch, int h,
                    int w, const dio_vae_options *options, float *mean, float *std, dio_error *err)
{
    int scale = vae->shape.scale;
    if (!vae->shape.encodes)
        return dio_fail(err, "this autoencoder has no encoder: its file holds the decoder alone");
    if (!check_sizes(batch, h, w, scale, SIDE_LIMIT, "a picture", err))
        return false;
    if (h % scale || w % scale)
        return dio_fail(err, "a picture of %dx%d: both sides must be multiples of %d", w, h, scale);
    size_t count = (size_t)vae->shape.latent_channels * (size_t)(h / scale) * (size_t)(w / scale);
    if (vae->shape.tiny) {
        for (size_t i = 0; std && i < (size_t)batch * count; i++)
            std[i] = 0;
        return run_all(vae, device, false, image, (int[]){batch, h, w}, options, mean, count, err);
    }
    float *moments = malloc((size_t)batch * 2 * count * sizeof *moments);
    if (!moments)
        return dio_fail_memory(err, "the encoder's result");
    bool ok =
        run_all(vae, device, false, image, (int[]){batch, h, w}, options, moments, 2 * count, err);
    for (int i = 0; ok && i < batch; i++)
        split_moments(moments + (size_t)i * 2 * count, count, mean + (size_t)i * count,
                      std ? std + (size_t)i * count : NULL);
    free(moments);
    return ok;
}

/* --- graphs --- */

static dio_val forward(dio_graph *g, const dio_vae *vae, bool decoder, dio_vae_io *io)
{
    dio_type t = dio_type_of(g, io->in);
    int channels = decoder ? vae->shape.latent_channels : vae->shape.image_channels;
    unsigned wrap = (io->tile_x ? DIO_NN_WRAP_X : 0) | (io->tile_y ? DIO_NN_WRAP_Y : 0);
    io->logvar = io->std = DIO_NONE;
    if (t.dtype != DIO_F32 || t.nd != 4 || t.dim[1] != channels) {
        char text[DIO_TYPE_TEXT];
        return dio_graph_fail(g, "the autoencoder reads f32[B,%d,H,W], not %s", channels,
                              dio_type_text(&t, text));
    }
    if (!(decoder ? vae->shape.decodes : vae->shape.encodes))
        return dio_graph_fail(g, "this autoencoder has no %s", decoder ? "decoder" : "encoder");
    dio_stages stages;
    list_stages(vae, decoder, &stages);
    return dio_stages_forward(g, &stages, io->in, wrap);
}

void dio_vae_decode_forward(dio_graph *g, const dio_vae *vae, dio_vae_io *io)
{
    io->out = forward(g, vae, true, io);
    dio_tap(g, io->out, "sample");
}

void dio_vae_encode_forward(dio_graph *g, const dio_vae *vae, dio_vae_io *io)
{
    int64_t channels = vae->shape.latent_channels;
    dio_val y = forward(g, vae, false, io);
    io->out = y;
    if (vae->shape.tiny) {
        dio_tap(g, io->out, "latents");
        return;
    }
    io->out = dio_tap(g, dio_slice(g, y, 1, 0, channels, 1), "latent_dist.mean");
    io->logvar = dio_clamp(g, dio_slice(g, y, 1, channels, channels, 1), -30, 20);
    dio_tap(g, io->logvar, "latent_dist.logvar");
    io->std = dio_tap(g, dio_exp(g, dio_axpb(g, io->logvar, 0.5F, 0)), "latent_dist.std");
}
