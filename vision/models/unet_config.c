/* unet_config.c: config.json of a UNet2DConditionModel: its lists, and what follows from them.
 * Which keys there may be is in unet_keys.c.
 *
 * Trap: attention_head_dim is the number of heads, by a mistake that diffusers keeps for the sake
 * of the configs that have it. */
#include <string.h>

#include "vision/models/unet_model.h"

enum { HEADS = 1024 };

const dio_field unet_fields[] = {
    DIO_FIELD(struct unet_config, in_channels, "4", 1, 512, "channels in"),
    DIO_FIELD(struct unet_config, out_channels, "4", 1, 512, "channels out"),
    DIO_FIELD(struct unet_config, norm_num_groups, "32", 1, UNET_WIDTH, "of every group norm"),
    DIO_FIELD(struct unet_config, downsample_padding, "1", 0, 1, "0: right and bottom only"),
    DIO_FIELD(struct unet_config, addition_time_embed_dim, "0", 0, 4096, "of each of time_ids"),
    DIO_FIELD(struct unet_config, projection_class_embeddings_input_dim, "0", 0, UNET_WIDTH,
              "pooled text and time_ids, side by side"),
    DIO_FIELD(struct unet_config, time_cond_proj_dim, "0", 0, 4096, "of a guidance embedding"),
    DIO_FIELD(struct unet_config, time_embedding_dim, "0", 0, UNET_WIDTH, "0: 4 times the first"),
    DIO_FIELD(struct unet_config, norm_eps, "1e-5", 0, 1, "of residual blocks and the last norm"),
    DIO_FIELD(struct unet_config, freq_shift, "0", 0, 1, "of the waves of time"),
    DIO_FIELD(struct unet_config, flip_sin_to_cos, "true", 0, 0, "cosines come first"),
    DIO_FIELD(struct unet_config, use_linear_projection, "false", 0, 0,
              "transformers' projections are stored as matrices"),
    {0},
};

/* --- lists with one entry a level --- */

static const dio_value *place_of(const dio_value *json, const char *key)
{
    const dio_value *v = dio_map_get(json, key);
    return v ? v : json;
}

/* The value under key; NULL when absent or null. */
static const dio_value *given(const dio_value *json, const char *key)
{
    const dio_value *v = dio_map_get(json, key);
    return v && v->kind != DIO_NULL ? v : NULL;
}

static bool read_int(const dio_value *v, const char *key, int lo, int hi, int *out, dio_error *err)
{
    if (v->kind != DIO_INT)
        return dio_value_fail(v, err, "%s: %s, not a whole number", key, dio_kind_name(v->kind));
    if (v->integer < lo || v->integer > hi)
        return dio_value_fail(v, err, "%s: %lld is outside %d to %d", key, (long long)v->integer,
                              lo, hi);
    *out = (int)v->integer;
    return true;
}

static bool want_entries(const dio_value *v, const char *key, int n, dio_error *err)
{
    return v->list.count == n ||
           dio_value_fail(v, err, "%s: %d entries for the %d levels of block_out_channels", key,
                          v->list.count, n);
}

/* One number for all levels, or a list of one for each. */
static bool read_levels(const struct unet *m, const dio_value *json, const char *key, int fallback,
                        int lo, int hi, int *out, dio_error *err)
{
    const dio_value *v = given(json, key);
    bool list = v && v->kind == DIO_LIST;
    if (list && !want_entries(v, key, m->levels, err))
        return false;
    for (int i = 0; i < m->levels; i++) {
        out[i] = fallback;
        if (v && !read_int(list ? v->list.items[i] : v, key, lo, hi, &out[i], err))
            return false;
    }
    return true;
}

static bool read_widths(struct unet *m, const dio_value *json, int *widths, dio_error *err)
{
    static const int usual[] = {320, 640, 1280, 1280};
    const char *key = "block_out_channels";
    const dio_value *v = given(json, key);
    m->levels = 4;
    memcpy(widths, usual, sizeof usual);
    if (!v)
        return true;
    if (v->kind != DIO_LIST || v->list.count < 1 || v->list.count > UNET_LEVELS)
        return dio_value_fail(v, err, "%s: a list of 1 to %d numbers is needed", key, UNET_LEVELS);
    m->levels = v->list.count;
    for (int i = 0; i < m->levels; i++)
        if (!read_int(v->list.items[i], key, 1, UNET_WIDTH, &widths[i], err))
            return false;
    return true;
}

