/* cmd_image.c: `diorama image -p PROMPT -o FILE`: pictures from words, pictures and masks.
 * Whatever can be refused is refused before a model is opened; files appear together, when all
 * pictures are made, and a run that is stopped takes its previews with it. */
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/image_files.h"
#include "vision/image_io.h"
#include "vision/request.h"

struct options {
    const char *model, *prompt, *negative, *output, *size, *guidance, *scheduler, *init, *mask;
    const char *strength, *tile, *original, *crop, *preview, *palette, *dither;
    const char *vae, *tokenizer, *variant, *dtype;
    int steps, count, together, clip_skip, label;
    uint64_t seed;
    double rescale, eta, truncation;
    bool exact, alpha;
    dio_args_list lora, embedding, schedule;
};

#define OF(member, fallback, lo, hi, doc) DIO_FIELD(struct options, member, fallback, lo, hi, doc)

static const dio_field fields[] = {
    OF(model, "house/painter", 0, 0, "diffusers folder, checkpoint file, generator, or house/NAME"),
    OF(prompt, "", 0, 0, "what the picture shows; (words:1.2) count more, [words] less"),
    OF(negative, "", 0, 0, "what it shall not show"),
    OF(output, NULL, 0, 0, "file to write: .png, .jpg or .webp; more than one become NAME-1, ..."),
    OF(size, "", 0, 0, "WIDTHxHEIGHT in pixels; default: of --init, else the model's own"),
    OF(steps, "0", 0, 1000, "calls of the model, roughly; 0: as is usual for it"),
    OF(guidance, "", 0, 0, "how strictly to follow the prompt; 1: no second pass for the negative"),
    OF(rescale, "0", 0, 1, "of guidance: against overexposure of v-prediction models"),
    OF(scheduler, "", 0, 0, "ddim, dpmpp_2m, euler, euler_ancestral, heun, lcm, pndm, ..."),
    OF(eta, "0", 0, 1, "ddim: share of fresh noise"),
    OF(seed, "0", 0, 0, "another seed gives another picture; picture k has seed + k"),
    OF(count, "1", 1, DIO_PICTURE_COUNT, "pictures to make"),
    OF(together, "0", 0, DIO_PICTURE_COUNT, "pictures at once: costs memory, changes no byte"),
    OF(init, "", 0, 0, "picture to begin from"),
    OF(mask, "", 0, 0, "white: painted anew; black: --init's own pixels, untouched"),
    OF(strength, "", 0, 0, "of the change to --init: above 0, and 1 for all of it"),
    OF(tile, "", 0, 0, "x, y or xy: the picture goes on at its other side"),
    OF(clip_skip, "0", 0, 11, "layers of the text encoder left out at its end"),
    OF(original, "", 0, 0, "SDXL: WIDTHxHEIGHT that the picture pretends to have had"),
    OF(crop, "", 0, 0, "SDXL: LEFT,TOP where it pretends to have been cut"),
    OF(truncation, "1", 0, 2, "StyleGAN2: below 1 nearer to the mean"),
    OF(label, "-1", -1, 100000, "generators with classes: which; -1: none"),
    OF(palette, "", 0, 0, "colours to steer towards: #ff8800,#204060; with --exact no others"),
    OF(exact, "false", 0, 0, "bring the pictures to the palette's colours and no others"),
    OF(dither, "ordered", 0, 0, "with --exact: none, ordered or diffusion"),
    OF(alpha, "false", 0, 0, "the subject alone, with what is behind it clear"),
    OF(preview, "", 0, 0, "folder for a picture after every step"),
    OF(vae, "", 0, 0, "another VAE or TAESD: folder or file"),
    OF(tokenizer, "", 0, 0, "folder with the tokenizer's files, for checkpoints that have none"),
    OF(variant, "", 0, 0, "files of a diffusers folder: fp16"),
    OF(dtype, "auto", 0, 0, "what weights are kept in: f32, f16, bf16, or auto, as in the files"),
    {0},
};

