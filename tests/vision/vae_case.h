#pragma once
/* vae_case.h: what the tests of autoencoders share: goldens by name, small helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "tensor/weights.h"
#include "vision/vae.h"

static inline void must(bool ok, const dio_error *err)
{
    char text[2048];
    if (!ok)
        fail_msg("%s", dio_error_text(err, text, sizeof text));
}

/* A golden's folder: the autoencoder in it, and what it should answer. */
struct golden {
    const char *name;
    dio_vae *vae;
    dio_weights *w;
    dio_device *device;
};

static inline void open_golden(struct golden *g, const char *name, const char *file)
{
    char path[256];
    dio_error err = {0};
    const char *kind = getenv("DIORAMA_TEST_DEVICE");
    g->name = name;
    snprintf(path, sizeof path, "tests/golden/vae/%s%s%s", name, *file ? "/" : "", file);
    g->vae = dio_vae_open(path, DIO_F32, &err);
    must(g->vae != NULL, &err);
    snprintf(path, sizeof path, "tests/golden/vae/%s/golden.safetensors", name);
    g->w = dio_weights_open(path, &err);
    must(g->w != NULL, &err);
    g->device = dio_device_open(kind ? kind : "cpu", &err);
    must(g->device != NULL, &err);
}

static inline void close_golden(struct golden *g)
{
    dio_device_close(g->device);
    dio_weights_close(g->w);
    dio_vae_close(g->vae);
}

static inline const float *numbers(const struct golden *g, const char *name, dio_type *type)
{
    const dio_tensor *t = dio_weights_find(g->w, name);
    if (!t)
        fail_msg("%s: the golden has no %s", g->name, name);
    *type = t->type;
    return dio_tensor_data(t);
}

/* The largest |a - b| over the largest |b|. */
static inline double apart(const float *a, const float *b, int64_t n)
{
    double d = 0, scale = 0;
    for (int64_t i = 0; i < n; i++) {
        double e = fabs((double)a[i] - (double)b[i]);
        d = isnan(e) ? INFINITY : e > d ? e : d;
        scale = fabs((double)b[i]) > scale ? fabs((double)b[i]) : scale;
    }
    return scale > 0 ? d / scale : d;
}