/* Which levels have transformers. plain: the level that has none where nothing is written. */
static bool read_types(const struct unet *m, const dio_value *json, const char *key,
                       const char *type, const char *cross_type, int plain,
                       struct unet_block *blocks, dio_error *err)
{
    const dio_value *v = given(json, key);
    if (!v && m->levels != 4)
        return dio_value_fail(json, err, "%s is missing, and block_out_channels has %d levels", key,
                              m->levels);
    if (v && (v->kind != DIO_LIST || v->list.count < 1))
        return dio_value_fail(v, err, "%s: a list of names is needed", key);
    if (v && !want_entries(v, key, m->levels, err))
        return false;
    for (int i = 0; i < m->levels; i++) {
        const dio_value *name = v ? v->list.items[i] : NULL;
        blocks[i].cross = name ? unet_is(name, cross_type) : i != plain;
        if (name && name->kind != DIO_STRING)
            return dio_value_fail(name, err, "%s: %s, not a name", key, dio_kind_name(name->kind));
        if (name && !blocks[i].cross && !unet_is(name, type))
            return dio_value_fail(name, err, "%s: \"%.60s\" is not supported (%s and %s are)", key,
                                  name->string.text, type, cross_type);
    }
    return true;
}

/* Layers of one level's transformers: a number for all, or a list with one for each. */
static bool read_depths(const dio_value *v, const char *key, struct unet_block *b, int count,
                        dio_error *err)
{
    if (v && v->kind == DIO_LIST && v->list.count < count)
        return dio_value_fail(v, err, "%s: %d entries for %d transformers", key, v->list.count,
                              count);
    for (int i = 0; i < count; i++) {
        b->layers[i] = 1;
        if (v && !read_int(v->kind == DIO_LIST ? v->list.items[i] : v, key, 0, UNET_LAYERS,
                           &b->layers[i], err))
            return false;
    }
    return true;
}

static bool read_transformers(struct unet *m, const dio_value *json, dio_error *err)
{
    const char *key = "transformer_layers_per_block";
    const char *back_key = "reverse_transformer_layers_per_block";
    const dio_value *v = given(json, key), *back = given(json, back_key);
    bool list = v && v->kind == DIO_LIST;
    if (list && !want_entries(v, key, m->levels, err))
        return false;
    for (int i = 0; list && !back && i < m->levels; i++)
        if (v->list.items[i]->kind == DIO_LIST)
            return dio_value_fail(v->list.items[i], err, "%s: lists within the list need %s", key,
                                  back_key);
    if (back && back->kind != DIO_LIST)
        return dio_value_fail(back, err, "%s: a list is needed", back_key);
    if (back && !want_entries(back, back_key, m->levels, err))
        return false;
    for (int i = 0; i < m->levels; i++) {
        const dio_value *down = list ? v->list.items[i] : v;
        const dio_value *up = list ? v->list.items[m->levels - 1 - i] : v;
        if (!read_depths(down, key, &m->down[i], m->down[i].count, err) ||
            !read_depths(back ? back->list.items[i] : up, back ? back_key : key, &m->up[i],
                         m->up[i].count, err))
            return false;
    }
    return read_depths(list ? v->list.items[m->levels - 1] : v, key, &m->mid, 1, err);
}

/* --- what follows --- */

static void fill_widths(struct unet *m, const int *widths, const int *depths, const int *heads)
{
    int last = m->levels - 1;
    for (int i = 0; i <= last; i++) {
        struct unet_block *d = &m->down[i], *u = &m->up[i];
        int mirror = last - i, before = widths[i ? mirror + 1 : last];
        int below = widths[mirror ? mirror - 1 : 0];
        d->count = depths[i];
        d->width = widths[i];
        d->heads = heads[i];
        d->resample = u->resample = i < last;
        u->count = depths[mirror] + 1;
        u->width = widths[mirror];
        u->heads = heads[mirror];
        for (int j = 0; j < d->count; j++)
            d->in[j] = j ? widths[i] : widths[i ? i - 1 : 0];
        for (int j = 0; j < u->count; j++)
            u->in[j] = (j ? u->width : before) + (j == u->count - 1 ? below : u->width);
    }
    m->mid = (struct unet_block){.cross = true,
                                 .count = 2,
                                 .width = widths[last],
                                 .in = {widths[last], widths[last]},
                                 .heads = heads[last]};
}

