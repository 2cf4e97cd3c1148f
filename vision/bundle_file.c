/* bundle_file.c: a single file in the names of the first release, taken apart.
 *
 * What it is, its names say first and its shapes then (vision/keymap.h has the tables):
 *
 *     model.diffusion_model.                  the UNet; label_emb: SDXL
 *     first_stage_model. (vae.)               the autoencoder
 *     cond_stage_model.transformer.           SD 1.x: CLIP, named as transformers names it
 *     cond_stage_model.model.                 SD 2.x: open_clip
 *     conditioner.embedders.0.transformer.    SDXL: CLIP, and
 *     conditioner.embedders.1.model.          open_clip beside it
 *
 * Names outside of these (averages, optimizers, schedules) are nobody's and are passed over; within
 * them, what no table knows keeps its name, and the loader then complains of it.
 *
 * Traps: open_clip's q, k and v are one matrix, and its text_projection is transposed; SD 2.x reads
 * the last layer but one, so that diffusers leaves the last out; the autoencoder's attention is
 * stored as 1x1 convolutions. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "vision/bundle_impl.h"

const dio_tensor *bundle_find(const dio_bundle *b, const char *prefix, const char *format, ...)
{
    char name[512];
    int n = snprintf(name, sizeof name, "%s", prefix);
    va_list args;
    va_start(args, format);
    int m = vsnprintf(name + n, sizeof name - (size_t)n, format, args);
    va_end(args);
    return m < 0 || (size_t)(n + m) >= sizeof name ? NULL : dio_weights_find(b->file, name);
}

/* --- what it is --- */

/* The first of the prefixes behind which the file has `name`, or NULL. */
static const char *prefix_of(const dio_bundle *b, const char *const *prefixes, const char *name)
{
    for (; *prefixes; prefixes++)
        if (bundle_find(b, *prefixes, "%s", name))
            return *prefixes;
    return NULL;
}