static const dio_args_repeat repeats[] = {
    {"lora", offsetof(struct options, lora), "FILE:SCALE", "low-rank changes to the model"},
    {"embedding", offsetof(struct options, embedding), "FILE",
     "textual inversion; its name is a word for prompts"},
    {"schedule", offsetof(struct options, schedule), "KEY=VALUE",
     "of the scheduler's config: use_karras_sigmas=true"},
    {0},
};

/* One run. */
struct painting {
    dio_cli *cli;
    const struct options *o;
    dio_diffuser_options open;
    dio_maker_request r;
    uint8_t (*palette)[3];
    int n_palette;
    dio_dither dither;
    struct image_files files;
};

/* --- what can be known before a model is opened --- */

static const char *optional(const char *text)
{
    return *text ? text : NULL;
}

static bool read_lists(struct painting *p, dio_error *err)
{
    dio_arena *a = p->cli->arena;
    const struct options *o = p->o;
    dio_value *schedule = dio_value_map(a);
    for (int i = 0; i < o->schedule.count; i++)
        if (!dio_request_schedule(a, "--schedule", o->schedule.items[i], schedule, err))
            return false;
    if (o->lora.count > 64)
        return dio_fail(err, "--lora: %d files are more than 64", o->lora.count);
    dio_lora_file *loras = dio_arena_alloc(a, 65 * sizeof *loras);
    for (int i = 0; i < o->lora.count; i++)
        if (!dio_request_lora(a, "--lora", o->lora.items[i], &loras[i], err))
            return false;
    p->r.r.schedule = o->schedule.count ? schedule : NULL;
    p->open.loras = loras;
    p->open.n_loras = o->lora.count;
    p->open.embeddings = o->embedding.items;
    p->open.n_embeddings = o->embedding.count;
    return true;
}

static bool read_words(struct painting *p, dio_error *err)
{
    const struct options *o = p->o;
    dio_diffuser_request *r = &p->r.r;
    return dio_request_size("--size", o->size, &r->width, &r->height, err) &&
           dio_request_usual("--guidance", o->guidance, &r->guidance, err) &&
           dio_request_usual("--strength", o->strength, &r->strength, err) &&
           dio_request_tile("--tile", o->tile, &r->tile_x, &r->tile_y, err) &&
           dio_request_size("--original", o->original, &r->original_width, &r->original_height,
                            err) &&
           dio_request_pair("--crop", o->crop, &r->crop_left, &r->crop_top, err) &&
           dio_request_palette(p->cli->arena, "--palette", o->palette, &p->palette, &p->n_palette,
                               err) &&
           dio_request_dither("--dither", o->dither, &p->dither, err) &&
           dio_request_keep("--dtype", o->dtype, &p->open.keep, err) && read_lists(p, err);
}

static bool read_pictures(struct painting *p, dio_error *err)
{
    const struct options *o = p->o;
    if (*o->init && !(p->r.r.init = dio_image_read(o->init, err)))
        return dio_error_prefix(err, "--init");
    if (*o->mask && !(p->r.r.mask = dio_image_read(o->mask, err)))
        return dio_error_prefix(err, "--mask");
    return true;
}

static bool prepare(struct painting *p, dio_error *err)
{
    const struct options *o = p->o;
    dio_diffuser_request *r = &p->r.r;
    p->r = dio_maker_request_default();
    p->open.vae = optional(o->vae);
    p->open.tokenizer = optional(o->tokenizer);
    p->open.variant = optional(o->variant);
    r->prompt = o->prompt;
    r->negative = dio_args_has(&p->cli->given, "negative") ? o->negative : NULL;
    r->steps = o->steps;
    r->rescale = o->rescale;
    r->scheduler = optional(o->scheduler);
    r->eta = o->eta;
    r->seed = o->seed;
    r->count = o->count;
    r->together = o->together;
    r->clip_skip = o->clip_skip;
    r->cancel = p->cli->cancel;
    p->r.alpha = o->alpha;
    p->r.truncation = o->truncation;
    p->r.label = o->label;
    if (o->exact && !*o->palette)
        return dio_fail(err, "--exact needs the colours: --palette");
    return dio_image_writes(o->output, err) && read_words(p, err) && read_pictures(p, err) &&
           image_files_init(&p->files, p->cli, o->output, optional(o->preview), err);
}

