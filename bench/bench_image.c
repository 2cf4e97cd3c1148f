/* bench_image.c: whole networks over pictures, at the published sizes, with drawn weights in f16: a
 * figure of speed needs no others, and nothing is downloaded.
 *
 * A figure is seconds of one run, by the best; its share is the operations of plain sums (a
 * convolution has them all, whatever way it takes) against multiply-adds in registers. Memory is
 * the process's peak from the drawn weights on: weights, packed or as they are, and what a run
 * takes. */
#include <stdlib.h>

#include "base/rng.h"
#include "bench/bench.h"
#include "bench/scratch.h"
#include "vision/unet.h"
#include "vision/upscaler.h"
#include "vision/vae.h"

static const char sd15[] =
    "{\"_class_name\":\"UNet2DConditionModel\",\"sample_size\":64,\"in_channels\":4,"
    "\"out_channels\":4,\"block_out_channels\":[320,640,1280,1280],\"layers_per_block\":2,"
    "\"down_block_types\":[\"CrossAttnDownBlock2D\",\"CrossAttnDownBlock2D\","
    "\"CrossAttnDownBlock2D\",\"DownBlock2D\"],\"up_block_types\":[\"UpBlock2D\","
    "\"CrossAttnUpBlock2D\",\"CrossAttnUpBlock2D\",\"CrossAttnUpBlock2D\"],"
    "\"attention_head_dim\":8,\"cross_attention_dim\":768,\"norm_num_groups\":32}";
static const char sd15_tiny[] =
    "{\"_class_name\":\"UNet2DConditionModel\",\"sample_size\":8,\"in_channels\":4,"
    "\"out_channels\":4,\"block_out_channels\":[8,16],\"layers_per_block\":1,"
    "\"down_block_types\":[\"CrossAttnDownBlock2D\",\"DownBlock2D\"],"
    "\"up_block_types\":[\"UpBlock2D\",\"CrossAttnUpBlock2D\"],\"attention_head_dim\":2,"
    "\"cross_attention_dim\":12,\"norm_num_groups\":4}";

static const char kl[] =
    "{\"_class_name\":\"AutoencoderKL\",\"block_out_channels\":[128,256,512,512],"
    "\"layers_per_block\":2,\"latent_channels\":4,\"norm_num_groups\":32,"
    "\"down_block_types\":[\"DownEncoderBlock2D\",\"DownEncoderBlock2D\",\"DownEncoderBlock2D\","
    "\"DownEncoderBlock2D\"],\"up_block_types\":[\"UpDecoderBlock2D\",\"UpDecoderBlock2D\","
    "\"UpDecoderBlock2D\",\"UpDecoderBlock2D\"]}";
static const char kl_tiny[] =
    "{\"_class_name\":\"AutoencoderKL\",\"block_out_channels\":[8,16],\"norm_num_groups\":4,"
    "\"down_block_types\":[\"DownEncoderBlock2D\",\"DownEncoderBlock2D\"],"
    "\"up_block_types\":[\"UpDecoderBlock2D\",\"UpDecoderBlock2D\"]}";
static const char srvgg[] =
    "{\"_class_name\":\"SRVGGNetCompact\",\"num_feat\":64,\"num_conv\":16,\"upscale\":4}";
static const char srvgg_tiny[] =
    "{\"_class_name\":\"SRVGGNetCompact\",\"num_feat\":8,\"num_conv\":2,\"upscale\":4}";

/* Fills an input with numbers of about a normal's spread. */
static bool fill(dio_plan *p, const char *name, float scale, dio_error *err)
{
    dio_type t;
    float *x = dio_plan_memory(p, name, &t);
    if (!x)
        return dio_fail(err, "the benchmark's plan has no input \"%s\"", name);
    for (int64_t i = 0; i < dio_type_count(&t); i++)
        x[i] = scale * (2 * dio_uniform(1, (uint64_t)name[0], (uint64_t)i) - 1);
    return true;
}

/* A figure without a peak is one of memory: megabytes at most, by as few runs as will do. */
static double time_for(const dio_bench_run *r, const dio_bench *b)
{
    return b->of ? 4 * r->seconds : 0;
}

static bool tell(const dio_bench *b, double seconds, double gflops, double *value, double *reached)
{
    *value = b->of ? seconds : dio_memory_peak_mb();
    *reached = b->of ? gflops : 0;
    return seconds >= 0;
}

