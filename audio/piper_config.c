/* piper_config.c: what an exported graph says of its network: shapes of weights, strides, dilations
 * and slopes of nodes; how it is to be used stands in the JSON beside it. */
#include <stdio.h>
#include <string.h>

#include "audio/piper_impl.h"

static int64_t dim_of(const dio_piper_reader *r, const char *name, int axis)
{
    const dio_tensor *t = dio_weights_find(r->out, name);
    return t && axis < t->type.nd ? t->type.dim[axis] : 0;
}

/* How many numbered weights there are from 0 (or `first`) on. */
static int count_of(const dio_piper_reader *r, const char *format, int first)
{
    char name[DIO_PIPER_NAME];
    int n = first;
    do
        snprintf(name, sizeof name, format, n); /* NOLINT: our own formats */
    while (dio_weights_find(r->out, name) && ++n < DIO_PIPER_NUMBER);
    return n;
}

static void set(dio_piper_reader *r, dio_value *map, const char *key, int64_t v)
{
    dio_map_set(r->arena, map, key, dio_value_int(r->arena, v));
}

static int64_t attribute(const dio_onnx_node *n, const char *name, int i, int64_t usual)
{
    const dio_onnx_attribute *at = n ? dio_onnx_attribute_of(n, name) : NULL;
    return at && i < at->n_ints ? at->ints[i] : usual;
}

static void text_config(dio_piper_reader *r, dio_value *map)
{
    static const char layer[] = "text_encoder.encoder.layers.0.";
    char name[DIO_PIPER_NAME];
    int64_t width = dim_of(r, "text_encoder.embed_tokens.weight", 1);
    snprintf(name, sizeof name, "%sattention.emb_rel_k", layer);
    int64_t size = dim_of(r, name, 2);
    set(r, map, "window_size", (dim_of(r, name, 1) - 1) / 2);
    set(r, map, "num_attention_heads", size > 0 ? width / size : 0);
    snprintf(name, sizeof name, "%sfeed_forward.conv_1.weight", layer);
    set(r, map, "ffn_dim", dim_of(r, name, 0));
    set(r, map, "ffn_kernel_size", dim_of(r, name, 2));
    set(r, map, "vocab_size", dim_of(r, "text_encoder.embed_tokens.weight", 0));
    set(r, map, "hidden_size", width);
    set(r, map, "num_hidden_layers",
        count_of(r, "text_encoder.encoder.layers.%d.attention.q_proj.weight", 0));
    set(r, map, "flow_size", dim_of(r, "text_encoder.project.weight", 0) / 2);
    int64_t speakers = dim_of(r, "embed_speaker.weight", 0);
    set(r, map, "num_speakers", speakers > 1 ? speakers : 1);
    set(r, map, "speaker_embedding_size", dim_of(r, "embed_speaker.weight", 1));
}

static void duration_config(dio_piper_reader *r, dio_value *map)
{
    static const char dds[] = "duration_predictor.conv_dds.convs_dilated.%d.weight";
    static const char last[] = "duration_predictor.flows.2.conv_proj.weight";
    dio_map_set(r->arena, map, "use_stochastic_duration_prediction",
                dio_value_bool(r->arena, r->drawn));
    if (!r->drawn) {
        set(r, map, "duration_predictor_filter_channels",
            dim_of(r, "duration_predictor.conv_1.weight", 0));
        set(r, map, "duration_predictor_kernel_size",
            dim_of(r, "duration_predictor.conv_1.weight", 2));
        return;
    }
    set(r, map, "depth_separable_num_layers", count_of(r, dds, 0));
    set(r, map, "duration_predictor_kernel_size",
        dim_of(r, "duration_predictor.conv_dds.convs_dilated.0.weight", 2));
    int flows = count_of(r, "duration_predictor.flows.%d.conv_proj.weight", 2);
    set(r, map, "duration_predictor_num_flows", flows - 1);
    if (flows > 2)
        set(r, map, "duration_predictor_flow_bins", (dim_of(r, last, 0) + 1) / 3);
}

static void flow_config(dio_piper_reader *r, dio_value *map)
{
    set(r, map, "prior_encoder_num_flows", count_of(r, "flow.flows.%d.conv_pre.weight", 0));
    set(r, map, "prior_encoder_num_wavenet_layers",
        count_of(r, "flow.flows.0.wavenet.in_layers.%d.weight", 0));
    set(r, map, "wavenet_kernel_size", dim_of(r, "flow.flows.0.wavenet.in_layers.0.weight", 2));
    set(r, map, "wavenet_dilation_rate",
        attribute(dio_piper_node(r, "/flow/flows.0/enc/in_layers.1/Conv"), "dilations", 0, 1));
}

