/* piper.c: from an exported graph to a VITS.
 *
 * Traps, each of which gives noise and no error
 *  - the kernels of layers under weight norm lose their names (onnx::Conv_6468): a kernel is named
 *    after the node that reads it, /flow/flows.6/enc/in_layers.0/Conv, and never by its place,
 * since flows are traced backwards;
 *  - the table of symbols may be called `sid`: the same rule finds it at /enc_p/emb/Gather;
 *  - dp.flows.0.logs comes folded, as -logs (read by Exp) or as exp(-logs) (read by Mul);
 *  - the authors count flows with the turnings between them: their 0, 2, 4, 6 are couplings 0 to 3,
 *    their 3, 5, 7 splines 2 to 4;
 *  - attention's projections are convolutions of one place here, matrices there.
 */
#include "audio/piper_impl.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* --- names --- */

struct rule {
    const char *from, *to; /* # is a number; ~ the number's flow, counted without the turnings */
    int dims;              /* what trailing 1s are dropped down to; 0: they stay */
};

#define LAYERS "text_encoder.encoder.layers.#."
#define DDS(from, to)                                                                              \
    {from ".convs.convs_sep.#", to ".conv_dds.convs_dilated.#", 0},                                \
        {from ".convs.convs_1x1.#", to ".conv_dds.convs_pointwise.#", 0},                          \
        {from ".convs.norms_1.#", to ".conv_dds.norms_1.#", 0},                                    \
    {                                                                                              \
        from ".convs.norms_2.#", to ".conv_dds.norms_2.#", 0                                       \
    }

/* Layers, without the last part of their weights' names. */
static const struct rule rules[] = {
    {"enc_p.emb", "text_encoder.embed_tokens", 0},
    {"enc_p.proj", "text_encoder.project", 0},
    {"enc_p.encoder.attn_layers.#.conv_q", LAYERS "attention.q_proj", 2},
    {"enc_p.encoder.attn_layers.#.conv_k", LAYERS "attention.k_proj", 2},
    {"enc_p.encoder.attn_layers.#.conv_v", LAYERS "attention.v_proj", 2},
    {"enc_p.encoder.attn_layers.#.conv_o", LAYERS "attention.out_proj", 2},
    {"enc_p.encoder.attn_layers.#", LAYERS "attention", 0},
    {"enc_p.encoder.norm_layers_1.#", LAYERS "layer_norm", 0},
    {"enc_p.encoder.norm_layers_2.#", LAYERS "final_layer_norm", 0},
    {"enc_p.encoder.ffn_layers.#.conv_1", LAYERS "feed_forward.conv_1", 0},
    {"enc_p.encoder.ffn_layers.#.conv_2", LAYERS "feed_forward.conv_2", 0},
    {"dp.pre", "duration_predictor.conv_pre", 0},
    {"dp.cond", "duration_predictor.cond", 0},
    {"dp.conv_1", "duration_predictor.conv_1", 0},
    {"dp.conv_2", "duration_predictor.conv_2", 0},
    {"dp.norm_1", "duration_predictor.norm_1", 0},
    {"dp.norm_2", "duration_predictor.norm_2", 0},
    DDS("dp", "duration_predictor"),
    {"dp.flows.0", "duration_predictor.flows.0", 0},
    {"dp.flows.#.pre", "duration_predictor.flows.~.conv_pre", 0},
    {"dp.flows.#.proj", "duration_predictor.flows.~.conv_proj", 0},
    DDS("dp.flows.#", "duration_predictor.flows.~"),
    {"flow.flows.#.pre", "flow.flows.~.conv_pre", 0},
    {"flow.flows.#.post", "flow.flows.~.conv_post", 0},
    {"flow.flows.#.enc.in_layers.#", "flow.flows.~.wavenet.in_layers.#", 0},
    {"flow.flows.#.enc.res_skip_layers.#", "flow.flows.~.wavenet.res_skip_layers.#", 0},
    {"flow.flows.#.enc.cond_layer", "flow.flows.~.wavenet.cond_layer", 0},
    {"dec.conv_pre", "decoder.conv_pre", 0},
    {"dec.conv_post", "decoder.conv_post", 0},
    {"dec.cond", "decoder.cond", 0},
    {"dec.ups.#", "decoder.upsampler.#", 0},
    {"dec.resblocks.#.convs1.#", "decoder.resblocks.#.convs1.#", 0},
    {"dec.resblocks.#.convs2.#", "decoder.resblocks.#.convs2.#", 0},
    {"dec.resblocks.#.convs.#", "decoder.resblocks.#.convs.#", 0},
    {"emb_g", "embed_speaker", 0},
};

