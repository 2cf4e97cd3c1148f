/* keymap.c: the tables of names, one a family, and the layout that a UNet's names tell. */
#include "vision/keymap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row of a table; both sides take the same numbers. */
struct row {
    const char *theirs, *ours;
};

static const struct row unet_rows[] = {
    {"time_embed.0", "time_embedding.linear_1"},
    {"time_embed.2", "time_embedding.linear_2"},
    {"time_embed.cond_proj", "time_embedding.cond_proj"},
    {"label_emb.0.0", "add_embedding.linear_1"},
    {"label_emb.0.2", "add_embedding.linear_2"},
    {"input_blocks.0.0", "conv_in"},
    {"out.0", "conv_norm_out"},
    {"out.2", "conv_out"},
    {0},
};

static const struct row unet_resnet_rows[] = {
    {".in_layers.0", ".norm1"},
    {".in_layers.2", ".conv1"},
    {".emb_layers.1", ".time_emb_proj"},
    {".out_layers.0", ".norm2"},
    {".out_layers.3", ".conv2"},
    {".skip_connection", ".conv_shortcut"},
    {0},
};

/* Behind "encoder." and "decoder.". */
static const struct row vae_rows[] = {
    {"conv_in", "conv_in"},
    {"conv_out", "conv_out"},
    {"norm_out", "conv_norm_out"},
    {"mid.block_1", "mid_block.resnets.0"},
    {"mid.block_2", "mid_block.resnets.1"},
    {"mid.attn_1.norm", "mid_block.attentions.0.group_norm"},
    {"mid.attn_1.q", "mid_block.attentions.0.to_q"},
    {"mid.attn_1.k", "mid_block.attentions.0.to_k"},
    {"mid.attn_1.v", "mid_block.attentions.0.to_v"},
    {"mid.attn_1.proj_out", "mid_block.attentions.0.to_out.0"},
    {0},
};

static const struct row open_clip_rows[] = {
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"token_embedding", "text_model.embeddings.token_embedding"},
    {"ln_final", "text_model.final_layer_norm"},
    {"text_projection", "text_projection.weight"},
    {0},
};

static const struct row open_clip_layer_rows[] = {
    {".ln_1", ".layer_norm1"},
    {".ln_2", ".layer_norm2"},
    {".mlp.c_fc", ".mlp.fc1"},
    {".mlp.c_proj", ".mlp.fc2"},
    {".attn.out_proj", ".self_attn.out_proj"},
    {0},
};

static void add(dio_keymap *m, const char *theirs, const char *ours)
{
    if (dio_arena_grow(m->arena, &m->pairs, m->count, &m->cap, sizeof *m->pairs))
        m->pairs[m->count++] = (dio_keymap_pair){theirs, ours};
}

/* The rows of a table behind a module's two names. */
static void add_rows(dio_keymap *m, const char *theirs, const char *ours, const struct row *rows)
{
    for (; rows->theirs; rows++)
        add(m, dio_arena_printf(m->arena, "%s%s", theirs, rows->theirs),
            dio_arena_printf(m->arena, "%s%s", ours, rows->ours));
}

static bool finish(const dio_keymap *m, dio_error *err)
{
    return !dio_arena_failed(m->arena) || dio_fail_memory(err, "a table of names");
}

/* --- UNet --- */

/* One residual block and what follows it at place `at` of input_blocks or output_blocks. */
static void add_block(dio_keymap *m, const char *theirs, int at, const char *ours, int level, int i,
                      bool cross)
{
    dio_arena *a = m->arena;
    add_rows(m, dio_arena_printf(a, "%s.%d.0", theirs, at),
             dio_arena_printf(a, "%s.%d.resnets.%d", ours, level, i), unet_resnet_rows);
    if (cross)
        add(m, dio_arena_printf(a, "%s.%d.1", theirs, at),
            dio_arena_printf(a, "%s.%d.attentions.%d", ours, level, i));
}

bool dio_keymap_unet(dio_keymap *m, const dio_unet_layout *l, dio_arena *a, dio_error *err)
{
    int in = 1, out = 0;
    *m = (dio_keymap){.arena = a};
    add_rows(m, "", "", unet_rows);
    for (int level = 0; level < l->levels; level++) {
        for (int i = 0; i < l->resnets[level]; i++)
            add_block(m, "input_blocks", in++, "down_blocks", level, i, l->cross[level]);
        if (level < l->levels - 1)
            add(m, dio_arena_printf(a, "input_blocks.%d.0.op", in++),
                dio_arena_printf(a, "down_blocks.%d.downsamplers.0.conv", level));
    }
    for (int level = 0; level < l->levels; level++) {
        for (int i = 0; i <= l->resnets[l->levels - 1 - level]; i++)
            add_block(m, "output_blocks", out++, "up_blocks", level, i, l->up_cross[level]);
        if (level < l->levels - 1) /* stands behind the last block's transformer, if there is one */
            add(m,
                dio_arena_printf(a, "output_blocks.%d.%d.conv", out - 1,
                                 l->up_cross[level] ? 2 : 1),
                dio_arena_printf(a, "up_blocks.%d.upsamplers.0.conv", level));
    }
    if (l->mid) {
        add_rows(m, "middle_block.0", "mid_block.resnets.0", unet_resnet_rows);
        add(m, "middle_block.1", "mid_block.attentions.0");
        add_rows(m, "middle_block.2", "mid_block.resnets.1", unet_resnet_rows);
    }
    return finish(m, err);
}

static bool has(const dio_weights *w, const char *prefix, const char *format, int i)
{
    char name[256], tail[64];
    snprintf(tail, sizeof tail, format, i);
    return snprintf(name, sizeof name, "%s%s", prefix, tail) < (int)sizeof name &&
           dio_weights_find(w, name) != NULL;
}

