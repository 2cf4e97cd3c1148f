#pragma once
/* probe.h: what the kinds of models that `diorama probe` runs have in common. */
#include "cli/command.h"
#include "tensor/graph.h"
#include "tensor/plan.h"
#include "tensor/weights.h"

struct probe_options {
    const char *model, *inputs, *taps;
    bool reference;
};

/* What a kind's function works with. */
struct probe {
    dio_cli *cli;
    const struct probe_options *o;
    const char *path; /* the model's folder */
    const dio_weights *in;
    dio_device *device;
    const dio_weights_meta *meta; /* written with the taps: one entry, or NULL */
};

enum { PROBE_TAPS = 1024 };

/* Taps taken from plans that ran, to be written together. */
struct probe_taps {
    dio_tensor *list[PROBE_TAPS];
    int count;
};

/* An input of the graph and what it holds. */
struct probe_input {
    const char *name;
    const void *data;
    size_t bytes;
};

/* Runs the graph, which is gone afterwards, and writes its taps. */
bool probe_finish(const struct probe *p, dio_graph *g, dio_val output,
                  const struct probe_input *inputs, int n);

/* The same in parts, for models that run in several. The plan, run; NULL on failure. The graph is
 * gone afterwards. */
dio_plan *probe_run(const struct probe *p, dio_graph *g, const dio_val *outputs, int n_outputs,
                    const struct probe_input *inputs, int n);
bool probe_take(const struct probe *p, struct probe_taps *taps, dio_plan *plan);
bool probe_write(const struct probe *p, const struct probe_taps *taps);
void probe_taps_deinit(struct probe_taps *taps);

/* probe_sounds.c */
bool probe_vocoder(const struct probe *p);
bool probe_voice(const struct probe *p);

/* probe_pictures.c */
bool probe_unet(const struct probe *p);
bool probe_vae(const struct probe *p);
bool probe_upscaler(const struct probe *p);  /* x */
bool probe_generator(const struct probe *p); /* z, label */
