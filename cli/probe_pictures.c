/* probe_pictures.c: networks over pictures under `diorama probe`; UNets and autoencoders with
 * diffusers' names of inputs. */
#include <stdlib.h>

#include "cli/probe.h"
#include "vision/generator.h"
#include "vision/unet.h"
#include "vision/upscaler.h"
#include "vision/vae.h"

enum { INPUTS = 6 };

/* Inputs as they are read: tensors in f32, and the graph's values for them. */
struct inputs {
    const struct probe *p;
    dio_graph *g;
    dio_tensor *tensor[INPUTS];
    struct probe_input list[INPUTS];
    int count;
    bool failed;
};

static void inputs_deinit(struct inputs *in)
{
    for (int i = 0; i < in->count; i++)
        dio_tensor_unref(in->tensor[i]);
}

static bool has(const struct inputs *in, const char *name)
{
    return dio_weights_find(in->p->in, name) != NULL;
}

/* Takes the tensor over as an input of the graph. */
static dio_val put(struct inputs *in, const char *name, dio_tensor *t)
{
    in->tensor[in->count] = t;
    in->list[in->count++] =
        (struct probe_input){name, dio_tensor_data(t), dio_type_bytes(&t->type)};
    return dio_input(in->g, name, t->type);
}

/* The file's tensor of that name, with nd dimensions, as f32. */
static dio_val read_input(struct inputs *in, const char *name, int nd)
{
    dio_error *err = &in->p->cli->error;
    char text[DIO_TYPE_TEXT];
    const dio_tensor *t = in->failed ? NULL : dio_weights_find(in->p->in, name);
    dio_tensor *f = NULL;
    if (!in->failed && !t)
        dio_fail(err, "%s: has no tensor \"%s\"", dio_weights_path(in->p->in), name);
    else if (t && t->type.nd != nd)
        dio_fail(err, "%s: %s must have %d dimensions; it is %s", dio_weights_path(in->p->in), name,
                 nd, dio_type_text(&t->type, text));
    else if (t)
        f = dio_tensor_convert(t, DIO_F32, err);
    in->failed = !f;
    return f ? put(in, name, f) : DIO_NONE;
}

/* A number, or one for each of `rows`: [B] either way. */
static dio_val read_rows(struct inputs *in, const char *name, int64_t rows)
{
    dio_error *err = &in->p->cli->error;
    const dio_tensor *t = in->failed ? NULL : dio_weights_find(in->p->in, name);
    int64_t count = t ? dio_type_count(&t->type) : 0;
    dio_type type = dio_type_1d(DIO_F32, rows);
    dio_tensor *from = NULL, *all = NULL;
    if (!in->failed && !t)
        dio_fail(err, "%s: has no tensor \"%s\"", dio_weights_path(in->p->in), name);
    else if (t && count != 1 && count != rows)
        dio_fail(err, "%s: %s has %lld numbers for %lld rows", dio_weights_path(in->p->in), name,
                 (long long)count, (long long)rows);
    else if (t && (from = dio_tensor_convert(t, DIO_F32, err)))
        all = dio_tensor_create(name, &type, err);
    for (int64_t i = 0; all && i < rows; i++)
        ((float *)dio_tensor_data(all))[i] =
            ((const float *)dio_tensor_data(from))[count == 1 ? 0 : i];
    dio_tensor_unref(from);
    in->failed = !all;
    return all ? put(in, name, all) : DIO_NONE;
}

