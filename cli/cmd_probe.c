/* cmd_probe.c: runs a model's forward pass on named inputs and writes every tap and output under
 * the official implementation's names: what the goldens are compared with, open to everybody. */
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "cli/command.h"
#include "tensor/plan.h"
#include "tensor/weights.h"
#include "text/lm.h"

struct options {
    const char *model, *inputs, *taps;
    bool reference;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, model, NULL, 0, 0, "model folder, or house/NAME"),
    DIO_FIELD(struct options, inputs, NULL, 0, 0, "safetensors with `input_ids` [B,T]"),
    DIO_FIELD(struct options, taps, NULL, 0, 0, "safetensors to write: taps and `logits`"),
    DIO_FIELD(struct options, reference, "false", 0, 0, "run the reference kernels: slow, exact"),
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

static bool check_ids(const dio_lm *lm, const dio_tensor *ids, dio_error *err)
{
    const int32_t *id = dio_tensor_data(ids);
    for (int64_t i = 0; i < dio_type_count(&ids->type); i++)
        if (id[i] < 0 || id[i] >= lm->shape.vocab)
            return dio_fail(err, "input_ids: %d is outside the model's 0 to %d", id[i],
                            lm->shape.vocab - 1);
    return true;
}

static bool write_taps(dio_plan *p, const char *path, dio_error *err)
{
    int n = dio_plan_tap_count(p), made = 0;
    bool ok = true;
    dio_tensor **all = calloc((size_t)n + 1, sizeof *all);
    if (!all)
        return dio_fail_memory(err, "the taps");
    for (; ok && made < n; made += ok) {
        dio_type type;
        const char *name;
        const void *data = dio_plan_tap(p, made, &name, &type);
        ok = data && (all[made] = dio_tensor_create(name, &type, err));
        if (ok)
            memcpy(dio_tensor_data(all[made]), data, dio_type_bytes(&type));
    }
    ok = ok && dio_weights_write(path, all, NULL, n, NULL, 0, err);
    for (int i = 0; i < made; i++)
        dio_tensor_unref(all[i]);
    free(all);
    return ok;
}

static bool forward(dio_cli *cli, const struct options *o, const dio_lm *lm, const dio_tensor *ids,
                    dio_device *device)
{
    dio_error *err = &cli->error;
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "the graph");
    dio_lm_io io = {.ids = dio_input(g, "input_ids", ids->type), .start = DIO_NONE,
                    .seed = DIO_NONE};
    dio_lm_forward(g, lm, &io);
    dio_plan_options options = {.reference = o->reference};
    dio_plan *p = dio_plan_create(g, &io.logits, 1, true, device, &options, err);
    bool ok = p &&
              dio_plan_set(p, "input_ids", dio_tensor_data(ids), dio_type_bytes(&ids->type), err) &&
              dio_plan_run(p, err) && write_taps(p, o->taps, err);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    return ok;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *path = dio_assets_model(cli->arena, o->model, &cli->error);
    dio_lm *lm = path ? dio_lm_open(path, &(dio_lm_options){.dtype = DIO_F32}, &cli->error) : NULL;
    dio_weights *in = lm ? dio_weights_open(o->inputs, &cli->error) : NULL;
    dio_tensor *ids = in ? read_ids(in, &cli->error) : NULL;
    dio_device *device = ids ? dio_cli_device(cli) : NULL;
    bool ok = device && check_ids(lm, ids, &cli->error) && forward(cli, o, lm, ids, device);
    dio_device_close(device);
    dio_tensor_unref(ids);
    dio_weights_close(in);
    dio_lm_close(lm);
    return ok;
}

const dio_command dio_command_probe = {
    .name = "probe",
    .doc = "run a model on named inputs and write all its taps",
    .options = fields,
    .aliases = (const dio_args_alias[]){{'m', "model"}, {0}},
    .size = sizeof(struct options),
    .run = run,
};
