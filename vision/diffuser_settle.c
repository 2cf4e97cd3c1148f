/* diffuser_settle.c: what a request leaves open, and what no request may ask for.
 * Usual values are diffusers' own, but for the number of steps, where it counts on a GPU. Models
 * distilled to a few steps say so in their names and nowhere else. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "vision/diffuser_impl.h"

enum { USUAL_STEPS = 25, FEW_STEPS = 4 };

/* Names of models that want other settings than their family. */
static const diffuser_manner manners[] = {
    {"lightning", FEW_STEPS, 1, "euler", "trailing"},
    {"turbo", FEW_STEPS, 1, NULL, "trailing"},
    {"lcm", FEW_STEPS, 1, "lcm", NULL},
    {0},
};

static bool has_word(const char *text, const char *word)
{
    for (size_t n = strlen(word); text && *text; text++)
        if (strncasecmp(text, word, n) == 0)
            return true;
    return false;
}

const diffuser_manner *diffuser_manner_of(const char *const *names, int count)
{
    for (const diffuser_manner *m = manners; m->word; m++)
        for (int i = 0; i < count; i++)
            if (has_word(names[i], m->word))
                return m;
    return NULL;
}

dio_diffuser_request dio_diffuser_request_default(void)
{
    return (dio_diffuser_request){
        .prompt = "", .count = 1, .guidance = DIO_USUAL, .strength = DIO_USUAL};
}

void diffuser_usual(dio_diffuser *d)
{
    dio_diffuser_info *i = &d->info;
    const diffuser_manner *m = d->manner;
    int latents = d->unet->shape.sample_size ? d->unet->shape.sample_size : d->xl ? 128 : 64;
    i->multiple = d->vae_scale;
    i->width = i->height = latents * d->vae_scale;
    i->inpaints = d->unet->shape.in_channels > d->latent_channels;
    i->kind = d->xl ? (i->inpaints ? "Stable Diffusion XL, inpainting" : "Stable Diffusion XL")
                    : (i->inpaints ? "Stable Diffusion, inpainting" : "Stable Diffusion");
    i->steps = m ? m->steps : USUAL_STEPS;
    i->guidance = m ? m->guidance : d->xl ? 5 : 7.5;
    if (d->unet->shape.guidance) { /* distilled with guidance as an input */
        i->steps = FEW_STEPS;
        i->guidance = 8.5;
    }
    i->strength = d->xl ? 0.3 : 0.8;
}

/* --- checks --- */

static bool check_side(const dio_diffuser *d, const char *name, int side, dio_error *err)
{
    int m = d->info.multiple;
    if (side < m || side > DIO_PICTURE_SIDE)
        return dio_fail(err, "%s: %d is outside %d to %d", name, side, m, DIO_PICTURE_SIDE);
    if (side % m == 0)
        return true;
    return dio_fail(err, "%s: %d is not a multiple of %d, as this model needs it; %d and %d are",
                    name, side, m, side / m * m, (side / m + 1) * m);
}

static bool check_text(const char *name, const char *text, dio_error *err)
{
    size_t n = text ? strlen(text) : 0, bad;
    if (n > DIO_PROMPT_BYTES)
        return dio_fail(err, "%s: %zu bytes are more than the %d that are read", name, n,
                        DIO_PROMPT_BYTES);
    if (text && !dio_utf8_valid(text, n, &bad))
        return dio_fail(err, "%s: byte %zu, 0x%02x, is not valid UTF-8", name, bad + 1,
                        (unsigned)(unsigned char)text[bad]);
    return true;
}

static bool check_range(const char *name, double value, double lo, double hi, dio_error *err)
{
    return (value >= lo && value <= hi) ||
           dio_fail(err, "%s: %g is outside %g to %g", name, value, lo, hi);
}

static bool check_pictures(const dio_diffuser *d, const dio_diffuser_request *r, dio_error *err)
{
    if (r->mask && !r->init)
        return dio_fail(err, "mask: there is no picture that it could protect: give init, too");
    if (d->info.inpaints && !r->mask)
        return dio_fail(err,
                        "this model paints within a mask of a picture (its UNet has %d input "
                        "channels): give init and mask",
                        d->unet->shape.in_channels);
    return true;
}