/* Last parts that have another name there; others keep theirs. */
static const char *const parts[][2] = {
    {"gamma", "weight"}, {"beta", "bias"}, {"m", "translate"}, {"logs", "log_scale"}};

enum { NUMBERS = 2 };

static bool matches(const char *pattern, const char *name, int *numbers)
{
    int n = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '#') {
            if (*pattern != *name++)
                return false;
            continue;
        }
        if (!isdigit((unsigned char)*name))
            return false;
        char *end;
        long v = strtol(name, &end, 10);
        if (v > DIO_PIPER_NUMBER || n == NUMBERS)
            return false;
        numbers[n++] = (int)v;
        name = end;
    }
    return *name == 0;
}

static void fill(const char *to, const int *numbers, char out[DIO_PIPER_NAME])
{
    size_t at = 0;
    int n = 0;
    for (; *to && at < DIO_PIPER_NAME - 16; to++)
        if (*to == '#')
            at += (size_t)snprintf(out + at, DIO_PIPER_NAME - at, "%d", numbers[n++]);
        else if (*to == '~')
            at += (size_t)snprintf(out + at, DIO_PIPER_NAME - at, "%d", (numbers[n++] + 1) / 2);
        else
            out[at++] = *to;
    out[at] = 0;
}

/* "dp.pre" in the layer's name there; NULL: no rule knows it. */
static const struct rule *rename_layer(const char *layer, char out[DIO_PIPER_NAME])
{
    int numbers[NUMBERS] = {0};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (matches(rules[i].from, layer, numbers)) {
            fill(rules[i].to, numbers, out);
            return &rules[i];
        }
    return NULL;
}

/* --- reading --- */

/* "/flow/flows.6/enc/in_layers.0/Conv" to "flow.flows.6.enc.in_layers.0". */
static bool layer_of(const char *node, char out[DIO_PIPER_NAME])
{
    const char *last = strrchr(node, '/');
    if (node[0] != '/' || last == node || last - node > DIO_PIPER_NAME - 1)
        return false;
    size_t n = (size_t)(last - node - 1);
    for (size_t i = 0; i < n; i++)
        out[i] = node[i + 1] == '/' ? '.' : node[i + 1];
    out[n] = 0;
    return true;
}

/* Adds the file's tensor as NAME.part, once. */
static bool put(dio_piper_reader *r, const char *stored, const char *layer, const char *part,
                int dims)
{
    const dio_tensor *t = dio_weights_find(r->file, stored);
    const char *name = dio_arena_printf(r->arena, "%s.%s", layer, part);
    if (!t || !name || dio_weights_find(r->out, name))
        return true;
    dio_type type = t->type;
    while (dims && type.nd > dims && type.dim[type.nd - 1] == 1)
        type.nd--;
    dio_tensor *own = dio_tensor_wrap(name, &type, t->buffer, t->offset, r->err);
    bool ok = own && dio_weights_put(r->out, own, r->err);
    dio_tensor_unref(own);
    return ok;
}

/* What a node reads, under the node's name. */
static bool take_node(dio_piper_reader *r, const dio_onnx_node *n)
{
    char layer[DIO_PIPER_NAME], name[DIO_PIPER_NAME];
    bool conv = strncmp(n->op, "Conv", 4) == 0, table = strcmp(n->op, "Gather") == 0;
    if ((!conv && !table) || !layer_of(n->name, layer))
        return true;
    const struct rule *rule = rename_layer(layer, name);
    if (strcmp(layer, "dp.proj") == 0) { /* one name for two layers */
        snprintf(name, sizeof name, "duration_predictor.%s", r->drawn ? "conv_proj" : "proj");
        rule = &rules[0];
    }
    if (!rule || n->n_inputs < (conv ? 2 : 1))
        return true;
    return put(r, n->inputs[conv ? 1 : 0], name, "weight", rule->dims) &&
           (!conv || n->n_inputs < 3 || put(r, n->inputs[2], name, "bias", 0));
}

