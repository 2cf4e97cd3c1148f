/* common.c: parts of config.json that families share. */
#include "text/models/common.h"

#include <string.h>

const dio_value *place_of(const dio_value *json, const char *key)
{
    const dio_value *v = dio_map_get(json, key);
    return v ? v : json;
}

static bool add_end(dio_lm_shape *s, const dio_value *v, const char *key, dio_error *err)
{
    if (v->kind != DIO_INT || v->integer < 0 || v->integer >= s->vocab)
        return dio_value_fail(v, err, "%s: not an id below vocab_size, %d", key, s->vocab);
    if (s->n_ends == DIO_LM_MAX_ENDS)
        return dio_value_fail(v, err, "%s: more than %d ids", key, DIO_LM_MAX_ENDS);
    s->ends[s->n_ends++] = (int)v->integer;
    return true;
}

bool read_ends(dio_lm_shape *s, const dio_value *json, dio_error *err)
{
    const dio_value *bos = dio_map_get(json, "bos_token_id");
    const dio_value *eos = dio_map_get(json, "eos_token_id");
    s->bos = -1;
    s->n_ends = 0;
    if (bos && bos->kind != DIO_NULL) {
        if (!add_end(s, bos, "bos_token_id", err))
            return false;
        s->bos = s->ends[--s->n_ends];
    }
    if (!eos || eos->kind == DIO_NULL)
        return true;
    if (eos->kind != DIO_LIST)
        return add_end(s, eos, "eos_token_id", err);
    for (int i = 0; i < eos->list.count; i++)
        if (!add_end(s, eos->list.items[i], "eos_token_id", err))
            return false;
    return true;
}

bool read_act(const char *name, const dio_value *json, const char *key, dio_act *act,
              dio_error *err)
{
    static const struct {
        const char *name;
        dio_act act;
    } acts[] = {
        {"silu", DIO_ACT_SILU},
        {"swish", DIO_ACT_SILU},
        {"gelu", DIO_ACT_GELU},
        {"gelu_new", DIO_ACT_GELU_TANH},
        {"gelu_pytorch_tanh", DIO_ACT_GELU_TANH},
        {"quick_gelu", DIO_ACT_GELU_QUICK},
        {"relu", DIO_ACT_RELU},
        {"tanh", DIO_ACT_TANH},
    };
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(acts[i].name, name) == 0) {
            *act = acts[i].act;
            return true;
        }
    return dio_value_fail(place_of(json, key), err,
                          "%s: activation \"%.40s\" is not supported "
                          "(silu, gelu, gelu_new, gelu_pytorch_tanh, "
                          "quick_gelu, relu and tanh are)",
                          key, name);
}

/* --- rotary positions --- */

/* The number under `key`, or `fallback` when it is absent or null. */
static bool number(const dio_value *map, const char *key, double fallback, double lo, double hi,
                   double *out, dio_error *err)
{
    const dio_value *v = dio_map_get(map, key);
    *out = fallback;
    if (!v || v->kind == DIO_NULL)
        return true;
    if (v->kind != DIO_INT && v->kind != DIO_REAL)
        return dio_value_fail(v, err, "%s: %s, not a number", key, dio_kind_name(v->kind));
    *out = v->kind == DIO_INT ? (double)v->integer : v->real;
    if (!(*out >= lo && *out <= hi))
        return dio_value_fail(v, err, "%s: %g is outside %g to %g", key, *out, lo, hi);
    return true;
}

static const char *rope_type(const dio_value *map)
{
    const dio_value *v = dio_map_get(map, "rope_type");
    if (!v)
        v = dio_map_get(map, "type");
    return v && v->kind == DIO_STRING ? v->string.text : "default";
}

static bool read_kind(dio_rope_spec *s, const dio_value *map, dio_error *err)
{
    static const char *const names[] = {"default", "linear", "dynamic", "yarn", "llama3"};
    const char *name = rope_type(map);
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], name) == 0) {
            s->kind = (dio_rope_kind)i;
            return true;
        }
    return dio_value_fail(map, err,
                          "rope_type \"%.40s\" is not supported (default, linear, dynamic, "
                          "yarn and llama3 are)",
                          name);
}

