/* lora.c: the names of a LoRA's tensors, in all the spellings that are about.
 *
 *     lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight            kohya
 *     lora_unet_input_blocks_4_1_proj_in.lora_down.weight                      kohya, SDXL
 *     unet.down_blocks.0.attentions.0.proj_in.lora_A.weight                    diffusers, PEFT
 *     unet.down_blocks.0.attentions.0...attn1.processor.to_q_lora.down.weight  diffusers, before
 *     text_encoder.text_model.encoder.layers.0.mlp.fc1.lora_linear_layer.up.weight
 *
 * Underscores for dots cannot be taken back, so layers are known by names without any dots; the
 * models' own names are brought to the same form (lora_match.c). */
#include "vision/lora.h"

#include <string.h>

#include "vision/lora_impl.h"

enum role { DOWN, UP, MID, ALPHA };

static const struct {
    const char *ending;
    enum role role;
} endings[] = {
    {".lora_down.weight", DOWN},
    {".lora_up.weight", UP},
    {".lora_mid.weight", MID},
    {".lora_A.weight", DOWN},
    {".lora_B.weight", UP},
    {".lora_A.default.weight", DOWN},
    {".lora_B.default.weight", UP},
    {".lora.down.weight", DOWN},
    {".lora.up.weight", UP},
    {"_lora.down.weight", DOWN},
    {"_lora.up.weight", UP},
    {".lora_linear_layer.down.weight", DOWN},
    {".lora_linear_layer.up.weight", UP},
    {".alpha", ALPHA},
};

/* Other kinds of change, by what only their names have. */
static const struct {
    const char *within, *what;
} others[] = {
    {"dora_scale", "DoRA"},
    {"lora_magnitude_vector", "DoRA"},
    {"hada_", "LoHa"},
    {"lokr_", "LoKr"},
    {"oft_", "OFT"},
    {"glora", "GLoRA"},
    {".diff", "full differences"},
    {"on_input", "IA3"},
};

static const struct {
    const char *prefix, *part;
} parts[] = {
    {"lora_unet_", "unet"},
    {"lora_te1_", "text_encoder"},
    {"lora_te2_", "text_encoder_2"},
    {"lora_te_", "text_encoder"},
    {"text_encoder_2.", "text_encoder_2"},
    {"text_encoder.", "text_encoder"},
    {"unet.", "unet"},
    {"", "unet"},
};

char *lora_flat(dio_arena *a, const char *name)
{
    char *flat = dio_arena_strdup(a, name);
    for (char *p = flat; p && *p; p++)
        if (*p == '.')
            *p = '_';
    return flat;
}

static bool cut_end(char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    if (n < m || strcmp(s + n - m, end) != 0)
        return false;
    s[n - m] = '\0';
    return true;
}

/* Attention of diffusers before PEFT: "attn1.processor.to_q" is attn1.to_q, to_out is to_out.0; of
 * text encoders, to_q is q_proj. */
static const char *modern(dio_arena *a, char *flat, bool text)
{
    static const char *const old[] = {"to_q", "to_k", "to_v", "to_out"};
    static const char *const names[] = {"q_proj", "k_proj", "v_proj", "out_proj"};
    char *at = strstr(flat, "_processor_");
    if (at)
        memmove(at, at + 10, strlen(at + 10) + 1);
    for (int i = 0; text && i < 4; i++)
        if (cut_end(flat, old[i]))
            return dio_arena_printf(a, "%s%s", flat, names[i]);
    size_t n = strlen(flat);
    return n > 6 && strcmp(flat + n - 6, "to_out") == 0 ? dio_arena_printf(a, "%s_0", flat) : flat;
}

