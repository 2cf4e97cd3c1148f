/* bundle_infer.c: the configs that a single file does not carry, from its names and shapes.
 *
 * What shapes cannot tell is as the published models have it: 8 heads in SD 1.x and 64 channels a
 * head later, 32 groups, the schedule of all of Stable Diffusion. What a network predicts no shape
 * tells: modelspec's metadata and a tensor called v_pred say it in some files; otherwise SD 2.x is
 * taken for the version of 768 pixels (velocity), all others predict noise, and the bundle's remark
 * says that this was assumed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "vision/bundle_impl.h"

enum { HEAD = 64, SD1_HEADS = 8, STEPS = 1000, SD2_BASE_STEP = 875000 };

static int dim(const dio_tensor *t, int axis)
{
    bool fits = t && axis < t->type.nd && t->type.dim[axis] >= 0 && t->type.dim[axis] < 1 << 24;
    return fits ? (int)t->type.dim[axis] : 0;
}

/* The text as a config, in the bundle's arena. */
static const dio_value *config_of(dio_bundle *b, const char *part, dio_str *text, dio_error *err)
{
    const char *file = dio_arena_printf(b->arena, "%s (%s, inferred)", b->path, part);
    char *kept = text->failed ? NULL : dio_arena_strndup(b->arena, text->text, text->length);
    const dio_value *v = NULL;
    if (kept)
        v = dio_json_parse(b->arena, file, kept, text->length, err);
    else
        dio_fail_memory(err, "a config");
    dio_str_deinit(text);
    return v;
}

static void put_ints(dio_str *s, const char *key, const int *values, int n)
{
    dio_str_printf(s, ",\"%s\":[", key);
    for (int i = 0; i < n; i++)
        dio_str_printf(s, "%s%d", i ? "," : "", values[i]);
    dio_str_puts(s, "]");
}

/* --- UNet --- */

/* Layers of the transformer "MODULE.transformer_blocks.". */
static int count_layers(const dio_bundle *b, const char *module)
{
    int n = 0;
    while (n < 256 && bundle_find(b, b->part[PART_UNET].prefix,
                                  "%s.transformer_blocks.%d.norm1.weight", module, n))
        n++;
    return n;
}

static int count_at(const dio_bundle *b, const char *block, int at)
{
    char module[64];
    snprintf(module, sizeof module, "%s.%d.1", block, at);
    return count_layers(b, module);
}

/* Per level a list with the layers of each transformer. diffusers takes the middle's from the last
 * level, which in SD 1.x and 2.x has no transformers itself. */
static void put_transformers(dio_bundle *b, dio_str *s)
{
    const dio_unet_layout *l = &b->layout;
    dio_str_puts(s, ",\"transformer_layers_per_block\":[");
    for (int level = 0, at = 1; level < l->levels; level++, at++) {
        bool mid = level == l->levels - 1 && !l->cross[level];
        dio_str_puts(s, level ? ",[" : "[");
        for (int i = 0; i < l->resnets[level]; i++, at++)
            dio_str_printf(s, "%s%d", i ? "," : "",
                           mid ? count_layers(b, "middle_block.1")
                               : count_at(b, "input_blocks", at));
        dio_str_puts(s, "]");
    }
    dio_str_puts(s, "],\"reverse_transformer_layers_per_block\":[");
    for (int level = 0, at = 0; level < l->levels; level++) {
        dio_str_puts(s, level ? ",[" : "[");
        for (int i = 0; i <= l->resnets[l->levels - 1 - level]; i++, at++)
            dio_str_printf(s, "%s%d", i ? "," : "", count_at(b, "output_blocks", at));
        dio_str_puts(s, "]");
    }
    dio_str_puts(s, "]");
}

static void put_types(dio_str *s, const char *key, const bool *cross, int n, const char *way)
{
    dio_str_printf(s, ",\"%s\":[", key);
    for (int i = 0; i < n; i++)
        dio_str_printf(s, "%s\"%s%sBlock2D\"", i ? "," : "", cross[i] ? "CrossAttn" : "", way);
    dio_str_puts(s, "]");
}

/* A tensor of the first transformer. */
static const dio_tensor *attention_tensor(const dio_bundle *b, const char *name)
{
    const char *prefix = b->part[PART_UNET].prefix;
    for (int at = 1; at < DIO_KEYMAP_BLOCKS; at++) {
        const dio_tensor *t = bundle_find(b, prefix, "input_blocks.%d.1.%s", at, name);
        if (t)
            return t;
    }
    return NULL;
}

