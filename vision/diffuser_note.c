/* diffuser_note.c: how a picture was made, as the note "parameters" in the form that web front ends
 * write and read: the prompt, a line for the negative one, a line of settings. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "vision/diffuser_impl.h"

/* What those front ends call our schedulers. */
static const struct {
    const char *ours, *theirs;
} names[] = {
    {"ddim", "DDIM"}, {"dpmpp_2m", "DPM++ 2M"}, {"euler", "Euler"}, {"euler_ancestral", "Euler a"},
    {"heun", "Heun"}, {"lcm", "LCM"},           {"pndm", "PLMS"},
};

static const char *sampler(const char *ours)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].ours, ours) == 0)
            return names[i].theirs;
    return ours;
}

static bool is_true(const dio_value *map, const char *key)
{
    const dio_value *v = map ? dio_map_get(map, key) : NULL;
    return v && v->kind == DIO_BOOL && v->boolean;
}

static const char *spread_of(const dio_diffuser *d, const dio_diffuser_request *r)
{
    static const struct {
        const char *key, *name;
    } spreads[] = {{"use_karras_sigmas", "Karras"},
                   {"use_exponential_sigmas", "Exponential"},
                   {"use_beta_sigmas", "Beta"}};
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
        const dio_value *given = r->schedule ? dio_map_get(r->schedule, spreads[i].key) : NULL;
        if (given ? is_true(r->schedule, spreads[i].key) : is_true(d->schedule, spreads[i].key))
            return spreads[i].name;
    }
    return NULL;
}

/* A value within the line of settings: quoted when it could be taken for its end. */
static void put_value(dio_str *s, const char *text)
{
    bool plain = !strpbrk(text, ",:\n\"");
    if (!plain)
        dio_str_putc(s, '"');
    for (; *text; text++) {
        if (!plain && (*text == '"' || *text == '\\'))
            dio_str_putc(s, '\\');
        dio_str_putc(s, *text == '\n' ? ' ' : *text);
    }
    if (!plain)
        dio_str_putc(s, '"');
}

static void put_settings(dio_str *s, const dio_diffuser *d, const dio_diffuser_request *r,
                         uint64_t seed)
{
    const char *spread = spread_of(d, r);
    dio_str_printf(s, "Steps: %d, Sampler: %s", r->steps, sampler(r->scheduler));
    if (spread)
        dio_str_printf(s, ", Schedule type: %s", spread);
    dio_str_printf(s, ", CFG scale: %.10g, Seed: %llu, Size: %dx%d, Model: ", r->guidance,
                   (unsigned long long)seed, r->width, r->height);
    put_value(s, d->name);
    if (r->init)
        dio_str_printf(s, ", Denoising strength: %.10g", r->strength);
    if (r->clip_skip)
        dio_str_printf(s, ", Clip skip: %d", r->clip_skip + 1); /* theirs counts from 1 */
    if (r->rescale > 0)
        dio_str_printf(s, ", CFG Rescale: %.10g", r->rescale);
    if (r->eta > 0)
        dio_str_printf(s, ", Eta: %.10g", r->eta);
    if (r->tile_x || r->tile_y)
        dio_str_printf(s, ", Tiling: %s", r->tile_x && r->tile_y ? "True" : r->tile_x ? "x" : "y");
    dio_str_puts(s, ", RNG: CPU, Version: diorama");
}

bool diffuser_note(const dio_diffuser *d, const dio_diffuser_request *r, uint64_t seed,
                   dio_image *picture, dio_error *err)
{
    dio_str s = {0};
    dio_str_puts(&s, r->prompt);
    for (int i = 0; i < d->n_loras; i++)
        dio_str_printf(&s, " <lora:%s:%.10g>", d->loras[i].path, d->loras[i].scale);
    dio_str_putc(&s, '\n');
    if (r->negative && *r->negative)
        dio_str_printf(&s, "Negative prompt: %s\n", r->negative);
    put_settings(&s, d, r, seed);
    bool ok = s.failed ? dio_fail_memory(err, "a picture's parameters")
                       : dio_image_note_set(picture, "parameters", s.text, err);
    dio_str_deinit(&s);
    return ok;
}