/* Residual blocks of the first stage stand for all. */
static void block_config(dio_piper_reader *r, dio_value *map, int stages)
{
    bool single = count_of(r, "decoder.resblocks.0.convs.%d.weight", 0) > 0;
    const char *convs = single ? "convs" : "convs1";
    char name[DIO_PIPER_NAME], format[DIO_PIPER_NAME];
    snprintf(format, sizeof format, "decoder.resblocks.%%d.%s.0.weight", convs);
    int blocks = count_of(r, format, 0) / (stages ? stages : 1);
    dio_value *kernels = dio_value_list(r->arena), *all = dio_value_list(r->arena);
    for (int i = 0; i < blocks && i < 64; i++) {
        dio_value *dilations = dio_value_list(r->arena);
        snprintf(name, sizeof name, "decoder.resblocks.%d.%s.0.weight", i, convs);
        dio_list_add(r->arena, kernels, dio_value_int(r->arena, dim_of(r, name, 2)));
        for (int k = 0; k < 64; k++) {
            snprintf(name, sizeof name, "/dec/resblocks.%d/%s.%d/Conv", i, convs, k);
            const dio_onnx_node *n = dio_piper_node(r, name);
            if (!n)
                break;
            dio_list_add(r->arena, dilations,
                         dio_value_int(r->arena, attribute(n, "dilations", 0, 1)));
        }
        dio_list_add(r->arena, all, dilations);
    }
    dio_map_set(r->arena, map, "resblock", dio_value_string(r->arena, single ? "2" : "1"));
    dio_map_set(r->arena, map, "resblock_kernel_sizes", kernels);
    dio_map_set(r->arena, map, "resblock_dilation_sizes", all);
}

static bool decoder_config(dio_piper_reader *r, dio_value *map)
{
    dio_value *rates = dio_value_list(r->arena), *kernels = dio_value_list(r->arena);
    char name[DIO_PIPER_NAME];
    int stages = count_of(r, "decoder.upsampler.%d.weight", 0);
    set(r, map, "upsample_initial_channel", dim_of(r, "decoder.conv_pre.weight", 0));
    for (int i = 0; i < stages && i < 64; i++) {
        snprintf(name, sizeof name, "decoder.upsampler.%d.weight", i);
        int64_t kernel = dim_of(r, name, 2);
        snprintf(name, sizeof name, "/dec/ups.%d/ConvTranspose", i);
        const dio_onnx_node *n = dio_piper_node(r, name);
        int64_t rate = attribute(n, "strides", 0, 0), pad = attribute(n, "pads", 0, -1);
        if (pad != (kernel - rate) / 2 || attribute(n, "pads", 1, -1) != pad)
            return dio_fail(r->err, "%s pads %lld, where a kernel of %lld over %lld needs %lld",
                            name, (long long)pad, (long long)kernel, (long long)rate,
                            (long long)(kernel - rate) / 2);
        dio_list_add(r->arena, rates, dio_value_int(r->arena, rate));
        dio_list_add(r->arena, kernels, dio_value_int(r->arena, kernel));
    }
    dio_map_set(r->arena, map, "upsample_rates", rates);
    dio_map_set(r->arena, map, "upsample_kernel_sizes", kernels);
    block_config(r, map, stages);
    const dio_onnx_node *leaky = dio_piper_node(r, "/dec/LeakyRelu");
    const dio_onnx_attribute *slope = leaky ? dio_onnx_attribute_of(leaky, "alpha") : NULL;
    dio_map_set(r->arena, map, "leaky_relu_slope",
                dio_value_real(r->arena, slope ? (double)slope->real : 0.01));
    return true;
}

/* --- NAME.onnx.json --- */

static double number(const dio_value *map, const char *key, double usual)
{
    const dio_value *v = dio_map_get(map, key);
    return v && v->kind == DIO_INT    ? (double)v->integer
           : v && v->kind == DIO_REAL ? v->real
                                      : usual;
}

static bool settings(dio_piper_reader *r, const dio_value *json, dio_value *map)
{
    const dio_value *audio = dio_map_get(json, "audio"), *how = dio_map_get(json, "inference");
    const dio_value *rate = dio_map_get(audio, "sample_rate");
    double slow = number(how, "length_scale", 1);
    if (!rate || rate->kind != DIO_INT)
        return dio_value_fail(json, r->err, "audio.sample_rate: samples a second are needed");
    if (!(slow >= 0.05 && slow <= 20))
        return dio_value_fail(how, r->err, "length_scale: %g is outside 0.05..20", slow);
    set(r, map, "sampling_rate", rate->integer);
    dio_map_set(r->arena, map, "noise_scale",
                dio_value_real(r->arena, number(how, "noise_scale", 0.667)));
    dio_map_set(r->arena, map, "noise_scale_duration",
                dio_value_real(r->arena, number(how, "noise_w", 0.8)));
    dio_map_set(r->arena, map, "speaking_rate", dio_value_real(r->arena, 1 / slow));
    return true;
}

bool dio_piper_config(dio_piper_reader *r, const dio_value *json, dio_value *map)
{
    text_config(r, map);
    duration_config(r, map);
    flow_config(r, map);
    return decoder_config(r, map) && settings(r, json, map);
}