static void put_widths(dio_bundle *b, dio_str *s, bool linear)
{
    int widths[DIO_KEYMAP_LEVELS], heads[DIO_KEYMAP_LEVELS];
    const dio_unet_layout *l = &b->layout;
    for (int level = 0, at = 1; level < l->levels; level++) {
        widths[level] = dim(
            bundle_find(b, b->part[PART_UNET].prefix, "input_blocks.%d.0.out_layers.3.weight", at),
            0);
        heads[level] = !linear ? SD1_HEADS : widths[level] > HEAD ? widths[level] / HEAD : 1;
        at += l->resnets[level] + 1;
    }
    put_ints(s, "block_out_channels", widths, l->levels);
    put_ints(s, "attention_head_dim", heads, l->levels);
    put_ints(s, "layers_per_block", l->resnets, l->levels);
}

static const dio_value *infer_unet(dio_bundle *b, int side, dio_error *err)
{
    dio_str s = {0};
    const char *prefix = b->part[PART_UNET].prefix;
    const dio_unet_layout *l = &b->layout;
    const dio_tensor *projection = attention_tensor(b, "proj_in.weight");
    const dio_tensor *text = attention_tensor(b, "transformer_blocks.0.attn2.to_k.weight");
    const dio_tensor *added = bundle_find(b, prefix, "label_emb.0.0.weight");
    const dio_tensor *guidance = bundle_find(b, prefix, "time_embed.cond_proj.weight");
    bool linear = projection && projection->type.nd == 2;
    dio_str_printf(&s, "{\"_class_name\":\"UNet2DConditionModel\",\"sample_size\":%d", side);
    dio_str_printf(&s, ",\"in_channels\":%d,\"out_channels\":%d",
                   dim(bundle_find(b, prefix, "input_blocks.0.0.weight"), 1),
                   dim(bundle_find(b, prefix, "out.2.weight"), 0));
    put_widths(b, &s, linear);
    put_types(&s, "down_block_types", l->cross, l->levels, "Down");
    put_types(&s, "up_block_types", l->up_cross, l->levels, "Up");
    put_transformers(b, &s);
    dio_str_printf(&s, ",\"mid_block_type\":%s", l->mid ? "\"UNetMidBlock2DCrossAttn\"" : "null");
    dio_str_printf(&s, ",\"use_linear_projection\":%s", linear ? "true" : "false");
    dio_str_printf(&s, ",\"cross_attention_dim\":%d", text ? dim(text, 1) : 1);
    if (added)
        dio_str_printf(&s,
                       ",\"addition_embed_type\":\"text_time\",\"addition_time_embed_dim\":256,"
                       "\"projection_class_embeddings_input_dim\":%d",
                       dim(added, 1));
    if (guidance)
        dio_str_printf(&s, ",\"time_cond_proj_dim\":%d", dim(guidance, 1));
    dio_str_puts(&s, "}");
    return config_of(b, "unet", &s, err);
}

/* --- autoencoder --- */

static const dio_value *infer_vae(dio_bundle *b, dio_error *err)
{
    dio_str s = {0};
    int widths[DIO_KEYMAP_LEVELS], layers = 0, n = b->vae_levels;
    const char *prefix = b->part[PART_VAE].prefix;
    bool xl = b->kind == DIO_BUNDLE_SDXL;
    while (layers < DIO_KEYMAP_LEVELS &&
           bundle_find(b, prefix, "decoder.up.0.block.%d.conv1.weight", layers))
        layers++;
    for (int i = 0; i < n; i++)
        widths[i] = dim(bundle_find(b, prefix, "decoder.up.%d.block.0.conv2.weight", i), 0);
    dio_str_printf(&s, "{\"_class_name\":\"AutoencoderKL\",\"in_channels\":%d,\"out_channels\":%d",
                   dim(bundle_find(b, prefix, "decoder.conv_out.weight"), 0),
                   dim(bundle_find(b, prefix, "decoder.conv_out.weight"), 0));
    put_ints(&s, "block_out_channels", widths, n);
    dio_str_puts(&s, ",\"down_block_types\":[");
    for (int i = 0; i < n; i++)
        dio_str_printf(&s, "%s\"DownEncoderBlock2D\"", i ? "," : "");
    dio_str_puts(&s, "],\"up_block_types\":[");
    for (int i = 0; i < n; i++)
        dio_str_printf(&s, "%s\"UpDecoderBlock2D\"", i ? "," : "");
    dio_str_printf(&s, "],\"layers_per_block\":%d,\"latent_channels\":%d", layers - 1,
                   dim(bundle_find(b, prefix, "decoder.conv_in.weight"), 1));
    dio_str_printf(&s, ",\"scaling_factor\":%s,\"sample_size\":%d,\"force_upcast\":%s}",
                   xl ? "0.13025" : "0.18215", xl ? 1024 : 512, xl ? "true" : "false");
    return config_of(b, "vae", &s, err);
}