/* Norms, vectors of distances, the affine flow: what keeps its name. */
static bool take_named(dio_piper_reader *r, const dio_tensor *t)
{
    char layer[DIO_PIPER_NAME], name[DIO_PIPER_NAME];
    const char *dot = strrchr(t->name, '.');
    if (!dot || dot - t->name >= DIO_PIPER_NAME)
        return true;
    snprintf(layer, sizeof layer, "%.*s", (int)(dot - t->name), t->name);
    if (!rename_layer(layer, name))
        return true;
    const char *part = dot + 1;
    if (strcmp(part, "weight") == 0 || strcmp(part, "bias") == 0)
        return true; /* by their nodes */
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(part, parts[i][0]) == 0)
            part = parts[i][1];
    return put(r, t->name, name, part, 0);
}

/* log_scale from -logs, or from exp(-logs). */
static bool take_scale(dio_piper_reader *r)
{
    static const char name[] = "duration_predictor.flows.0.log_scale";
    for (int i = 0; i < r->onnx.n_nodes && !dio_weights_find(r->out, name); i++) {
        const dio_onnx_node *n = &r->onnx.nodes[i];
        bool whole = strcmp(n->name, "/dp/flows.0/Exp") == 0;
        if (!whole && strncmp(n->name, "/dp/flows.0/Mul", 15) != 0)
            continue;
        for (int k = 0; k < n->n_inputs; k++) {
            const dio_tensor *t = dio_weights_find(r->file, n->inputs[k]);
            if (!t || t->type.dtype != DIO_F32 || dio_type_count(&t->type) != 2)
                continue;
            dio_type type = dio_type_2d(DIO_F32, 2, 1);
            dio_tensor *own = dio_tensor_create(name, &type, r->err);
            const float *x = dio_tensor_data(t);
            for (int j = 0; own && j < 2; j++)
                ((float *)dio_tensor_data(own))[j] = whole ? -x[j] : -logf(x[j]);
            bool ok = own && dio_weights_put(r->out, own, r->err);
            dio_tensor_unref(own);
            if (!ok)
                return false;
            break;
        }
    }
    return true;
}

static bool take_all(dio_piper_reader *r)
{
    if (!dio_piper_node(r, "/enc_p/emb/Gather") || !dio_piper_node(r, "/dec/conv_pre/Conv"))
        return dio_fail(r->err, "its nodes do not have the names of a Piper voice's parts "
                                "(/enc_p/emb/Gather): it is none, or a very old one that must be "
                                "exported again");
    r->drawn = dio_weights_find(r->file, "dp.flows.0.m") != NULL;
    for (int i = 0; i < r->onnx.n_nodes; i++)
        if (!take_node(r, &r->onnx.nodes[i]))
            return false;
    for (int i = 0; i < dio_weights_count(r->file); i++)
        if (!take_named(r, dio_weights_at(r->file, i)))
            return false;
    return !r->drawn || take_scale(r);
}

const dio_onnx_node *dio_piper_node(const dio_piper_reader *r, const char *name)
{
    for (int i = 0; i < r->onnx.n_nodes; i++)
        if (strcmp(r->onnx.nodes[i].name, name) == 0)
            return &r->onnx.nodes[i];
    return NULL;
}

static bool read_all(dio_piper_reader *r, const char *path, const dio_value *json, dio_value *map)
{
    dio_map_file *file = dio_map_open(path, r->err);
    bool ok =
        file && dio_onnx_walk(dio_map_data(file), dio_map_size(file), r->arena, &r->onnx, r->err);
    r->file = ok ? dio_weights_open(path, r->err) : NULL;
    r->out = r->file ? dio_weights_like(r->file, r->err) : NULL;
    ok = r->out && take_all(r);
    dio_map_set(r->arena, map, "model_type", dio_value_string(r->arena, "vits"));
    ok = ok && dio_piper_config(r, json, map);
    dio_weights_close(r->file);
    dio_map_unref(file);
    return ok || dio_error_at(r->err, path, 0, 0);
}

bool dio_piper_read(const char *path, const dio_value *json, dio_arena *a, dio_value **config,
                    dio_weights **weights, dio_error *err)
{
    dio_piper_reader r = {.arena = a, .err = err};
    *config = dio_value_map(a);
    (*config)->file = path;
    bool ok = read_all(&r, path, json, *config);
    if (!ok) {
        dio_weights_close(r.out);
        r.out = NULL;
    }
    *weights = r.out;
    return ok;
}
