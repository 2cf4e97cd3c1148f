#pragma once
/* model_case.h: what the tests of picture models share: goldens, plans and comparisons. */
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

static inline void must(bool ok, const dio_error *err)
{
    char text[2048];
    if (!ok)
        fail_msg("%s", dio_error_text(err, text, sizeof text));
}

static inline dio_weights *open_weights(const char *path)
{
    dio_error err = {0};
    dio_weights *w = dio_weights_open(path, &err);
    must(w != NULL, &err);
    return w;
}

/* The CPU, or what DIORAMA_TEST_DEVICE names: ./dev gpu and the emulated GPU set it. */
static inline dio_device *open_device(void)
{
    dio_error err = {0};
    const char *kind = getenv("DIORAMA_TEST_DEVICE");
    dio_device *d = dio_device_open(kind ? kind : "cpu", &err);
    must(d != NULL, &err);
    return d;
}

/* An input of the tensor's type, named and shaped as the golden's "in.NAME"; DIO_NONE: not there.
 */
static inline dio_val golden_input(dio_graph *g, const dio_weights *w, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "in.%s", name);
    const dio_tensor *t = dio_weights_find(w, full);
    return t ? dio_input(g, name, t->type) : DIO_NONE;
}

static inline void set_golden_input(dio_plan *p, const dio_weights *w, const char *name)
{
    char full[256];
    dio_error err = {0};
    snprintf(full, sizeof full, "in.%s", name);
    const dio_tensor *t = dio_weights_find(w, full);
    if (t)
        must(dio_plan_set(p, name, dio_tensor_data(t), dio_type_bytes(&t->type), &err), &err);
}

/* The largest |a - b| over the largest |b|. */
static inline double relative(const float *a, const float *b, int64_t n)
{
    double d = 0, s = 0;
    for (int64_t i = 0; i < n; i++) {
        double e = fabs((double)a[i] - (double)b[i]);
        d = isnan(e) ? INFINITY : e > d ? e : d;
        s = fabs((double)b[i]) > s ? fabs((double)b[i]) : s;
    }
    return d / s;
}

/* Tensors of the golden whose names begin so. */
static inline int golden_count(const dio_weights *w, const char *prefix)
{
    int n = 0;
    for (int i = 0; i < dio_weights_count(w); i++)
        n += strncmp(dio_weights_at(w, i)->name, prefix, strlen(prefix)) == 0;
    return n;
}

/* Every tap that the golden has, by name: the largest relative difference; *compared counts. */
static inline double worst_tap(dio_plan *p, const dio_weights *w, const char *prefix, int *compared)
{
    double worst = 0;
    *compared = 0;
    for (int i = 0; i < dio_plan_tap_count(p); i++) {
        const char *name;
        char full[256];
        dio_type type;
        const float *data = dio_plan_tap(p, i, &name, &type);
        snprintf(full, sizeof full, "%s%s", prefix, name);
        const dio_tensor *want = dio_weights_find(w, full);
        if (!want)
            continue;
        if (dio_type_count(&type) != dio_type_count(&want->type))
            fail_msg("%s has %lld numbers, not %lld", name, (long long)dio_type_count(&type),
                     (long long)dio_type_count(&want->type));
        double d = relative(data, dio_tensor_data(want), dio_type_count(&type));
        if (d > 1e-4)
            print_message("  %s is off by %.2e\n", name, d);
        worst = d > worst ? d : worst;
        ++*compared;
    }
    return worst;
}