static bool check(const dio_diffuser *d, const dio_diffuser_request *r, dio_error *err)
{
    if (r->count < 1 || r->count > DIO_PICTURE_COUNT)
        return dio_fail(err, "count: %d is outside 1 to %d", r->count, DIO_PICTURE_COUNT);
    if (r->steps < 1 || r->steps > 1000)
        return dio_fail(err, "steps: %d is outside 1 to 1000", r->steps);
    if (!(r->strength > 0 && r->strength <= 1))
        return dio_fail(err, "strength: %g is not above 0 and at most 1", r->strength);
    return check_text("prompt", r->prompt, err) && check_text("negative", r->negative, err) &&
           check_side(d, "width", r->width, err) && check_side(d, "height", r->height, err) &&
           check_range("guidance", r->guidance, 0, 1000, err) &&
           check_range("rescale", r->rescale, 0, 1, err) && check_range("eta", r->eta, 0, 1, err) &&
           check_range("clip_skip", r->clip_skip, 0, 11, err) &&
           check_range("original_width", r->original_width, 0, DIO_IMAGE_SIDE, err) &&
           check_range("original_height", r->original_height, 0, DIO_IMAGE_SIDE, err) &&
           check_range("crop_left", r->crop_left, 0, DIO_IMAGE_SIDE, err) &&
           check_range("crop_top", r->crop_top, 0, DIO_IMAGE_SIDE, err) &&
           check_pictures(d, r, err);
}

/* --- settling --- */

static void settle_size(const dio_diffuser *d, dio_diffuser_request *r)
{
    int m = d->info.multiple;
    if (r->width || r->height) { /* one side alone: a square */
        r->width = r->width ? r->width : r->height;
        r->height = r->height ? r->height : r->width;
    } else if (r->init && r->init->width >= m && r->init->height >= m) {
        r->width = r->init->width / m * m;
        r->height = r->init->height / m * m;
    } else {
        r->width = d->info.width;
        r->height = d->info.height;
    }
}

bool dio_diffuser_settle(const dio_diffuser *d, dio_diffuser_request *r, dio_error *err)
{
    settle_size(d, r);
    r->prompt = r->prompt ? r->prompt : "";
    r->steps = r->steps ? r->steps : d->info.steps;
    r->guidance = r->guidance == DIO_USUAL ? d->info.guidance : r->guidance;
    if (r->strength == DIO_USUAL)
        r->strength = r->mask ? 1 : r->init ? d->info.strength : 1;
    const dio_scheduler *s = r->scheduler ? dio_scheduler_find(r->scheduler, err) : NULL;
    if (r->scheduler && !s)
        return false;
    r->scheduler = s ? s->name : d->info.scheduler;
    r->original_width = r->original_width ? r->original_width : r->width;
    r->original_height = r->original_height ? r->original_height : r->height;
    return check(d, r, err);
}

/* The model's config with the manner's keys and the request's. */
dio_schedule *diffuser_schedule(const dio_diffuser *d, const dio_diffuser_request *r,
                                dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a schedule");
        return NULL;
    }
    dio_value *config = dio_value_map(a);
    for (int i = 0; i < d->schedule->map.count; i++)
        dio_map_set(a, config, d->schedule->map.keys[i]->string.text, d->schedule->map.items[i]);
    config->file = d->schedule->file;
    if (d->manner && d->manner->spacing)
        dio_map_set(a, config, "timestep_spacing", dio_value_string(a, d->manner->spacing));
    for (int i = 0; r->schedule && i < r->schedule->map.count; i++)
        dio_map_set(a, config, r->schedule->map.keys[i]->string.text, r->schedule->map.items[i]);
    const dio_scheduler *scheduler = dio_scheduler_find(r->scheduler, err);
    dio_schedule_options o = {
        .steps = r->steps, .strength = r->init ? r->strength : 1, .eta = r->eta};
    dio_schedule *s = scheduler ? dio_schedule_create(scheduler, config, &o, err) : NULL;
    dio_arena_destroy(a);
    return s;
}