static bool need(const dio_value *map, const char *key, const char *type, dio_error *err)
{
    const dio_value *v = dio_map_get(map, key);
    return (v && v->kind != DIO_NULL) ||
           dio_value_fail(map, err, "rope_type \"%s\" needs \"%s\"", type, key);
}

static bool read_scaling(dio_rope_spec *s, const dio_value *map, int positions, dio_error *err)
{
    static const double BIG = 1e9;
    double original, truncate = 1;
    const dio_value *cut = dio_map_get(map, "truncate");
    if (s->kind != DIO_ROPE_DEFAULT && s->kind != DIO_ROPE_YARN &&
        !need(map, "factor", rope_type(map), err))
        return false;
    if (s->kind == DIO_ROPE_LLAMA3 && (!need(map, "low_freq_factor", "llama3", err) ||
                                       !need(map, "high_freq_factor", "llama3", err)))
        return false;
    if (cut && cut->kind == DIO_BOOL)
        truncate = cut->boolean;
    s->truncate = truncate != 0;
    if (!number(map, "original_max_position_embeddings", positions, 1, MAX_POSITIONS, &original,
                err) ||
        !number(map, "factor", positions / original, 1e-3, 1e6, &s->factor, err) ||
        !number(map, "low_freq_factor", 1, 1e-6, BIG, &s->low_freq_factor, err) ||
        !number(map, "high_freq_factor", 4, 1e-6, BIG, &s->high_freq_factor, err) ||
        !number(map, "beta_fast", 32, 1e-6, BIG, &s->beta_fast, err) ||
        !number(map, "beta_slow", 1, 1e-6, BIG, &s->beta_slow, err) ||
        !number(map, "attention_factor", 0, 0, BIG, &s->attention_factor, err) ||
        !number(map, "mscale", 0, 0, BIG, &s->mscale, err) ||
        !number(map, "mscale_all_dim", 0, 0, BIG, &s->mscale_all_dim, err))
        return false;
    s->original_positions = (int)original;
    if (s->kind == DIO_ROPE_LLAMA3 && s->high_freq_factor <= s->low_freq_factor)
        return dio_value_fail(map, err, "high_freq_factor %g is not above low_freq_factor %g",
                              s->high_freq_factor, s->low_freq_factor);
    return true;
}

bool read_rope(dio_rope_spec *s, const dio_value *json, int head, int positions, double theta,
               dio_error *err)
{
    const dio_value *map = dio_map_get(json, "rope_parameters");
    double part;
    *s = (dio_rope_spec){.kind = DIO_ROPE_DEFAULT, .theta = theta, .factor = 1};
    if (!map || map->kind == DIO_NULL)
        map = dio_map_get(json, "rope_scaling");
    if (map && map->kind != DIO_NULL && map->kind != DIO_MAP)
        return dio_value_fail(map, err, "rope parameters: %s, not a map", dio_kind_name(map->kind));
    if (!number(json, "partial_rotary_factor", 1, 0, 1, &part, err))
        return false;
    if (map && map->kind == DIO_MAP &&
        (!read_kind(s, map, err) || !read_scaling(s, map, positions, err) ||
         !number(map, "rope_theta", theta, 1.000001, 1e12, &s->theta, err) ||
         !number(map, "partial_rotary_factor", part, 0, 1, &part, err)))
        return false;
    s->size = (int)(head * part);
    if (s->size < 2 || s->size % 2 || s->size / 2 > DIO_ROPE_MAX)
        return dio_value_fail(place_of(json, "head_dim"), err,
                              "head_dim: %d channels of a head would rotate; an even number from 2 "
                              "to %d is needed",
                              s->size, 2 * DIO_ROPE_MAX);
    return true;
}

dio_val drop(dio_graph *g, dio_val x, const dio_lm_io *io, int stream)
{
    return io->dropout > 0 ? dio_dropout(g, x, io->seed, stream, io->dropout) : x;
}