static dio_val forward_unet(struct inputs *in, const dio_unet *u)
{
    dio_unet_io io = {.pooled = DIO_NONE, .time_ids = DIO_NONE, .guidance = DIO_NONE};
    io.sample = read_input(in, "sample", 4);
    int64_t rows = in->failed ? 0 : dio_dim(in->g, io.sample, 0);
    io.timestep = read_rows(in, "timestep", rows);
    io.context = read_input(in, "encoder_hidden_states", 3);
    if (u->shape.text_time) {
        io.pooled = read_input(in, "added_cond_kwargs.text_embeds", 2);
        io.time_ids = read_input(in, "added_cond_kwargs.time_ids", 2);
    }
    if (u->shape.guidance)
        io.guidance = read_rows(in, "guidance_scale", rows);
    if (in->failed)
        return DIO_NONE;
    dio_unet_forward(in->g, u, &io);
    return dio_tap(in->g, io.out, "sample");
}

static dio_val forward_vae(struct inputs *in, const dio_vae *v)
{
    dio_vae_io io = {0};
    bool decodes = has(in, "latent_sample");
    if (!decodes && !has(in, "sample")) {
        in->failed = true;
        dio_fail(&in->p->cli->error,
                 "%s: has neither \"latent_sample\", to decode, nor \"sample\", to encode",
                 dio_weights_path(in->p->in));
        return DIO_NONE;
    }
    io.in = read_input(in, decodes ? "latent_sample" : "sample", 4);
    if (in->failed)
        return DIO_NONE;
    if (decodes)
        dio_vae_decode_forward(in->g, v, &io);
    else
        dio_vae_encode_forward(in->g, v, &io);
    return io.out;
}

/* Runs what was built; the graph is gone afterwards. */
static bool run(struct inputs *in, dio_val out)
{
    if (!in->failed)
        return probe_finish(in->p, in->g, out, in->list, in->count);
    dio_graph_destroy(in->g);
    return false;
}

bool probe_unet(const struct probe *p)
{
    dio_error *err = &p->cli->error;
    dio_unet *u = dio_unet_open(p->path, DIO_F32, err);
    struct inputs in = {.p = p, .g = u ? dio_graph_create() : NULL};
    bool ok = u && (in.g || dio_fail_memory(err, "the graph")) && run(&in, forward_unet(&in, u));
    inputs_deinit(&in);
    dio_unet_close(u);
    return ok;
}

bool probe_vae(const struct probe *p)
{
    dio_error *err = &p->cli->error;
    dio_vae *v = dio_vae_open(p->path, DIO_F32, err);
    struct inputs in = {.p = p, .g = v ? dio_graph_create() : NULL};
    bool ok = v && (in.g || dio_fail_memory(err, "the graph")) && run(&in, forward_vae(&in, v));
    inputs_deinit(&in);
    dio_vae_close(v);
    return ok;
}

bool probe_upscaler(const struct probe *p)
{
    dio_error *err = &p->cli->error;
    dio_upscaler *u = dio_upscaler_open(p->path, err);
    struct inputs in = {.p = p, .g = u ? dio_graph_create() : NULL};
    bool ok = u && (in.g || dio_fail_memory(err, "the graph"));
    dio_val x = ok ? read_input(&in, "x", 4) : DIO_NONE;
    if (ok && !in.failed)
        x = dio_tap(in.g, dio_upscaler_forward(in.g, u, x), "y");
    ok = ok && run(&in, x);
    inputs_deinit(&in);
    dio_upscaler_close(u);
    return ok;
}

bool probe_generator(const struct probe *p)
{
    dio_error *err = &p->cli->error;
    dio_generator *n = dio_generator_open(p->path, err);
    struct inputs in = {.p = p, .g = n ? dio_graph_create() : NULL};
    bool ok = n && (in.g || dio_fail_memory(err, "the graph"));
    dio_generator_io io = {.z = ok ? read_input(&in, "z", 2) : DIO_NONE, .label = DIO_NONE};
    if (ok && n->shape.labels)
        io.label = read_input(&in, "label", 2);
    if (ok && !in.failed) {
        dio_generator_forward(in.g, n, &io);
        dio_tap(in.g, io.out, "image");
    }
    ok = ok && run(&in, io.out);
    inputs_deinit(&in);
    dio_generator_close(n);
    return ok;
}