static bool begins(const dio_bundle *b, const char *prefix)
{
    for (int i = 0; i < dio_weights_count(b->file); i++)
        if (strncmp(dio_weights_at(b->file, i)->name, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* What people take for a checkpoint of Stable Diffusion, by names that only it has. */
static bool refuse_others(const dio_bundle *b, dio_error *err)
{
    static const struct {
        const char *prefix, *what;
    } others[] = {
        {"lora_unet_", "a LoRA, which changes a model: name it with --lora"},
        {"lora_te", "a LoRA, which changes a model: name it with --lora"},
        {"unet.down_blocks", "a LoRA, which changes a model: name it with --lora"},
        {"control_model.", "a ControlNet, which is not supported"},
        {"model.control_model.", "a ControlNet, which is not supported"},
        {"model.diffusion_model.double_blocks.", "a FLUX model, which is not supported"},
        {"double_blocks.", "a FLUX model, which is not supported"},
        {"model.diffusion_model.joint_blocks.", "an SD3 model, which is not supported"},
        {"conditioner.embedders.0.model.transformer.", "an SDXL refiner, which is not supported"},
        {"edm_mean", "a model with EDM preconditioning (Playground), which is not supported"},
        {"down_blocks.", "diffusers' UNet alone: name the folder with its model_index.json"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (begins(b, others[i].prefix)) {
            dio_fail(err, "this is %s", others[i].what);
            return dio_error_at(err, b->path, 0, 0);
        }
    return true;
}

static int count_layers(const dio_bundle *b, const char *prefix, const char *format)
{
    int n = 0;
    char name[128];
    while (n < 1024 && snprintf(name, sizeof name, format, n) > 0 &&
           bundle_find(b, prefix, "%s", name))
        n++;
    return n;
}

/* Which of the two kinds of names the text encoder has. */
static void find_text(dio_bundle *b, int part, const char *hf, const char *open_clip)
{
    struct part *p = &b->part[part];
    if (bundle_find(b, hf, "text_model.embeddings.token_embedding.weight")) {
        p->prefix = hf;
        p->layers = count_layers(b, hf, "text_model.encoder.layers.%d.layer_norm1.weight");
    } else if (bundle_find(b, hf, "embeddings.token_embedding.weight")) { /* the oldest files */
        p->prefix = hf;
        p->layers = count_layers(b, hf, "encoder.layers.%d.layer_norm1.weight");
    } else if (bundle_find(b, open_clip, "token_embedding.weight")) {
        p->prefix = open_clip;
        p->text = TEXT_OPEN_CLIP;
        p->layers = count_layers(b, open_clip, "transformer.resblocks.%d.ln_1.weight");
    }
}

static int count_vae_levels(const dio_bundle *b, const char *prefix)
{
    int n = 0;
    while (n < DIO_KEYMAP_LEVELS && bundle_find(b, prefix, "decoder.up.%d.block.0.conv1.weight", n))
        n++;
    return n;
}

static bool is_sdxl(const dio_bundle *b)
{
    return bundle_find(b, b->part[PART_UNET].prefix, "label_emb.0.0.weight") != NULL;
}

static bool find_parts(dio_bundle *b)
{
    static const char *const unets[] = {"model.diffusion_model.", NULL};
    static const char *const vaes[] = {"first_stage_model.", "vae.", "", NULL};
    b->part[PART_UNET].prefix = prefix_of(b, unets, "input_blocks.0.0.weight");
    b->part[PART_VAE].prefix = prefix_of(b, vaes, "decoder.conv_in.weight");
    if (b->part[PART_VAE].prefix)
        b->vae_levels = count_vae_levels(b, b->part[PART_VAE].prefix);
    if (!b->part[PART_UNET].prefix) {
        b->kind = DIO_BUNDLE_VAE;
        return b->vae_levels > 0;
    }
    if (is_sdxl(b)) {
        b->kind = DIO_BUNDLE_SDXL;
        find_text(b, PART_TEXT, "conditioner.embedders.0.transformer.", "\n");
        find_text(b, PART_TEXT_2, "\n", "conditioner.embedders.1.model.");
    } else {
        find_text(b, PART_TEXT, "cond_stage_model.transformer.", "cond_stage_model.model.");
        b->kind = b->part[PART_TEXT].text == TEXT_OPEN_CLIP ? DIO_BUNDLE_SD2 : DIO_BUNDLE_SD1;
        if (b->kind == DIO_BUNDLE_SD2 && b->part[PART_TEXT].layers > 1)
            b->part[PART_TEXT].layers--;
    }
    return dio_unet_layout_theirs(&b->layout, b->file, b->part[PART_UNET].prefix);
}

bool bundle_open_file(dio_bundle *b, dio_error *err)
{
    b->file = dio_weights_open(b->path, err);
    if (!b->file)
        return false;
    if (!refuse_others(b, err))
        return false;
    if (!find_parts(b)) {
        dio_fail(err, "this is no checkpoint of Stable Diffusion: no tensor is named as one of its "
                      "UNet (model.diffusion_model.input_blocks.0.0.weight) or of its autoencoder "
                      "(first_stage_model.decoder.conv_in.weight)");
        return dio_error_at(err, b->path, 0, 0);
    }
    return bundle_infer(b, err);
}

/* --- its parts under diffusers' names --- */

struct renaming {
    dio_bundle *b;
    dio_weights_rename *list, spare; /* spare: written to when there is no memory */
    int count, cap;
};

static dio_weights_rename *put(struct renaming *r, const char *from, const char *to)
{
    if (!dio_arena_grow(r->b->arena, &r->list, r->count, &r->cap, sizeof *r->list))
        return &r->spare;
    r->list[r->count] = (dio_weights_rename){.from = from, .to = to};
    return &r->list[r->count++];
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static bool starts_with(const char *s, const char *start)
{
    return strncmp(s, start, strlen(start)) == 0;
}

static void rename_vae(struct renaming *r, const dio_keymap *m, const dio_tensor *t,
                       const char *name)
{
    const char *ours = dio_keymap_ours(m, name);
    bool alone = !*r->b->part[PART_VAE].prefix;
    if (starts_with(name, "loss.") || starts_with(name, "model_ema.") || (alone && !ours))
        return;
    dio_weights_rename *row = put(r, t->name, ours ? ours : name);
    if (ours && strstr(ours, "attentions.") && ends_with(ours, ".weight") && t->type.nd > 2)
        row->dims = 2;
}

static void rename_unet(struct renaming *r, const dio_keymap *m, const dio_tensor *t,
                        const char *name)
{
    const char *ours = dio_keymap_ours(m, name);
    put(r, t->name, ours ? ours : name);
}

/* q, k and v of open_clip's one matrix (or one bias). */
static void split_projection(struct renaming *r, const dio_tensor *t, long layer, const char *kind)
{
    static const char *const names[] = {"q_proj", "k_proj", "v_proj"};
    for (int i = 0; i < 3; i++) {
        const char *to = dio_arena_printf(
            r->b->arena, "text_model.encoder.layers.%ld.self_attn.%s.%s", layer, names[i], kind);
        dio_weights_rename *row = put(r, t->name, to);
        row->rows = t->type.nd > 0 ? t->type.dim[0] / 3 : 0;
        row->row = i * row->rows;
    }
}

static void rename_open_clip(struct renaming *r, const dio_keymap *m, const dio_tensor *t,
                             const char *name, const struct part *p, bool project)
{
    static const char blocks[] = "transformer.resblocks.";
    const char *tail = "";
    long layer = -1;
    if (strcmp(name, "logit_scale") == 0 || (!project && strcmp(name, "text_projection") == 0))
        return;
    if (starts_with(name, blocks) && isdigit((unsigned char)name[sizeof blocks - 1])) {
        char *end;
        layer = strtol(name + sizeof blocks - 1, &end, 10);
        tail = *end == '.' ? end + 1 : "";
    }
    if (!project && layer == p->layers)
        return; /* the last, which nobody reads */
    if (layer >= 0 && strcmp(tail, "attn.in_proj_weight") == 0) {
        split_projection(r, t, layer, "weight");
    } else if (layer >= 0 && strcmp(tail, "attn.in_proj_bias") == 0) {
        split_projection(r, t, layer, "bias");
    } else {
        const char *ours = dio_keymap_ours(m, name);
        dio_weights_rename *row = put(r, t->name, ours ? ours : name);
        row->transpose = strcmp(name, "text_projection") == 0;
    }
}

static void rename_text(struct renaming *r, const dio_keymap *m, const dio_tensor *t,
                        const char *name, enum bundle_part part)
{
    const struct part *p = &r->b->part[part];
    if (p->text == TEXT_OPEN_CLIP)
        rename_open_clip(r, m, t, name, p, r->b->kind == DIO_BUNDLE_SDXL);
    else if (ends_with(name, "position_ids"))
        return; /* 0, 1, 2, ..., and in some files not even that */
    else if (starts_with(name, "embeddings.") || starts_with(name, "encoder.") ||
             starts_with(name, "final_layer_norm."))
        put(r, t->name, dio_arena_printf(r->b->arena, "text_model.%s", name));
    else
        put(r, t->name, name);
}

dio_weights *bundle_file_weights(dio_bundle *b, enum bundle_part part, dio_error *err)
{
    struct renaming r = {.b = b};
    dio_keymap m = {.arena = b->arena};
    const struct part *p = &b->part[part];
    bool ok = part == PART_UNET  ? dio_keymap_unet(&m, &b->layout, b->arena, err)
              : part == PART_VAE ? dio_keymap_vae(&m, b->vae_levels, b->arena, err)
                                 : dio_keymap_open_clip(&m, p->layers, b->arena, err);
    size_t n = strlen(p->prefix);
    for (int i = 0; ok && i < dio_weights_count(b->file); i++) {
        const dio_tensor *t = dio_weights_at(b->file, i);
        if (strncmp(t->name, p->prefix, n) != 0)
            continue;
        if (part == PART_UNET)
            rename_unet(&r, &m, t, t->name + n);
        else if (part == PART_VAE)
            rename_vae(&r, &m, t, t->name + n);
        else
            rename_text(&r, &m, t, t->name + n, part);
    }
    if (ok && dio_arena_failed(b->arena))
        ok = dio_fail_memory(err, "a table of names");
    return ok ? dio_weights_renamed(b->file, r.list, r.count, err) : NULL;
}
