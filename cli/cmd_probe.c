/* cmd_probe.c: runs a model's forward pass on named inputs and writes every tap and output under
 * the official implementation's names: what the goldens are compared with, open to everybody. What
 * kind of model a folder holds, its config.json says; a kind is a row of the table at the end. */
#include <string.h>

#include "audio/models.h"
#include "audio/vocoder.h"
#include "base/assets.h"
#include "base/file.h"
#include "cli/probe.h"
#include "tensor/plan.h"
#include "tensor/weights.h"
#include "text/encoder.h"
#include "text/lm.h"
#include "vision/generator.h"
#include "vision/models.h"

enum { CONFIG_LIMIT = 16 << 20 };

static const dio_field fields[] = {
    DIO_FIELD(struct probe_options, model, NULL, 0, 0, "model folder, or house/NAME"),
    DIO_FIELD(struct probe_options, inputs, NULL, 0, 0,
              "safetensors with the inputs under their official names"),
    DIO_FIELD(struct probe_options, taps, NULL, 0, 0, "safetensors to write: taps and outputs"),
    DIO_FIELD(struct probe_options, reference, "false", 0, 0,
              "run the reference kernels: slow, exact"),
    {0},
};

/* The named input as i32, [B,T]. The caller unrefs. */
static dio_tensor *read_ids(const dio_weights *in, dio_error *err)
{
    char text[DIO_TYPE_TEXT];
    const dio_tensor *t = dio_weights_find(in, "input_ids");
    if (!t) {
        dio_fail(err, "%s: has no tensor \"input_ids\"", dio_weights_path(in));
        return NULL;
    }
    if (t->type.nd != 2 || (t->type.dtype != DIO_I64 && t->type.dtype != DIO_I32)) {
        dio_fail(err, "%s: input_ids must be i32 or i64 [B,T], not %s", dio_weights_path(in),
                 dio_type_text(&t->type, text));
        return NULL;
    }
    return dio_tensor_convert(t, DIO_I32, err);
}

static bool check_ids(int vocab, const dio_tensor *ids, dio_error *err)
{
    const int32_t *id = dio_tensor_data(ids);
    for (int64_t i = 0; i < dio_type_count(&ids->type); i++)
        if (id[i] < 0 || id[i] >= vocab)
            return dio_fail(err, "input_ids: %d is outside the model's 0 to %d", id[i], vocab - 1);
    return true;
}

bool probe_take(const struct probe *p, struct probe_taps *taps, dio_plan *plan)
{
    dio_error *err = &p->cli->error;
    int n = dio_plan_tap_count(plan);
    if (n > PROBE_TAPS - taps->count)
        return dio_fail(err, "%d taps are more than %d", taps->count + n, PROBE_TAPS);
    for (int i = 0; i < n; i++) {
        dio_type type;
        const char *name;
        const void *data = dio_plan_tap(plan, i, &name, &type);
        dio_tensor *t = data ? dio_tensor_create(name, &type, err) : NULL;
        if (!t)
            return false;
        memcpy(dio_tensor_data(t), data, dio_type_bytes(&type));
        taps->list[taps->count++] = t;
    }
    return true;
}

bool probe_write(const struct probe *p, const struct probe_taps *taps)
{
    return dio_weights_write(p->o->taps, taps->list, NULL, taps->count, p->meta, p->meta != NULL,
                             &p->cli->error);
}

void probe_taps_deinit(struct probe_taps *taps)
{
    for (int i = 0; i < taps->count; i++)
        dio_tensor_unref(taps->list[i]);
}

dio_plan *probe_run(const struct probe *p, dio_graph *g, const dio_val *outputs, int n_outputs,
                    const struct probe_input *inputs, int n)
{
    dio_error *err = &p->cli->error;
    dio_plan_options options = {.reference = p->o->reference};
    dio_plan *plan = dio_plan_create(g, outputs, n_outputs, true, p->device, &options, err);
    bool ok = plan != NULL;
    for (int i = 0; ok && i < n; i++)
        ok = dio_plan_set(plan, inputs[i].name, inputs[i].data, inputs[i].bytes, err);
    ok = ok && dio_plan_run(plan, err);
    dio_graph_destroy(g);
    if (ok)
        return plan;
    dio_plan_destroy(plan);
    return NULL;
}

bool probe_finish(const struct probe *p, dio_graph *g, dio_val output,
                  const struct probe_input *inputs, int n)
{
    struct probe_taps taps = {0};
    dio_plan *plan = probe_run(p, g, &output, 1, inputs, n);
    bool ok = plan && probe_take(p, &taps, plan) && probe_write(p, &taps);
    probe_taps_deinit(&taps);
    dio_plan_destroy(plan);
    return ok;
}

/* --- kinds --- */

static bool probe_lm(const struct probe *p)
{
    dio_error *err = &p->cli->error;
    dio_lm *lm = dio_lm_open(p->path, &(dio_lm_options){.dtype = DIO_F32}, err);
    dio_tensor *ids = lm ? read_ids(p->in, err) : NULL;
    dio_graph *g = ids && check_ids(lm->shape.vocab, ids, err) ? dio_graph_create() : NULL;
    bool ok = g != NULL;
    if (ok) {
        dio_lm_io io = {
            .ids = dio_input(g, "input_ids", ids->type), .start = DIO_NONE, .seed = DIO_NONE};
        dio_tap(g, io.ids, "input_ids"); /* compare.py reads it there */
        dio_lm_forward(g, lm, &io);
        struct probe_input in = {"input_ids", dio_tensor_data(ids), dio_type_bytes(&ids->type)};
        ok = probe_finish(p, g, io.logits, &in, 1);
    }
    dio_tensor_unref(ids);
    dio_lm_close(lm);
    return ok;
}