static struct lora_layer *layer_of(dio_lora *l, const char *key, dio_error *err)
{
    int which = 0;
    if (strncmp(key, "base_model.model.", 17) == 0)
        key += 17;
    while (strncmp(key, parts[which].prefix, strlen(parts[which].prefix)) != 0)
        which++;
    char *flat = lora_flat(l->arena, key + strlen(parts[which].prefix));
    if (!flat)
        return NULL;
    bool text = strcmp(parts[which].part, "unet") != 0;
    const char *name = modern(l->arena, flat, text);
    for (int i = l->count - 1; i >= 0; i--)
        if (l->layer[i].part == parts[which].part && strcmp(l->layer[i].name, name) == 0)
            return &l->layer[i];
    if (l->count == LORA_LAYERS) {
        dio_fail(err, "a LoRA of more than %d layers", LORA_LAYERS);
        return NULL;
    }
    if (!dio_arena_grow(l->arena, &l->layer, l->count, &l->cap, sizeof *l->layer))
        return NULL;
    l->layer[l->count] = (struct lora_layer){.key = key, .part = parts[which].part, .name = name};
    return &l->layer[l->count++];
}

static bool refuse(const char *name, dio_error *err)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strstr(name, others[i].within))
            return dio_fail(err,
                            "%.200s: this change is of the kind %s, which is not supported "
                            "(LoRA is)",
                            name, others[i].what);
    return dio_fail(err, "%.200s is no name of a LoRA's tensor", name);
}

static bool take(dio_lora *l, const dio_tensor *t, dio_error *err)
{
    char *key = dio_arena_strdup(l->arena, t->name);
    size_t i = 0, n = sizeof endings / sizeof endings[0];
    while (key && i < n && !cut_end(key, endings[i].ending))
        i++;
    if (i == n)
        return refuse(t->name, err);
    struct lora_layer *layer = key ? layer_of(l, key, err) : NULL;
    if (!layer)
        return dio_fail_memory(err, "a LoRA");
    const dio_tensor **slots[] = {&layer->down, &layer->up, &layer->mid, &layer->alpha};
    const dio_tensor **slot = slots[endings[i].role];
    if (*slot)
        return dio_fail(err, "%.200s: the same layer is there twice, the other time as %.200s",
                        t->name, (*slot)->name);
    *slot = t;
    return dio_dtype_is_float(t->type.dtype) ||
           dio_fail(err, "%.200s is of type %s: floats are needed", t->name,
                    dio_dtype_name(t->type.dtype));
}

static bool check_whole(const dio_lora *l, dio_error *err)
{
    for (int i = 0; i < l->count; i++) {
        const struct lora_layer *y = &l->layer[i];
        if (!y->down || !y->up)
            return dio_fail(err, "%.200s: %s is missing", y->key,
                            y->down ? "up (lora_B)" : "down (lora_A)");
    }
    return l->count > 0 || dio_fail(err, "this file holds no LoRA");
}

static bool read_meta(dio_lora *l, dio_error *err)
{
    const char *text = dio_weights_meta_find(l->weights, "lora_adapter_metadata");
    if (text)
        l->meta = dio_json_parse(l->arena, "lora_adapter_metadata", text, strlen(text), err);
    return !text || l->meta;
}

dio_lora *dio_lora_open(const char *path, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a LoRA");
        return NULL;
    }
    dio_lora *l = dio_arena_alloc(a, sizeof *l);
    l->arena = a;
    l->weights = dio_weights_open(path, err);
    bool ok = l->weights && read_meta(l, err);
    for (int i = 0; ok && i < dio_weights_count(l->weights); i++)
        ok = take(l, dio_weights_at(l->weights, i), err);
    ok = ok && check_whole(l, err);
    if (dio_arena_failed(a)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "a LoRA");
    }
    if (ok)
        return l;
    dio_error_at(err, path, 0, 0);
    dio_lora_close(l);
    return NULL;
}

void dio_lora_close(dio_lora *l)
{
    if (!l)
        return;
    dio_weights_close(l->weights);
    dio_arena_destroy(l->arena);
}

int dio_lora_count(const dio_lora *l)
{
    return l->count;
}
