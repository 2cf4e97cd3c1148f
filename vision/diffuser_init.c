/* diffuser_init.c: a given picture and mask on their way into latents, and their pixels on the way
 * back. What stands outside of the mask is grey to the encoder, as inpainting models learnt it. */
#include <stdlib.h>
#include <string.h>

#include "vision/blend.h"
#include "vision/diffuser_impl.h"
#include "vision/planes.h"

void diffuser_scale(const dio_diffuser *d, float *latents, size_t plane)
{
    const dio_vae_shape *s = &d->vae->shape;
    for (int c = 0; c < s->latent_channels; c++, latents += plane)
        for (size_t i = 0; i < plane; i++)
            latents[i] = s->standardised ? (latents[i] - s->mean[c]) * s->scaling_factor / s->std[c]
                                         : (latents[i] - s->shift_factor) * s->scaling_factor;
}

void diffuser_unscale(const dio_diffuser *d, float *latents, size_t plane)
{
    const dio_vae_shape *s = &d->vae->shape;
    for (int c = 0; c < s->latent_channels; c++, latents += plane)
        for (size_t i = 0; i < plane; i++)
            latents[i] = s->standardised ? latents[i] * s->std[c] / s->scaling_factor + s->mean[c]
                                         : latents[i] / s->scaling_factor + s->shift_factor;
}

/* Which of the latents a run needs: those of the picture where it begins with them or puts them
 * back, those of what lies outside the mask where the UNet sees them. */
static bool needs_picture(const dio_diffuser *d, const dio_diffuser_request *r)
{
    return !r->mask || r->strength < 1 || !d->info.inpaints;
}

static bool take_memory(diffuser_given *g, const dio_diffuser *d, const dio_diffuser_request *r,
                        float **planes, float **mask, dio_error *err)
{
    size_t pixels = (size_t)r->width * (size_t)r->height;
    size_t plane = pixels / (size_t)(d->vae_scale * d->vae_scale);
    size_t size = (size_t)d->latent_channels * plane;
    g->memory = malloc((4 * size + plane + 4 * pixels) * sizeof *g->memory); /* < 2^30 */
    if (!g->memory)
        return dio_fail_memory(err, "the given picture");
    g->mean = g->memory;
    g->std = g->mean + size;
    g->masked_mean = g->std + size;
    g->masked_std = g->masked_mean + size;
    g->latent_mask = g->masked_std + size;
    *planes = g->latent_mask + plane;
    *mask = *planes + 3 * pixels;
    return true;
}

static bool encode(const dio_diffuser *d, const dio_diffuser_request *r, const float *planes,
                   float *mean, float *std, dio_error *err)
{
    dio_vae_options o = {.tile_x = r->tile_x, .tile_y = r->tile_y};
    return dio_vae_encode(d->vae, d->device, planes, 1, r->height, r->width, &o, mean, std, err);
}

/* Clears [3,H,W] where the mask is 1. */
static void clear_masked(float *planes, const float *mask, size_t pixels)
{
    for (size_t i = 0; i < 3 * pixels; i++)
        planes[i] *= mask[i % pixels] < 0.5f ? 1.0f : 0.0f;
}

static bool bring_in(diffuser_given *g, dio_diffuser *d, const dio_diffuser_request *r,
                     dio_error *err)
{
    float *planes = NULL, *mask = NULL;
    int s = d->vae_scale;
    if (!take_memory(g, d, r, &planes, &mask, err) ||
        !(g->image = dio_planes_from_image(r->init, r->width, r->height, planes, err)) ||
        (needs_picture(d, r) && !encode(d, r, planes, g->mean, g->std, err)))
        return false;
    if (!r->mask)
        return true;
    size_t pixels = (size_t)r->width * (size_t)r->height;
    if (!(g->mask = dio_planes_from_mask(r->mask, r->width, r->height, mask, err)))
        return false;
    dio_planes_shrink(mask, r->height, r->width, r->height / s, r->width / s, g->latent_mask);
    clear_masked(planes, mask, pixels);
    return !d->info.inpaints || encode(d, r, planes, g->masked_mean, g->masked_std, err);
}

bool diffuser_given_init(diffuser_given *g, dio_diffuser *d, const dio_diffuser_request *r,
                         dio_error *err)
{
    *g = (diffuser_given){0};
    if (!r->init)
        return true;
    if (!d->vae->shape.encodes)
        return dio_fail(err, "init: this VAE only decodes; image to image needs one with its "
                             "encoder");
    if (!bring_in(g, d, r, err))
        return false;
    if (!needs_picture(d, r))
        g->mean = NULL;
    if (!r->mask)
        g->latent_mask = NULL;
    if (!r->mask || !d->info.inpaints)
        g->masked_mean = NULL;
    return true;
}

void diffuser_given_deinit(diffuser_given *g)
{
    dio_image_unref(g->image);
    dio_image_unref(g->mask);
    free(g->memory);
    *g = (diffuser_given){0};
}

bool diffuser_paste(const diffuser_given *g, dio_image **picture, dio_error *err)
{
    if (!g->mask)
        return true;
    dio_image *base = dio_image_ref(g->image);
    dio_lay lay = {.top = *picture, .mask = g->mask, .opacity = 1};
    bool ok = dio_image_over(&base, &lay, err);
    if (ok) {
        dio_image_unref(*picture);
        *picture = base;
    } else {
        dio_image_unref(base);
    }
    return ok;
}
