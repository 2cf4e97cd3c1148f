#pragma once
/* probe.h: what the kinds of models that `diorama probe` runs have in common. */
#include "cli/command.h"
#include "tensor/graph.h"
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

/* probe_pictures.c */
bool probe_unet(const struct probe *p);
bool probe_vae(const struct probe *p);
bool probe_upscaler(const struct probe *p);  /* x */
bool probe_generator(const struct probe *p); /* z, label */