static bool run_unet(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                     dio_error *err)
{
    const dio_value *config = dio_bench_config(r, sd15, sd15_tiny, err);
    dio_plan *p = NULL;
    dio_graph *g = config ? dio_graph_create() : NULL;
    dio_unet *u = g ? dio_unet_create(config, 1, DIO_F16, err) : NULL;
    bool ok = false;
    if (!u)
        goto done;
    dio_memory_watch();
    const int64_t side = u->shape.sample_size;
    dio_unet_io io = {
        .sample = dio_input(g, "sample", dio_type_4d(DIO_F32, 1, 4, side, side)),
        .timestep = dio_input(g, "timestep", dio_type_1d(DIO_F32, 1)),
        .context = dio_input(g, "context", dio_type_3d(DIO_F32, 1, 77, u->shape.context)),
    };
    dio_unet_forward(g, u, &io);
    p = dio_graph_ready(g, err) ? dio_plan_create(g, &io.out, 1, false, r->device, NULL, err)
                                : NULL;
    ok = p && fill(p, "sample", 1.7f, err) && fill(p, "timestep", 500, err) &&
         fill(p, "context", 1, err);
    if (!ok)
        goto done;
    double gflops;
    const double seconds = dio_bench_plan(r, time_for(r, b), p, &gflops, err);
    ok = tell(b, seconds, gflops, value, reached);
done:
    dio_plan_destroy(p);
    dio_unet_close(u);
    dio_graph_destroy(g);
    return ok;
}

/* --- the autoencoder's decoder --- */

struct decoding {
    dio_vae *vae;
    dio_device *device;
    float *latent, *picture;
    int side; /* of the latents */
    dio_vae_report report;
};

static bool decode(void *user, dio_error *err)
{
    struct decoding *d = user;
    const dio_vae_options options = {.report = &d->report};
    return dio_vae_decode(d->vae, d->device, d->latent, 1, d->side, d->side, &options, d->picture,
                          err);
}

static bool run_vae(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                    dio_error *err)
{
    const dio_value *config = dio_bench_config(r, kl, kl_tiny, err);
    struct decoding d = {.device = r->device, .side = r->tiny ? 4 : 64};
    const size_t places = (size_t)d.side * (size_t)d.side;
    bool ok = false;
    d.vae = config ? dio_vae_create(config, 1, DIO_F16, err) : NULL;
    if (!d.vae)
        goto done;
    const size_t scale = (size_t)d.vae->shape.scale;
    d.latent = malloc(4 * places * sizeof *d.latent);
    d.picture = malloc(3 * places * scale * scale * sizeof *d.picture);
    if (!d.latent || !d.picture) {
        dio_fail_memory(err, "a benchmark");
        goto done;
    }
    for (size_t i = 0; i < 4 * places; i++)
        d.latent[i] = 4 * dio_uniform(1, 0, i) - 2;
    dio_memory_watch();
    const double seconds = dio_bench_best(r, time_for(r, b), decode, &d, err);
    ok = tell(b, seconds, d.report.flops / seconds / 1e9, value, reached);
done:
    free(d.picture);
    free(d.latent);
    dio_vae_close(d.vae);
    return ok;
}

/* --- a picture made larger --- */

struct enlarging {
    dio_upscaler *u;
    dio_device *device;
    dio_image *in;
};

static bool enlarge(void *user, dio_error *err)
{
    struct enlarging *e = user;
    dio_image *out = NULL;
    const bool ok = dio_upscaler_run(e->u, e->device, e->in, NULL, &out, err);
    dio_image_unref(out);
    return ok;
}

/* Two operations for every weight and place of the network, all of it at the picture's size. */
static double srvgg_flops(double features, double convs, double side)
{
    return 2 * 9 * side * side * (3 * features + convs * features * features + features * 48);
}

static bool run_srvgg(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                      dio_error *err)
{
    const dio_value *config = dio_bench_config(r, srvgg, srvgg_tiny, err);
    const dio_form form = {.channels = 3, .depth = DIO_DEPTH_U8};
    const int side = r->tiny ? 16 : 256;
    struct enlarging e = {.device = r->device};
    e.u = config ? dio_upscaler_create(config, 1, err) : NULL;
    e.in = e.u ? dio_image_create(side, side, &form, err) : NULL;
    const double seconds = e.in ? dio_bench_best(r, time_for(r, b), enlarge, &e, err) : -1;
    const double flops = srvgg_flops(r->tiny ? 8 : 64, r->tiny ? 2 : 16, side);
    dio_image_unref(e.in);
    dio_upscaler_close(e.u);
    return tell(b, seconds, flops / seconds / 1e9, value, reached);
}

DIO_FIGURE(image_unet, "image.unet.sd15-512",
           "a pass of Stable Diffusion 1.5's UNet at 512x512, 77 tokens, weights in f16", "s",
           DIO_PEAK_FMA, run_unet, NULL)
DIO_FIGURE(image_unet_memory, "image.unet-memory.sd15-512", "what the process holds for it at most",
           "MB", DIO_PEAK_NONE, run_unet, NULL)
DIO_FIGURE(image_vae, "image.vae.sd15-512",
           "latents of 64x64 to 512x512 pixels by its autoencoder, weights in f16", "s",
           DIO_PEAK_FMA, run_vae, NULL)
DIO_FIGURE(image_vae_memory, "image.vae-memory.sd15-512", "what the process holds for it at most",
           "MB", DIO_PEAK_NONE, run_vae, NULL)
DIO_FIGURE(image_srvgg, "image.upscale.srvgg-x4",
           "SRVGGNetCompact (16 convolutions of 64 channels), 256x256 to 1024x1024", "s",
           DIO_PEAK_FMA, run_srvgg, NULL)
