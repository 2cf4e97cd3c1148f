/* lora.c: low-rank adapters of a language model, read and written as the PEFT package does.
 *
 * A folder holds adapter_config.json (r, lora_alpha, target_modules) and
 * adapter_model.safetensors, whose names are the layer's with "base_model.model." before and
 * "lora_A.weight" or "lora_B.weight" after. What would change the arithmetic and is not known
 * here (rslora, dora, patterns of ranks) is refused rather than passed over. */
#include <string.h>

#include "base/file.h"
#include "base/field.h"
#include "text/lm.h"

static const char *const PREFIX = "base_model.model.";

enum { CONFIG_LIMIT = 1 << 20, MAX_TARGETS = 64 };

struct config {
    int r;
    float lora_alpha;
    const dio_value *target_modules;
    const char *peft_type, *bias;
    bool use_rslora, use_dora;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, r, NULL, 1, 4096, "rank"),
    DIO_FIELD(struct config, lora_alpha, "8", 1e-6, 1e6, "scale times rank"),
    DIO_FIELD(struct config, target_modules, NULL, 0, 0, "layers that are wrapped"),
    DIO_FIELD(struct config, peft_type, "LORA", 0, 0, "kind of adapter"),
    DIO_FIELD(struct config, bias, "none", 0, 0, "biases that were trained too"),
    DIO_FIELD(struct config, use_rslora, "false", 0, 0, "another scale"),
    DIO_FIELD(struct config, use_dora, "false", 0, 0, "another decomposition"),
    {0},
};

/* The walk again, now with the adapter's weights in it. */
static bool walk_again(dio_lm *lm, int rank, float alpha, const char *const *targets, int n,
                       dio_error *err)
{
    const char **kept = dio_arena_alloc(lm->net.arena, (size_t)n * sizeof *kept);
    for (int i = 0; i < n; i++)
        kept[i] = dio_arena_strdup(lm->net.arena, targets[i]);
    lm->lora = (dio_lora_spec){.rank = rank, .alpha = alpha, .targets = kept, .n_targets = n};
    dio_walk fresh;
    if (!dio_walk_init(&fresh, lm->net.family->walk, lm->net.model, &lm->lora, err))
        return false;
    int wrapped = 0;
    for (int i = 0; i < fresh.count; i++)
        wrapped += (fresh.items[i].flags & DIO_WEIGHT_LORA) != 0;
    dio_walk_deinit(&lm->net.walk);
    lm->net.walk = fresh;
    return wrapped || dio_fail(err,
                               "adapter: none of the target modules (\"%.60s\"%s) is a layer of "
                               "this model",
                               targets[0], n > 1 ? ", ..." : "");
}

bool dio_lm_add_lora(dio_lm *lm, int rank, float alpha, const char *const *targets, int n_targets,
                     uint64_t seed, dio_error *err)
{
    if (lm->lora.rank)
        return dio_fail(err, "adapter: this model has one already");
    if (rank < 1 || n_targets < 1 || n_targets > MAX_TARGETS)
        return dio_fail(err, "adapter: a rank of 1 or more and 1 to %d target modules are needed",
                        MAX_TARGETS);
    return walk_again(lm, rank, alpha, targets, n_targets, err) &&
           dio_walk_draw(&lm->net.walk, seed, DIO_F32, DIO_WEIGHT_LORA, err);
}

static bool read_config(struct config *c, const char *path, const char **targets, int *n,
                        dio_arena *a, dio_error *err)
{
    dio_value *v = dio_value_read(a, path, CONFIG_LIMIT, err);
    if (!v || !dio_fields_read(fields, c, v, "adapter_config.json", 0, a, NULL, NULL, err))
        return false;
    const dio_value *list = c->target_modules;
    if (strcmp(c->peft_type, "LORA") != 0)
        return dio_value_fail(v, err, "peft_type \"%.40s\" is not supported (LORA is)",
                              c->peft_type);
    if (c->use_rslora || c->use_dora || strcmp(c->bias, "none") != 0)
        return dio_value_fail(v, err, "use_rslora, use_dora and bias are not supported");
    if (list->kind != DIO_LIST || list->list.count < 1 || list->list.count > MAX_TARGETS)
        return dio_value_fail(list, err, "target_modules must be a list of 1 to %d names",
                              MAX_TARGETS);
    *n = list->list.count;
    for (int i = 0; i < *n; i++) {
        if (list->list.items[i]->kind != DIO_STRING)
            return dio_value_fail(list->list.items[i], err, "target_modules must be names");
        targets[i] = list->list.items[i]->string.text;
    }
    return true;
}

bool dio_lm_load_lora(dio_lm *lm, const char *dir, dio_error *err)
{
    struct config c = {0};
    const char *targets[MAX_TARGETS];
    int n = 0;
    dio_arena *a = lm->net.arena;
    if (lm->lora.rank)
        return dio_fail(err, "adapter: this model has one already");
    if (!read_config(&c, dio_path_join(a, dir, "adapter_config.json"), targets, &n, a, err) ||
        !walk_again(lm, c.r, c.lora_alpha, targets, n, err))
        return false;
    dio_weights *w = dio_weights_open(dio_path_join(a, dir, "adapter_model.safetensors"), err);
    if (!w)
        return false;
    bool ok = dio_walk_load(&lm->net.walk, w, DIO_F32, DIO_WEIGHT_LORA, PREFIX, NULL, err);
    dio_weights_close(w);
    return ok;
}

static char *config_text(const dio_lm *lm, dio_arena *a)
{
    dio_value *map = dio_value_map(a), *targets = dio_value_list(a);
    for (int i = 0; i < lm->lora.n_targets; i++)
        dio_list_add(a, targets, dio_value_string(a, lm->lora.targets[i]));
    dio_map_set(a, map, "peft_type", dio_value_string(a, "LORA"));
    dio_map_set(a, map, "task_type", dio_value_string(a, "CAUSAL_LM"));
    dio_map_set(a, map, "base_model_name_or_path", dio_value_string(a, lm->dir ? lm->dir : ""));
    dio_map_set(a, map, "r", dio_value_int(a, lm->lora.rank));
    dio_map_set(a, map, "lora_alpha", dio_value_real(a, (double)lm->lora.alpha));
    dio_map_set(a, map, "lora_dropout", dio_value_real(a, 0));
    dio_map_set(a, map, "bias", dio_value_string(a, "none"));
    dio_map_set(a, map, "target_modules", targets);
    dio_map_set(a, map, "inference_mode", dio_value_bool(a, true));
    return dio_json_write(a, map, 2);
}

bool dio_lm_save_lora(const dio_lm *lm, const char *dir, dio_error *err)
{
    static const dio_weights_meta meta[] = {{"format", "pt"}};
    if (!lm->lora.rank)
        return dio_fail(err, "adapter: this model has none to save");
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "saving an adapter");
    char *text = config_text(lm, a);
    bool ok = (text || dio_fail_memory(err, "adapter_config.json")) && dio_dir_make(dir, err) &&
              dio_walk_save(&lm->net.walk, dio_path_join(a, dir, "adapter_model.safetensors"),
                            DIO_F32, DIO_WEIGHT_LORA, PREFIX, meta, 1, err) &&
              dio_file_write(dio_path_join(a, dir, "adapter_config.json"), text, strlen(text), err);
    dio_arena_destroy(a);
    return ok;
}