/* --- text encoders --- */

static const dio_value *infer_text(dio_bundle *b, enum bundle_part part, dio_error *err)
{
    dio_str s = {0};
    const struct part *p = &b->part[part];
    bool open = p->text == TEXT_OPEN_CLIP, project = part == PART_TEXT_2;
    const char *root = !open && !bundle_find(b, p->prefix, "text_model.final_layer_norm.weight")
                           ? ""
                           : "text_model.";
    const dio_tensor *table =
        open ? bundle_find(b, p->prefix, "token_embedding.weight")
             : bundle_find(b, p->prefix, "%sembeddings.token_embedding.weight", root);
    const dio_tensor *places =
        open ? bundle_find(b, p->prefix, "positional_embedding")
             : bundle_find(b, p->prefix, "%sembeddings.position_embedding.weight", root);
    const dio_tensor *mlp =
        open ? bundle_find(b, p->prefix, "transformer.resblocks.0.mlp.c_fc.weight")
             : bundle_find(b, p->prefix, "%sencoder.layers.0.mlp.fc1.weight", root);
    int width = dim(table, 1);
    dio_str_printf(&s, "{\"model_type\":\"clip_text_model\",\"architectures\":[\"%s\"]",
                   project ? "CLIPTextModelWithProjection" : "CLIPTextModel");
    dio_str_printf(&s, ",\"vocab_size\":%d,\"hidden_size\":%d,\"intermediate_size\":%d",
                   dim(table, 0), width, dim(mlp, 0));
    dio_str_printf(&s, ",\"num_hidden_layers\":%d,\"num_attention_heads\":%d", p->layers,
                   width > HEAD ? width / HEAD : 1);
    dio_str_printf(&s, ",\"max_position_embeddings\":%d,\"hidden_act\":\"%s\"", dim(places, 0),
                   open ? "gelu" : "quick_gelu");
    if (project)
        dio_str_printf(&s, ",\"projection_dim\":%d",
                       dim(bundle_find(b, p->prefix, "text_projection"), 1));
    dio_str_puts(&s, ",\"layer_norm_eps\":1e-05,\"bos_token_id\":0,\"eos_token_id\":2,"
                     "\"pad_token_id\":1}");
    return config_of(b, bundle_part_names[part], &s, err);
}

/* --- what it predicts, and by which schedule --- */

static bool says(const dio_bundle *b, const char *word)
{
    static const char *const keys[] = {"modelspec.prediction_type", "prediction_type", NULL};
    for (int i = 0; keys[i]; i++) {
        const char *v = dio_weights_meta_find(b->file, keys[i]);
        if (v && strncmp(v, word, strlen(word)) == 0)
            return true;
    }
    return false;
}

static bool predicts_velocity(dio_bundle *b)
{
    const char *step = dio_weights_meta_find(b->file, "global_step");
    if (bundle_find(b, "", "v_pred") || says(b, "v"))
        return true;
    if (says(b, "epsilon") || b->kind != DIO_BUNDLE_SD2)
        return false;
    if (dim(bundle_find(b, b->part[PART_UNET].prefix, "input_blocks.0.0.weight"), 1) != 4)
        return false; /* inpainting was trained from the base model */
    int64_t n;
    if (step && dio_parse_int(step, &n) && n == SD2_BASE_STEP)
        return false;
    b->remark = "the file does not say what its network predicts; velocity at 768 pixels was "
                "assumed, as of Stable Diffusion 2.1: for 2.1-base and what was made from it, set "
                "the schedule's prediction_type to epsilon and the size to 512";
    return true;
}

/* The file's products of alphas where they are not the usual ones; NULL: as usual, or none. */
static const dio_tensor *own_alphas(const dio_bundle *b, dio_error *err)
{
    const dio_tensor *t = dio_weights_find(b->file, "alphas_cumprod");
    if (!t || t->type.nd != 1 || t->type.dim[0] != STEPS || !dio_dtype_is_float(t->type.dtype))
        return NULL;
    dio_tensor *f = dio_tensor_convert(t, DIO_F32, err);
    if (!f)
        return NULL;
    const float *have = dio_tensor_data(f);
    double product = 1, worst = 0;
    for (int i = 0; i < STEPS; i++) {
        double root = sqrt(0.00085) + (sqrt(0.012) - sqrt(0.00085)) * i / (STEPS - 1);
        product *= 1 - root * root;
        worst = fmax(worst, fabs((double)have[i] - product));
    }
    dio_tensor_unref(f);
    return worst < 2e-3 ? NULL : t; /* f16 rounds by 5e-4 */
}