/* The pooled token stands where the model's own rule puts it. */
static bool probe_encoder(const struct probe *p)
{
    dio_error *err = &p->cli->error;
    dio_text_encoder *e = dio_text_encoder_open(p->path, DIO_F32, err);
    dio_tensor *ids = e ? read_ids(p->in, err) : NULL;
    bool ok = ids && check_ids(dio_text_encoder_shape_get(e).vocab, ids, err);
    dio_type type = ok ? dio_type_1d(DIO_I32, ids->type.dim[0]) : (dio_type){0};
    dio_tensor *ends = ok ? dio_tensor_create("ends", &type, err) : NULL;
    dio_graph *g = ends ? dio_graph_create() : NULL;
    ok = g != NULL;
    if (ok) {
        int64_t length = ids->type.dim[1];
        const int32_t *id = dio_tensor_data(ids);
        int32_t *end = dio_tensor_data(ends);
        for (int64_t b = 0; b < type.dim[0]; b++)
            end[b] = dio_text_encoder_end(e, id + b * length, length);
        dio_text_encoder_io io = {.ids = dio_input(g, "input_ids", ids->type),
                                  .ends = dio_input(g, "ends", type)};
        dio_tap(g, io.ids, "input_ids");
        dio_text_encoder_forward(g, e, &io);
        struct probe_input in[] = {{"input_ids", id, dio_type_bytes(&ids->type)},
                                   {"ends", end, dio_type_bytes(&type)}};
        ok = probe_finish(p, g, io.pooled, in, 2);
    }
    dio_tensor_unref(ends);
    dio_tensor_unref(ids);
    dio_text_encoder_close(e);
    return ok;
}

static const struct {
    const char *kind;
    const dio_model_set *families;
    bool (*run)(const struct probe *p);
} kinds[] = {
    {"lm", &dio_text_models, probe_lm},
    {"text-encoder", &dio_text_encoders, probe_encoder},
    /* Each set is listed once. */
    {"unet", &dio_vision_models, probe_unet},
    {"vae", NULL, probe_vae},
    {"upscaler", NULL, probe_upscaler},
    {"generator", NULL, probe_generator},
    {"vocoder", &dio_audio_models, probe_vocoder},
    {"voice", NULL, probe_voice},
};

enum { KINDS = sizeof kinds / sizeof kinds[0], FAMILIES = 64 };

static int row_of(const char *kind)
{
    int k = KINDS - 1;
    while (k >= 0 && strcmp(kinds[k].kind, kind) != 0)
        k--;
    return k;
}

/* What no config names: a Piper voice by its file's name, else whose tensors they are. */
static int kind_of_file(const char *path)
{
    size_t n = strlen(path);
    dio_error none = {0};
    if (n > 5 && strcmp(path + n - 5, ".onnx") == 0)
        return row_of("voice");
    dio_generator *generator = dio_generator_open(path, &none);
    dio_generator_close(generator);
    if (generator)
        return row_of("generator");
    none = (dio_error){0};
    dio_vocoder *vocoder = dio_vocoder_open(path, &none);
    dio_vocoder_close(vocoder);
    return row_of(vocoder ? "vocoder" : "upscaler");
}

/* The row for what the folder's config.json says it is; -1 with a list of what there is. */
static int kind_of(dio_cli *cli, const char *path)
{
    const dio_model *all[FAMILIES];
    int n = 0;
    const char *file = dio_path_join(cli->arena, path, "config.json");
    bool folder = dio_file_exists(dio_path_join(cli->arena, path, "."));
    if (!dio_file_exists(file) && !folder)
        return kind_of_file(path);
    if (!dio_file_exists(file) && folder) /* Vocos has config.yaml, MelGAN nothing */
        return row_of("vocoder");
    const dio_value *config = dio_value_read(cli->arena, file, CONFIG_LIMIT, &cli->error);
    if (config && !dio_map_get(config, "model_type") && !dio_map_get(config, "_class_name") &&
        (dio_map_get(config, "upsample_rates") ||   /* HiFi-GAN's authors name no model, */
         dio_map_get(config, "skip_out_channels"))) /* nor do WaveNet's */
        return row_of("vocoder");
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; kinds[k].families && i < kinds[k].families->count && n < FAMILIES; i++)
            all[n++] = kinds[k].families->items[i];
    const dio_model *family =
        config ? dio_model_find((dio_model_set){all, n}, config, &cli->error) : NULL;
    int row = family ? row_of(family->kind) : -1;
    if (family && row < 0)
        dio_fail(&cli->error,
                 "%s: models of kind %s are not run by probe: those of kind lm, "
                 "text-encoder, unet, vae, upscaler, generator, vocoder and voice are",
                 path, family->kind);
    return row;
}

static bool run(dio_cli *cli, void *options)
{
    struct probe p = {.cli = cli, .o = options};
    p.path = dio_assets_model(cli->arena, p.o->model, &cli->error);
    int kind = p.path ? kind_of(cli, p.path) : -1;
    dio_weights *in = kind >= 0 ? dio_weights_open(p.o->inputs, &cli->error) : NULL;
    p.in = in;
    p.device = in ? dio_cli_device(cli) : NULL;
    bool ok = p.device && kinds[kind].run(&p);
    dio_device_close(p.device);
    dio_weights_close(in);
    return ok;
}

const dio_command dio_command_probe = {
    .name = "probe",
    .doc = "run a model on named inputs and write all its taps",
    .options = fields,
    .aliases = (const dio_args_alias[]){{'m', "model"}, {0}},
    .size = sizeof(struct probe_options),
    .run = run,
};