/* --- the model --- */

/* A palette steers makers that can be steered; with --exact anybody's picture is brought to it. */
static bool check_settings(struct painting *p, const dio_painting *model, dio_error *err)
{
    bool steers = dio_maker_takes(dio_painting_maker(model), "palette");
    if (p->n_palette && !steers && !p->o->exact)
        return dio_fail(err,
                        "--palette: a model of kind %s cannot be steered by colours; with --exact "
                        "its pictures are brought to them",
                        dio_painting_maker(model)->name);
    const char **names =
        dio_arena_alloc(p->cli->arena, ((size_t)p->cli->given.count + 1) * sizeof *names);
    int n = 0;
    for (int i = 0; i < p->cli->given.count; i++)
        if (strcmp(p->cli->given.names[i], "palette") != 0)
            names[n++] = p->cli->given.names[i];
    if (steers) {
        p->r.palette = p->palette;
        p->r.n_palette = p->n_palette;
    }
    return dio_maker_asks(dio_painting_maker(model), names, n, err) ||
           dio_error_prefix(err, "%s", p->o->model);
}

static bool progress(void *user, int done, int total, dio_error *err)
{
    struct painting *p = user;
    (void)err;
    image_files_progress(&p->files, done, total);
    return true;
}

static bool preview(void *user, int index, int step, int steps, dio_image *image, dio_error *err)
{
    struct painting *p = user;
    (void)steps;
    return image_files_preview(&p->files, index, step, image, err);
}

static bool to_palette(const struct painting *p, dio_image **picture, dio_error *err)
{
    if (!p->o->exact)
        return true;
    dio_quantise how = {.dither = p->dither};
    dio_image *exact = dio_image_quantise(*picture, p->palette, p->n_palette, &how, err);
    if (!exact)
        return false;
    dio_image_unref(*picture);
    *picture = exact;
    return true;
}

static bool paint(struct painting *p, dio_painting *model, dio_error *err)
{
    int count = p->r.r.count;
    dio_image **pictures = calloc((size_t)count, sizeof *pictures);
    if (!pictures)
        return dio_fail_memory(err, "pictures");
    p->r.r.progress = progress;
    p->r.r.preview = *p->o->preview ? preview : NULL;
    p->r.r.user = p;
    bool ok = dio_painting_make(model, &p->r, pictures, err);
    image_files_progress(&p->files, 1, 1);
    for (int i = 0; ok && i < count; i++)
        ok = to_palette(p, &pictures[i], err);
    ok = ok && image_files_write(&p->files, pictures, count, p->r.r.seed, err);
    for (int i = 0; i < count; i++)
        dio_image_unref(pictures[i]);
    free(pictures);
    return ok;
}

static bool work(struct painting *p, dio_error *err)
{
    const char *path = dio_assets_model(p->cli->arena, p->o->model, err);
    dio_device *device = path ? dio_cli_device(p->cli) : NULL;
    dio_painting *model = device ? dio_painting_open(path, &p->open, device, err) : NULL;
    bool ok = model && check_settings(p, model, err) && paint(p, model, err);
    dio_painting_close(model);
    dio_device_close(device);
    return ok;
}

static bool run(dio_cli *cli, void *options)
{
    struct painting p = {.cli = cli, .o = options};
    bool ok = prepare(&p, &cli->error) && work(&p, &cli->error);
    image_files_end(&p.files, ok);
    dio_image_unref(p.r.r.init);
    dio_image_unref(p.r.r.mask);
    return ok;
}

const dio_command dio_command_image = {
    .name = "image",
    .doc = "make pictures from a prompt, a picture or a seed",
    .options = fields,
    .repeats = repeats,
    .aliases = (const dio_args_alias[]){{'m', "model"},
                                        {'p', "prompt"},
                                        {'n', "negative"},
                                        {'o', "output"},
                                        {'s', "seed"},
                                        {0}},
    .size = sizeof(struct options),
    .run = run,
};