/* Group norms and heads must divide their channels; then room for the weights is taken. */
static bool finish_block(struct unet *m, struct unet_block *b, int attentions,
                         const dio_value *json, dio_arena *a, dio_error *err)
{
    int groups = m->c.norm_num_groups;
    for (int i = 0; i < b->count; i++)
        if (b->in[i] % groups || b->width % groups)
            return dio_value_fail(place_of(json, "norm_num_groups"), err,
                                  "norm_num_groups: %d does not divide %d channels", groups,
                                  b->in[i] % groups ? b->in[i] : b->width);
    if (b->cross && b->width % b->heads)
        return dio_value_fail(place_of(json, "attention_head_dim"), err,
                              "attention_head_dim: %d (the number of heads) does not divide %d "
                              "channels",
                              b->heads, b->width);
    b->resnet = dio_arena_try(a, (size_t)b->count * sizeof *b->resnet);
    b->attention = dio_arena_try(a, (size_t)b->count * sizeof *b->attention);
    if (!b->resnet || !b->attention)
        return dio_fail_memory(err, "a UNet's blocks");
    for (int i = 0; b->cross && i < attentions; i++) {
        dio_nn_transformer *t = &b->attention[i];
        *t = (dio_nn_transformer){.width = b->width,
                                  .heads = b->heads,
                                  .context = m->context,
                                  .count = b->layers[i],
                                  .linear = m->c.use_linear_projection};
        t->blocks = dio_arena_try(a, (size_t)(t->count + 1) * sizeof *t->blocks);
        if (!t->blocks)
            return dio_fail_memory(err, "a UNet's transformers");
    }
    return true;
}

static bool read_mid(struct unet *m, const dio_value *json, dio_error *err)
{
    const dio_value *v = dio_map_get(json, "mid_block_type");
    m->has_mid = !v || v->kind != DIO_NULL;
    if (!v || v->kind == DIO_NULL || unet_is(v, "UNetMidBlock2DCrossAttn"))
        return true;
    return dio_value_fail(v, err,
                          "mid_block_type: \"%.60s\" is not supported (UNetMidBlock2DCrossAttn and "
                          "null are)",
                          v->kind == DIO_STRING ? v->string.text : dio_kind_name(v->kind));
}

static bool read_context(struct unet *m, const dio_value *json, dio_error *err)
{
    int context[UNET_LEVELS];
    const char *key = "cross_attention_dim";
    if (!read_levels(m, json, key, 1280, 1, UNET_WIDTH, context, err))
        return false;
    for (int i = 1; i < m->levels; i++)
        if (context[i] != context[0])
            return dio_value_fail(place_of(json, key), err,
                                  "%s: %d and %d: one text cannot be of two widths", key,
                                  context[0], context[i]);
    m->context = context[0];
    return true;
}

static bool read_added(struct unet *m, const dio_value *json, dio_error *err)
{
    const dio_value *v = given(json, "addition_embed_type"), *size = given(json, "sample_size");
    struct unet_config *c = &m->c;
    if (size && size->kind == DIO_LIST && size->list.count > 0)
        size = size->list.items[0];
    if (size && !read_int(size, "sample_size", 1, 1 << 16, &m->sample_size, err))
        return false;
    if (!v)
        return true;
    if (!unet_is(v, "text_time"))
        return dio_value_fail(v, err,
                              "addition_embed_type: \"%.60s\" is not supported (text_time "
                              "and null are)",
                              v->kind == DIO_STRING ? v->string.text : dio_kind_name(v->kind));
    m->text_time = true;
    if (c->addition_time_embed_dim < 2 ||
        c->projection_class_embeddings_input_dim <= c->addition_time_embed_dim)
        return dio_value_fail(v, err,
                              "addition_embed_type text_time needs addition_time_embed_dim "
                              "and a larger projection_class_embeddings_input_dim");
    return true;
}

bool unet_config_read(struct unet *m, const dio_value *json, dio_arena *a, dio_error *err)
{
    int widths[UNET_LEVELS], depths[UNET_LEVELS], heads[UNET_LEVELS];
    const char *heads_key =
        given(json, "num_attention_heads") ? "num_attention_heads" : "attention_head_dim";
    if (!unet_check_keys(json, a, err) || !read_widths(m, json, widths, err) ||
        !read_types(m, json, "down_block_types", "DownBlock2D", "CrossAttnDownBlock2D", 3, m->down,
                    err) ||
        !read_types(m, json, "up_block_types", "UpBlock2D", "CrossAttnUpBlock2D", 0, m->up, err) ||
        !read_levels(m, json, "layers_per_block", 2, 1, UNET_DEPTH - 1, depths, err) ||
        !read_levels(m, json, heads_key, 8, 1, HEADS, heads, err) || !read_context(m, json, err) ||
        !read_mid(m, json, err) || !read_added(m, json, err))
        return false;
    fill_widths(m, widths, depths, heads);
    m->time_width = m->c.time_embedding_dim ? m->c.time_embedding_dim : 4 * widths[0];
    if (!read_transformers(m, json, err) || !finish_block(m, &m->mid, 1, json, a, err))
        return false;
    for (int i = 0; i < m->levels; i++)
        if (!finish_block(m, &m->down[i], m->down[i].count, json, a, err) ||
            !finish_block(m, &m->up[i], m->up[i].count, json, a, err))
            return false;
    return true;
}