static bool put_betas(dio_str *s, const dio_tensor *alphas, dio_error *err)
{
    dio_tensor *f = dio_tensor_convert(alphas, DIO_F32, err);
    if (!f)
        return false;
    const float *a = dio_tensor_data(f);
    bool ok = true;
    dio_str_puts(s, ",\"trained_betas\":[");
    for (int i = 0; ok && i < STEPS; i++) {
        double beta = 1 - (double)a[i] / (i ? (double)a[i - 1] : 1);
        ok = (beta > 0 && beta < 1) ||
             dio_fail(err,
                      "alphas_cumprod: number %d, %g, does not lie between 0 and the one "
                      "before it",
                      i, (double)a[i]);
        dio_str_printf(s, "%s%.9e", i ? "," : "", beta);
    }
    dio_str_puts(s, "]");
    dio_tensor_unref(f);
    return ok;
}

static const dio_value *infer_schedule(dio_bundle *b, bool velocity, dio_error *err)
{
    static const char *const classes[] = {"PNDMScheduler", "DDIMScheduler",
                                          "EulerDiscreteScheduler"};
    static const char *const extras[] = {
        ",\"skip_prk_steps\":true,\"set_alpha_to_one\":false",
        ",\"clip_sample\":false,\"set_alpha_to_one\":false",
        ",\"interpolation_type\":\"linear\",\"use_karras_sigmas\":false"};
    dio_str s = {0};
    const dio_tensor *alphas = own_alphas(b, err);
    bool zero_snr = bundle_find(b, "", "ztsnr") != NULL;
    dio_str_printf(&s, "{\"_class_name\":\"%s\",\"num_train_timesteps\":%d", classes[b->kind],
                   STEPS);
    dio_str_puts(&s, ",\"beta_start\":0.00085,\"beta_end\":0.012,"
                     "\"beta_schedule\":\"scaled_linear\",\"steps_offset\":1,"
                     "\"timestep_spacing\":\"leading\"");
    dio_str_printf(&s, ",\"prediction_type\":\"%s\"", velocity ? "v_prediction" : "epsilon");
    dio_str_puts(&s, zero_snr ? ",\"rescale_betas_zero_snr\":true,"
                                "\"interpolation_type\":\"linear\""
                              : extras[b->kind]);
    if (alphas && !put_betas(&s, alphas, err)) {
        dio_str_deinit(&s);
        dio_error_at(err, b->path, 0, 0);
        return NULL;
    }
    dio_str_puts(&s, "}");
    return config_of(b, "scheduler", &s, err);
}

static const dio_value *infer_index(dio_bundle *b, dio_error *err)
{
    static const char *const classes[] = {"StableDiffusion", "StableDiffusion",
                                          "StableDiffusionXL"};
    dio_str s = {0};
    int in = dim(bundle_find(b, b->part[PART_UNET].prefix, "input_blocks.0.0.weight"), 1);
    dio_str_printf(&s, "{\"_class_name\":\"%s%sPipeline\"", classes[b->kind],
                   in == 9   ? "Inpaint"
                   : in == 8 ? "InstructPix2Pix"
                             : "");
    dio_str_puts(&s, b->kind == DIO_BUNDLE_SDXL ? ",\"force_zeros_for_empty_prompt\":true}" : "}");
    return config_of(b, "model_index", &s, err);
}

bool bundle_infer(dio_bundle *b, dio_error *err)
{
    struct part *p = b->part;
    if (b->vae_levels && !(p[PART_VAE].config = infer_vae(b, err)))
        return false;
    if (b->kind == DIO_BUNDLE_VAE)
        return true;
    bool velocity = predicts_velocity(b);
    int side = b->kind == DIO_BUNDLE_SDXL ? 128 : b->kind == DIO_BUNDLE_SD2 && velocity ? 96 : 64;
    p[PART_UNET].config = infer_unet(b, side, err);
    if (!p[PART_UNET].config)
        return false;
    for (int i = PART_TEXT; i <= PART_TEXT_2; i++)
        if (p[i].prefix && !(p[i].config = infer_text(b, i, err)))
            return false;
    p[PART_SCHEDULER].config = infer_schedule(b, velocity, err);
    p[PART_INDEX].config = p[PART_SCHEDULER].config ? infer_index(b, err) : NULL;
    return p[PART_INDEX].config != NULL;
}