bool dio_unet_layout_theirs(dio_unet_layout *l, const dio_weights *w, const char *prefix)
{
    *l = (dio_unet_layout){.levels = 1};
    for (int n = 1;; n++) {
        bool op = has(w, prefix, "input_blocks.%d.0.op.weight", n);
        int *resnets = &l->resnets[l->levels - 1];
        if (op && l->levels < DIO_KEYMAP_LEVELS)
            l->levels++;
        else if (!op && has(w, prefix, "input_blocks.%d.0.in_layers.0.weight", n) &&
                 *resnets < DIO_KEYMAP_BLOCKS) {
            ++*resnets;
            l->cross[l->levels - 1] |= has(w, prefix, "input_blocks.%d.1.norm.weight", n);
        } else
            break;
    }
    for (int level = 0, out = 0; level < l->levels; level++)
        for (int i = 0; i <= l->resnets[l->levels - 1 - level]; i++, out++)
            l->up_cross[level] |= has(w, prefix, "output_blocks.%d.1.norm.weight", out);
    l->mid = has(w, prefix, "middle_block.%d.in_layers.0.weight", 0);
    return l->resnets[0] > 0;
}

/* The two numbers of "KIND.N.PART.M."; false when the name is another one. */
static bool numbers(const char *name, const char *kind, const char *part, int *n, int *m)
{
    size_t k = strlen(kind), p = strlen(part);
    if (strncmp(name, kind, k) != 0)
        return false;
    char *end;
    long a = strtol(name + k, &end, 10);
    if (*end != '.' || strncmp(end + 1, part, p) != 0)
        return false;
    long b = strtol(end + 1 + p, &end, 10);
    *n = (int)a;
    *m = (int)b;
    return a >= 0 && a < DIO_KEYMAP_LEVELS && b >= 0 && b < DIO_KEYMAP_BLOCKS;
}

void dio_unet_layout_see(dio_unet_layout *l, const char *ours)
{
    int n, m;
    if (numbers(ours, "down_blocks.", "resnets.", &n, &m)) {
        l->levels = n + 1 > l->levels ? n + 1 : l->levels;
        l->resnets[n] = m + 1 > l->resnets[n] ? m + 1 : l->resnets[n];
    }
    if (numbers(ours, "down_blocks.", "attentions.", &n, &m))
        l->cross[n] = true;
    if (numbers(ours, "up_blocks.", "attentions.", &n, &m))
        l->up_cross[n] = true;
    l->mid |= strncmp(ours, "mid_block.", 10) == 0;
}

/* --- the others --- */

bool dio_keymap_vae(dio_keymap *m, int levels, dio_arena *a, dio_error *err)
{
    static const char *const halves[] = {"encoder", "decoder"};
    static const char *const step[] = {"down", "up"};
    static const char *const sampler[] = {"downsample", "upsample"};
    static const struct row tail[] = {{"", ""}, {".nin_shortcut", ".conv_shortcut"}, {0}};
    *m = (dio_keymap){.arena = a};
    add(m, "quant_conv", "quant_conv");
    add(m, "post_quant_conv", "post_quant_conv");
    for (int half = 0; half < 2; half++) {
        const char *h = halves[half], *s = step[half];
        const char *dotted = dio_arena_printf(a, "%s.", h);
        add_rows(m, dotted, dotted, vae_rows);
        for (int i = 0; i < levels; i++) {
            int ours = half ? levels - 1 - i : i; /* the decoder's levels are counted from below */
            for (int j = 0; j < DIO_KEYMAP_LEVELS; j++)
                add_rows(m, dio_arena_printf(a, "%s.%s.%d.block.%d", h, s, i, j),
                         dio_arena_printf(a, "%s.%s_blocks.%d.resnets.%d", h, s, ours, j), tail);
            add(m, dio_arena_printf(a, "%s.%s.%d.%s.conv", h, s, i, sampler[half]),
                dio_arena_printf(a, "%s.%s_blocks.%d.%srs.0.conv", h, s, ours, sampler[half]));
        }
    }
    return finish(m, err);
}

bool dio_keymap_open_clip(dio_keymap *m, int layers, dio_arena *a, dio_error *err)
{
    *m = (dio_keymap){.arena = a};
    add_rows(m, "", "", open_clip_rows);
    for (int i = 0; i < layers; i++)
        add_rows(m, dio_arena_printf(a, "transformer.resblocks.%d", i),
                 dio_arena_printf(a, "text_model.encoder.layers.%d", i), open_clip_layer_rows);
    return finish(m, err);
}

/* --- looking up --- */

/* How much of `name` the module takes, or 0. */
static size_t match(const char *name, const char *module)
{
    size_t n = strlen(module);
    return strncmp(name, module, n) == 0 && (name[n] == '.' || !name[n]) ? n : 0;
}

static const char *exchange(const dio_keymap *m, const char *name, bool to_ours)
{
    size_t best = 0;
    const char *other = NULL;
    for (int i = 0; i < m->count; i++) {
        const dio_keymap_pair *p = &m->pairs[i];
        size_t n = match(name, to_ours ? p->theirs : p->ours);
        if (n > best) {
            best = n;
            other = to_ours ? p->ours : p->theirs;
        }
    }
    return best ? dio_arena_printf(m->arena, "%s%s", other, name + best) : NULL;
}

const char *dio_keymap_ours(const dio_keymap *m, const char *theirs)
{
    return exchange(m, theirs, true);
}

const char *dio_keymap_theirs(const dio_keymap *m, const char *ours)
{
    return exchange(m, ours, false);
}
